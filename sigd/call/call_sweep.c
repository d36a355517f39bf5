/*
 * call_sweep.c  Which calls hang on the connections of a worker that died
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/id.h"
#include "sigd/call/call_priv.h"
#include "sigd/call/call_sweep.h"

enum { SHARDS = 16, PLACE_MAX = COOKIE_FLOW_MAX };

/*
 * KEYS: list. ARGV: what the names of records begin with, node and slot as
 * they stand in packed flows (hex, behind the kind), epoch, cursor. Reply: the
 * next cursor, then call and side, flow of each. A connection's
 * packed id ends with epoch and number; those of UDP have another length
 * (flow_id.c). The records are of the list's hash tag.
 */
static const struct redis_script script_sweep = {
	"call-sweep",
	"local at, last = ARGV[2], tonumber(ARGV[3]) "
	"local function gone(flow, conn) "
	"  return flow and conn == '' and #flow == #at + 18 and "
	"    string.sub(flow, 3, #at + 2) == at and "
	"    tonumber(string.sub(flow, #at + 3, #at + 10), 16) <= last end "
	"local page = redis.call('ZSCAN', KEYS[1], ARGV[4], 'COUNT', 100) "
	"local out = {page[1]} "
	"for i = 1, #page[2], 2 do "
	"  local call = string.sub(page[2][i], 1, 16) "
	"  local r = redis.call('HMGET', ARGV[1] .. call, 'state', "
	"    'a.flow', 'a.conn', 'b.flow', 'b.conn') "
	"  if r[1] == 'up' then "
	"    if gone(r[2], r[3]) then "
	"      out[#out + 1] = call .. '0' out[#out + 1] = r[2] end "
	"    if gone(r[4], r[5]) then "
	"      out[#out + 1] = call .. '1' out[#out + 1] = r[4] end "
	"  end "
	"end return out"};

/* The same list. ARGV: as above, the media worker, nothing, cursor. Reply: the
 * cursor, then call (and side 0), its session and, behind a space, by when
 * its record expires. */
static const struct redis_script script_media = {
	"call-sweep-media",
	"local page = redis.call('ZSCAN', KEYS[1], ARGV[4], 'COUNT', 100) "
	"local out = {page[1]} "
	"for i = 1, #page[2], 2 do "
	"  local call = string.sub(page[2][i], 1, 16) "
	"  local r = redis.call('HMGET', ARGV[1] .. call, 'state', 'media', "
	"    'session') "
	"  if r[1] == 'up' and r[2] == ARGV[2] then "
	"    out[#out + 1] = call .. '0' "
	"    out[#out + 1] = (r[3] or '') .. ' ' .. page[2][i + 1] end "
	"end return out"};

struct call_sweep {
	const struct redis_script *script;
	struct redis_link *link;
	call_swept_h *swepth;
	call_sweep_end_h *endh;
	void *arg;
	unsigned shard; /* that is looked through */
	char place[2 * PLACE_MAX + 1], epoch[16];
	bool media; /* place is a media worker */
};

static void destructor(void *data)
{
	struct call_sweep *sweep = data;

	redis_link_forget(sweep->link, sweep);
}

static void give_media(const struct call_sweep *sweep,
		       const struct redis_val *name,
		       const struct redis_val *session)
{
	struct call_swept swept = {.side = CALL_CALLER};

	if (name->type != REDIS_STR || name->len != 17 ||
	    !id_valid(name->str, 16) || session->type != REDIS_STR ||
	    session->len < 18 || session->str[16] != ' ' ||
	    !id_valid(session->str, 16))
		return;
	memcpy(swept.call, name->str, 16);
	memcpy(swept.session, session->str, 16);
	swept.expires = strtoull(session->str + 17, NULL, 10);
	sweep->swepth(&swept, sweep->arg);
}

static void give(const struct call_sweep *sweep, const struct redis_val *name,
		 const struct redis_val *hex)
{
	uint8_t flow[COOKIE_FLOW_MAX];
	struct call_swept swept = {.flow = flow};

	if (sweep->media) {
		give_media(sweep, name, hex);
		return;
	}
	if (name->type != REDIS_STR || name->len != 17 ||
	    !id_valid(name->str, 16) || hex->type != REDIS_STR ||
	    hex->len / 2 > sizeof(flow))
		return;
	swept.flow_len = hex->len / 2;
	if (str_hex(flow, swept.flow_len, hex->str))
		return;
	memcpy(swept.call, name->str, 16);
	swept.side = name->str[16] == '1' ? CALL_CALLEE : CALL_CALLER;
	sweep->swepth(&swept, sweep->arg);
}

static void on_page(int err, const struct redis_val *val, void *arg);

/* cursor: "0" begins and ends a shard. */
static int ask(struct call_sweep *sweep, const char *cursor)
{
	struct redis_arg keyv, argv[4];
	struct call_keys keys;
	char call[2], prefix[CALL_KEY_MAX];

	re_snprintf(call, sizeof(call), "%x", sweep->shard);
	call_keys_print(&keys, call);
	str_ncpy(prefix, keys.rec, strlen(keys.rec)); /* without the call */
	keyv	= redis_str(keys.list);
	argv[0] = redis_str(prefix);
	argv[1] = redis_str(sweep->place);
	argv[2] = redis_str(sweep->epoch);
	argv[3] = redis_str(cursor);
	return redis_link_eval(sweep->link, sweep->script, &keyv, 1, argv, 4,
			       on_page, sweep);
}

static void on_page(int err, const struct redis_val *val, void *arg)
{
	struct call_sweep *sweep = arg;

	if (!err && (val->type != REDIS_ARRAY || !val->len ||
		     val->el[0].type != REDIS_STR))
		err = EPROTO;
	for (size_t i = 1; !err && i + 1 < val->len; i += 2)
		give(sweep, &val->el[i], &val->el[i + 1]);
	if (!err && strcmp(val->el[0].str, "0") != 0)
		err = ask(sweep, val->el[0].str);
	else if (!err && ++sweep->shard < SHARDS)
		err = ask(sweep, "0");
	/* the owner may free it in here */
	if (err || sweep->shard == SHARDS)
		sweep->endh(err, sweep->arg);
}

int call_sweep(struct call_sweep **sweepp,
	       const struct call_sweep_params *params)
{
	struct call_sweep *sweep = mem_zalloc(sizeof(*sweep), destructor);
	int err = 0;

	if (!sweep)
		return ENOMEM;
	sweep->link   = params->link;
	sweep->swepth = params->swepth;
	sweep->endh   = params->endh;
	sweep->arg    = params->arg;
	sweep->script = params->media ? &script_media : &script_sweep;
	sweep->media  = params->media != NULL;
	re_snprintf(sweep->epoch, sizeof(sweep->epoch), "%u", params->epoch);
	if (params->media)
		str_ncpy(sweep->place, params->media, sizeof(sweep->place));
	else if (re_snprintf(sweep->place, sizeof(sweep->place), "%w",
			params->place, params->place_len) < 0)
		err = EOVERFLOW;
	err = err ? err : ask(sweep, "0");
	if (err)
		mem_deref(sweep);
	else
		*sweepp = sweep;
	return err;
}
