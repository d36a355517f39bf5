/*
 * test_locate.c  Where a server is, by a DNS server of our own (RFC 3263)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/transport/locate.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/mock_dns.h"

struct fixture {
	struct loop_test loop;
	struct mock_dns dns;
	struct resolver *resolver;
	struct locate_ask *ask;
	bool done;
	int err;
	char found[512]; /* "udp 192.0.2.1:5060, ..." */
};

static const char *const names[] = {"udp", "tcp", "tls"};

static const struct locate_params udp = {
	.transports = {LOCATE_UDP}, .ntransports = 1};
static const struct locate_params tls = {
	.transports = {LOCATE_TLS}, .ntransports = 1};
static const struct locate_params any = {
	.transports = {LOCATE_UDP, LOCATE_TCP, LOCATE_TLS}, .ntransports = 3};

static bool start(struct fixture *fix)
{
	struct resolver_cfg cfg = {.try_ms = 150};

	memset(fix, 0, sizeof(*fix));
	if (!CHECK(loop_test_open(&fix->loop)) ||
	    !CHECK(mock_dns_open(&fix->dns)))
		return false;
	cfg.servers = fix->dns.server;
	return CHECK(!resolver_alloc(&fix->resolver, fix->loop.wheel, &cfg));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->ask);
	mem_deref(fix->resolver);
	mock_dns_close(&fix->dns);
	loop_test_close(&fix->loop);
}

static void on_found(int err, const struct locate_target *targets, size_t n,
		     void *arg)
{
	struct fixture *fix = arg;
	size_t len = 0;

	fix->err = err;
	for (size_t i = 0; i < n; i++)
		len += (size_t)re_snprintf(fix->found + len,
					   sizeof(fix->found) - len,
					   "%s%s %J", i ? ", " : "",
					   names[targets[i].transport],
					   &targets[i].addr);
	fix->done = true;
	fix->ask  = mem_deref(fix->ask);
}

static bool is_done(void *arg)
{
	const struct fixture *fix = arg;

	return fix->done;
}

/* What is found, or the error's name. */
static const char *find(struct fixture *fix, const struct locate_params *how,
			const char *host, uint16_t port)
{
	struct locate_params params = *how;

	params.host = host;
	params.port = port;
	fix->done = false;
	fix->found[0] = '\0';
	CHECK_INT(locate(&fix->ask, fix->resolver, &params, on_found, fix), 0);
	CHECK(!fix->done);
	CHECK(loop_test_until(&fix->loop, is_done, fix, 8000));
	return fix->err == ENOENT      ? "ENOENT"
	       : fix->err == ETIMEDOUT ? "ETIMEDOUT"
				       : fix->found;
}

static void hosts(struct fixture *fix)
{
	mock_dns_addr(&fix->dns, "a.test", "127.0.0.1", 60);
	mock_dns_addr(&fix->dns, "b.test", "127.0.0.2", 60);
	mock_dns_addr(&fix->dns, "b.test", "127.0.0.3", 60);
}

static void an_address_or_a_port_asks_for_no_srv(void)
{
	struct fixture fix;

	if (start(&fix)) {
		hosts(&fix);
		mock_dns_srv(&fix.dns, "_sip._udp.b.test",
			     (unsigned[]){1, 1, 1}, "a.test");
		CHECK_STR(find(&fix, &udp, "192.0.2.1", 0),
			  "udp 192.0.2.1:5060");
		CHECK_STR(find(&fix, &any, "192.0.2.1", 0),
			  "udp 192.0.2.1:5060");
		CHECK_STR(find(&fix, &tls, "192.0.2.1", 0),
			  "tls 192.0.2.1:5061");
		CHECK_INT(fix.dns.asked, 0);
		CHECK_STR(find(&fix, &udp, "b.test", 5070),
			  "udp 127.0.0.2:5070, udp 127.0.0.3:5070");
		CHECK_INT(fix.dns.asked, 1);
	}
	stop(&fix);
}

