/*
 * test_registrar.c  REGISTER against a real Redis: bind, renew, remove, limits
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/loop.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/journal/journal_row.h"
#include "sigd/registrar/registrar.h"
#include "sigd/sip/smsg.h"
#include "tests/lib/redis_server.h"
#include "common/countof.h"
#include "tests/lib/test.h"

struct fixture {
	struct redis_server server;
	struct wheel *wheel;
	struct redis_link *link;
	struct registrar_ask *ask;
	struct registrar_list last;
	int answers;
	struct reg_limits limits;
	const char *nonce;
	uint32_t nc;
	const char *said;
	uint8_t flow; /* 0: 3 */
	char log[512]; /* events and counts, newest first */
	int64_t number;
};

static bool start(struct fixture *fix)
{
	struct redis_cfg cfg = {.path = fix->server.sock, .name = "test"};

	*fix = (struct fixture){.limits = {.devices_max = 2}};
	reg_limits_default(&fix->limits);
	if (!redis_server_start(&fix->server))
		return false;
	cfg.path = fix->server.sock;
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix->wheel, loop_now_ms()));
	loop_drive(fix->wheel);
	CHECK(!redis_link_alloc(&fix->link, &cfg, fix->wheel, NULL, NULL));
	return CHECK(redis_test_until(fix->wheel, 5000, redis_test_is_up,
				      fix->link));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->ask);
	mem_deref(fix->link);
	if (fix->wheel) {
		loop_drive(NULL);
		mem_deref(fix->wheel);
		loop_close();
	}
	redis_server_kill(&fix->server);
}

static void on_list(const struct registrar_list *list, void *arg)
{
	struct fixture *fix = arg;

	fix->last = *list;
	fix->answers++;
	fix->ask = mem_deref(fix->ask);
}

static bool answered(void *arg)
{
	const struct fixture *fix = arg;

	return fix->answers > 0;
}

static struct registrar_params params(struct fixture *fix)
{
	struct registrar_params p = {.link = fix->link, .h = on_list,
				     .arg = fix};

	pl_set_str(&p.aor.tenant, "demo");
	pl_set_str(&p.aor.user, "alice");
	p.proof.nonce_id = fix->nonce;
	p.proof.nc	 = fix->nc;
	p.proof.life_ms	 = 60000;
	p.said		 = fix->said;
	fix->answers	 = 0;
	return p;
}

/* What comes of a REGISTER with these headers. */
static enum status read_request(struct reg_request *req, struct fixture *fix,
				const char *callid, unsigned cseq,
				const char *rest)
{
	const uint8_t flow[] = {1, 2, fix->flow ? fix->flow : 3};
	static uint8_t buf[4096];
	struct smsg *msg = mem_alloc(sizeof(*msg), NULL);
	struct smsg_err err;
	enum status code;
	int n;

	n = re_snprintf((char *)buf, sizeof(buf),
			"REGISTER sip:demo SIP/2.0\r\n"
			"Via: SIP/2.0/WSS x.invalid;branch=z9hG4bK1\r\n"
			"Max-Forwards: 70\r\n"
			"From: <sip:alice@demo>;tag=1\r\n"
			"To: <sip:alice@demo>\r\n"
			"Call-ID: %s\r\nCSeq: %u REGISTER\r\n%s\r\n",
			callid, cseq, rest);
	CHECK(!smsg_decode(msg, buf, (size_t)n, NULL, &err));
	code = reg_request_read(req, msg, &fix->limits, flow, sizeof(flow));
	mem_deref(msg);
	return code;
}

static enum status put(struct fixture *fix, const char *callid, unsigned cseq,
		       const char *rest)
{
	struct registrar_params p = params(fix);
	struct reg_request *req = mem_alloc(sizeof(*req), NULL);
	enum status code = read_request(req, fix, callid, cseq, rest);

	if (code == STATUS_OK) {
		CHECK(!registrar_register(&fix->ask, &p, req, &fix->limits));
		CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
		code = fix->last.code;
	}
	mem_deref(req);
	return code;
}

