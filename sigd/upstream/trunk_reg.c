/*
 * trunk_reg.c  One registration at a PBX, kept up
 *
 *   due -> the way there -> REGISTER -> 200: refresh in time
 *                                    -> 401, 407: again with credentials
 *                                    -> 423: again, for longer
 *                                    -> else, or silence: after a while
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/conn/trunk_contact.h"
#include "sigd/proxy/conn/way_health.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/own_request.h"
#include "sigd/proxy/register/service_route.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/upstream/trunk_reg.h"

enum {
	GRANTED_MIN_S = 10, /* less is taken for this */
	EXPIRES_MAX_S = 86400,
	BACKOFF_MIN_MS = 5000,
	REFUSED_MIN_MS = 60000,
	RETRY_AFTER_MAX_S = 3600,
	URI_MAX = 512,
};

struct trunk_reg {
	struct proxy *px;
	const struct route_connection *conn;
	struct trunk_reg_handlers h;
	struct trunk_state state;
	uint32_t secret; /* of the password: not for Redis, as the print is */
	struct wheel_timer due;
	struct conn_ask *locate;
	struct conn_way *ways; /* of this attempt, in order; NULL: none */
	unsigned way;
	struct wheel_timer silence; /* of one address, when there are more */
	struct flow_id to;
	struct txn_cli *ct;
	struct challenge challenge;
	uint32_t expires_s; /* asked for; a 423 raises it */
	unsigned failures;  /* in a row */
	bool brief;         /* 423 was heard in this attempt */
	bool leaving;       /* Expires 0: its end is told, once */
};

const struct route_connection *trunk_reg_conn(const struct trunk_reg *reg)
{
	return reg->conn;
}

const struct trunk_state *trunk_reg_state(const struct trunk_reg *reg)
{
	return &reg->state;
}

static void destructor(void *data)
{
	struct trunk_reg *reg = data;

	wheel_stop(&reg->due);
	wheel_stop(&reg->silence);
	mem_deref(reg->locate);
	mem_deref(reg->ways);
	challenge_reset(&reg->challenge);
	if (reg->ct)
		txn_cli_detach(reg->ct);
}

/* What a registration depends on; another value: register anew. It stands in
 * Redis, so it must be no test of who guesses the password. */
static uint32_t print_of(const struct route_connection *conn)
{
	const struct route_conn_login *login = &conn->login;
	char text[1024];

	re_snprintf(text, sizeof(text), "%s\n%d\n%s\n%s\n%s\n%s\n%u",
		    conn->peer.address, (int)conn->peer.transport, conn->peer.domain,
		    conn->peer.listener ? conn->peer.listener : "",
		    login->username, login->realm ? login->realm : "",
		    conn->times.expires);
	return hash_joaat_str(text);
}

/* --- phases ------------------------------------------------------------------------ */

static void phase_set(struct trunk_reg *reg, enum trunk_phase phase,
		      uint16_t code, const char *why)
{
	const enum trunk_phase was = reg->state.phase;
	char name[TRUNK_NAME_MAX + 1];

	trunk_reg_name(name, reg->conn);
	/* what changes is news, what goes on is not */
	if (phase != was || code != reg->state.code) {
		if (phase == TRUNK_FAILED)
			log_warn(NULL, "registration at a PBX failed",
				 "connection=%s code=%u why=%s", name, code,
				 why);
		else if (phase == TRUNK_REGISTERED && phase != was)
			log_info(NULL, "registered at a PBX", "connection=%s",
				 name);
	}
	if (phase != was)
		reg->state.since_ms = proxy_unix_ms();
	reg->state.phase = phase;
	reg->state.code	 = code;
	str_ncpy(reg->state.why, why, sizeof(reg->state.why));
	reg->h.stateh(reg, reg->h.arg);
}

static void on_due(void *arg);

static void due_in(struct trunk_reg *reg, uint64_t ms)
{
	wheel_start(reg->px->deps.wheel, &reg->due,
		    (uint32_t)min(ms, (uint64_t)INT32_MAX), on_due, reg);
}

/* Half of the wait is jitter, so that those that failed together come back
 * apart; but no sooner than the PBX, or good manners, allow. */
static void failed(struct trunk_reg *reg, uint16_t code, const char *why,
		   uint32_t least_ms)
{
	const bool in_force = reg->state.ends_ms > proxy_unix_ms();
	const uint32_t ms = trunk_retry_ms(reg->failures, least_ms, in_force);
	const uint32_t floor = least_ms > BACKOFF_MIN_MS ? least_ms : 0;

	if (reg->leaving) {
		reg->h.lefth(reg->h.arg);
		return;
	}
	reg->ways = mem_deref(reg->ways);
	++reg->failures;
	reg->h.answerh(false, reg->h.arg);
	/* what was granted before goes on until it lapses */
	if (in_force) {
		reg->state.code = code;
		str_ncpy(reg->state.why, why, sizeof(reg->state.why));
		log_warn(NULL, "a registration was not refreshed",
			 "connection=%s/%s code=%u why=%s",
			 reg->conn->tenant->id, reg->conn->name, code, why);
		reg->h.stateh(reg, reg->h.arg);
	} else {
		reg->state.ends_ms = 0;
		phase_set(reg, TRUNK_FAILED, code, why);
	}
	due_in(reg, max(ms / 2, floor) + rand_u32() % (ms / 2 + 1));
}

