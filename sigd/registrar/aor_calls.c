/*
 * aor_calls.c  Which calls a user's devices are in, and over which flow
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "common/id.h"
#include "common/redis_link.h"
#include "sigd/registrar/aor_calls.h"
#include "sigd/registrar/reg_request.h"

struct aor_calls_ask {
	struct redis_link *link;
	aor_calls_h *h;
	void *arg;
};

/* "<flow>", "!" once that flow is known to have ended, and the device behind a
 * blank; none is known of who never registered over that flow. */
#define LUA_READ                                                             \
	"local function read(val) "                                          \
	"  local flow, lost, device = "                                      \
	"    string.match(val, '^(%x*)(!?) ?(.*)$') "                        \
	"  return flow, lost == '!', device end "

/* KEYS: calls, bindings. ARGV: name, flow, seconds. */
static const struct redis_script script_add = {
	"aor-calls-add",
	"local device = '' "
	"local all = redis.call('HGETALL', KEYS[2]) "
	"for i = 1, #all, 2 do "
	"  if string.match(all[i + 1], '^%d+ %d+ %d+ (%x*) ') == ARGV[2] and "
	"    string.sub(device, 1, 2) ~= 'i:' then device = all[i] end "
	"end "
	"redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. device) "
	"if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then "
	"  redis.call('EXPIRE', KEYS[1], ARGV[3]) end "
	"return 1"};

/* KEYS: calls. ARGV: flow. */
static const struct redis_script script_on = {
	"aor-calls-on",
	LUA_READ
	"local out = {ARGV[1]} "
	"local all = redis.call('HGETALL', KEYS[1]) "
	"for i = 1, #all, 2 do "
	"  local flow, lost, device = read(all[i + 1]) "
	"  if flow == ARGV[1] then "
	"    out[#out + 1] = all[i] "
	"    redis.call('HSET', KEYS[1], all[i], flow .. '! ' .. device) "
	"  end "
	"end return out"};

/* KEYS: calls. ARGV: flow, devices. Another flow of the same instance (RFC
 * 5626: another reg-id) takes only what has lost its own. */
static const struct redis_script script_move = {
	"aor-calls-move",
	LUA_READ
	"local function instance(device) "
	"  return string.match(device, '^(i:.*):[^:]*$') end "
	"local function comes_to(device, lost) "
	"  for i = 2, #ARGV do "
	"    if device == ARGV[i] or (lost and instance(device) and "
	"      instance(device) == instance(ARGV[i])) then "
	"      return ARGV[i] end "
	"  end end "
	"local out = {ARGV[1]} "
	"local all = redis.call('HGETALL', KEYS[1]) "
	"for i = 1, #all, 2 do "
	"  local flow, lost, device = read(all[i + 1]) "
	"  local to = comes_to(device, lost) "
	"  if device == '' and flow == ARGV[1] then to = ARGV[2] end "
	"  if to then "
	"    redis.call('HSET', KEYS[1], all[i], ARGV[1] .. ' ' .. to) "
	"    if flow ~= ARGV[1] or lost then out[#out + 1] = all[i] end "
	"  end "
	"end return out"};

static int key_print(char key[BINDING_KEY_MAX],
		     const struct registrar_aor *aor, const char *what)
{
	return binding_key(key, BINDING_KEY_MAX, &aor->tenant, &aor->user,
			   what);
}

static int hex_print(char hex[2 * BINDING_FLOW_MAX + 1],
		     const struct aor_flow *flow)
{
	return re_snprintf(hex, 2 * BINDING_FLOW_MAX + 1, "%w", flow->p,
			   flow->len) < 0
		       ? EOVERFLOW
		       : 0;
}

static void name_print(char name[24], const struct aor_call *call)
{
	re_snprintf(name, 24, "%s/%u", call->call, call->side);
}

int aor_calls_add(struct redis_link *link, const struct registrar_aor *aor,
		  const struct aor_call *call, const struct aor_flow *flow,
		  uint32_t life_s)
{
	char key[BINDING_KEY_MAX], bind[BINDING_KEY_MAX];
	char hex[2 * BINDING_FLOW_MAX + 1], name[24], life[16];
	struct redis_arg keyv[2], argv[3];
	int err = key_print(key, aor, "calls");

	err = err ? err : key_print(bind, aor, "bind");
	err = err ? err : hex_print(hex, flow);
	if (err)
		return err;

	name_print(name, call);
	re_snprintf(life, sizeof(life), "%u", life_s);
	keyv[0] = redis_str(key);
	keyv[1] = redis_str(bind);
	argv[0] = redis_str(name);
	argv[1] = redis_str(hex);
	argv[2] = redis_str(life);
	return redis_link_eval(link, &script_add, keyv, 2, argv, 3, NULL,
			       NULL);
}

