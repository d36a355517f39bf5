/*
 * call_find.c  Calls by their Call-ID: who may take the place of whom
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/id.h"
#include "sigd/call/call_fields.h"
#include "sigd/call/call_find.h"
#include "sigd/call/call_priv.h"

/* How long who was referred may take somebody's place: RFC 3515 gives the
 * call that follows a minute. Seconds. */
#define MAY_S "180"

/* KEYS: of the hash tag alone. ARGV: the tag's stem, tenant, Call-ID, who
 * asks. */
static const struct redis_script script_find = {
	"call-find",
	"local hash = redis.sha1hex(ARGV[2] .. '\\n' .. ARGV[3]) "
	"local id = ARGV[1] .. ':id:' .. hash "
	"local out = {0, redis.call('SISMEMBER', ARGV[1] .. ':may:' .. hash, "
	"  ARGV[4])} "
	"for _, call in ipairs(redis.call('SMEMBERS', id)) do "
	"  if call == 'over' then out[1] = 1 "
	"  elseif #out < 2 + 4 then "
	"    local rec = redis.call('HGETALL', ARGV[1] .. ':rec:' .. call) "
	"    if #rec > 0 then out[#out + 1] = rec end "
	"  end "
	"end "
	"return out"};

/* ARGV: as above, and who is referred. */
static const struct redis_script script_grant = {
	"call-grant",
	"local hash = redis.sha1hex(ARGV[2] .. '\\n' .. ARGV[3]) "
	"for _, call in ipairs(redis.call('SMEMBERS', "
	"    ARGV[1] .. ':id:' .. hash)) do "
	"  local f = redis.call('HMGET', ARGV[1] .. ':rec:' .. call, "
	"    'a.conn', 'a.user', 'b.conn', 'b.user', 'b.tenant', 'tenant') "
	/* who has that name at another tenant is somebody else; and who was
	 * called by another tenant gives no place away */
	"  local ours = (f[5] or '') == '' or f[5] == ARGV[2] "
	"  for i = 1, f[6] ~= ARGV[2] and 0 or ours and 3 or 1, 2 do "
	"    if f[i] and ARGV[4] == (f[i] ~= '' and 'c:' .. f[i] or "
	"        'u:' .. f[i + 1]) then "
	"      local may = ARGV[1] .. ':may:' .. hash "
	"      redis.call('SADD', may, ARGV[5]) "
	"      redis.call('EXPIRE', may, " MAY_S ") "
	"      return 1 "
	"    end "
	"  end "
	"end "
	"return 0"};

static char shard_of(const struct pl *callid)
{
	return "0123456789abcdef"[hash_joaat((const uint8_t *)callid->p,
					     callid->l) % 16];
}

void call_id_make(char call[17], const struct pl *callid)
{
	id_make(call);
	call[0] = shard_of(callid);
}

void call_party(char party[CALL_PARTY_MAX], const char *conn,
		const char *user)
{
	const bool is_conn = conn && conn[0];

	re_snprintf(party, CALL_PARTY_MAX, "%c:%s", is_conn ? 'c' : 'u',
		    is_conn ? conn : user);
}

/* --- finding ----------------------------------------------------------------- */

struct call_find {
	struct redis_link *link;
	call_find_h *h;
	void *arg;
};

static void destructor(void *data)
{
	struct call_find *find = data;

	redis_link_forget(find->link, find);
}

/* A record that cannot be read is none. */
static enum status found_read(struct call_found *found,
			      struct call_record *recs,
			      const struct redis_val *val)
{
	if (val->type != REDIS_ARRAY || val->len < 2 ||
	    val->el[0].type != REDIS_INT || val->el[1].type != REDIS_INT)
		return STATUS_INTERNAL;
	found->over = val->el[0].num != 0;
	found->may  = val->el[1].num != 0;
	found->recs = recs;
	for (size_t i = 2; i < val->len && found->n < CALL_FOUND_MAX; i++) {
		if (val->el[i].type == REDIS_ARRAY &&
		    !call_fields_read(&recs[found->n], &val->el[i]))
			++found->n;
	}
	return STATUS_OK;
}

static void on_found(int err, const struct redis_val *val, void *arg)
{
	struct call_find *find = arg;
	struct call_found found = {.n = 0};
	struct call_record *recs;
	enum status code = STATUS_REDIS_DOWN;

	recs = mem_alloc(CALL_FOUND_MAX * sizeof(*recs), NULL);
	if (!recs)
		code = STATUS_OVERLOAD;
	else if (!err)
		code = found_read(&found, recs, val);

	/* the owner may free the question in here */
	find->h(code, &found, find->arg);
	mem_deref(recs);
}

/* The key is the hash tag's list: those that the scripts make of the hash are
 * in the same slot. */
static void args_fill(struct redis_arg argv[3], struct call_keys *keys,
		      char stem[16], const char *tenant,
		      const struct pl *callid)
{
	const char call[] = {shard_of(callid), '\0'};

	call_keys_print(keys, call);
	re_snprintf(stem, 16, "cb:{c:%s}", call);
	argv[0] = redis_str(stem);
	argv[1] = redis_str(tenant);
	argv[2] = (struct redis_arg){callid->p, callid->l};
}

int call_find(struct call_find **findp, struct redis_link *link,
	      const struct call_find_params *params, call_find_h *h, void *arg)
{
	struct call_find *find = mem_zalloc(sizeof(*find), destructor);
	struct redis_arg argv[4], key;
	struct call_keys keys;
	char stem[16];
	int err;

	if (!find)
		return ENOMEM;

	find->link = link;
	find->h	   = h;
	find->arg  = arg;
	args_fill(argv, &keys, stem, params->tenant, &params->callid);
	argv[3] = redis_str(params->party);
	key = redis_str(keys.list);
	err = redis_link_eval(link, &script_find, &key, 1, argv, 4, on_found,
			      find);
	if (err)
		mem_deref(find);
	else
		*findp = find;
	return err;
}

int call_grant(struct call_ask **askp, struct redis_link *link,
	       const struct call_grant *grant, call_record_h *h, void *arg)
{
	struct redis_arg argv[5], key;
	const struct call_eval eval = {.script = &script_grant, .keyv = &key,
				       .keyc = 1, .argv = argv, .argc = 5};
	struct call_keys keys;
	char stem[16];

	args_fill(argv, &keys, stem, grant->tenant, &grant->callid);
	argv[3] = redis_str(grant->by);
	argv[4] = redis_str(grant->to);
	key = redis_str(keys.list);
	return call_ask_eval(askp, link, &eval, h, arg);
}
