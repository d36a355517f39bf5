/*
 * call_setup.c  What a successor needs of a call that has no answer yet
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "sigd/call/call_again.h"
#include "sigd/call/call_fields.h"
#include "sigd/call/call_priv.h"
#include "sigd/call/call_setup.h"
#include "sigd/sip/smsg.h"

enum { TRY_MAX = 2 * COOKIE_FLOW_MAX + 2 * CALL_TEXT_MAX + CALL_HEAD_MAX + 8 };

/* KEYS: record, list, set-up. ARGV: seconds to live, name in the list, the
 * caller's leg, then the fields of the record. Reply: the record of the call that
 * the same INVITE was begun as before; or 1. */
static const struct redis_script script_begin = {
	"call-begin",
	CALL_INDEX_LUA CALL_AGAIN_LUA
	"redis.call('HSET', KEYS[1], unpack(ARGV, 4)) "
	"redis.call('EXPIRE', KEYS[1], ARGV[1]) "
	"listed(KEYS[1], ARGV[1]) "
	"redis.call('HSET', KEYS[3], '1', ARGV[3]) "
	"redis.call('EXPIRE', KEYS[3], ARGV[1]) "
	"local now = tonumber(redis.call('TIME')[1]) "
	"redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now) "
	"redis.call('ZADD', KEYS[2], now + ARGV[1] + 1, ARGV[2]) "
	"if redis.call('TTL', KEYS[2]) < ARGV[1] + 60 then "
	"redis.call('EXPIRE', KEYS[2], ARGV[1] + 60) end "
	"local ids, call = index(KEYS[1]) "
	"local before = first(KEYS[1], ids, call) "
	"if before then return redis.call('HGETALL', before) end "
	"return 1"};

/* ARGV: leg, value. */
static const struct redis_script script_try = {
	"call-try",
	"if redis.call('EXISTS', KEYS[1]) == 0 or "
	"  redis.call('HGET', KEYS[1], 'taken') then return 0 end "
	"redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) "
	"return 1"};

/* KEYS: set-up, record. Who had it must find that out, even when all is over
 * by then. One that is answered is nobody's. */
static const struct redis_script script_take = {
	"call-take",
	"local rec = redis.call('HGETALL', KEYS[2]) "
	"if redis.call('EXISTS', KEYS[1]) == 0 or #rec == 0 then "
	"  return {} end "
	"if redis.call('HGET', KEYS[2], 'state') == 'setup' then "
	"  redis.call('HSET', KEYS[1], 'taken', '1') "
	"  redis.call('EXPIRE', KEYS[1], 15) end "
	"return {rec, redis.call('HGETALL', KEYS[1])}"};

/* ARGV: answer. */
static const struct redis_script script_answer = {
	"call-answer",
	"if redis.call('EXISTS', KEYS[1]) == 0 or "
	"  redis.call('HGET', KEYS[1], 'taken') then return 0 end "
	"redis.call('HSET', KEYS[1], 'answer', ARGV[1]) "
	"return 1"};

/* --- heads -------------------------------------------------------------------- */

static int put(char *head, size_t size, size_t *len, const struct pl *text)
{
	if (text->l >= size - *len)
		return EOVERFLOW;

	memcpy(head + *len, text->p, text->l);
	*len += text->l;
	return 0;
}

