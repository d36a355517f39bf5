/*
 * call_fields.c  A call record as the fields of a hash
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "routing/route_service.h"
#include "sigd/call/call_fields.h"

/* Texts of the record, by place: read and written by the same table. */
struct text_field {
	const char *name;
	size_t at, size;
	bool later; /* of a later version: may be missing */
};

#define PLACE(member)                                                        \
	offsetof(struct call_record, member),                                \
		sizeof(((struct call_record *)0)->member)
#define TEXT(name, member) {name, PLACE(member), false}
#define NUM32(name, member) {name, PLACE(member), true}
#define SIDE(prefix, n)                                                      \
	TEXT(prefix "user", side[n].user), TEXT(prefix "tag", side[n].tag),  \
	TEXT(prefix "target", side[n].target),                               \
	TEXT(prefix "uri", side[n].uri), TEXT(prefix "far", side[n].far),    \
	TEXT(prefix "conn", side[n].conn),                                   \
	TEXT(prefix "routes", side[n].routes)

static const struct text_field texts[] = {
	TEXT("call", call),	TEXT("session", session),
	TEXT("tenant", tenant), TEXT("media", media),
	TEXT("callid", callid), TEXT("service", service),
	{"at", PLACE(at), true},
	{"why", PLACE(why), true},
	{"a.oat", PLACE(side[CALL_CALLER].own_at), true},
	{"b.oat", PLACE(side[CALL_CALLEE].own_at), true},
	{"a.ack", PLACE(side[CALL_CALLER].ack), true},
	{"b.ack", PLACE(side[CALL_CALLEE].ack), true},
	SIDE("a.", CALL_CALLER), SIDE("b.", CALL_CALLEE),
	{"b.tenant", PLACE(there), true},
};

/* uint32_t each. */
static const struct text_field numbers[] = {
	NUM32("offer", offer_cseq),
	NUM32("a.icseq", side[CALL_CALLER].invite_cseq),
	NUM32("a.ishift", side[CALL_CALLER].invite_shift),
	NUM32("a.dcseq", side[CALL_CALLER].delayed_cseq),
	NUM32("a.ocseq", side[CALL_CALLER].own_cseq),
	NUM32("b.icseq", side[CALL_CALLEE].invite_cseq),
	NUM32("b.ishift", side[CALL_CALLEE].invite_shift),
	NUM32("b.dcseq", side[CALL_CALLEE].delayed_cseq),
	NUM32("b.ocseq", side[CALL_CALLEE].own_cseq),
};

static const char *const state_names[] = {
	[CALL_SETUP] = "setup", [CALL_UP] = "up"};
static const char *const record_names[] = {
	[ROUTE_RECORD_DEFAULT] = "",
	[ROUTE_RECORD_ALWAYS] = "always",
	[ROUTE_RECORD_NEVER] = "never"};
static const char *const cseq_names[] = {"a.cseq", "b.cseq"};
static const char *const shift_names[] = {"a.shift", "b.shift"};
static const char *const profile_names[] = {"a.profile", "b.profile"};
static const char *const flow_names[] = {"a.flow", "b.flow"};

static void put(struct call_fields *out, const char *name, const char *val)
{
	out->argv[out->argc++] = redis_str(name);
	out->argv[out->argc++] = redis_str(val);
}

static void put_num(struct call_fields *out, const char *name, uint64_t num)
{
	char *text = out->num[out->nnum++];

	re_snprintf(text, CALL_NUM_LEN, "%llu", num);
	put(out, name, text);
}

void call_fields_write(struct call_fields *out, const struct call_record *rec)
{
	out->argc = out->nnum = 0;
	for (size_t i = 0; i < COUNTOF(texts); i++)
		put(out, texts[i].name, (const char *)rec + texts[i].at);

	for (size_t i = 0; i < COUNTOF(numbers); i++)
		put_num(out, numbers[i].name,
			*(const uint32_t *)(const void *)(
				(const char *)rec + numbers[i].at));

	put(out, "state", state_names[rec->state]);
	put_num(out, "leg", rec->leg);
	put_num(out, "start", rec->start_ms);
	put_num(out, "up", rec->up_ms);
	for (unsigned i = 0; i < CALL_SIDES; i++) {
		const struct call_side *side = &rec->side[i];

		re_snprintf(out->flow[i], sizeof(out->flow[i]), "%w",
			    side->flow, side->flow_len);
		put(out, flow_names[i], out->flow[i]);
		put_num(out, cseq_names[i], side->cseq);
		put_num(out, shift_names[i], side->shift);
		put_num(out, profile_names[i], side->profile);
	}
	put(out, "record", record_names[rec->record]);
	put_num(out, "asked", rec->asked);
}

static const struct text_field asked_field = NUM32("asked", asked);

/* Where fields are read from: each behind its name, or all in our order. */
struct source {
	const struct redis_val *val;
	bool named;
};

