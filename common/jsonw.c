/*
 * jsonw.c  Writes JSON (RFC 8259) into a buffer, as it comes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/jsonw.h"
#include "common/text.h"

void jsonw_init(struct jsonw *json, struct mbuf *mb)
{
	*json = (struct jsonw){.mb = mb, .err = mb ? 0 : EINVAL};
	if (mb)
		mb->pos = mb->end;
}

/* Room for len bytes, which are taken to be written; NULL: there is none. */
static char *room(struct jsonw *json, size_t len)
{
	struct mbuf *mb = json->mb;
	char *at;

	if (json->err)
		return NULL;
	if (len > mb->size - mb->pos) {
		json->err = mbuf_resize(mb, 2 * mb->size + len);
		if (json->err)
			return NULL;
	}
	at = (char *)mb->buf + mb->pos;
	mb->pos += len;
	mb->end = mb->pos;
	return at;
}

static void put(struct jsonw *json, const char *text, size_t len)
{
	char *at = len ? room(json, len) : NULL;

	if (at)
		memcpy(at, text, len);
}

static void put_str(struct jsonw *json, const char *text)
{
	put(json, text, strlen(text));
}

/* Written as it is: most of what is written is a run of these. */
static bool is_plain(char c)
{
	/* a bit each: 0x20 to 0x7e without " & < > and the backslash */
	static const uint64_t plain[2] = {
		~0ull << 0x20 & ~(1ull << '"' | 1ull << '&' | 1ull << '<' |
				  1ull << '>'),
		~0ull >> 1 & ~(1ull << ('\\' - 64)),
	};
	const uint8_t u = (uint8_t)c;

	return u < 128 && plain[u >> 6] >> (u & 63) & 1;
}

static void put_escaped(struct jsonw *json, const char *text, size_t len)
{
	char esc[8];
	uint32_t c;
	size_t plain = 0; /* bytes before i not written yet */

	for (size_t i = 0, n; i < len; i += n) {
		if (is_plain(text[i])) {
			plain += n = 1;
			continue;
		}
		n = text_utf8(text + i, len - i, &c);
		if (n && c >= 0x80 && !text_unprintable(c)) {
			plain += n;
			continue;
		}
		put(json, text + i - plain, plain);
		plain = 0;
		if (!n) {
			n = 1;
			c = 0xfffd;
		}
		snprintf(esc, sizeof(esc), "\\u%04x", c & 0xffff);
		put_str(json, esc);
	}
	put(json, text + len - plain, plain);
}

/* Eight at once. Of a byte that is not plain one of the sums has its topmost bit,
 * and so have perhaps those behind it; without one none has. */
static bool are_plain(const char text[8])
{
	const uint64_t ones = ~0ull / 255;
	uint64_t u, tops;

	memcpy(&u, text, sizeof(u));
	tops = u | (u + ones) | (u - ones * 0x20);
	tops |= (u ^ ones * '\\') - ones;
	tops |= ((u & ~(ones * 2)) ^ ones * '<') - ones; /* and > */
	tops |= ((u & ~(ones * 4)) ^ ones * '"') - ones; /* and & */
	return !(tops & ones << 7);
}

static size_t plain_len(const char *text, size_t len)
{
	size_t n = 0;

	while (len - n >= 8 && are_plain(text + n))
		n += 8;
	while (n < len && is_plain(text[n]))
		n++;
	return n;
}

/* With `behind` when it is not 0. */
static void put_quoted(struct jsonw *json, const char *text, size_t len,
		       char behind)
{
	char *at;

	if (plain_len(text, len) < len) {
		put(json, "\"", 1);
		put_escaped(json, text, len);
		put(json, (const char[]){'"', behind}, behind ? 2 : 1);
		return;
	}
	at = room(json, len + (behind ? 3 : 2));
	if (!at)
		return;
	*at++ = '"';
	memcpy(at, text, len);
	at += len;
	*at++ = '"';
	if (behind)
		*at = behind;
}

/* The comma and the key before a value. */
static void begin(struct jsonw *json, const char *key)
{
	bool in_object = json->depth && json->close[json->depth - 1] == '}';

	if (!json->err && (in_object != !!key || (!json->depth && json->any)))
		json->err = EINVAL;
	if (json->any)
		put(json, ",", 1);
	json->any = true;
	if (key)
		put_quoted(json, key, strlen(key), ':');
}

static void open_level(struct jsonw *json, const char *key, const char *open,
		       char close)
{
	begin(json, key);
	if (!json->err && json->depth == JSONW_DEPTH_MAX)
		json->err = EINVAL;
	if (json->err)
		return;
	put_str(json, open);
	json->close[json->depth++] = close;
	json->any = false;
}

void jsonw_object(struct jsonw *json, const char *key)
{
	open_level(json, key, "{", '}');
}

void jsonw_array(struct jsonw *json, const char *key)
{
	open_level(json, key, "[", ']');
}

void jsonw_end(struct jsonw *json)
{
	if (!json->err && !json->depth)
		json->err = EINVAL;
	if (json->err)
		return;
	put(json, &json->close[--json->depth], 1);
	json->any = true;
}

void jsonw_strn(struct jsonw *json, const char *key, const char *text,
		size_t len)
{
	if (!text) {
		jsonw_null(json, key);
		return;
	}
	begin(json, key);
	put_quoted(json, text, len, 0);
}

void jsonw_str(struct jsonw *json, const char *key, const char *text)
{
	jsonw_strn(json, key, text, text ? strlen(text) : 0);
}

void jsonw_pl(struct jsonw *json, const char *key, const struct pl *pl)
{
	jsonw_strn(json, key, pl ? pl->p : NULL, pl ? pl->l : 0);
}

/* Decimal digits, the last one before end; where they begin. */
static char *digits(char *end, uint64_t value)
{
	do {
		*--end = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return end;
}

static void put_number(struct jsonw *json, const char *key, uint64_t value,
		       bool negative)
{
	char text[24], *const end = text + sizeof(text);
	char *at = digits(end, value);

	if (negative)
		*--at = '-';
	begin(json, key);
	put(json, at, (size_t)(end - at));
}

void jsonw_uint(struct jsonw *json, const char *key, uint64_t value)
{
	put_number(json, key, value, false);
}

void jsonw_int(struct jsonw *json, const char *key, int64_t value)
{
	put_number(json, key, value < 0 ? -(uint64_t)value : (uint64_t)value,
		   value < 0);
}

void jsonw_fixed(struct jsonw *json, const char *key, int64_t value,
		 unsigned decimals)
{
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char text[48], *const end = text + sizeof(text), *at = end;

	for (unsigned i = 0; i < decimals && i < 9; i++, left /= 10)
		*--at = (char)('0' + left % 10);
	if (decimals)
		*--at = '.';
	at = digits(at, left);
	if (value < 0)
		*--at = '-';
	begin(json, key);
	put(json, at, (size_t)(end - at));
}

void jsonw_bool(struct jsonw *json, const char *key, bool value)
{
	begin(json, key);
	put_str(json, value ? "true" : "false");
}

void jsonw_null(struct jsonw *json, const char *key)
{
	begin(json, key);
	put_str(json, "null");
}

int jsonw_done(struct jsonw *json)
{
	if (!json->err && (json->depth || !json->any))
		json->err = EINVAL;
	return json->err;
}