static bool belongs(enum shdr_id id)
{
	static const enum shdr_id ids[] = {
		SHDR_VIA, SHDR_RECORD_ROUTE, SHDR_FROM, SHDR_TO, SHDR_CALL_ID,
		SHDR_CSEQ, SHDR_MAX_FORWARDS};

	for (size_t i = 0; i < COUNTOF(ids); i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

int call_head_write(char *head, size_t size, size_t *len,
		    const struct smsg *msg)
{
	struct pl text = {msg->raw.p, msg->head_len};
	int err;

	*len = 0;
	err = put(head, size, len, &text);
	for (unsigned i = 0; i < msg->hdrc && !err; i++) {
		const struct smsg_hdr *hdr = &msg->hdrv[i];

		if (!belongs((enum shdr_id)hdr->id))
			continue;
		text.p = msg->raw.p + hdr->line;
		text.l = (size_t)(hdr->end - hdr->line);
		err = put(head, size, len, &text);
	}
	pl_set_str(&text, "Content-Length: 0\r\n\r\n");
	return err ? err : put(head, size, len, &text);
}

/* --- writing ------------------------------------------------------------------ */

static char *try_text(size_t *len, const struct call_try *try)
{
	const size_t user = strlen(try->user);
	char *text = mem_alloc(TRY_MAX, NULL);
	int n;

	if (!text)
		return NULL;

	n = re_snprintf(text, TRY_MAX, "%w %w%s %r", try->flow, try->flow_len,
			try->user, user, user ? "" : "-", &try->head);
	if (n < 0)
		return mem_deref(text);
	*len = (size_t)n;
	return text;
}

int call_setup_begin(struct call_ask **askp, struct redis_link *link,
		     const struct call_record *rec,
		     const struct call_try *caller, uint32_t ttl_s,
		     call_record_h *h, void *arg)
{
	struct redis_arg argv[3 + 2 * CALL_FIELDS], keyv[3];
	const struct call_eval eval = {.script = &script_begin, .keyv = keyv,
				       .keyc = 3, .argv = argv,
				       .argc = COUNTOF(argv),
				       .reply = CALL_EITHER};
	char ttl[16], name[CALL_NAME_MAX], *text;
	struct call_fields fields;
	struct call_keys keys;
	size_t len = 0;
	int err;

	text = try_text(&len, caller);
	if (!text)
		return ENOMEM;

	call_keys_print(&keys, rec->call);
	re_snprintf(ttl, sizeof(ttl), "%u", ttl_s);
	call_name_print(name, rec);
	call_fields_write(&fields, rec);
	argv[0] = redis_str(ttl);
	argv[1] = redis_str(name);
	argv[2] = (struct redis_arg){text, len};
	memcpy(&argv[3], fields.argv, sizeof(fields.argv));
	keyv[0] = redis_str(keys.rec);
	keyv[1] = redis_str(keys.list);
	keyv[2] = redis_str(keys.setup);
	err = call_ask_eval(askp, link, &eval, h, arg);
	mem_deref(text);
	return err;
}

int call_setup_try(struct call_ask **askp, struct redis_link *link,
		   const char *call, const struct call_try *try,
		   call_record_h *h, void *arg)
{
	struct redis_arg key, argv[2];
	const struct call_eval eval = {.script = &script_try, .keyv = &key,
				       .keyc = 1, .argv = argv, .argc = 2};
	struct call_keys keys;
	char leg[8], *text;
	size_t len = 0;
	int err;

	text = try_text(&len, try);
	if (!text)
		return ENOMEM;

	call_keys_print(&keys, call);
	re_snprintf(leg, sizeof(leg), "%u", try->leg);
	key	= redis_str(keys.setup);
	argv[0] = redis_str(leg);
	argv[1] = (struct redis_arg){text, len};
	err = call_ask_eval(askp, link, &eval, h, arg);
	mem_deref(text);
	return err;
}

void call_setup_answer(struct redis_link *link, const char *call,
		       const struct pl *answer)
{
	const struct redis_arg argv = {answer->p, answer->l};
	struct call_keys keys;
	struct redis_arg key;

	call_keys_print(&keys, call);
	key = redis_str(keys.setup);
	(void)redis_link_eval(link, &script_answer, &key, 1, &argv, 1, NULL,
			      NULL);
}

/* --- reading ------------------------------------------------------------------ */

struct call_take {
	struct redis_link *link;
	call_take_h *h;
	void *arg;
};

static void destructor(void *data)
{
	struct call_take *take = data;

	redis_link_forget(take->link, take);
}

static int hex_read(void *to, size_t size, size_t *len, const struct pl *hex)
{
	char text[2 * CALL_TEXT_MAX + 1];

	*len = hex->l / 2;
	if (hex->l % 2 || *len > size || pl_strcpy(hex, text, sizeof(text)))
		return EBADMSG;
	return *len ? str_hex(to, *len, text) : 0;
}

/* "<flow> <user> <head>" */
static int try_read(struct call_try *try, const struct redis_val *name,
		    const struct redis_val *val)
{
	struct pl all = {val->str, val->len}, flow, user;
	uint64_t leg;
	size_t len = 0;
	int err;

	if (val->type != REDIS_STR || !redis_num(name, &leg) || !leg ||
	    leg > CALL_TRIES_MAX ||
	    re_regex(all.p, all.l, "[0-9a-f]+ [0-9a-f\\-]+ ", &flow, &user) ||
	    flow.p != all.p)
		return EBADMSG;

	memset(try, 0, sizeof(*try));
	try->leg = (uint8_t)leg;
	pl_advance(&all, (ssize_t)(flow.l + user.l + 2));
	try->head = all;
	err = hex_read(try->flow, sizeof(try->flow), &try->flow_len, &flow);
	if (!err && pl_strcmp(&user, "-"))
		err = hex_read(try->user, sizeof(try->user) - 1, &len, &user);
	return err;
}

static size_t tries_read(struct call_try *tries, const struct redis_val *flat)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < flat->len && n < CALL_TRIES_MAX; i += 2)
		n += !try_read(&tries[n], &flat->el[i], &flat->el[i + 1]);
	return n;
}

