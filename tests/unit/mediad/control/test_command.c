/*
 * test_command.c  Requests of the control protocol, served by the sessions
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "common/wheel.h"
#include "mediad/control/command.h"
#include "mediad/sdp/sdp_read.h"
#include "mediad/session/session.h"
#include "mediad/sound/service.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/hub.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/path_rtp.h"
#include "mediad/transport/path_web.h"
#include "tests/lib/test.h"

#define SESSION "0123456789abcdef"
#define CALL    "fedcba9876543210"
#define PRINT                                              \
	"A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:" \
	"B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF"
#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
#define AUDIO                                                       \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\n" \
	"a=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"    \
	"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"  \
	"a=fingerprint:sha-256 " PRINT "\r\n"
#define OFFER  HEAD AUDIO "a=setup:actpass\r\n"
#define ANSWER HEAD AUDIO "a=setup:active\r\n"

struct bed {
	struct wheel *wheel;
	struct cert *cert;
	struct hs_ctx *hs_ctx;
	struct mux *mux;
	struct sound_bank *bank;
	struct path_web_env env;
	struct path_rtp_env rtp_env;
	struct sa host;
	struct session_table *table;
	struct command *command;
	unsigned ended;
	enum status reason;
	struct ctl_ans ans;
};

static void on_lost(const struct session_lost *lost, void *arg)
{
	(void)lost;
	(void)arg;
}

static void on_ended(const struct session_figures *found,
		     const struct ctl_figures *figures, enum status reason,
		     void *arg)
{
	struct bed *bed = arg;

	CHECK_STR(found->session, SESSION);
	CHECK_STR(found->call, CALL);
	CHECK_STR(found->tenant, "acme");
	CHECK(figures->nlegs > 0);
	bed->reason = reason;
	++bed->ended;
}

static void bed_free(struct bed *bed)
{
	mem_deref(bed->command);
	mem_deref(bed->table);
	mem_deref(bed->bank);
	mem_deref(bed->rtp_env.hub);
	mem_deref(bed->mux);
	mem_deref(bed->hs_ctx);
	mem_deref(bed->cert);
	mem_deref(bed->wheel);
}

static bool bed_make(struct bed *bed, uint32_t max_sessions)
{
	const struct session_cfg cfg = {.max_sessions = max_sessions};
	struct session_deps deps = {.env = &bed->env,
				    .hosts = &bed->host,
				    .nhosts = 1};

	memset(bed, 0, sizeof(*bed));
	sa_set_str(&bed->host, "192.0.2.1", 40000);
	if (wheel_alloc(&bed->wheel, 1000) || cert_make(&bed->cert) ||
	    hs_ctx_alloc(&bed->hs_ctx, bed->cert) || mux_alloc(&bed->mux, 0) ||
	    sound_bank_alloc(&bed->bank, NULL))
		return false;

	bed->env.mux = bed->mux;
	bed->env.wheel = bed->wheel;
	bed->env.hs_ctx = bed->hs_ctx;
	bed->env.impl = &crypt_openssl;
	deps.cert = bed->cert;
	deps.bank = bed->bank;
	return !session_table_alloc(&bed->table, &cfg, &deps, on_lost, NULL) &&
	       !command_alloc(&bed->command, bed->table, bed->wheel, on_ended,
			      bed);
}

static struct ctl_req request(enum ctl_verb verb)
{
	struct ctl_req req;

	memset(&req, 0, sizeof(req));
	req.verb = verb;
	str_ncpy(req.session, SESSION, sizeof(req.session));
	return req;
}

static enum status serve(struct bed *bed, const struct ctl_req *req)
{
	command_serve(bed->command, req, &bed->ans);
	return bed->ans.status;
}

static enum status remote(struct bed *bed, uint8_t leg, enum ctl_sdp_kind kind,
			  bool create, const char *sdp)
{
	struct ctl_req req = request(CTL_LEG_REMOTE);

	req.remote.leg = leg;
	req.remote.kind = kind;
	req.remote.create = create;
	str_ncpy(req.remote.call, CALL, sizeof(req.remote.call));
	pl_set_str(&req.remote.tenant, "acme");
	pl_set_str(&req.remote.sdp, sdp);
	return serve(bed, &req);
}

static enum status local(struct bed *bed, uint8_t leg, enum ctl_sdp_kind want)
{
	struct ctl_req req = request(CTL_LEG_LOCAL);

	req.local.leg = leg;
	req.local.want = want;
	return serve(bed, &req);
}

static enum status join(struct bed *bed, uint8_t leg, uint8_t peer,
			enum ctl_service service)
{
	struct ctl_req req = request(CTL_LEG_JOIN);

	req.join.leg = leg;
	req.join.peer = peer;
	req.join.service = service;
	return serve(bed, &req);
}

static enum status rollback(struct bed *bed, uint8_t leg)
{
	struct ctl_req req = request(CTL_LEG_ROLLBACK);

	req.rollback.leg = leg;
	return serve(bed, &req);
}

static enum status drop(struct bed *bed, uint8_t leg)
{
	struct ctl_req req = request(CTL_LEG_DROP);

	req.drop.leg = leg;
	return serve(bed, &req);
}

static enum status end(struct bed *bed, enum status reason)
{
	struct ctl_req req = request(CTL_SESSION_DROP);

	req.end.reason = reason;
	return serve(bed, &req);
}

static void a_call_to_a_service_goes_from_offer_to_figures(void)
{
	struct ctl_req query = request(CTL_SESSION_QUERY);
	struct sdpm_desc *desc = NULL;
	struct sdpm_error error;
	struct bed bed;

	REQUIRE(bed_make(&bed, 0));
	CHECK_INT(remote(&bed, 1, CTL_OFFER, true, OFFER), STATUS_OK);
	CHECK(!bed.ans.sdp.l);
	CHECK_INT(join(&bed, 1, 0, CTL_ECHO), STATUS_OK);
	CHECK_INT(local(&bed, 1, CTL_ANSWER), STATUS_OK);
	REQUIRE(bed.ans.sdp.l);
	REQUIRE(!sdpm_read(&desc, bed.ans.sdp.p, bed.ans.sdp.l, &error));
	CHECK_INT(desc->media[0].formats[0].codec, SDPM_OPUS);
	CHECK_INT(desc->media[0].transport.setup, SDPM_PASSIVE);
	mem_deref(desc);

	wheel_advance(bed.wheel, 1250);
	CHECK_INT(serve(&bed, &query), STATUS_OK);
	REQUIRE(bed.ans.figures && bed.ans.figures->nlegs == 1);
	CHECK_INT(bed.ans.figures->age_ms, 250);
	CHECK_INT(bed.ans.figures->legs[0].leg, 1);
	CHECK_INT(bed.ans.figures->legs[0].profile, CTL_BROWSER);
	CHECK_STR(bed.ans.figures->legs[0].codec, "opus");

	CHECK_INT(end(&bed, STATUS_HANGUP), STATUS_OK);
	CHECK(bed.ans.figures);
	CHECK_INT(bed.ended, 1);
	CHECK_INT(bed.reason, STATUS_HANGUP);
	CHECK_INT(session_count(bed.table), 0);
	CHECK_INT(end(&bed, STATUS_HANGUP), STATUS_UNKNOWN_SESSION);
	CHECK_INT(bed.ended, 1);
	bed_free(&bed);
}

static void a_call_between_two_legs_is_relayed(void)
{
	struct bed bed;
	char first[4096];

	REQUIRE(bed_make(&bed, 0));
	CHECK_INT(remote(&bed, 1, CTL_OFFER, true, OFFER), STATUS_OK);
	CHECK_INT(local(&bed, 2, CTL_OFFER), STATUS_OK);
	CHECK(bed.ans.sdp.l > 0);
	CHECK_INT(join(&bed, 1, 2, CTL_NO_SERVICE), STATUS_OK);
	CHECK_INT(remote(&bed, 2, CTL_ANSWER, false, ANSWER), STATUS_OK);
	CHECK_INT(local(&bed, 1, CTL_ANSWER), STATUS_OK);
	REQUIRE(bed.ans.sdp.l && bed.ans.sdp.l < sizeof(first));
	(void)pl_strcpy(&bed.ans.sdp, first, sizeof(first));

	/* 18x and 200 carry the same bytes */
	CHECK_INT(local(&bed, 1, CTL_ANSWER), STATUS_OK);
	CHECK(!pl_strcmp(&bed.ans.sdp, first));
	CHECK_INT(drop(&bed, 2), STATUS_OK);
	CHECK_INT(drop(&bed, 2), STATUS_OK);

	/* another far side, whose offer makes its leg */
	CHECK_INT(remote(&bed, 3, CTL_OFFER, false, OFFER), STATUS_OK);
	bed_free(&bed);
}