/* --- the answer ---------------------------------------------------------------------- */

/* Of our binding: the expires of our Contact, else of the message (RFC 3261
 * 10.2.4), else what was asked for. */
static uint32_t granted(const struct trunk_reg *reg, const struct smsg *msg)
{
	char user[TRUNK_CONTACT_MAX];
	struct shdr_addr addr;
	struct pl val;

	trunk_contact_print(user, reg->conn);
	for (unsigned i = 0; i < 32; i++) {
		if (smsg_addr(msg, SHDR_CONTACT, i, &addr))
			break;
		if (!pl_strcmp(&addr.uri.user, user) &&
		    shdr_param(&addr.params, "expires", &val))
			return pl_u32(&val);
	}
	if (smsg_val(msg, SHDR_EXPIRES, &val))
		return pl_u32(&val);
	return reg->expires_s;
}

/* RFC 3608 5.1: all of it counts until the next answer. One that is too long
 * to be kept, or makes no sense, is none. */
static void service_route(struct trunk_reg *reg, const struct smsg *msg)
{
	char route[SERVICE_ROUTE_MAX + 1] = "";
	struct shdr_addr addr;
	size_t n = 0;

	for (unsigned i = 0; !smsg_addr(msg, SHDR_SERVICE_ROUTE, i, &addr);
	     i++) {
		int len = re_snprintf(route + n, sizeof(route) - n, "%s<%r>",
				      n ? ", " : "", &addr.uri.text);

		if (len < 0) {
			route[0] = '\0';
			break;
		}
		n += (size_t)len;
	}
	reg->h.routeh(reg, route, reg->h.arg);
}

static void accepted(struct trunk_reg *reg, const struct smsg *msg)
{
	uint32_t s = granted(reg, msg);
	uint64_t ms;

	if (reg->leaving) {
		reg->h.lefth(reg->h.arg);
		return;
	}
	s  = max(s, (uint32_t)GRANTED_MIN_S);
	s  = min(s, (uint32_t)EXPIRES_MAX_S);
	ms = 1000ull * s;
	reg->ways = mem_deref(reg->ways);
	reg->failures = 0;
	reg->state.ends_ms = proxy_unix_ms() + ms;
	reg->h.answerh(true, reg->h.arg);
	service_route(reg, msg);
	phase_set(reg, TRUNK_REGISTERED, msg->scode, "OK");
	due_in(reg, ms * 3 / 4 + rand_u32() % (ms * 15 / 100 + 1));
}

static unsigned ways_left(const struct trunk_reg *reg)
{
	return reg->ways ? reg->ways[reg->way].left : 0;
}

static void attempt(struct trunk_reg *reg);
static bool next_way(struct trunk_reg *reg, uint32_t retry_after_ms);

static bool too_brief(struct trunk_reg *reg, const struct smsg *msg)
{
	struct pl val;
	uint32_t s;

	if (msg->scode != 423 || reg->brief ||
	    !smsg_val(msg, SHDR_MIN_EXPIRES, &val))
		return false;
	s = pl_u32(&val);
	if (s <= reg->expires_s || s > EXPIRES_MAX_S)
		return false;
	reg->brief     = true;
	reg->expires_s = s;
	return true;
}

static uint32_t retry_after_ms(const struct smsg *msg)
{
	struct pl val;
	uint32_t s = smsg_val(msg, SHDR_RETRY_AFTER, &val) ? pl_u32(&val) : 0;

	return 1000 * min(s, (uint32_t)RETRY_AFTER_MAX_S);
}

static void refused(struct trunk_reg *reg, const struct smsg *msg)
{
	char why[TRUNK_WHY_MAX];
	/* who has said no to us in person is not asked at once again */
	uint32_t least = msg->scode >= 400 && msg->scode < 500 &&
					 msg->scode != 408
				 ? REFUSED_MIN_MS
				 : BACKOFF_MIN_MS;

	re_snprintf(why, sizeof(why), "%r", &msg->reason);
	failed(reg, msg->scode, why, max(least, retry_after_ms(msg)));
}

