/*
 * call_log.c  What happened to one call: keys and entries
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/call_log.h"
#include "common/countof.h"
#include "common/pairs.h"
#include "common/text.h"

void call_log_key(char key[CALL_LOG_KEY], const char *call)
{
	(void)re_snprintf(key, CALL_LOG_KEY, "cb:{c:%c}:log:%s", call[0], call);
}

/* --- data, as it is put together ------------------------------------------------ */

void call_log_begin(struct call_log_data *data)
{
	data->len = 0;
	data->cut = false;
	data->text[0] = '\0';
}

/* Addresses, lists and sentences stay as short as they are, but for spaces. */
static bool is_plain(char c)
{
	return c > ' ' && c < 0x7f && c != '%' && c != '=';
}

static bool put(struct call_log_data *data, const char *bytes, size_t n)
{
	if (data->len + n > CALL_LOG_DATA_MAX) {
		data->cut = true;
		return false;
	}
	memcpy(data->text + data->len, bytes, n);
	data->len += n;
	data->text[data->len] = '\0';
	return true;
}

/* Whole: half of a code would spoil what is before it. */
static bool put_char(struct call_log_data *data, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char code[3] = {'%', digits[(uint8_t)c >> 4],
			      digits[(uint8_t)c & 15]};

	return is_plain(c) ? put(data, &c, 1) : put(data, code, sizeof(code));
}

/* A name without a value would be a lie: all of it, or nothing. */
static bool put_name(struct call_log_data *data, const char *name)
{
	const size_t len = strlen(name);

	if (data->len + 1 + len + 1 >= CALL_LOG_DATA_MAX) {
		data->cut = true;
		return false;
	}
	return (!data->len || put(data, " ", 1)) && put(data, name, len) &&
	       put(data, "=", 1);
}

void call_log_pl(struct call_log_data *data, const char *name,
		 const struct pl *value)
{
	const size_t len = min(value->l, (size_t)CALL_LOG_VALUE_MAX);

	if (!value->p || !len || !put_name(data, name))
		return;
	if (len < value->l)
		data->cut = true;
	/* a 0 byte ends texts */
	for (size_t i = 0; i < len; i++)
		if (!put_char(data, value->p[i] ? value->p[i] : '?'))
			return;
}

void call_log_text(struct call_log_data *data, const char *name,
		   const char *value)
{
	struct pl pl = {value, value ? strlen(value) : 0};

	call_log_pl(data, name, &pl);
}

void call_log_num(struct call_log_data *data, const char *name, int64_t value)
{
	char text[24];

	(void)re_snprintf(text, sizeof(text), "%lld", (long long)value);
	call_log_text(data, name, text);
}

void call_log_addr(struct call_log_data *data, const char *name,
		   const struct sa *addr)
{
	char text[64];

	if (!sa_isset(addr, SA_ADDR))
		return;
	(void)re_snprintf(text, sizeof(text), "%J", addr);
	call_log_text(data, name, text);
}

/* --- an entry --------------------------------------------------------------------- */

void call_log_args(struct call_log_args *args,
		   const struct call_log_entry *entry)
{
	struct redis_arg *argv = args->argv;

	(void)re_snprintf(args->ms, sizeof(args->ms), "%llu",
			  (unsigned long long)entry->ms);
	args->leg[0] = '\0';
	if (entry->leg)
		(void)re_snprintf(args->leg, sizeof(args->leg), "%u",
				  entry->leg);
	*argv++ = redis_str("by");
	*argv++ = redis_str(entry->by);
	*argv++ = redis_str("ms");
	*argv++ = redis_str(args->ms);
	*argv++ = redis_str("session");
	*argv++ = redis_str(entry->session);
	*argv++ = redis_str("leg");
	*argv++ = redis_str(args->leg);
	*argv++ = redis_str("kind");
	*argv++ = redis_str(entry->kind);
	*argv++ = redis_str("data");
	*argv = (struct redis_arg){entry->data.l ? entry->data.p : "",
				   entry->data.l};
}

/* --- and read -------------------------------------------------------------------- */