static size_t bound(struct fixture *fix)
{
	struct registrar_params p = params(fix);

	CHECK(!registrar_lookup(&fix->ask, &p));
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
	CHECK_INT(fix->last.code, STATUS_OK);
	return fix->last.n;
}

#define CONTACT_A                                                            \
	"Contact: <sip:a@x.invalid;transport=ws>;expires=300"                \
	";+sip.instance=\"<urn:uuid:1>\"\r\n"
#define CONTACT_B                                                            \
	"Contact: <sip:b@x.invalid;transport=ws>;expires=300;q=0.5"          \
	";+sip.instance=\"<urn:uuid:2>\"\r\n"
#define CONTACT_C                                                            \
	"Contact: <sip:c@x.invalid;transport=ws>;expires=300"                \
	";+sip.instance=\"<urn:uuid:3>\"\r\n"
#define CONTACT_A_GONE                                                       \
	"Contact: <sip:a@x.invalid;transport=ws>;expires=0"                  \
	";+sip.instance=\"<urn:uuid:1>\"\r\n"

static void a_device_is_bound_and_found(void)
{
	struct fixture fix;
	const struct binding *b = &fix.last.bindings[0];

	if (start(&fix)) {
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK_INT(fix.last.n, 1);
		CHECK_INT(bound(&fix), 1);
		CHECK_STR(b->contact, "sip:a@x.invalid;transport=ws");
		CHECK_STR(b->callid, "c1");
		CHECK_INT(b->flow_len, 3);
		CHECK_INT(b->flow[2], 3);
		CHECK(b->ends_ms > fix.last.now_ms + 290000);
		CHECK(b->ends_ms <= fix.last.now_ms + 300000);
	}
	stop(&fix);
}

/* Whatever it is connected over: a number that names it in tokens. */
static void a_device_has_one_number_for_all_its_flows(void)
{
	const struct pl one = PL("i:urn%3auuid%3a1:1");
	const struct pl two = PL("i:urn%3auuid%3a1:2");
	const struct pl other = PL("i:urn%3auuid%3a2:1");
	const struct pl contact = PL("c:sip:a@h:1"), at = PL("c:sip:a@h:2");

	CHECK(binding_device(&one) != 0);
	CHECK(binding_device(&one) == binding_device(&two));
	CHECK(binding_device(&one) != binding_device(&other));
	CHECK(binding_device(&contact) != binding_device(&at));
}

static void a_page_loaded_anew_replaces_its_binding(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK_INT(put(&fix, "c2", 1,
			      "Contact: <sip:new@y.invalid;transport=ws>"
			      ";+sip.instance=\"<urn:uuid:1>\"\r\n"),
			  STATUS_OK);
		CHECK_INT(bound(&fix), 1);
		CHECK_STR(fix.last.bindings[0].contact,
			  "sip:new@y.invalid;transport=ws");
	}
	stop(&fix);
}

static void the_best_q_comes_first(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(put(&fix, "c2", 1, CONTACT_B), STATUS_OK);
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK_INT(bound(&fix), 2);
		CHECK_INT(fix.last.bindings[0].q, 1000);
		CHECK_INT(fix.last.bindings[1].q, 500);
	}
	stop(&fix);
}

static void expires_0_and_star_remove(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK_INT(put(&fix, "c2", 1, CONTACT_B), STATUS_OK);
		CHECK_INT(put(&fix, "c1", 2, CONTACT_A_GONE), STATUS_OK);
		CHECK_INT(fix.last.n, 1);
		CHECK_INT(put(&fix, "c3", 1, "Contact: *\r\nExpires: 0\r\n"),
			  STATUS_OK);
		CHECK_INT(bound(&fix), 0);
		CHECK_INT(put(&fix, "c3", 2, "Contact: *\r\n"),
			  STATUS_BAD_REQUEST);
	}
	stop(&fix);
}

