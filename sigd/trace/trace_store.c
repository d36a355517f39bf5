/*
 * trace_store.c  Traces on their way to Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/trace/trace_pack.h"
#include "sigd/trace/trace_store.h"

enum {
	SEND_MAX = 24, /* bundles in one script */
	HEAD_ARGS = 3,
	BUNDLE_ARGS = 4,
	BUNDLE_MAX = 65536, /* bytes that wait: then it goes at once */
	BUCKETS = 512,
	LABELS_MAX = 640, /* bytes of a bundle's labels */
	NUMBER_LEN = 24,
};

/* KEYS: traces, sizes, the stem of the others, which have its hash tag. ARGV:
 * keep_ms, call_bytes, bytes; then for each bundle Call-ID, batch, messages,
 * labels; those of somebody who asked and was refused leave room for others. A
 * dialog is of who was let in with its tag first, and of whom that one called;
 * who comes with it afterwards has asked, no more. A tenant has 16 of them, and
 * 16 more in which it was called by a stranger; of more than 128 of all, one
 * each (TRACE_DIALOGS_MAX): so nobody uses up those of another, nor the room for
 * the first label of another.
 * A tenant's index has a trace by its first message: written when it becomes
 * his, and once for each `keep` that it goes on, so that the index, which lives
 * twice that, outlives it; a refresh costs nothing there. When one is added two
 * others are looked at, and go if they are over: so no more than about half of
 * it are.
 * What is over goes, some at a time: this may not take long. */
static const struct redis_script script_put = {
	"trace-put",
	"local t = redis.call('TIME') "
	"local at = string.format('%s%03d', t[1], t[2] / 1000) "
	"local now = tonumber(at) "
	"local keep, most = ARGV[1], tonumber(ARGV[2]) "
	"local ends = string.format('%.0f', now + keep) "
	"local longer = string.format('%.0f', 2 * keep) "
	"local total = tonumber(redis.call('HGET', KEYS[2], 'total') or 0) "
	"local function drop(id) "
	"  total = total - tonumber(redis.call('HGET', KEYS[2], id) or 0) "
	"  redis.call('HDEL', KEYS[2], id) redis.call('ZREM', KEYS[1], id) "
	"  redis.call('DEL', KEYS[3] .. 'sip:' .. id, KEYS[3] .. 'of:' .. id) "
	"end "
	"local function claim(of, tag, led, who) "
	"  local owner, at = string.match(who, '^t:([^/]+)/'), 'of.' .. tag "
	"  local have = redis.call('HGET', of, at) "
	"  if not owner then return 'asked:' .. who end "
	"  if not have then "
	"    local own = (led and 'led.' or 'dialogs.') .. owner "
	"    local n = tonumber(redis.call('HGET', of, 'dialogs') or 0) + 1 "
	"    local mine = tonumber(redis.call('HGET', of, own) or 0) + 1 "
	"    if mine > 16 or n > 256 or (n > 128 and mine > 1) then "
	"      return 'asked:' .. who end "
	"    redis.call('HSET', of, 'dialogs', n, own, mine, at, "
	"      n .. ' ' .. owner) "
	"  elseif not string.find(have .. ' ', ' ' .. owner .. ' ', 1, true) then "
	"    if not led then return 'asked:' .. who end "
	"    redis.call('HSET', of, at, have .. ' ' .. owner) end "
	"  return who end "
	"local function label_of(word, had) "
	"  if string.sub(word, 1, 6) == 'asked:' then "
	"    return string.sub(word, 7), 512 end "
	"  local owner = string.match(word, '^t:[^/]+/') "
	"  if owner and not string.find(' ' .. had, ' ' .. owner, 1, true) then "
	"    return word, 65536 end "
	"  return word, 2048 "
	"end "
	"local function add(words, id, had, of) "
	"  for word in string.gmatch(words, '%S+') do "
	"    local tag, how, who = string.match(word, '^(%x+)([!+])(.+)$') "
	"    if tag then word = claim(of, tag, how == '+', who) end "
	"    local label, most = label_of(word, had) "
	"    local by = KEYS[3] .. 'by:' .. label "
	"    if redis.call('ZADD', by, at, id) == 1 then "
	"      redis.call('ZREMRANGEBYRANK', by, '0', '-1001') end "
	"    redis.call('PEXPIRE', by, keep) "
	"    if had ~= words and #had + #word < most and not string.find("
	"      ' ' .. had .. ' ', ' ' .. word .. ' ', 1, true) then "
	"      had = had == '' and word or had .. ' ' .. word end "
	"  end "
	"  return had "
	"end "
	"local function sweep(by) "
	"  for _, id in ipairs(redis.call('ZRANDMEMBER', by, '2')) do "
	"    if redis.call('EXISTS', KEYS[3] .. 'of:' .. id) == 0 then "
	"      redis.call('ZREM', by, id) end end "
	"end "
	"local function index(labels, had, id, first, again) "
	"  local done = {} "
	"  for who in string.gmatch(' ' .. labels, ' (t:[^/ ]+)/') do "
	"    local by = KEYS[3] .. 'by:' .. who "
	"    if not done[who] and (again or not string.find(' ' .. had, "
	"      ' ' .. who .. '/', 1, true)) then "
	"      if redis.call('ZADD', by, first, id) == 1 then sweep(by) end "
	"      redis.call('PEXPIRE', by, longer) "
	"    end "
	"    done[who] = true "
	"  end "
	"end "
	"for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at, "
	"  'LIMIT', '0', '50')) do drop(id) end "
	"for i = 4, #ARGV, 4 do "
	"  local id = redis.sha1hex(ARGV[i]) "
	"  local sip, of = KEYS[3] .. 'sip:' .. id, KEYS[3] .. 'of:' .. id "
	"  local size, n = #ARGV[i + 1], tonumber(ARGV[i + 2]) "
	"  local was = redis.call('HMGET', of, 'first', 'messages', 'cut', "
	"    'labels', 'last') "
	"  local set = {'last', at} "
	"  local function field(name, value) "
	"    set[#set + 1] = name set[#set + 1] = value end "
	"  if not was[1] then field('first', at) field('call_id', ARGV[i]) end "
	"  if n > 0 and redis.call('HINCRBY', KEYS[2], id, size) <= most then "
	"    redis.call('RPUSH', sip, ARGV[i + 1]) "
	"    redis.call('PEXPIRE', sip, keep) "
	"    field('messages', (was[2] or 0) + n) "
	"    total = total + size "
	"  elseif n > 0 then "
	"    redis.call('HINCRBY', KEYS[2], id, -size) "
	"    redis.call('PEXPIRE', sip, keep) "
	"    field('cut', (was[3] or 0) + n) "
	"  end "
	"  local had = was[4] or '' "
	"  local labels = add(ARGV[i + 3], id, had, of) "
	"  if labels ~= had then field('labels', labels) end "
	"  redis.call('HSET', of, unpack(set)) "
	"  redis.call('PEXPIRE', of, keep) "
	"  redis.call('ZADD', KEYS[1], ends, id) "
	"  local first = was[1] or at "
	"  local again = math.floor((now - first) / keep) > "
	"    math.floor(((was[5] or at) - first) / keep) "
	"  if again or labels ~= had then "
	"    index(labels, had, id, first, again) end "
	"end "
	"for i = 1, 50 do "
	"  if total <= tonumber(ARGV[3]) then break end "
	"  local old = redis.call('ZRANGE', KEYS[1], 0, 0)[1] "
	"  if not old then break end "
	"  drop(old) "
	"end "
	"redis.call('HSET', KEYS[2], 'total', string.format('%.0f', total)) "
	"redis.call('PEXPIRE', KEYS[1], longer) "
	"redis.call('PEXPIRE', KEYS[2], longer) "
	"return 1"};