/* An INVITE without SDP: the caller gets our offer, and answers at the end. */
static void a_caller_without_offer_gets_ours(void)
{
	struct ctl_req req = request(CTL_LEG_LOCAL);
	struct bed bed;

	REQUIRE(bed_make(&bed, 1));
	CHECK_INT(local(&bed, 1, CTL_OFFER), STATUS_UNKNOWN_SESSION);
	req.local = (struct ctl_leg_local){.leg = 1, .want = CTL_OFFER,
					   .create = true, .call = CALL};
	pl_set_str(&req.local.tenant, "acme");
	CHECK_INT(serve(&bed, &req), STATUS_OK);
	CHECK(bed.ans.sdp.l > 0);
	CHECK_INT(session_count(bed.table), 1);
	CHECK_INT(local(&bed, 2, CTL_OFFER), STATUS_OK);
	CHECK_INT(remote(&bed, 2, CTL_ANSWER, false, ANSWER), STATUS_OK);
	CHECK_INT(join(&bed, 1, 2, CTL_NO_SERVICE), STATUS_OK);
	/* the same offer for each 2xx */
	CHECK_INT(local(&bed, 1, CTL_OFFER), STATUS_OK);
	CHECK_INT(remote(&bed, 1, CTL_ANSWER, false, ANSWER), STATUS_OK);
	CHECK_INT(end(&bed, STATUS_HANGUP), STATUS_OK);
	CHECK_INT(bed.ended, 1);
	/* as with an offer of the caller: no room, no session */
	CHECK_INT(serve(&bed, &req), STATUS_OK);
	str_ncpy(req.session, "00000000000000ff", sizeof(req.session));
	CHECK_INT(serve(&bed, &req), STATUS_OVERLOAD);
	bed_free(&bed);
}