static void an_older_request_changes_nothing(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(put(&fix, "c1", 5, CONTACT_A), STATUS_OK);
		CHECK_INT(put(&fix, "c1", 5, CONTACT_A_GONE),
			  STATUS_BAD_CSEQ);
		CHECK_INT(put(&fix, "c1", 4, "Contact: *\r\nExpires: 0\r\n"),
			  STATUS_BAD_CSEQ);
		CHECK_INT(bound(&fix), 1);
	}
	stop(&fix);
}

static void one_device_too_many_is_refused(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK_INT(put(&fix, "c2", 1, CONTACT_B), STATUS_OK);
		CHECK_INT(put(&fix, "c3", 1, CONTACT_C),
			  STATUS_BINDING_LIMIT);
		CHECK_INT(bound(&fix), 2);
		/* a refresh is no new device */
		CHECK_INT(put(&fix, "c1", 2, CONTACT_A), STATUS_OK);
	}
	stop(&fix);
}

static void a_nonce_count_is_used_once(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.nonce = "0123456789abcdef";
		fix.nc	  = 1;
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK_INT(put(&fix, "c1", 2, CONTACT_A), STATUS_AUTH_STALE);
		fix.nc = 3;
		CHECK_INT(put(&fix, "c1", 2, CONTACT_A), STATUS_OK);
		/* overtaken on the way */
		fix.nc = 2;
		CHECK_INT(put(&fix, "c1", 3, CONTACT_A), STATUS_OK);
		for (fix.nc = 1; fix.nc <= 3; fix.nc++)
			CHECK_INT(put(&fix, "c1", 4, CONTACT_A),
				  STATUS_AUTH_STALE);
	}
	stop(&fix);
}

/* The counts given in this order; 'x' where one is refused. */
static void count_in_order(const uint32_t *nc, size_t n, const char *want)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.nonce = "0123456789abcdef";
		for (size_t i = 0; i < n; i++) {
			fix.nc = nc[i];
			CHECK_INT(put(&fix, "c1", (unsigned)i + 1, CONTACT_A),
				  want[i] == 'x' ? STATUS_AUTH_STALE
						 : STATUS_OK);
		}
	}
	stop(&fix);
}

static void a_count_may_be_overtaken_by_twenty_four(void)
{
	static const uint32_t far[] = {1, 26, 2, 1, 25, 2, 26},
			      further[] = {1, 27, 2, 3, 27, 100, 76, 75, 76},
			      top[] = {0xffffffff, 0xfffffffe, 0xffffffff, 1};

	count_in_order(far, COUNTOF(far), "oooxoxx");
	count_in_order(further, COUNTOF(further), "ooxoxooxx");
	count_in_order(top, COUNTOF(top), "ooxx");
}

static void a_flow_that_ends_takes_its_own_bindings(void)
{
	static const uint8_t flow[] = {1, 2, 3}, other[] = {1, 2, 4};
	struct fixture fix;

	if (start(&fix)) {
		struct registrar_params p = params(&fix);

		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK(!registrar_flow_gone(fix.link, &p.aor, other, 3, NULL));
		CHECK_INT(bound(&fix), 1);
		CHECK(!registrar_flow_gone(fix.link, &p.aor, flow, 3,
					   "flow=f"));
		CHECK_INT(bound(&fix), 0);
	}
	stop(&fix);
}

static void on_log(int err, const struct redis_val *val, void *arg)
{
	struct fixture *fix = arg;
	struct mbuf *mb = mbuf_alloc(512);

	fix->answers++;
	for (size_t i = 0; !err && i < val->len; i++) {
		const struct pl text = {val->el[i].str, val->el[i].len};
		struct journal_row row;

		if (CHECK(!journal_row_parse(&row, &text)))
			(void)mbuf_printf(mb, "%s%s*%llu", i ? " " : "",
					  journal_event_name(row.event),
					  row.count);
		CHECK_STR(row.from, "192.0.2.1:5");
	}
	re_snprintf(fix->log, sizeof(fix->log), "%b", mb->buf, mb->end);
	mem_deref(mb);
}

static const char *log_of(struct fixture *fix)
{
	const struct redis_arg ask[] = {redis_str("LRANGE"),
					redis_str("cb:{a:demo/alice}:log"),
					redis_str("0"), redis_str("-1")};

	fix->answers = 0;
	CHECK(!redis_link_send(fix->link, ask, 4, on_log, fix));
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
	return fix->log;
}