static enum status code_of(int err, const struct redis_val *val)
{
	if (err)
		return STATUS_REDIS_DOWN;
	if (val->type != REDIS_ARRAY)
		return STATUS_INTERNAL;
	if (!val->len)
		return STATUS_UNKNOWN_DIALOG;
	return val->len == 2 && val->el[0].type == REDIS_ARRAY &&
			       val->el[1].type == REDIS_ARRAY
		       ? STATUS_OK
		       : STATUS_INTERNAL;
}

static struct pl answer_read(const struct redis_val *flat)
{
	const struct redis_val *val = redis_field(flat, "answer");

	return val && val->type == REDIS_STR ? (struct pl){val->str, val->len}
					     : (struct pl)PL("");
}

static enum status taken_read(struct call_taken *taken,
			      struct call_record *rec, struct call_try *tries,
			      const struct redis_val *val)
{
	if (call_fields_read(rec, &val->el[0]))
		return STATUS_INTERNAL;
	taken->rec   = rec;
	taken->tries = tries;
	taken->n     = tries_read(tries, &val->el[1]);
	if (rec->state == CALL_SETUP)
		return STATUS_OK;
	taken->answer = answer_read(&val->el[1]);
	return taken->answer.l ? STATUS_OK : STATUS_UNKNOWN_DIALOG;
}

static void on_taken(int err, const struct redis_val *val, void *arg)
{
	struct call_take *take = arg;
	struct call_taken taken = {.n = 0, .answer = PL("")};
	struct call_try *tries;
	struct call_record rec;
	enum status code = code_of(err, val);

	tries = mem_alloc(CALL_TRIES_MAX * sizeof(*tries), NULL);
	if (!tries)
		code = STATUS_OVERLOAD;
	if (code == STATUS_OK)
		code = taken_read(&taken, &rec, tries, val);

	/* the owner may free the question in here */
	take->h(code, &taken, take->arg);
	mem_deref(tries);
}

int call_setup_take(struct call_take **takep, struct redis_link *link,
		    const char *call, call_take_h *h, void *arg)
{
	struct call_take *take = mem_zalloc(sizeof(*take), destructor);
	struct redis_arg keyv[2];
	struct call_keys keys;
	int err;

	if (!take)
		return ENOMEM;

	take->link = link;
	take->h	   = h;
	take->arg  = arg;
	call_keys_print(&keys, call);
	keyv[0] = redis_str(keys.setup);
	keyv[1] = redis_str(keys.rec);
	err = redis_link_eval(link, &script_take, keyv, 2, NULL, 0, on_taken,
			      take);
	if (err)
		mem_deref(take);
	else
		*takep = take;
	return err;
}
