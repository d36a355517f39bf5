/*
 * trunk_answer.c  What became of a REGISTER at a PBX
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/log.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_journal.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/conn/trunk_contact.h"
#include "sigd/proxy/conn/way_health.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/service_route.h"
#include "sigd/upstream/trunk_reg_priv.h"

enum {
	REFUSED_MIN_MS = 60000,
	RETRY_AFTER_MAX_S = 3600,
};

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

static void note(struct trunk_reg *reg, enum journal_event event, uint16_t code,
		 const char *why, uint32_t expires)
{
	struct journal_row row = {.event = event,
				  .code = code,
				  .expires = expires,
				  .rtt_us = reg->rtt_us};

	str_ncpy(row.why, why, sizeof(row.why));
	re_snprintf(row.from, sizeof(row.from), "%J", &reg->to.remote);
	flow_id_text(row.flow, &reg->to);
	conn_journal_note(reg->px, reg->conn, &row);
}

/* Half of the wait is jitter, so that those that failed together come back
 * apart; but no sooner than the PBX, or good manners, allow. */
void trunk_reg_failed(struct trunk_reg *reg, uint16_t code, const char *why,
		      uint32_t least_ms)
{
	const bool in_force = reg->state.ends_ms > proxy_unix_ms();
	const uint32_t ms = trunk_retry_ms(reg->failures, least_ms, in_force);
	const uint32_t floor = least_ms > TRUNK_BACKOFF_MIN_MS ? least_ms : 0;

	note(reg, code ? JOURNAL_REFUSED : JOURNAL_FAILED, code, why, 0);
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
	trunk_reg_due_in(reg, max(ms / 2, floor) + rand_u32() % (ms / 2 + 1));
}

/* Of our binding: the expires of our Contact, else of the message (RFC 3261
 * 10.2.4), else what was asked for. */
static uint32_t granted(const struct trunk_reg *reg, const struct smsg *msg)
{
	char user[TRUNK_CONTACT_MAX];
	struct shdr_addr addr;
	struct smsg_iter it;
	struct pl val;

	trunk_contact_print(user, reg->conn);
	smsg_iter_init(&it, msg, SHDR_CONTACT);
	for (unsigned i = 0; i < 32; i++) {
		if (smsg_iter_addr(&it, &addr))
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
	struct smsg_iter it;
	size_t n = 0;

	smsg_iter_init(&it, msg, SHDR_SERVICE_ROUTE);
	while (!smsg_iter_addr(&it, &addr)) {
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
		note(reg, JOURNAL_UNREGISTERED, msg->scode, "", 0);
		reg->h.lefth(reg->h.arg);
		return;
	}
	s  = max(s, (uint32_t)TRUNK_GRANTED_MIN_S);
	s  = min(s, (uint32_t)TRUNK_EXPIRES_MAX_S);
	ms = 1000ull * s;
	reg->ways = mem_deref(reg->ways);
	reg->failures = 0;
	reg->state.ends_ms = proxy_unix_ms() + ms;
	note(reg, reg->state.phase == TRUNK_REGISTERED ? JOURNAL_REFRESHED
						       : JOURNAL_REGISTERED,
	     msg->scode, "", s);
	reg->h.answerh(true, reg->h.arg);
	service_route(reg, msg);
	phase_set(reg, TRUNK_REGISTERED, msg->scode, "OK");
	trunk_reg_due_in(reg, ms * 3 / 4 + rand_u32() % (ms * 15 / 100 + 1));
}

static bool too_brief(struct trunk_reg *reg, const struct smsg *msg)
{
	struct pl val;
	uint32_t s;

	if (msg->scode != 423 || reg->brief ||
	    !smsg_val(msg, SHDR_MIN_EXPIRES, &val))
		return false;
	s = pl_u32(&val);
	if (s <= reg->expires_s || s > TRUNK_EXPIRES_MAX_S)
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
				 : TRUNK_BACKOFF_MIN_MS;

	re_snprintf(why, sizeof(why), "%r", &msg->reason);
	trunk_reg_failed(reg, msg->scode, why, max(least, retry_after_ms(msg)));
}

static void challenged(struct trunk_reg *reg, const struct smsg *msg)
{
	struct challenge_asked asked = {.conn = reg->conn, .body = PL("")};
	char uri[TRUNK_URI_MAX];
	int err;

	re_snprintf(uri, sizeof(uri), "sip:%s", reg->conn->peer.domain);
	pl_set_str(&asked.uri, uri);
	err = challenge_take(&reg->challenge, reg->px, &asked, msg);
	if (!err)
		trunk_reg_attempt(reg);
	else
		trunk_reg_failed(reg, msg->scode, challenge_why(err),
				 REFUSED_MIN_MS);
}

void trunk_reg_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct trunk_reg *reg = arg;

	if (msg->scode < 200)
		return;

	txn_cli_detach(ct);
	reg->ct = NULL;
	wheel_stop(&reg->silence);
	reg->rtt_us = (uint32_t)(journal_now_us() - reg->sent_us);
	conn_journal_rtt(reg->px, reg->conn, &reg->rtt, RTT_REGISTER,
			 reg->rtt_us);
	if (msg->scode == 503 && trunk_reg_next_way(reg, retry_after_ms(msg)))
		return;
	way_answered(reg->px->ways, &reg->to.remote);
	if (msg->scode < 300)
		accepted(reg, msg);
	else if (msg->scode == 401 || msg->scode == 407)
		challenged(reg, msg);
	else if (too_brief(reg, msg))
		trunk_reg_attempt(reg);
	else
		refused(reg, msg);
}

void trunk_reg_end(struct txn_cli *ct, int err, void *arg)
{
	struct trunk_reg *reg = arg;
	(void)ct;

	reg->ct = NULL;
	wheel_stop(&reg->silence);
	if (!trunk_reg_next_way(reg, 0))
		trunk_reg_failed(reg, 0,
				 err == ETIMEDOUT ? "no answer"
						  : "it could not be sent",
				 TRUNK_BACKOFF_MIN_MS);
}