static void challenged(struct trunk_reg *reg, const struct smsg *msg)
{
	struct challenge_asked asked = {.conn = reg->conn, .body = PL("")};
	char uri[URI_MAX];
	int err;

	re_snprintf(uri, sizeof(uri), "sip:%s", reg->conn->peer.domain);
	pl_set_str(&asked.uri, uri);
	err = challenge_take(&reg->challenge, reg->px, &asked, msg);
	if (!err)
		attempt(reg);
	else
		failed(reg, msg->scode, challenge_why(err), REFUSED_MIN_MS);
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct trunk_reg *reg = arg;

	if (msg->scode < 200)
		return;

	txn_cli_detach(ct);
	reg->ct = NULL;
	wheel_stop(&reg->silence);
	if (msg->scode == 503 && next_way(reg, retry_after_ms(msg)))
		return;
	way_answered(reg->px->ways, &reg->to.remote);
	if (msg->scode < 300)
		accepted(reg, msg);
	else if (msg->scode == 401 || msg->scode == 407)
		challenged(reg, msg);
	else if (too_brief(reg, msg))
		attempt(reg);
	else
		refused(reg, msg);
}

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct trunk_reg *reg = arg;
	(void)ct;

	reg->ct = NULL;
	wheel_stop(&reg->silence);
	if (!next_way(reg, 0))
		failed(reg, 0,
		       err == ETIMEDOUT ? "no answer" : "it could not be sent",
		       BACKOFF_MIN_MS);
}

/* Others are asked sooner than the transaction gives up. */
static void on_silence(void *arg)
{
	struct trunk_reg *reg = arg;

	if (reg->ct)
		txn_cli_transport_error(reg->ct, ETIMEDOUT);
}

/* --- the request ------------------------------------------------------------------------ */

static int send_register(struct trunk_reg *reg, uint32_t expires_s)
{
	const struct route_connection *conn = reg->conn;
	struct txn_cli *ct = NULL;
	char uri[URI_MAX], from[URI_MAX], to[URI_MAX], contact[URI_MAX],
		expires[16], user[TRUNK_CONTACT_MAX], tag[17];
	struct smsg_field fields[3];
	struct own_request req = {.method = "REGISTER", .to = &reg->to,
				  .cseq = ++reg->state.cseq,
				  .fieldv = fields, .fieldc = 3,
				  .challenge = &reg->challenge,
				  .resph = on_response, .endh = on_end,
				  .arg = reg};
	int err;

	trunk_contact_print(user, conn);
	id_make(tag);
	re_snprintf(uri, sizeof(uri), "sip:%s", conn->peer.domain);
	re_snprintf(to, sizeof(to), "<sip:%s@%s>", conn->login.username,
		    conn->peer.domain);
	re_snprintf(from, sizeof(from), "%s;tag=%s", to, tag);
	re_snprintf(contact, sizeof(contact), "<sip:%s@%s%s>", user,
		    hop_host(reg->px, &reg->to), hop_param(&reg->to));
	re_snprintf(expires, sizeof(expires), "%u", expires_s);
	pl_set_str(&req.uri, uri);
	pl_set_str(&req.from, from);
	pl_set_str(&req.to_val, to);
	pl_set_str(&req.callid, reg->state.callid);
	pl_set_str(&fields[0].name, "Contact");
	pl_set_str(&fields[0].val, contact);
	pl_set_str(&fields[1].name, "Expires");
	pl_set_str(&fields[1].val, expires);
	/* proxies on the way may ask to be passed (RFC 3327 5.1) */
	pl_set_str(&fields[2].name, "Supported");
	pl_set_str(&fields[2].val, "path");

	/* who takes over must not use this CSeq again (RFC 3261 10.2) */
	reg->h.stateh(reg, reg->h.arg);
	reg->h.senth(reg->h.arg);
	err = own_request_send(&ct, reg->px, &req);
	if (err)
		return err;
	reg->ct = ct;
	if (ways_left(reg) || reg->leaving)
		wheel_start(reg->px->deps.wheel, &reg->silence,
			    conn->times.answer, on_silence, reg);
	return 0;
}

static void attempt(struct trunk_reg *reg)
{
	if (send_register(reg, reg->leaving ? 0 : reg->expires_s) &&
	    !next_way(reg, 0))
		failed(reg, 0, "it could not be sent", BACKOFF_MIN_MS);
}

/* RFC 3263 4.3: another address of the same name, which may have forgotten
 * nothing: what a challenge of the last one said is not for it. */
static bool next_way(struct trunk_reg *reg, uint32_t retry_after_ms)
{
	way_failed(reg->px->ways, &reg->to.remote,
		   wheel_now(reg->px->deps.wheel), retry_after_ms);
	if (!ways_left(reg))
		return false;
	reg->to = reg->ways[++reg->way].flow;
	challenge_reset(&reg->challenge);
	attempt(reg);
	return true;
}

/* Where it is registered now it is refreshed, if that is still one of the
 * addresses and answers: others of them may not know of it. */