static void what_a_device_does_stands_in_its_log(void)
{
	static const uint8_t flow[] = {1, 2, 3};
	struct fixture fix;

	if (start(&fix)) {
		struct registrar_params p = params(&fix);

		fix.said = "from=192.0.2.1:5";
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK(fix.last.added && !fix.last.removed);
		CHECK_INT(put(&fix, "c1", 2, CONTACT_A), STATUS_OK);
		CHECK(!fix.last.added && !fix.last.removed);
		CHECK_INT(put(&fix, "c1", 3, CONTACT_A), STATUS_OK);
		/* an old one changes nothing, and says nothing */
		CHECK_INT(put(&fix, "c1", 2, CONTACT_A), STATUS_BAD_CSEQ);
		CHECK_STR(log_of(&fix), "refreshed*2 registered*1");
		CHECK_INT(put(&fix, "c1", 4,
			      "Contact: *\r\nExpires: 0\r\n"), STATUS_OK);
		CHECK(!fix.last.added && fix.last.removed);
		CHECK_INT(put(&fix, "c1", 5, CONTACT_A), STATUS_OK);
		CHECK(!registrar_flow_gone(fix.link, &p.aor, flow, 3,
					   fix.said));
		CHECK_STR(log_of(&fix), "lost*1 registered*1 unregistered*1 "
					"refreshed*2 registered*1");
	}
	stop(&fix);
}

static void on_number(int err, const struct redis_val *val, void *arg)
{
	struct fixture *fix = arg;

	fix->answers++;
	fix->number = err || val->type != REDIS_INT ? -1 : val->num;
}

/* What Redis answers to such a command about a key of alice's. */
static int64_t number_of(struct fixture *fix, const char *name, const char *key,
			 const char *field, const char *value)
{
	const struct redis_arg argv[] = {redis_str(name), redis_str(key),
					 redis_str(field), redis_str(value)};

	fix->answers = 0;
	CHECK(!redis_link_send(fix->link, argv, value ? 4 : field ? 3 : 2,
			       on_number, fix));
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
	return fix->number;
}

/* Its time to live is not set with each refresh, and still it does not end. */
static void a_log_lives_on_while_a_device_refreshes(void)
{
	static const char log[] = "cb:{a:demo/alice}:log";
	struct fixture fix;

	if (start(&fix)) {
		unsigned cseq = 1;

		fix.said = "from=192.0.2.1:5";
		CHECK_INT(put(&fix, "c1", cseq++, CONTACT_A), STATUS_OK);
		CHECK_INT(put(&fix, "c1", cseq++, CONTACT_A), STATUS_OK);
		CHECK_INT(number_of(&fix, "EXPIRE", log, "1000", NULL), 1);
		while (cseq <= 16)
			CHECK_INT(put(&fix, "c1", cseq++, CONTACT_A),
				  STATUS_OK);
		CHECK_STR(log_of(&fix), "refreshed*15 registered*1");
		CHECK(number_of(&fix, "TTL", log, NULL, NULL) <= 1000);
		CHECK_INT(put(&fix, "c1", cseq++, CONTACT_A), STATUS_OK);
		CHECK_STR(log_of(&fix), "refreshed*16 registered*1");
		CHECK(number_of(&fix, "TTL", log, NULL, NULL) > 600000);
	}
	stop(&fix);
}

static void refreshes_of_two_devices_are_told_apart(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.said = "from=192.0.2.1:5";
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK_INT(put(&fix, "c2", 1, CONTACT_B), STATUS_OK);
		for (unsigned i = 2; i < 5; i++) {
			CHECK_INT(put(&fix, "c1", i, CONTACT_A), STATUS_OK);
			CHECK_INT(put(&fix, "c2", i, CONTACT_B), STATUS_OK);
		}
		CHECK_STR(log_of(&fix), "refreshed*3 refreshed*3 registered*1 "
					"registered*1");
	}
	stop(&fix);
}