/* What has been said with one Call-ID since the last batch. */
struct bundle {
	struct le le;    /* in the table, by Call-ID */
	struct le order; /* in its shard's list */
	struct mbuf *records;
	uint32_t n;
	size_t callid_len;
	char callid[TRACE_CALLID_MAX];
	char labels[LABELS_MAX];
};

struct trace_store {
	struct trace_store_cfg cfg;
	struct redis_link *redis;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct trace_packer *packer;
	struct hash *bundles;
	struct list shards[TRACE_SHARDS];
	struct mbuf *packed; /* batches of one script, one after another */
	struct trace_store_counts counts;
};

static void bundle_destructor(void *data)
{
	struct bundle *bundle = data;

	hash_unlink(&bundle->le);
	list_unlink(&bundle->order);
	mem_deref(bundle->records);
}

static void destructor(void *data)
{
	struct trace_store *store = data;

	if (store->wheel)
		wheel_stop(&store->timer);
	for (unsigned i = 0; i < TRACE_SHARDS; i++)
		list_flush(&store->shards[i]);
	mem_deref(store->bundles);
	mem_deref(store->packer);
	mem_deref(store->packed);
	mem_deref(store->redis);
	mem_deref(store->wheel);
}

static uint32_t hash_of(const struct pl *callid)
{
	return hash_joaat((const uint8_t *)callid->p, callid->l);
}

static unsigned shard_of(const struct pl *callid)
{
	/* not by what finds a bundle in the table */
	return hash_of(callid) >> 16 & (TRACE_SHARDS - 1);
}