int aor_calls_drop(struct redis_link *link, const struct registrar_aor *aor,
		   const struct aor_call *call)
{
	char key[BINDING_KEY_MAX], name[24];
	struct redis_arg argv[3];
	int err = key_print(key, aor, "calls");

	if (err)
		return err;
	name_print(name, call);
	argv[0] = redis_str("HDEL");
	argv[1] = redis_str(key);
	argv[2] = redis_str(name);
	return redis_link_send(link, argv, 3, NULL, NULL);
}

/* --- answers ------------------------------------------------------------------ */

static void destructor(void *data)
{
	struct aor_calls_ask *ask = data;

	redis_link_forget(ask->link, ask);
}

static bool name_read(struct aor_call *call, const struct redis_val *val)
{
	const char *text = val->str;

	if (val->type != REDIS_STR || val->len != 18 || text[16] != '/' ||
	    !id_valid(text, 16) || (text[17] != '0' && text[17] != '1'))
		return false;

	memcpy(call->call, text, 16);
	call->call[16] = '\0';
	call->side     = (uint8_t)(text[17] - '0');
	return true;
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct aor_calls_ask *ask = arg;
	struct aor_call calls[AOR_CALLS_MAX];
	uint8_t flow[BINDING_FLOW_MAX];
	struct aor_flow old = {flow, 0};
	size_t n = 0;

	if (!err && val->type == REDIS_ARRAY && val->len &&
	    val->el[0].type == REDIS_STR &&
	    val->el[0].len / 2 <= sizeof(flow) && val->el[0].len &&
	    !str_hex(flow, val->el[0].len / 2, val->el[0].str))
		old.len = val->el[0].len / 2;
	for (size_t i = 1; old.len && i < val->len && n < AOR_CALLS_MAX; i++)
		n += name_read(&calls[n], &val->el[i]);

	/* the owner may free the question in here */
	ask->h(calls, n, &old, ask->arg);
}

struct args {
	const struct redis_arg *v;
	size_t c;
};

static int ask_eval(struct aor_calls_ask **askp,
		    const struct aor_calls_ask *what,
		    const struct redis_script *script,
		    const struct registrar_aor *aor, const struct args *args)
{
	char key[BINDING_KEY_MAX];
	struct aor_calls_ask *ask;
	struct redis_arg keyv;
	int err = key_print(key, aor, "calls");

	if (err)
		return err;
	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;

	*ask = *what;
	keyv = redis_str(key);
	err  = redis_link_eval(ask->link, script, &keyv, 1, args->v, args->c,
			       on_reply, ask);
	if (err)
		mem_deref(ask);
	else
		*askp = ask;
	return err;
}

int aor_calls_on(struct aor_calls_ask **askp, struct redis_link *link,
		 const struct registrar_aor *aor, const struct aor_flow *flow,
		 aor_calls_h *h, void *arg)
{
	const struct aor_calls_ask what = {link, h, arg};
	char hex[2 * BINDING_FLOW_MAX + 1];
	struct redis_arg argv;
	const struct args args = {&argv, 1};
	int err = hex_print(hex, flow);

	argv = redis_str(hex);
	return err ? err : ask_eval(askp, &what, &script_on, aor, &args);
}

int aor_calls_move(struct aor_calls_ask **askp, struct redis_link *link,
		   const struct registrar_aor *aor, const char *devices,
		   const struct aor_flow *flow, aor_calls_h *h, void *arg)
{
	const struct aor_calls_ask what = {link, h, arg};
	char hex[2 * BINDING_FLOW_MAX + 1];
	struct redis_arg argv[1 + REG_CONTACTS_MAX];
	struct args args = {argv, 1};
	int err = hex_print(hex, flow);

	argv[0] = redis_str(hex);
	while (*devices && args.c < COUNTOF(argv)) {
		const size_t len = strcspn(devices, "\n");

		argv[args.c++] = (struct redis_arg){devices, len};
		devices += len + (devices[len] == '\n');
	}
	return err ? err : ask_eval(askp, &what, &script_move, aor, &args);
}