static void who_is_in_calls_is_known_from_the_answer(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK(!fix.last.calls);
		CHECK_INT(number_of(&fix, "HSET", "cb:{a:demo/alice}:calls",
				    "0123456789abcdef/0", "010203 "), 1);
		CHECK_INT(put(&fix, "c1", 2, CONTACT_A), STATUS_OK);
		CHECK(fix.last.calls);
	}
	stop(&fix);
}

/* As if all of alice's devices had come so long ago. */
static void lapse(struct fixture *fix)
{
	const struct redis_arg eval[] = {
		redis_str("EVAL"),
		redis_str("local k = KEYS[1] local all = "
			  "redis.call('HGETALL', k) "
			  "for i = 1, #all, 2 do "
			  "  redis.call('HSET', k, all[i], (string.gsub("
			  "    all[i + 1], '^%d+', '1700000000123'))) end "
			  "return redis.call('LRANGE', KEYS[2], 0, -1)"),
		redis_str("2"), redis_str("cb:{a:demo/alice}:bind"),
		redis_str("cb:{a:demo/alice}:log")};

	fix->answers = 0;
	CHECK(!redis_link_send(fix->link, eval, COUNTOF(eval), on_log, fix));
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
}

static size_t expire(struct fixture *fix)
{
	struct registrar_params p = params(fix);

	CHECK(!registrar_expire(&fix->ask, &p));
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
	CHECK_INT(fix->last.code, STATUS_OK);
	return fix->last.nlate;
}

static void what_does_not_come_back_is_told_once(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.said = "from=192.0.2.1:5 flow=x agent=y";
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK_INT(expire(&fix), 0);
		CHECK_INT(registrar_first_ms(&fix.last) / 10000, 29);
		lapse(&fix);
		/* who asks where to call does not take the news away */
		CHECK_INT(bound(&fix), 0);
		CHECK_INT(put(&fix, "c2", 1, CONTACT_B), STATUS_OK);
		CHECK_INT(fix.last.nlate, 1);
		CHECK_INT(fix.last.late[0].flow_len, 3);
		CHECK_INT(fix.last.late[0].flow[2], 3);
		CHECK_INT(expire(&fix), 0);
		lapse(&fix);
		CHECK_INT(expire(&fix), 1);
		CHECK_INT(fix.last.n, 0);
		CHECK_INT(registrar_first_ms(&fix.last), 0);
		CHECK_INT(expire(&fix), 0);
		CHECK_STR(log_of(&fix), "expired*1 registered*1 expired*1 "
					"registered*1");
	}
	stop(&fix);
}

static void who_comes_back_late_is_there_anew(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.said = "from=192.0.2.1:5";
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		lapse(&fix);
		CHECK_INT(put(&fix, "c1", 2, CONTACT_A), STATUS_OK);
		CHECK(fix.last.added && !fix.last.removed);
		CHECK_INT(fix.last.nlate, 1);
		CHECK_INT(fix.last.n, 1);
		CHECK_STR(log_of(&fix),
			  "registered*1 expired*1 registered*1");
	}
	stop(&fix);
}

static void one_that_is_to_come_sooner_is_told(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK(!fix.last.sooner);
		CHECK_INT(put(&fix, "c1", 2,
			      "Contact: <sip:a@x.invalid;transport=ws>"
			      ";expires=60;+sip.instance=\"<urn:uuid:1>\"\r\n"),
			  STATUS_OK);
		CHECK(fix.last.sooner && !fix.last.added);
		CHECK_INT(put(&fix, "c1", 3, CONTACT_A), STATUS_OK);
		CHECK(!fix.last.sooner);
	}
	stop(&fix);
}

