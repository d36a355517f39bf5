/*
 * suri_equal.c  When two URIs are the same (RFC 3261 19.1.4, RFC 3966 4)
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/suri.h"

enum {
	AS_IT_IS = 0,
	NO_CASE = 1
};

/*
 * The next character, escapes undone. An escaped reserved character is not
 * the same as the character itself; +0x100 keeps them apart.
 */
static int next_char(const char **p, const char *end, int nocase)
{
	static const char reserved[] = ";/?:@&=+$,";
	char buf[1];
	size_t n = 0;
	int c;
	struct pl esc = {*p, 3};

	if (**p != '%' || end - *p < 3 || suri_unescape(buf, 1, &n, &esc)) {
		c = (uint8_t) * (*p)++;
	} else {
		*p += 3;
		c = (uint8_t)buf[0];
		if (c && strchr(reserved, c))
			return c + 0x100;
	}
	return nocase && c >= 'A' && c <= 'Z' ? c + 0x20 : c;
}

static bool text_equal(const struct pl *a, const struct pl *b, int nocase)
{
	const char *p = a->p, *pend = schar_end(a);
	const char *q = b->p, *qend = schar_end(b);

	while (p < pend && q < qend) {
		if (next_char(&p, pend, nocase) != next_char(&q, qend, nocase))
			return false;
	}
	return p == pend && q == qend;
}

bool suri_user_equal(const struct pl *a, const struct pl *b)
{
	return text_equal(a, b, AS_IT_IS);
}

/* The next "name[=value]" of a list with this separator. */
static bool next_pair(struct pl *rest, char sep, struct pl *name,
		      struct pl *val)
{
	const char *end = schar_end(rest);
	const char *e, *eq;

	if (!rest->l)
		return false;

	e = memchr(rest->p, sep, rest->l);
	if (!e)
		e = end;
	eq = memchr(rest->p, '=', (size_t)(e - rest->p));
	name->p = rest->p;
	name->l = (size_t)((eq ? eq : e) - rest->p);
	val->p = eq ? eq + 1 : e;
	val->l = (size_t)(e - val->p);
	rest->p = e < end ? e + 1 : end;
	rest->l = (size_t)(end - rest->p);
	return true;
}

static bool find_pair(const struct pl *list, char sep, const struct pl *name,
		      struct pl *val)
{
	struct pl rest = *list, n;

	while (next_pair(&rest, sep, &n, val)) {
		if (text_equal(&n, name, NO_CASE))
			return true;
	}
	return false;
}

/* Those that count although only one of the two has them. */
static bool never_ignored(const struct pl *name)
{
	static const char *const namev[] = {"user", "ttl", "method", "maddr",
					    "transport"};

	for (size_t i = 0; i < ARRAY_SIZE(namev); i++) {
		if (!pl_strcasecmp(name, namev[i]))
			return true;
	}
	return false;
}

static bool params_cover(const struct pl *a, const struct pl *b, bool strict)
{
	struct pl rest = *a, name, va, vb;

	while (next_pair(&rest, ';', &name, &va)) {
		if (find_pair(b, ';', &name, &vb)) {
			if (!text_equal(&va, &vb, NO_CASE))
				return false;
		} else if (strict || never_ignored(&name)) {
			return false;
		}
	}
	return true;
}

/* URI headers are never ignored; their order does not matter. */
static bool headers_cover(const struct pl *a, const struct pl *b)
{
	struct pl rest = *a, name, va, vb;

	while (next_pair(&rest, '&', &name, &va)) {
		if (!find_pair(b, '&', &name, &vb) ||
		    !text_equal(&va, &vb, AS_IT_IS))
			return false;
	}
	return true;
}

/* Addresses by value (RFC 5954 4.2), names without case. */
static bool host_equal(const struct suri *a, const struct suri *b)
{
	struct sa sa, sb;

	if (a->ipv6 != b->ipv6)
		return false;
	if (a->ipv6 && !sa_set(&sa, &a->host, 0) && !sa_set(&sb, &b->host, 0))
		return sa_cmp(&sa, &sb, SA_ADDR);
	return !pl_casecmp(&a->host, &b->host);
}

static bool sip_equal(const struct suri *a, const struct suri *b)
{
	return text_equal(&a->user, &b->user, AS_IT_IS) &&
	       text_equal(&a->password, &b->password, AS_IT_IS) &&
	       a->port == b->port && host_equal(a, b) &&
	       params_cover(&a->params, &b->params, false) &&
	       params_cover(&b->params, &a->params, false) &&
	       headers_cover(&a->headers, &b->headers) &&
	       headers_cover(&b->headers, &a->headers);
}

static char tel_digit(const char **p, const char *end)
{
	while (*p < end && strchr("-.()", **p))
		++*p;
	if (*p == end)
		return 0;
	return schar_is(**p, SCHAR_ALPHA) ? *(*p)++ | 0x20 : *(*p)++;
}

static bool tel_equal(const struct suri *a, const struct suri *b)
{
	const char *p = a->user.p, *q = b->user.p;
	char c, d;

	do {
		c = tel_digit(&p, a->user.p + a->user.l);
		d = tel_digit(&q, b->user.p + b->user.l);
		if (c != d)
			return false;
	} while (c);

	return params_cover(&a->params, &b->params, true) &&
	       params_cover(&b->params, &a->params, true);
}

static bool other_equal(const struct suri *a, const struct suri *b)
{
	const char *colon =
		a->text.l ? memchr(a->text.p, ':', a->text.l) : NULL;
	size_t n = colon ? (size_t)(colon - a->text.p) : 0;

	return a->text.l == b->text.l &&
	       (!a->text.l ||
		(!strncasecmp(a->text.p, b->text.p, n) &&
		 !memcmp(a->text.p + n, b->text.p + n, a->text.l - n)));
}

bool suri_equal(const struct suri *a, const struct suri *b)
{
	if (a->scheme != b->scheme)
		return false;
	/* also when a parameter stands there twice (against 19.1.1) */
	if (!pl_cmp(&a->text, &b->text))
		return true;

	switch (a->scheme) {
	case SURI_SIP:
	case SURI_SIPS:
		return sip_equal(a, b);
	case SURI_TEL:
		return tel_equal(a, b);
	case SURI_OTHER:
	default:
		return other_equal(a, b);
	}
}