char trace_shard(const struct pl *callid)
{
	return "0123456789abcdef"[shard_of(callid)];
}

/* --- bundles --------------------------------------------------------------- */

static bool is_bundle(struct le *le, void *arg)
{
	const struct bundle *bundle = le->data;
	const struct pl *callid = arg;

	return bundle->callid_len == callid->l &&
	       !memcmp(bundle->callid, callid->p, callid->l);
}

static size_t size_of(const struct bundle *bundle)
{
	return sizeof(*bundle) + bundle->records->size;
}

static struct bundle *bundle_new(struct trace_store *store,
				 const struct pl *callid)
{
	struct bundle *bundle = mem_zalloc(sizeof(*bundle), bundle_destructor);

	if (!bundle)
		return NULL;
	bundle->records = mbuf_alloc(2048);
	if (!bundle->records)
		return mem_deref(bundle);
	memcpy(bundle->callid, callid->p, callid->l);
	bundle->callid_len = callid->l;
	hash_append(store->bundles, hash_of(callid), &bundle->le, bundle);
	list_append(&store->shards[shard_of(callid)], &bundle->order, bundle);
	store->counts.waiting += size_of(bundle);
	return bundle;
}

static void on_time(void *arg)
{
	trace_store_flush(arg);
}

/* NULL: there is no room, or no sense in it. */
static struct bundle *bundle_of(struct trace_store *store,
				const struct pl *callid)
{
	struct bundle *bundle;

	if (!callid->l || callid->l > TRACE_CALLID_MAX ||
	    store->counts.waiting > store->cfg.memory)
		return NULL;
	bundle = list_ledata(hash_lookup(store->bundles, hash_of(callid),
					 is_bundle, (void *)callid));
	if (!bundle)
		bundle = bundle_new(store, callid);
	if (bundle && !wheel_runs(&store->timer))
		wheel_start(store->wheel, &store->timer, TRACE_WAIT_MS, on_time,
			    store);
	return bundle;
}

static void bundle_drop(struct trace_store *store, struct bundle *bundle)
{
	store->counts.waiting -= size_of(bundle);
	mem_deref(bundle);
}

/* --- to Redis --------------------------------------------------------------- */

/* Up to SEND_MAX bundles of one shard. */
struct sending {
	struct bundle *bundle[SEND_MAX];
	size_t at[SEND_MAX], len[SEND_MAX]; /* of its batch, in `packed` */
	char n[SEND_MAX][NUMBER_LEN];
	size_t count;
	uint64_t messages;
};

static void sending_add(struct trace_store *store, struct sending *sending,
			struct bundle *bundle)
{
	struct mbuf *packed = store->packed;
	size_t i = sending->count, at = packed->pos;

	/* one that has labels alone */
	if (bundle->records->end &&
	    trace_pack(store->packer, packed, bundle->records->buf,
		       bundle->records->end)) {
		packed->pos = packed->end = at;
		store->counts.lost += bundle->n;
		bundle->n = 0;
	}
	sending->bundle[i] = bundle;
	sending->at[i] = at;
	sending->len[i] = packed->pos - at;
	re_snprintf(sending->n[i], NUMBER_LEN, "%u", bundle->n);
	sending->messages += bundle->n;
	++sending->count;
}

/* The texts of the script's arguments. */
struct words {
	char keys[3][32];
	char head[HEAD_ARGS][NUMBER_LEN];
};

static void words_fill(struct words *w, const struct trace_store *store,
		       unsigned shard)
{
	re_snprintf(w->keys[0], sizeof(w->keys[0]), "cb:{t:%x}:traces", shard);
	re_snprintf(w->keys[1], sizeof(w->keys[1]), "cb:{t:%x}:sizes", shard);
	re_snprintf(w->keys[2], sizeof(w->keys[2]), "cb:{t:%x}:", shard);
	re_snprintf(w->head[0], NUMBER_LEN, "%u", store->cfg.keep_ms);
	re_snprintf(w->head[1], NUMBER_LEN, "%u", store->cfg.call_bytes);
	re_snprintf(w->head[2], NUMBER_LEN, "%llu",
		    store->cfg.bytes / TRACE_SHARDS);
}