static void one_that_has_moved_is_looked_for(void)
{
	struct fixture fix;
	unsigned i;

	if (start(&fix)) {
		CHECK_INT(put(&fix, "c1", 1, CONTACT_A), STATUS_OK);
		CHECK(!fix.last.look);
		fix.flow = 4;
		CHECK_INT(put(&fix, "c1", 2, CONTACT_A), STATUS_OK);
		CHECK(fix.last.look && !fix.last.added);
		/* of refreshes some are */
		for (i = 3; i < 10000; i++) {
			CHECK_INT(put(&fix, "c1", i, CONTACT_A), STATUS_OK);
			if (fix.last.look)
				break;
		}
		CHECK(i < 10000);
		for (i = 10000; i < 20000; i++) {
			CHECK_INT(put(&fix, "c1", i, CONTACT_A), STATUS_OK);
			if (!fix.last.look)
				break;
		}
		CHECK(i < 20000);
	}
	stop(&fix);
}

static void what_is_asked_for_is_checked(void)
{
	struct fixture fix = {.limits = {.expires_max = 600}};
	struct reg_request *req = mem_alloc(sizeof(*req), NULL);

	reg_limits_default(&fix.limits);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Contact: <sip:a@b>;expires=30\r\n"),
		  STATUS_BRIEF_INTERVAL);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Contact: <mailto:a@b>\r\n"),
		  STATUS_BAD_URI_SCHEME);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Contact: <sip:a@b>;q=2\r\n"),
		  STATUS_BAD_REQUEST);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Contact: <sip:a@b>;expires=9999\r\n"),
		  STATUS_OK);
	CHECK_INT(req->contacts[0].expires, 600);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Contact: <sip:a@b>\r\nExpires: 120\r\n"),
		  STATUS_OK);
	CHECK_INT(req->contacts[0].expires, 120);
	CHECK_INT(read_request(req, &fix, "c", 1, ""), STATUS_OK);
	CHECK_INT(req->nc, 0);
	mem_deref(req);
}

#define REG_ID(uri, id, expires)                                             \
	"Contact: <" uri ">;expires=" expires ";reg-id=" id                  \
	";+sip.instance=\"<urn:uuid:1>\"\r\n"

/* RFC 3261 10.3 step 2 */
static void an_unknown_extension_is_refused_by_name(void)
{
	struct fixture fix = {.nc = 0};
	struct reg_request *req = mem_alloc(sizeof(*req), NULL);

	reg_limits_default(&fix.limits);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Require: gruu, outbound\r\nRequire: foo\r\n"
			       "Contact: <sip:a@b>\r\n"),
		  STATUS_BAD_EXTENSION);
	CHECK_STR(req->unsupported, "gruu, foo");
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Require: Outbound\r\nContact: <sip:a@b>\r\n"),
		  STATUS_OK);
	mem_deref(req);
}

/* RFC 5626 section 6 */
static void outbound_is_honoured_where_it_applies(void)
{
	static const char ob[] = "Supported: path\r\nSupported: outbound\r\n";
	struct fixture fix = {.nc = 0};
	struct reg_request *req = mem_alloc(sizeof(*req), NULL);
	char text[600];

	reg_limits_default(&fix.limits);
	re_snprintf(text, sizeof(text), "%s%s", ob,
		    REG_ID("sip:a@b", "1", "300"));
	CHECK_INT(read_request(req, &fix, "c", 1, text), STATUS_OK);
	CHECK(req->outbound);
	/* not asked for */
	CHECK_INT(read_request(req, &fix, "c", 1,
			       REG_ID("sip:a@b", "1", "300")),
		  STATUS_OK);
	CHECK(!req->outbound);
	/* no instance: the reg-id is passed over */
	re_snprintf(text, sizeof(text), "%sContact: <sip:a@b>;reg-id=1\r\n",
		    ob);
	CHECK_INT(read_request(req, &fix, "c", 1, text), STATUS_OK);
	CHECK(!req->outbound);
	CHECK(!strncmp(req->contacts[0].device, "c:", 2));
	/* through a proxy that does not keep the flow */
	re_snprintf(text, sizeof(text),
		    "Via: SIP/2.0/UDP p.test;branch=z9hG4bK2\r\n%s%s", ob,
		    REG_ID("sip:a@b", "1", "300"));
	CHECK_INT(read_request(req, &fix, "c", 1, text), STATUS_NO_OUTBOUND);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Via: SIP/2.0/UDP p.test;branch=z9hG4bK2\r\n"
			       REG_ID("sip:a@b", "2", "300")),
		  STATUS_OK);
	CHECK(strstr(req->contacts[0].device, ":0"));
	mem_deref(req);
}

