/*
 * call_move.c  A call's session goes to another media worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/call/call_fields.h"
#include "sigd/call/call_move.h"
#include "sigd/call/call_priv.h"

/* KEYS: record, what mediad has written of it. ARGV: media and session as they
 * are to be left, and the new ones. Reply: the record, then its forms. */
static const struct redis_script script_move = {
	"call-move",
	"local v = redis.call('HMGET', KEYS[1], 'state', 'media', 'session', "
	"  'leg') "
	"if v[1] ~= 'up' or v[2] ~= ARGV[1] or v[3] ~= ARGV[2] then "
	"  return {} end "
	"redis.call('HSET', KEYS[1], 'media', ARGV[3], 'session', ARGV[4]) "
	"local out = redis.call('HGETALL', KEYS[1]) "
	"local m = redis.call('HMGET', KEYS[2], 'session', 'form.1', "
	"  'form.' .. (v[4] or '0')) "
	"if m[1] == ARGV[2] then "
	"  out[#out + 1] = 'form.a' out[#out + 1] = m[2] or '' "
	"  out[#out + 1] = 'form.b' out[#out + 1] = m[3] or '' end "
	"return out"};

struct call_move {
	struct redis_link *link;
	call_move_h *h;
	void *arg;
	struct call_record rec;
	struct call_forms forms;
};

static void destructor(void *data)
{
	struct call_move *move = data;

	redis_link_forget(move->link, move);
}

static void form_read(char form[CALL_FORM_MAX + 1],
		      const struct redis_val *flat, const char *name)
{
	const struct redis_val *val = redis_field(flat, name);

	if (!val || val->type != REDIS_STR || val->len > CALL_FORM_MAX ||
	    memchr(val->str, '\0', val->len))
		return;
	memcpy(form, val->str, val->len);
	form[val->len] = '\0';
}

static enum status reply_read(struct call_move *move, int err,
			      const struct redis_val *val)
{
	if (err)
		return STATUS_REDIS_DOWN;
	if (val->type != REDIS_ARRAY)
		return STATUS_INTERNAL;
	if (!val->len)
		return STATUS_UNKNOWN_DIALOG;
	if (call_fields_read(&move->rec, val))
		return STATUS_INTERNAL;
	form_read(move->forms.side[CALL_CALLER], val, "form.a");
	form_read(move->forms.side[CALL_CALLEE], val, "form.b");
	return STATUS_OK;
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct call_move *move = arg;
	const enum status code = reply_read(move, err, val);
	const bool ok = code == STATUS_OK;

	move->h(code, ok ? &move->rec : NULL, ok ? &move->forms : NULL,
		move->arg);
}

static int eval(const struct call_move_params *params, bool back,
		redis_reply_h *replyh, void *arg)
{
	const struct call_place *from = back ? &params->to : &params->from;
	const struct call_place *to = back ? &params->from : &params->to;
	const struct redis_arg argv[] = {
		redis_str(from->media), redis_str(from->session),
		redis_str(to->media), redis_str(to->session)};
	struct redis_arg keyv[2];
	struct call_keys keys;
	char sheet[CALL_KEY_MAX];

	call_keys_print(&keys, params->call);
	re_snprintf(sheet, sizeof(sheet), "cb:{c:%c}:media:%s",
		    params->call[0], params->call);
	keyv[0] = redis_str(keys.rec);
	keyv[1] = redis_str(sheet);
	return redis_link_eval(params->link, &script_move, keyv, 2, argv, 4,
			       replyh, arg);
}

int call_move(struct call_move **movep, const struct call_move_params *params,
	      call_move_h *h, void *arg)
{
	struct call_move *move = mem_zalloc(sizeof(*move), destructor);
	int err;

	if (!move)
		return ENOMEM;
	move->link = params->link;
	move->h = h;
	move->arg = arg;
	err = eval(params, false, on_reply, move);
	if (err)
		mem_deref(move);
	else
		*movep = move;
	return err;
}

void call_move_back(const struct call_move_params *params)
{
	(void)eval(params, true, NULL, NULL);
}