/* A re-INVITE goes from leg 1 to leg 2, is refused there, and comes again from
 * leg 2. */
static void a_refused_offer_is_taken_back_on_both_legs(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed, 0));
	CHECK_INT(rollback(&bed, 1), STATUS_UNKNOWN_SESSION);
	CHECK_INT(remote(&bed, 1, CTL_OFFER, true, OFFER), STATUS_OK);
	CHECK_INT(rollback(&bed, 2), STATUS_UNKNOWN_LEG);
	CHECK_INT(local(&bed, 2, CTL_OFFER), STATUS_OK);
	CHECK_INT(remote(&bed, 2, CTL_ANSWER, false, ANSWER), STATUS_OK);
	CHECK_INT(local(&bed, 1, CTL_ANSWER), STATUS_OK);

	CHECK_INT(remote(&bed, 1, CTL_OFFER, false, OFFER), STATUS_OK);
	CHECK_INT(local(&bed, 2, CTL_OFFER), STATUS_OK);
	CHECK_INT(remote(&bed, 2, CTL_OFFER, false, OFFER),
		  STATUS_OFFER_PENDING);
	CHECK_INT(rollback(&bed, 2), STATUS_OK);
	CHECK_INT(rollback(&bed, 1), STATUS_OK);
	CHECK_INT(rollback(&bed, 1), STATUS_OK);

	CHECK_INT(remote(&bed, 2, CTL_OFFER, false, OFFER), STATUS_OK);
	CHECK_INT(local(&bed, 1, CTL_OFFER), STATUS_OK);
	CHECK_INT(remote(&bed, 1, CTL_ANSWER, false, ANSWER), STATUS_OK);
	CHECK_INT(local(&bed, 2, CTL_ANSWER), STATUS_OK);
	CHECK(bed.ans.sdp.l > 0);
	bed_free(&bed);
}

static void what_is_not_there_is_named(void)
{
	struct ctl_req query = request(CTL_SESSION_QUERY);
	struct bed bed;

	REQUIRE(bed_make(&bed, 0));
	CHECK_INT(serve(&bed, &query), STATUS_UNKNOWN_SESSION);
	CHECK_INT(remote(&bed, 1, CTL_OFFER, false, OFFER),
		  STATUS_UNKNOWN_SESSION);
	CHECK_INT(local(&bed, 1, CTL_OFFER), STATUS_UNKNOWN_SESSION);
	CHECK_INT(local(&bed, 1, CTL_ANSWER), STATUS_UNKNOWN_SESSION);
	CHECK_INT(join(&bed, 1, 0, CTL_ECHO), STATUS_UNKNOWN_SESSION);
	CHECK_INT(drop(&bed, 1), STATUS_UNKNOWN_SESSION);
	CHECK_INT(remote(&bed, 1, CTL_OFFER, true, OFFER), STATUS_OK);
	CHECK_INT(join(&bed, 7, 0, CTL_ECHO), STATUS_UNKNOWN_LEG);
	CHECK_INT(join(&bed, 1, 9, CTL_NO_SERVICE), STATUS_UNKNOWN_LEG);
	bed_free(&bed);
}