static void reg_ids_are_numbers_and_come_one_at_a_time(void)
{
	static const char *const bad[] = {
		REG_ID("sip:a@b", "0", "300"),
		REG_ID("sip:a@b", "x", "300"),
		REG_ID("sip:a@b", "2147483648", "300"),
		REG_ID("sip:a@b", "1", "300") REG_ID("sip:c@b", "2", "300"),
		REG_ID("sip:a@b", "1", "300") "Contact: <sip:c@b>\r\n",
	};
	struct fixture fix = {.nc = 0};
	struct reg_request *req = mem_alloc(sizeof(*req), NULL);

	reg_limits_default(&fix.limits);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!CHECK_INT(read_request(req, &fix, "c", 1, bad[i]),
			       STATUS_BAD_REQUEST))
			re_printf("# case %zu\n", i);
	}
	/* removing another one beside it is what it is for */
	CHECK_INT(read_request(req, &fix, "c", 1,
			       REG_ID("sip:a@b", "1", "300")
			       REG_ID("sip:c@b", "2", "0")),
		  STATUS_OK);
	CHECK_INT(req->nc, 2);
	mem_deref(req);
}

/* A page that was loaded anew takes its old address back and gives the new
 * one: both are the same device. */
static void a_device_named_twice_is_one(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.limits.devices_max = 1;
		CHECK_INT(put(&fix, "c1", 1,
			      CONTACT_A "Contact: <sip:new@x.invalid>"
			      ";+sip.instance=\"<urn:uuid:1>\"\r\n"),
			  STATUS_OK);
		CHECK_INT(bound(&fix), 1);
		CHECK_STR(fix.last.bindings[0].contact, "sip:new@x.invalid");
		fix.limits.devices_max = 2;
		CHECK_INT(put(&fix, "c2", 1,
			      CONTACT_B CONTACT_A_GONE CONTACT_A), STATUS_OK);
		CHECK_INT(bound(&fix), 2);
		CHECK_INT(put(&fix, "c3", 1, CONTACT_A CONTACT_A_GONE),
			  STATUS_OK);
		CHECK_INT(bound(&fix), 2);
	}
	stop(&fix);
}

static void what_is_not_for_a_request_uri_is_not_kept(void)
{
	struct fixture fix = {.nc = 0};
	struct reg_request *req = mem_alloc(sizeof(*req), NULL);

	reg_limits_default(&fix.limits);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Contact: <sip:a@b;transport=ws?Route=%3Cx%3E>"
			       "\r\n"),
		  STATUS_OK);
	CHECK_STR(req->contacts[0].binding.contact, "sip:a@b;transport=ws");
	/* an hour is never too brief (RFC 3261 10.3 step 7) */
	fix.limits.expires_min = 7200;
	fix.limits.expires_max = 86400;
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Contact: <sip:a@b>;expires=3600\r\n"),
		  STATUS_OK);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Contact: <sip:a@b>;expires=3599\r\n"),
		  STATUS_BRIEF_INTERVAL);
	CHECK_INT(read_request(req, &fix, "c", 1,
			       "Contact: *\r\nExpires: 00\r\n"),
		  STATUS_OK);
	CHECK(req->all);
	mem_deref(req);
}

static void hostile_names_stay_within_their_key(void)
{
	const struct pl tenant = PL("a}:b"), user = PL("x\r\nDEL *");
	char key[BINDING_KEY_MAX];

	CHECK(!binding_key(key, sizeof(key), &tenant, &user, "bind"));
	CHECK_STR(key, "cb:{a:a%7D%3Ab/x%0D%0ADEL%20%2A}:bind");
}