static bool is_word(const char *text, size_t len, size_t max)
{
	for (size_t i = 0; i < len; i++) {
		const char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '-'))
			return false;
	}
	return len && len <= max;
}

static bool take_text(char *out, size_t size, const struct redis_val *val)
{
	if (val->len >= size)
		return false;
	memcpy(out, val->str, val->len);
	out[val->len] = '\0';
	return true;
}

static bool take_by(struct call_log_entry *entry, const struct redis_val *val)
{
	struct node_id id;

	return !node_addr_parse(&id, val->str, val->len) &&
	       take_text(entry->by, sizeof(entry->by), val);
}

static bool take_ms(struct call_log_entry *entry, const struct redis_val *val)
{
	return redis_num(val, &entry->ms) && entry->ms <= INT64_MAX;
}

static bool take_session(struct call_log_entry *entry,
			 const struct redis_val *val)
{
	for (size_t i = 0; i < val->len; i++)
		if (!strchr("0123456789abcdef", val->str[i]) || !val->str[i])
			return false;
	return take_text(entry->session, sizeof(entry->session), val);
}

static bool take_leg(struct call_log_entry *entry, const struct redis_val *val)
{
	uint64_t leg;

	if (!val->len)
		return true;
	if (!redis_num(val, &leg) || !leg || leg > CALL_LOG_LEG_MAX)
		return false;
	entry->leg = (uint8_t)leg;
	return true;
}

static bool take_kind(struct call_log_entry *entry, const struct redis_val *val)
{
	return is_word(val->str, val->len, CALL_LOG_KIND_MAX) &&
	       take_text(entry->kind, sizeof(entry->kind), val);
}

static bool take_data(struct call_log_entry *entry, const struct redis_val *val)
{
	entry->data = (struct pl){val->str, val->len};
	return val->len <= CALL_LOG_DATA_MAX;
}

static const struct field {
	const char *name;
	bool (*take)(struct call_log_entry *entry, const struct redis_val *val);
	bool needed;
} known[] = {
	{"by", take_by, true},
	{"ms", take_ms, true},
	{"session", take_session, false},
	{"leg", take_leg, false},
	{"kind", take_kind, true},
	{"data", take_data, false},
};

int call_log_read(struct call_log_entry *entry, const struct redis_val *fields)
{
	memset(entry, 0, sizeof(*entry));
	if (!fields || fields->type != REDIS_ARRAY)
		return EBADMSG;
	for (size_t i = 0; i < fields->len; i++)
		if (fields->el[i].type != REDIS_STR)
			return EBADMSG;
	for (size_t i = 0; i < COUNTOF(known); i++) {
		const struct redis_val *val =
			redis_field(fields, known[i].name);

		if (val ? !known[i].take(entry, val) : known[i].needed)
			return EBADMSG;
	}
	return 0;
}

static bool take_pair(struct call_log_pair *pair, const struct pl *text)
{
	const char *equal = memchr(text->p, '=', text->l);
	const size_t len = equal ? (size_t)(equal - text->p) : 0;

	if (!is_word(text->p, len, CALL_LOG_NAME_MAX))
		return false;
	memcpy(pair->name, text->p, len);
	pair->name[len] = '\0';
	return !text_percent_decode(pair->value, sizeof(pair->value), equal + 1,
				    text->l - len - 1);
}

int call_log_next(struct call_log_pair *pair, struct pl *rest)
{
	struct pl text;
	const char *stop;

	while (rest->l && *rest->p == ' ')
		pl_advance(rest, 1);
	if (!rest->l)
		return ENOENT;

	stop = memchr(rest->p, ' ', rest->l);
	text = (struct pl){rest->p, stop ? (size_t)(stop - rest->p) : rest->l};
	pl_advance(rest, (ssize_t)text.l);
	return take_pair(pair, &text) ? 0 : EBADMSG;
}

int call_log_value(char *out, size_t size, const struct call_log_entry *entry,
		   const char *name)
{
	return pairs_text(out, size, &entry->data, name);
}