static void sdp_that_will_not_do_is_told_why(void)
{
	static const struct {
		const char *sdp;
		enum status status;
	} cases[] = {
		{"v=1\r\n", STATUS_BAD_SDP},
		{HEAD, STATUS_NO_AUDIO},
		{HEAD "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n", STATUS_NO_AUDIO},
		{HEAD "m=audio 9 RTP/AVP 0\r\n", STATUS_NO_ENCRYPTION},
		{HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n",
		 STATUS_NOT_ACCEPTABLE},
	};
	struct bed bed;

	REQUIRE(bed_make(&bed, 0));
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		CHECK_INT(remote(&bed, 1, CTL_OFFER, true, cases[i].sdp),
			  cases[i].status);
		CHECK(bed.ans.text.l > 0);
		CHECK_INT(session_count(bed.table), 0);
	}
	CHECK_INT(command_stats(bed.command)->failed[CTL_LEG_REMOTE],
		  COUNTOF(cases));
	bed_free(&bed);
}

static void offers_that_cross_are_named(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed, 0));
	CHECK_INT(remote(&bed, 1, CTL_ANSWER, true, ANSWER), STATUS_NO_OFFER);
	CHECK_INT(remote(&bed, 1, CTL_OFFER, true, OFFER), STATUS_OK);
	CHECK_INT(local(&bed, 1, CTL_OFFER), STATUS_OFFER_PENDING);
	CHECK_INT(local(&bed, 2, CTL_OFFER), STATUS_OK);
	CHECK_INT(remote(&bed, 2, CTL_OFFER, false, OFFER),
		  STATUS_OFFER_PENDING);
	CHECK_INT(local(&bed, 2, CTL_ANSWER), STATUS_NO_OFFER);
	bed_free(&bed);
}

static void limits_and_draining_have_their_own_words(void)
{
	struct ctl_req other = request(CTL_LEG_REMOTE);
	struct bed bed;

	REQUIRE(bed_make(&bed, 1));
	CHECK_INT(remote(&bed, 1, CTL_OFFER, true, OFFER), STATUS_OK);
	other.remote.leg = 1;
	other.remote.create = true;
	str_ncpy(other.session, "00000000000000aa", sizeof(other.session));
	str_ncpy(other.remote.call, CALL, sizeof(other.remote.call));
	pl_set_str(&other.remote.tenant, "acme");
	pl_set_str(&other.remote.sdp, OFFER);
	CHECK_INT(serve(&bed, &other), STATUS_OVERLOAD);
	session_strain(bed.table, true);
	CHECK_INT(serve(&bed, &other), STATUS_OVERLOAD);
	CHECK_INT(command_stats(bed.command)->late, 1);
	session_strain(bed.table, false);
	command_drain(bed.command, true);
	CHECK_INT(serve(&bed, &other), STATUS_DRAINING);
	CHECK_INT(command_stats(bed.command)->full, 1);
	CHECK_INT(command_stats(bed.command)->draining, 1);
	/* what is there goes on */
	CHECK_INT(local(&bed, 1, CTL_ANSWER), STATUS_OK);
	bed_free(&bed);
}

static void unknown_verbs_are_no_harm(void)
{
	struct ctl_req req = request(CTL_VERB_COUNT);
	struct bed bed;

	REQUIRE(bed_make(&bed, 0));
	CHECK_INT(serve(&bed, &req), STATUS_UNKNOWN_VERB);
	bed_free(&bed);
}

/* --- plain RTP ------------------------------------------------------------------ */

/* One pair of ports, of those that the system gives to nobody. */
static bool rtp_make(struct bed *bed)
{
	struct hub_iface iface = {.name = ""};

	if (!bed_make(bed, 0) || hub_alloc(&bed->rtp_env.hub))
		return false;
	sa_set_str(&iface.bind, "127.0.0.1", 0);
	iface.advertise = iface.bind;
	iface.lo = (uint16_t)(6000 + 2 * (getpid() % 1500));
	iface.hi = (uint16_t)(iface.lo + 1);
	bed->rtp_env.wheel = bed->wheel;
	return !hub_add(bed->rtp_env.hub, &iface);
}

