/*
 * pairs.c  A state as text in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/pairs.h"

/* The value of `key` among "a=1 b=2"; false: it is not there. */
static bool find(struct pl *value, const struct pl *text, const char *key)
{
	const size_t len = strlen(key);
	const char *end;

	if (!text->l)
		return false;
	end = text->p + text->l;
	for (const char *p = text->p; p < end;) {
		const char *stop = memchr(p, ' ', (size_t)(end - p));

		stop = stop ? stop : end;
		if ((size_t)(stop - p) > len && !memcmp(p, key, len) &&
		    p[len] == '=') {
			value->p = p + len + 1;
			value->l = (size_t)(stop - value->p);
			return true;
		}
		p = stop + 1;
	}
	return false;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static int decode(char *out, size_t size, const struct pl *value)
{
	size_t n = 0;

	for (size_t i = 0; i < value->l; i++) {
		const char *p = value->p + i;
		char c = *p;

		if (c == '%') {
			if (i + 2 >= value->l || hex(p[1]) < 0 ||
			    hex(p[2]) < 0)
				return EBADMSG;
			c = (char)(hex(p[1]) << 4 | hex(p[2]));
			i += 2;
		}
		if (!c || n + 1 >= size)
			return EBADMSG;
		out[n++] = c;
	}
	out[n] = '\0';
	return 0;
}

int pairs_text(char *out, size_t size, const struct pl *text, const char *key)
{
	struct pl value;

	return find(&value, text, key) ? decode(out, size, &value) : EBADMSG;
}

int pairs_num(uint64_t *num, const struct pl *text, const char *key,
	      uint64_t max)
{
	struct pl value;

	if (!find(&value, text, key) || !value.l || value.l > 19)
		return EBADMSG;
	for (size_t i = 0; i < value.l; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return EBADMSG;
	}
	*num = pl_u64(&value);
	return *num <= max ? 0 : EBADMSG;
}

int pairs_name(unsigned *nr, const struct pl *text, const char *key,
	       const char *const *names, unsigned n)
{
	struct pl value;

	for (unsigned i = 0; find(&value, text, key) && i < n; i++) {
		if (!pl_strcmp(&value, names[i])) {
			*nr = i;
			return 0;
		}
	}
	return EBADMSG;
}

void pairs_split(struct pairs *pairs, const struct pl *text)
{
	const char *const end = text->p + text->l;

	pairs->n = 0;
	for (const char *p = text->p, *stop; p && p < end; p = stop + 1) {
		const char *is;

		stop = memchr(p, ' ', (size_t)(end - p));
		stop = stop ? stop : end;
		is = memchr(p, '=', (size_t)(stop - p));
		if (!is)
			continue;
		if (pairs->n == PAIRS_MAX)
			return;
		pairs->list[pairs->n].key =
			(struct pl){p, (size_t)(is - p)};
		pairs->list[pairs->n++].value =
			(struct pl){is + 1, (size_t)(stop - is - 1)};
	}
}

int pairs_get(char *out, size_t size, const struct pairs *pairs,
	      const char *key)
{
	const size_t len = strlen(key);

	for (size_t i = 0; i < pairs->n; i++) {
		const struct pl *has = &pairs->list[i].key;

		if (has->l == len && !memcmp(has->p, key, len))
			return decode(out, size, &pairs->list[i].value);
	}
	return EBADMSG;
}