static int sending_go(struct trace_store *store, const struct sending *sending,
		      unsigned shard)
{
	struct redis_arg keys[3], argv[HEAD_ARGS + SEND_MAX * BUNDLE_ARGS];
	struct redis_arg *arg = argv + HEAD_ARGS;
	struct words w;

	words_fill(&w, store, shard);
	for (unsigned i = 0; i < 3; i++)
		keys[i] = redis_str(w.keys[i]);
	for (unsigned i = 0; i < HEAD_ARGS; i++)
		argv[i] = redis_str(w.head[i]);
	for (size_t i = 0; i < sending->count; i++, arg += BUNDLE_ARGS) {
		const struct bundle *bundle = sending->bundle[i];

		arg[0] = (struct redis_arg){bundle->callid, bundle->callid_len};
		arg[1] = (struct redis_arg){store->packed->buf + sending->at[i],
					    sending->len[i]};
		arg[2] = redis_str(sending->n[i]);
		arg[3] = redis_str(bundle->labels);
	}
	return redis_link_eval(store->redis, &script_put, keys, 3, argv,
			       (size_t)(arg - argv), NULL, NULL);
}

static void send_some(struct trace_store *store, unsigned shard)
{
	struct sending sending = {.count = 0};

	mbuf_rewind(store->packed);
	for (struct le *le = list_head(&store->shards[shard]);
	     le && sending.count < SEND_MAX; le = le->next)
		sending_add(store, &sending, le->data);
	if (sending_go(store, &sending, shard)) {
		store->counts.lost += sending.messages;
	} else {
		store->counts.messages += sending.messages;
		store->counts.bytes += store->packed->end;
	}
	for (size_t i = 0; i < sending.count; i++)
		bundle_drop(store, sending.bundle[i]);
}

static void shard_flush(struct trace_store *store, unsigned shard)
{
	while (!list_isempty(&store->shards[shard]))
		send_some(store, shard);
}

void trace_store_flush(struct trace_store *store)
{
	wheel_stop(&store->timer);
	if (!redis_link_up(store->redis)) {
		if (store->counts.waiting)
			wheel_start(store->wheel, &store->timer, TRACE_WAIT_MS,
				    on_time, store);
		return;
	}
	for (unsigned i = 0; i < TRACE_SHARDS; i++)
		shard_flush(store, i);
}

/* --- from above -------------------------------------------------------------- */

void trace_store_put(struct trace_store *store, const struct pl *callid,
		     const struct trace_msg *msg)
{
	struct bundle *bundle = bundle_of(store, callid);
	size_t was, end;

	if (bundle && bundle->records->end > BUNDLE_MAX) {
		trace_store_flush(store);
		bundle = bundle_of(store, callid);
	}
	if (!bundle || bundle->records->end > BUNDLE_MAX) {
		++store->counts.lost;
		return;
	}
	was = bundle->records->size;
	end = bundle->records->end;
	if (trace_msg_write(bundle->records, msg)) {
		bundle->records->pos = bundle->records->end = end;
		++store->counts.lost;
	} else {
		++bundle->n;
	}
	store->counts.waiting += bundle->records->size - was;
}

/* Is the word in the list already? */
static bool has(const char *labels, const char *label)
{
	size_t len = strlen(label);

	for (const char *p = strstr(labels, label); p;
	     p = strstr(p + 1, label)) {
		if ((p == labels || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	}
	return false;
}

static bool label_add(struct bundle *bundle, const char *label)
{
	const size_t used = strlen(bundle->labels);

	if (has(bundle->labels, label))
		return true;
	if (used + strlen(label) + 2 > sizeof(bundle->labels))
		return false;
	re_snprintf(bundle->labels + used, sizeof(bundle->labels) - used,
		    "%s%s", used ? " " : "", label);
	return true;
}

/* One that does not fit begins another bundle: whoever uses the same Call-ID a
 * moment before may have many names. */
void trace_store_label(struct trace_store *store, const struct pl *callid,
		       const char *label)
{
	struct bundle *bundle;
	const size_t len = strlen(label);

	if (!len || len > TRACE_WORD_MAX)
		return;
	bundle = bundle_of(store, callid);
	if (!bundle || label_add(bundle, label) ||
	    !redis_link_up(store->redis))
		return;
	shard_flush(store, shard_of(callid));
	bundle = bundle_of(store, callid);
	if (bundle)
		(void)label_add(bundle, label);
}

const struct trace_store_counts *
trace_store_counts(const struct trace_store *store)
{
	return &store->counts;
}

int trace_store_alloc(struct trace_store **storep,
		      const struct trace_store_cfg *cfg,
		      struct redis_link *redis, struct wheel *wheel)
{
	struct trace_store *store = mem_zalloc(sizeof(*store), destructor);
	int err;

	if (!store)
		return ENOMEM;
	store->cfg = *cfg;
	store->redis = mem_ref(redis);
	store->wheel = mem_ref(wheel);
	err = hash_alloc(&store->bundles, BUCKETS);
	if (!err)
		err = trace_packer_alloc(&store->packer);
	if (!err) {
		store->packed = mbuf_alloc(16384);
		err = store->packed ? 0 : ENOMEM;
	}
	if (err)
		mem_deref(store);
	else
		*storep = store;
	return err;
}