static enum status rtp_remote(struct bed *bed, uint8_t leg, const char *proto,
			      const struct ctl_terms *terms)
{
	struct ctl_req req = request(CTL_LEG_REMOTE);
	char sdp[300];

	snprintf(sdp, sizeof(sdp),
		 HEAD "c=IN IP4 127.0.0.1\r\nm=audio 4000 %s 8 0\r\n", proto);
	req.remote.leg = leg;
	req.remote.create = true;
	req.remote.profile = CTL_RTP;
	if (terms)
		req.remote.terms = *terms;
	str_ncpy(req.remote.call, CALL, sizeof(req.remote.call));
	pl_set_str(&req.remote.tenant, "acme");
	pl_set_str(&req.remote.sdp, sdp);
	return serve(bed, &req);
}

static void without_ports_plain_rtp_is_not_acceptable(void)
{
	struct bed bed;

	REQUIRE(bed_make(&bed, 0));
	CHECK_INT(rtp_remote(&bed, 1, "RTP/AVP", NULL), STATUS_NOT_ACCEPTABLE);
	CHECK(!pl_strcmp(&bed.ans.text,
			 "no interface has ports for plain RTP"));
	CHECK_INT(session_count(bed.table), 0);
	bed_free(&bed);
}

static void legs_of_plain_rtp_have_terms_and_reasons(void)
{
	struct ctl_req local = request(CTL_LEG_LOCAL);
	struct ctl_terms terms = {.source = CTL_NETWORK, .ptime = 30};
	struct session_deps deps;
	struct session_cfg cfg = {0};
	struct bed bed;

	REQUIRE(rtp_make(&bed));
	deps = (struct session_deps){
		.env = &bed.env,
		.rtp = &bed.rtp_env,
		.cert = bed.cert,
		.hosts = &bed.host,
		.nhosts = 1,
		.bank = bed.bank,
	};
	mem_deref(bed.command);
	mem_deref(bed.table);
	REQUIRE(!session_table_alloc(&bed.table, &cfg, &deps, on_lost, NULL));
	REQUIRE(!command_alloc(&bed.command, bed.table, bed.wheel, on_ended,
			       &bed));

	CHECK_INT(rtp_remote(&bed, 1, "RTP/SAVP", NULL), STATUS_NOT_ACCEPTABLE);
	CHECK(!pl_strcmp(&bed.ans.text,
			 "audio: only plain RTP (RTP/AVP) is spoken here"));
	pl_set_str(&terms.codecs, "GSM");
	CHECK_INT(rtp_remote(&bed, 1, "RTP/AVP", &terms), STATUS_BAD_REQUEST);
	pl_set_str(&terms.codecs, "opus");
	CHECK_INT(rtp_remote(&bed, 1, "RTP/AVP", &terms),
		  STATUS_NOT_ACCEPTABLE);
	pl_set_str(&terms.codecs, "PCMU,PCMA");
	pl_set_str(&terms.networks, "nowhere");
	CHECK_INT(rtp_remote(&bed, 1, "RTP/AVP", &terms), STATUS_BAD_REQUEST);
	pl_set_str(&terms.networks, "127.0.0.0/8");
	CHECK_INT(rtp_remote(&bed, 1, "RTP/AVP", &terms), STATUS_OK);

	/* the only pair of ports is taken */
	CHECK_INT(rtp_remote(&bed, 2, "RTP/AVP", NULL), STATUS_NO_PORT);
	CHECK_INT(remote(&bed, 1, CTL_OFFER, false, OFFER), STATUS_BAD_REQUEST);
	local.local.leg = 1;
	local.local.want = CTL_ANSWER;
	local.local.profile = CTL_RTP;
	CHECK_INT(serve(&bed, &local), STATUS_OK);
	CHECK(!re_regex(bed.ans.sdp.p, bed.ans.sdp.l, "RTP/AVP 0\r"));
	CHECK(!re_regex(bed.ans.sdp.p, bed.ans.sdp.l, "a=ptime:30\r"));
	bed_free(&bed);
}

TEST_MAIN(TEST(without_ports_plain_rtp_is_not_acceptable),
	  TEST(legs_of_plain_rtp_have_terms_and_reasons),
	  TEST(a_call_to_a_service_goes_from_offer_to_figures),
	  TEST(a_call_between_two_legs_is_relayed),
	  TEST(a_caller_without_offer_gets_ours),
	  TEST(a_refused_offer_is_taken_back_on_both_legs),
	  TEST(what_is_not_there_is_named),
	  TEST(sdp_that_will_not_do_is_told_why),
	  TEST(offers_that_cross_are_named),
	  TEST(limits_and_draining_have_their_own_words),
	  TEST(unknown_verbs_are_no_harm))