static void stay(struct trunk_reg *reg)
{
	struct conn_way *ways = reg->ways;
	const unsigned n = ways[0].left + 1u;
	const uint64_t now = wheel_now(reg->px->deps.wheel);

	if (reg->state.phase != TRUNK_REGISTERED ||
	    way_is_bad(reg->px->ways, &reg->to.remote, now))
		return;
	for (unsigned i = 1; i < n; i++) {
		const struct flow_id at = ways[i].flow;

		if (!sa_cmp(&at.remote, &reg->to.remote, SA_ALL))
			continue;
		for (; i; i--)
			ways[i].flow = ways[i - 1].flow;
		ways[0].flow = at;
		return;
	}
}

static void on_way(enum status code, const struct conn_way *way, void *arg)
{
	struct trunk_reg *reg = arg;

	reg->locate = mem_deref(reg->locate);
	if (code != STATUS_OK) {
		failed(reg, 0, "its name has no address", BACKOFF_MIN_MS);
		return;
	}
	reg->ways = mem_deref(reg->ways);
	reg->ways = mem_alloc((way->left + 1u) * sizeof(*way), NULL);
	if (!reg->ways) {
		failed(reg, 0, "no memory", BACKOFF_MIN_MS);
		return;
	}
	memcpy(reg->ways, way, (way->left + 1u) * sizeof(*way));
	reg->way = 0;
	stay(reg);
	reg->to = reg->ways[0].flow;
	conn_pins_fetch(reg->px->pins, reg->conn);
	attempt(reg);
}

static void on_due(void *arg)
{
	struct trunk_reg *reg = arg;
	struct conn_way way;
	int err;

	/* after a reload one may be under way: its answer is nobody's now */
	if (reg->ct)
		txn_cli_detach(reg->ct);
	reg->ct = NULL;
	wheel_stop(&reg->silence);
	challenge_reset(&reg->challenge);
	reg->brief = false;
	err = conn_way_find(&reg->locate, &way, reg->px, reg->conn, on_way,
			    reg);
	if (!err)
		on_way(STATUS_OK, &way, reg);
	else if (err != EINPROGRESS)
		failed(reg, 0, err == ENOENT ? "no listener for it"
					     : "its name has no address",
		       BACKOFF_MIN_MS);
}

/* --- life ---------------------------------------------------------------------------------- */

static void begin(struct trunk_reg *reg)
{
	reg->expires_s = max(reg->conn->times.expires / 1000,
			     (uint32_t)GRANTED_MIN_S);
	reg->state.print = print_of(reg->conn);
	reg->secret = hash_joaat_str(reg->conn->login.password);
}

int trunk_reg_alloc(struct trunk_reg **regp, struct proxy *px,
		    const struct route_connection *conn,
		    const struct trunk_state *was, uint32_t spread_ms,
		    const struct trunk_reg_handlers *h)
{
	struct trunk_reg *reg = mem_zalloc(sizeof(*reg), destructor);
	uint64_t now = proxy_unix_ms(), left = 0;

	if (!reg)
		return ENOMEM;

	reg->px	  = px;
	reg->conn = conn;
	reg->h	  = *h;
	if (was)
		reg->state = *was;
	if (was && was->phase == TRUNK_REGISTERED &&
	    was->print == print_of(conn) && was->ends_ms > now)
		left = was->ends_ms - now;
	begin(reg);
	if (!reg->state.callid[0]) {
		id_make(reg->state.callid);
		reg->state.since_ms = now;
	}
	/* in force for a while: refreshed in its time, as if nothing had been */
	due_in(reg, left > 2 * GRANTED_MIN_S * 1000u
			    ? left / 4 + rand_u32() % (left / 2)
			    : rand_u32() % (spread_ms + 1));
	*regp = reg;
	return 0;
}

void trunk_reg_follow(struct trunk_reg *reg,
		      const struct route_connection *conn)
{
	const uint32_t was = reg->state.print, secret = reg->secret;

	/* a question under way names the old one */
	reg->locate = mem_deref(reg->locate);
	reg->conn   = conn;
	begin(reg);
	if (reg->state.print != was || reg->secret != secret ||
	    (!reg->ct && !wheel_runs(&reg->due)))
		due_in(reg, 0);
}

void trunk_reg_leave(struct trunk_reg *reg)
{
	reg->leaving = true;
	reg->locate  = mem_deref(reg->locate);
	/* who has taken over has not registered yet: it asks for the way */
	due_in(reg, 0);
}

void trunk_reg_renew(struct trunk_reg *reg, uint32_t spread_ms)
{
	/* one that is under way is one */
	if (!reg->ct && !reg->locate)
		due_in(reg, rand_u32() % (spread_ms + 1));
}

bool trunk_reg_is_in_force(const struct trunk_reg *reg)
{
	return reg->state.ends_ms > proxy_unix_ms();
}