static void a_binding_reads_back(void)
{
	struct binding b = {.cseq = 7, .q = 250, .flow = {0xab, 0x01},
			    .flow_len = 2, .callid = "c d%",
			    .contact = "sip:a@b;x=\"1 2\"", .agent = ""};
	char text[BINDING_TEXT_MAX], whole[BINDING_TEXT_MAX + 32];
	struct binding back;
	struct pl pl;

	CHECK(!binding_print(text, sizeof(text), &b));
	re_snprintf(whole, sizeof(whole), "1790000000000 %s", text);
	pl_set_str(&pl, whole);
	REQUIRE(!binding_parse(&back, &pl));
	CHECK(back.ends_ms == UINT64_C(1790000000000));
	CHECK_INT(back.cseq, 7);
	CHECK_INT(back.q, 250);
	CHECK_INT(back.flow_len, 2);
	CHECK_INT(back.flow[0], 0xab);
	CHECK_STR(back.callid, "c d%");
	CHECK_STR(back.contact, b.contact);
	CHECK_STR(back.agent, "");

	CHECK(!sa_isset(&back.remote, SA_ALL));
	for (size_t cut = 0; cut < pl.l; cut++) {
		struct pl part = {pl.p, cut};

		/* the last field may be cut short and still be one */
		if (cut < pl.l - 1)
			CHECK(binding_parse(&back, &part) == EBADMSG);
	}
}

static void where_it_came_from_reads_back(void)
{
	static const char *const addresses[] = {"192.0.2.7:50123",
						"[2001:db8::1]:5060"};

	for (size_t i = 0; i < 2; i++) {
		struct binding b = {.cseq = 7, .callid = "c", .contact = "sip:a",
				    .agent = "Tel 1"}, back;
		char text[BINDING_TEXT_MAX], whole[BINDING_TEXT_MAX + 32];
		char address[64];
		struct pl pl;

		REQUIRE(!sa_decode(&b.remote, addresses[i],
				   strlen(addresses[i])));
		CHECK(!binding_print(text, sizeof(text), &b));
		re_snprintf(whole, sizeof(whole), "1790000000000 %s", text);
		pl_set_str(&pl, whole);
		REQUIRE(!binding_parse(&back, &pl));
		CHECK_STR(back.agent, "Tel 1");
		re_snprintf(address, sizeof(address), "%J", &back.remote);
		CHECK_STR(address, addresses[i]);
		/* what is no address is not known */
		whole[pl.l - 3] = 'x';
		CHECK(!binding_parse(&back, &pl));
		CHECK(!sa_isset(&back.remote, SA_ALL));
		CHECK_STR(back.agent, "Tel 1");
	}
}

TEST_MAIN(TEST(where_it_came_from_reads_back),
	  TEST(a_device_is_bound_and_found),
	  TEST(a_page_loaded_anew_replaces_its_binding),
	  TEST(a_device_has_one_number_for_all_its_flows),
	  TEST(the_best_q_comes_first), TEST(expires_0_and_star_remove),
	  TEST(an_older_request_changes_nothing),
	  TEST(one_device_too_many_is_refused),
	  TEST(a_nonce_count_is_used_once),
	  TEST(a_count_may_be_overtaken_by_twenty_four),
	  TEST(a_flow_that_ends_takes_its_own_bindings),
	  TEST(what_a_device_does_stands_in_its_log),
	  TEST(a_log_lives_on_while_a_device_refreshes),
	  TEST(refreshes_of_two_devices_are_told_apart),
	  TEST(who_is_in_calls_is_known_from_the_answer),
	  TEST(what_does_not_come_back_is_told_once),
	  TEST(who_comes_back_late_is_there_anew),
	  TEST(one_that_is_to_come_sooner_is_told),
	  TEST(one_that_has_moved_is_looked_for),
	  TEST(what_is_asked_for_is_checked),
	  TEST(an_unknown_extension_is_refused_by_name),
	  TEST(outbound_is_honoured_where_it_applies),
	  TEST(reg_ids_are_numbers_and_come_one_at_a_time),
	  TEST(a_device_named_twice_is_one),
	  TEST(what_is_not_for_a_request_uri_is_not_kept),
	  TEST(hostile_names_stay_within_their_key),
	  TEST(a_binding_reads_back))