static void both_families_are_found(void)
{
	struct fixture fix;

	if (start(&fix)) {
		mock_dns_addr(&fix.dns, "c.test", "127.0.0.1", 60);
		mock_dns_addr(&fix.dns, "c.test", "::1", 60);
		find(&fix, &udp, "c.test", 0);
		CHECK(strstr(fix.found, "udp [::1]:5060"));
		CHECK(strstr(fix.found, "udp 127.0.0.1:5060"));
	}
	stop(&fix);
}

static void srv_says_ports_and_order(void)
{
	struct fixture fix;

	if (start(&fix)) {
		hosts(&fix);
		mock_dns_srv(&fix.dns, "_sip._udp.pbx.test",
			     (unsigned[]){20, 1, 5070}, "a.test");
		mock_dns_srv(&fix.dns, "_sip._udp.pbx.test",
			     (unsigned[]){10, 1, 5090}, "b.test");
		CHECK_STR(find(&fix, &udp, "pbx.test", 0),
			  "udp 127.0.0.2:5090, udp 127.0.0.3:5090, "
			  "udp 127.0.0.1:5070");
		mock_dns_srv(&fix.dns, "_sips._tcp.pbx.test",
			     (unsigned[]){1, 1, 5161}, "a.test");
		CHECK_STR(find(&fix, &tls, "pbx.test", 0),
			  "tls 127.0.0.1:5161");
	}
	stop(&fix);
}

static void without_srv_the_name_itself_is_asked(void)
{
	struct fixture fix;

	if (start(&fix)) {
		hosts(&fix);
		CHECK_STR(find(&fix, &udp, "a.test", 0), "udp 127.0.0.1:5060");
		CHECK_STR(find(&fix, &tls, "a.test", 0), "tls 127.0.0.1:5061");
		CHECK_STR(find(&fix, &udp, "none.test", 0), "ENOENT");
	}
	stop(&fix);
}

static void a_service_that_is_not_offered_is_nowhere(void)
{
	struct fixture fix;

	if (start(&fix)) {
		hosts(&fix);
		mock_dns_srv(&fix.dns, "_sip._udp.a.test",
			     (unsigned[]){0, 0, 0}, "");
		CHECK_STR(find(&fix, &udp, "a.test", 0), "ENOENT");
	}
	stop(&fix);
}

static void naptr_chooses_the_transport(void)
{
	struct fixture fix;

	if (start(&fix)) {
		hosts(&fix);
		mock_dns_naptr(&fix.dns, "pbx.test", (unsigned[]){10, 20},
			       "SIP+D2U", "_sip._udp.pbx.test");
		mock_dns_naptr(&fix.dns, "pbx.test", (unsigned[]){10, 10},
			       "SIP+D2T", "_sip._tcp.pbx.test");
		mock_dns_naptr(&fix.dns, "pbx.test", (unsigned[]){1, 1},
			       "E2U+sip", "else.test");
		mock_dns_srv(&fix.dns, "_sip._udp.pbx.test",
			     (unsigned[]){1, 1, 5070}, "a.test");
		mock_dns_srv(&fix.dns, "_sip._tcp.pbx.test",
			     (unsigned[]){1, 1, 5080}, "a.test");
		CHECK_STR(find(&fix, &any, "pbx.test", 0),
			  "tcp 127.0.0.1:5080, udp 127.0.0.1:5070");
		/* what we do not speak is left out */
		CHECK_STR(find(&fix, &udp, "pbx.test", 0),
			  "udp 127.0.0.1:5070");
	}
	stop(&fix);
}

static void without_naptr_srv_of_each_transport_is_asked(void)
{
	struct fixture fix;

	if (start(&fix)) {
		hosts(&fix);
		mock_dns_srv(&fix.dns, "_sip._tcp.pbx.test",
			     (unsigned[]){1, 1, 5080}, "a.test");
		CHECK_STR(find(&fix, &any, "pbx.test", 0),
			  "tcp 127.0.0.1:5080");
		CHECK_STR(find(&fix, &any, "a.test", 0), "udp 127.0.0.1:5060");
	}
	stop(&fix);
}

