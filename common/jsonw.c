/*
 * jsonw.c  Writes JSON (RFC 8259) into a buffer, as it comes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
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

static void put(struct jsonw *json, const char *text, size_t len)
{
	if (!json->err)
		json->err =
			mbuf_write_mem(json->mb, (const uint8_t *)text, len);
}

static void put_str(struct jsonw *json, const char *text)
{
	put(json, text, strlen(text));
}

/* Written as it is: most of what is written is a run of these. */
static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' &&
	       c != '>' && c != '&';
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

static void put_quoted(struct jsonw *json, const char *text, size_t len)
{
	put_str(json, "\"");
	put_escaped(json, text, len);
	put_str(json, "\"");
}

/* The comma and the key before a value. */
static void begin(struct jsonw *json, const char *key)
{
	bool in_object = json->depth && json->close[json->depth - 1] == '}';

	if (!json->err && (in_object != !!key || (!json->depth && json->any)))
		json->err = EINVAL;
	if (json->any)
		put_str(json, ",");
	json->any = true;
	if (key) {
		put_quoted(json, key, strlen(key));
		put_str(json, ":");
	}
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
	put_quoted(json, text, len);
}

void jsonw_str(struct jsonw *json, const char *key, const char *text)
{
	jsonw_strn(json, key, text, text ? strlen(text) : 0);
}

void jsonw_pl(struct jsonw *json, const char *key, const struct pl *pl)
{
	jsonw_strn(json, key, pl ? pl->p : NULL, pl ? pl->l : 0);
}

void jsonw_uint(struct jsonw *json, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	begin(json, key);
	put_str(json, text);
}

void jsonw_int(struct jsonw *json, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	begin(json, key);
	put_str(json, text);
}

void jsonw_fixed(struct jsonw *json, const char *key, int64_t value,
		 unsigned decimals)
{
	uint64_t abs = value < 0 ? -(uint64_t)value : (uint64_t)value;
	uint64_t one = 1;
	char text[48];

	if (decimals > 9)
		decimals = 9;
	for (unsigned i = 0; i < decimals; i++)
		one *= 10;
	if (decimals)
		snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64,
			 value < 0 ? "-" : "", abs / one, (int)decimals,
			 abs % one);
	else
		snprintf(text, sizeof(text), "%" PRId64, value);
	begin(json, key);
	put_str(json, text);
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