/* Their places in that order. */
enum {
	AT_NUMBERS = COUNTOF(texts),
	AT_STATE = AT_NUMBERS + COUNTOF(numbers),
	AT_LEG,
	AT_START,
	AT_UP,
	AT_SIDES,
	PER_SIDE = 4,
	AT_RECORD = AT_SIDES + PER_SIDE * CALL_SIDES,
	AT_ASKED
};

static const struct redis_val *get(const struct source *from, size_t at,
				   const char *name)
{
	const struct redis_val *val;

	if (from->named)
		return redis_field(from->val, name);
	val = &from->val->el[at];
	return val->type == REDIS_NIL ? NULL : val;
}

static int get_num(uint64_t *num, const struct redis_val *val, uint64_t max)
{
	return val && redis_num(val, num) && *num <= max ? 0 : EBADMSG;
}

static int get_text(struct call_record *rec, const struct redis_val *val,
		    const struct text_field *field)
{
	char *to = (char *)rec + field->at;

	if (!val && field->later)
		return 0;
	if (!val || val->type != REDIS_STR || val->len >= field->size ||
	    memchr(val->str, '\0', val->len))
		return EBADMSG;

	memcpy(to, val->str, val->len);
	to[val->len] = '\0';
	return 0;
}

static int get_num32(struct call_record *rec, const struct redis_val *val,
		     const struct text_field *field)
{
	uint64_t num;

	if (!val)
		return 0;
	if (get_num(&num, val, UINT32_MAX))
		return EBADMSG;
	*(uint32_t *)(void *)((char *)rec + field->at) = (uint32_t)num;
	return 0;
}

static int get_side(struct call_side *side, const struct source *from,
		    unsigned i)
{
	const size_t at = AT_SIDES + PER_SIDE * i;
	const struct redis_val *flow = get(from, at, flow_names[i]);
	uint64_t cseq, shift, profile;

	if (get_num(&cseq, get(from, at + 1, cseq_names[i]), UINT32_MAX) ||
	    get_num(&shift, get(from, at + 2, shift_names[i]), UINT32_MAX) ||
	    get_num(&profile, get(from, at + 3, profile_names[i]),
		    UINT8_MAX) ||
	    !flow || flow->type != REDIS_STR || flow->len % 2 ||
	    flow->len / 2 > sizeof(side->flow))
		return EBADMSG;

	side->cseq     = (uint32_t)cseq;
	side->shift    = (uint32_t)shift;
	side->profile  = (uint8_t)profile;
	side->flow_len = flow->len / 2;
	return side->flow_len
		       ? str_hex(side->flow, side->flow_len, flow->str)
		       : 0;
}

static int get_state(enum call_state *state, const struct redis_val *val)
{
	for (size_t i = 0; val && i < COUNTOF(state_names); i++) {
		if (redis_is(val, state_names[i])) {
			*state = (enum call_state)i;
			return 0;
		}
	}
	return EBADMSG;
}

/* Of a later version: may be missing. */
static int get_record(uint8_t *record, const struct redis_val *val)
{
	for (size_t i = 0; val && i < COUNTOF(record_names); i++) {
		if (redis_is(val, record_names[i])) {
			*record = (uint8_t)i;
			return 0;
		}
	}
	return val ? EBADMSG : 0;
}

static int read_all(struct call_record *rec, const struct source *from)
{
	uint64_t leg = 0;
	int err = 0;

	memset(rec, 0, sizeof(*rec));
	for (size_t i = 0; i < COUNTOF(texts) && !err; i++)
		err = get_text(rec, get(from, i, texts[i].name), &texts[i]);
	for (size_t i = 0; i < COUNTOF(numbers) && !err; i++)
		err = get_num32(rec,
				get(from, AT_NUMBERS + i, numbers[i].name),
				&numbers[i]);
	if (err)
		return err;
	err  = get_state(&rec->state, get(from, AT_STATE, "state"));
	err |= get_num(&leg, get(from, AT_LEG, "leg"), 16);
	err |= get_num(&rec->start_ms, get(from, AT_START, "start"),
		       UINT64_MAX);
	err |= get_num(&rec->up_ms, get(from, AT_UP, "up"), UINT64_MAX);
	for (unsigned i = 0; i < CALL_SIDES; i++)
		err |= get_side(&rec->side[i], from, i);
	err |= get_record(&rec->record, get(from, AT_RECORD, "record"));
	err |= get_num32(rec, get(from, AT_ASKED, "asked"), &asked_field);

	rec->leg = (uint8_t)leg;
	return err ? EBADMSG : 0;
}

int call_fields_read(struct call_record *rec, const struct redis_val *flat)
{
	const struct source from = {flat, true};

	return read_all(rec, &from);
}

int call_fields_read_vals(struct call_record *rec,
			  const struct redis_val *vals)
{
	const struct source from = {vals, false};

	if (vals->type != REDIS_ARRAY || vals->len != CALL_FIELDS)
		return EBADMSG;
	return vals->el[0].type == REDIS_NIL ? ENOENT : read_all(rec, &from);
}