static void a_dead_server_is_a_timeout_and_an_old_answer_serves(void)
{
	struct fixture fix;

	if (start(&fix)) {
		mock_dns_addr(&fix.dns, "a.test", "127.0.0.1", 0);
		CHECK_STR(find(&fix, &udp, "a.test", 5060),
			  "udp 127.0.0.1:5060");
		fix.dns.silent = true;
		CHECK_STR(find(&fix, &udp, "b.test", 5060), "ETIMEDOUT");
		CHECK_STR(find(&fix, &udp, "a.test", 5060),
			  "udp 127.0.0.1:5060");
		/* and still when that question has come to nothing */
		CHECK_STR(find(&fix, &udp, "c.test", 5060), "ETIMEDOUT");
		CHECK_STR(find(&fix, &udp, "a.test", 5060),
			  "udp 127.0.0.1:5060");
	}
	stop(&fix);
}

static void aliases_in_a_circle_lead_nowhere(void)
{
	struct fixture fix;

	if (start(&fix)) {
		mock_dns_cname(&fix.dns, "x.test", "y.test");
		mock_dns_cname(&fix.dns, "y.test", "x.test");
		mock_dns_cname(&fix.dns, "_sip._udp.x.test",
			       "_sip._udp.x.test");
		CHECK_STR(find(&fix, &udp, "x.test", 0), "ENOENT");
	}
	stop(&fix);
}

/* SRV and A, each of them many times: 60,000 bytes over TCP. */
static void a_flood_is_cut_short(void)
{
	struct fixture fix;
	uint64_t start_ms;

	if (start(&fix)) {
		if (!fix.dns.listen_watch)
			test_skip("the port is taken over TCP");
		hosts(&fix);
		mock_dns_srv(&fix.dns, "_sip._udp.pbx.test",
			     (unsigned[]){1, 1, 5070}, "b.test");
		fix.dns.truncates = true;
		fix.dns.flood = 3000;
		start_ms = loop_now_ms();
		find(&fix, &udp, "pbx.test", 0);
		CHECK(!fix.err && strstr(fix.found, "udp 127.0.0.2:5070"));
		CHECK(loop_now_ms() - start_ms < 2000);
	}
	stop(&fix);
}

/* --- RFC 2782 -------------------------------------------------------------------- */

static uint32_t fixed_rand(void)
{
	return 30;
}

static void the_weight_decides_within_a_priority(void)
{
	struct dns_srv srv[4] = {{1, 0, 1, "zero"}, {1, 20, 1, "light"},
				 {1, 80, 1, "heavy"}, {2, 0, 1, "last"}};
	unsigned heavy = 0;

	locate_srv_order(srv, 4, fixed_rand);
	CHECK_STR(srv[0].target, "heavy");
	CHECK_STR(srv[3].target, "last");
	for (unsigned i = 0; i < 1000; i++) {
		struct dns_srv two[2] = {{1, 20, 1, "light"},
					 {1, 80, 1, "heavy"}};

		locate_srv_order(two, 2, rand_u32);
		heavy += !strcmp(two[0].target, "heavy");
	}
	CHECK(heavy > 700 && heavy < 900);
}

static void without_weights_all_are_alike(void)
{
	unsigned first = 0;

	for (unsigned i = 0; i < 1000; i++) {
		struct dns_srv two[2] = {{1, 0, 1, "a"}, {1, 0, 1, "b"}};

		locate_srv_order(two, 2, rand_u32);
		first += !strcmp(two[0].target, "a");
	}
	CHECK(first > 400 && first < 600);
}

TEST_MAIN(TEST(an_address_or_a_port_asks_for_no_srv),
	  TEST(both_families_are_found), TEST(srv_says_ports_and_order),
	  TEST(without_srv_the_name_itself_is_asked),
	  TEST(a_service_that_is_not_offered_is_nowhere),
	  TEST(naptr_chooses_the_transport),
	  TEST(without_naptr_srv_of_each_transport_is_asked),
	  TEST(a_dead_server_is_a_timeout_and_an_old_answer_serves),
	  TEST(aliases_in_a_circle_lead_nowhere), TEST(a_flood_is_cut_short),
	  TEST(the_weight_decides_within_a_priority),
	  TEST(without_weights_all_are_alike))
