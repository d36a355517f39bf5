/*
 * test_accept.c  Limits before TLS: in all, by source, by time
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <sys/resource.h>

#include "common/cfg_schema.h"
#include "sigd/transport/accept.h"
#include "tests/unit/sigd/transport/edge_rig.h"

static struct sa addr(const char *text)
{
	struct sa sa;

	CHECK(!sa_set_str(&sa, text, 1234));
	return sa;
}

static void each_source_has_its_own_count(void)
{
	const struct transport_limits limits = {.conns = 100,
						.conns_source = 2};
	const struct sa one = addr("192.0.2.1"), two = addr("192.0.2.2");
	struct transport_counts counts = {.conns = 0};
	struct accept_gate *gate = NULL;

	if (accept_gate_alloc(&gate, &limits, &counts, NULL, NULL))
		return;
	CHECK(!accept_gate_enter(gate, &one));
	CHECK(!accept_gate_enter(gate, &one));
	CHECK_INT(accept_gate_enter(gate, &one), EDQUOT);
	CHECK(!accept_gate_enter(gate, &two));
	CHECK_INT(accept_gate_inside(gate, &one), 2);
	CHECK_INT(accept_gate_inside(gate, NULL), 3);
	accept_gate_leave(gate, &one);
	CHECK(!accept_gate_enter(gate, &one));
	CHECK_INT(counts.limit_source, 1);
	if (!test_oom_hit()) {
		accept_gate_leave(gate, &one);
		accept_gate_leave(gate, &one);
		accept_gate_leave(gate, &two);
		CHECK_INT(accept_gate_inside(gate, NULL), 0);
	}
	mem_deref(gate);
}

static void a_house_has_one_ipv6_prefix_and_mapped_is_ipv4(void)
{
	const struct transport_limits limits = {.conns = 9, .conns_source = 1};
	const struct sa one = addr("2001:db8:1:2::1"),
			same = addr("2001:db8:1:2:ffff::9"),
			other = addr("2001:db8:1:3::1"), v4 = addr("192.0.2.1"),
			mapped = addr("::ffff:192.0.2.1"),
			mapped2 = addr("::ffff:192.0.2.2");
	struct transport_counts counts = {.conns = 0};
	struct accept_gate *gate = NULL;

	REQUIRE(!accept_gate_alloc(&gate, &limits, &counts, NULL, NULL));
	CHECK(!accept_gate_enter(gate, &one));
	CHECK_INT(accept_gate_enter(gate, &same), EDQUOT);
	CHECK(!accept_gate_enter(gate, &other));
	CHECK(!accept_gate_enter(gate, &v4));
	CHECK_INT(accept_gate_enter(gate, &mapped), EDQUOT);
	CHECK(!accept_gate_enter(gate, &mapped2));
	mem_deref(gate);
}

static bool never(void *arg)
{
	++*(unsigned *)arg;
	return false;
}

static void a_full_worker_refuses(void)
{
	const struct transport_limits limits = {.conns = 1, .conns_source = 9};
	const struct sa one = addr("192.0.2.1"), two = addr("192.0.2.2");
	struct transport_counts counts = {.conns = 0};
	struct accept_gate *gate = NULL;
	unsigned asked = 0;

	REQUIRE(!accept_gate_alloc(&gate, &limits, &counts, never, &asked));
	CHECK(!accept_gate_enter(gate, &one));
	CHECK_INT(accept_gate_enter(gate, &two), ENFILE);
	CHECK_INT(asked, 1);
	CHECK_INT(counts.limit_conns, 1);
	CHECK_INT(accept_gate_inside(gate, &two), 0);
	mem_deref(gate);
}

static void one_source_cannot_take_all_connections(void)
{
	struct rig rig;
	struct guest guests[4];

	rig_init(&rig);
	rig.params.limits.conns_source = 3;
	REQUIRE(rig_start(&rig));
	for (int i = 0; i < 3; i++)
		CHECK(guest_come(&guests[i], &rig, i & 1, NULL));
	CHECK(!guest_come(&guests[3], &rig, RIG_WSS, NULL));
	CHECK_INT(guests[3].status, 0);
	CHECK_INT(rig_counts(&rig)->limit_source, 1);
	CHECK_INT(rig_counts(&rig)->accepted, 3);
	guest_drop(&guests[3]);
	guest_drop(&guests[0]);
	CHECK(rig_until(&rig, &rig.gone, 1));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 2));
	CHECK(guest_come(&guests[0], &rig, RIG_WSS, NULL));
	for (int i = 0; i < 3; i++)
		guest_drop(&guests[i]);
	rig_close(&rig);
}

static void a_full_worker_ends_handshakes_before_it_refuses(void)
{
	const struct ws_client_params raw = {.raw = true};
	struct rig rig;
	struct guest idle, guests[3];

	rig_init(&rig);
	rig.params.limits.conns = 2;
	REQUIRE(rig_start(&rig));
	CHECK(guest_come(&guests[0], &rig, RIG_WSS, NULL));
	CHECK(guest_come(&idle, &rig, RIG_WS, &raw)); /* says nothing */
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 2));
	CHECK(guest_come(&guests[1], &rig, RIG_WSS, NULL));
	CHECK(guest_leave(&idle, &rig));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 2));
	/* two flows: nobody has to go for the third */
	CHECK(!guest_come(&guests[2], &rig, RIG_WSS, NULL));
	CHECK_INT(rig_counts(&rig)->limit_conns, 2);
	CHECK_INT(rig_counts(&rig)->flows, 2);
	guest_drop(&idle);
	for (int i = 0; i < 3; i++)
		guest_drop(&guests[i]);
	rig_close(&rig);
}

static bool has_ended(void *arg)
{
	return ((const struct guest *)arg)->ended;
}

/* Connections that were opened to be in the way: nobody has registered over
 * them, and they say nothing. */
static void a_full_worker_ends_flows_that_nobody_uses(void)
{
	struct rig rig;
	struct guest registered, idle, fresh;
	int user = 0;

	rig_init(&rig);
	rig.params.limits.conns = 2;
	rig.params.limits.idle_ms = 50;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&registered, &rig, RIG_WSS, NULL));
	flow_user_set(rig.flow, &user, NULL);
	REQUIRE(guest_come(&idle, &rig, RIG_WSS, NULL));
	/* it has just come: it may be about to register */
	CHECK(!guest_come(&fresh, &rig, RIG_WSS, NULL));
	guest_drop(&fresh);
	CHECK(!loop_test_until(&rig.lt, has_ended, &idle, 60));
	CHECK(guest_come(&fresh, &rig, RIG_WSS, NULL));
	CHECK(guest_leave(&idle, &rig));
	CHECK(!registered.ended);
	CHECK_INT(rig_counts(&rig)->evicted, 1);
	guest_drop(&idle);
	guest_drop(&fresh);
	guest_drop(&registered);
	rig_close(&rig);
}

static void who_is_slow_with_the_handshake_is_closed(void)
{
	const struct ws_client_params raw = {.raw = true};
	static const char *const parts[] = {"", "GET /ws HTTP/1.1\r\nHo"};
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	rig.params.limits.handshake_ms = 40;
	REQUIRE(rig_start(&rig));
	for (int i = 0; i < 4; i++) {
		if (i == 2) /* no TLS, on the TLS port */
			rig.addr[RIG_WS] = rig.addr[RIG_WSS];
		CHECK(guest_come(&guest, &rig, RIG_WS, &raw));
		if (i != 2)
			CHECK(!ws_client_raw(guest.client, parts[i & 1],
					     strlen(parts[i & 1])));
		CHECK(guest_leave(&guest, &rig));
		guest_drop(&guest);
	}
	/* the last one's request was no TLS: that is another fault */
	CHECK_INT(rig_counts(&rig)->limit_handshake, 3);
	CHECK_INT(rig_counts(&rig)->tls_failed, 1);
	rig_close(&rig);
}

static void without_descriptors_it_waits_and_goes_on(void)
{
	const struct ws_client_params raw = {.raw = true};
	struct rlimit was, none;
	struct rig rig;
	struct guest guest;
	int last;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(!getrlimit(RLIMIT_NOFILE, &was));
	REQUIRE(guest_come(&guest, &rig, RIG_WS, &raw));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->accepted, 1));
	guest_drop(&guest);
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));

	/* the client gets the last descriptor */
	last = dup(0);
	none = was;
	none.rlim_cur = (rlim_t)last + 1;
	close(last);
	CHECK(!setrlimit(RLIMIT_NOFILE, &none));
	CHECK(guest_come(&guest, &rig, RIG_WS, &raw));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->limit_fds, 1));
	CHECK_INT(rig_counts(&rig)->accepted, 1);
	CHECK(!setrlimit(RLIMIT_NOFILE, &was));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->accepted, 2));
	guest_drop(&guest);
	rig_close(&rig);
}

static void drain_takes_no_more_and_keeps_flows(void)
{
	const struct ws_client_params raw = {.raw = true};
	struct rig rig;
	struct guest flow, idle, late;

	rig_init(&rig);
	rig.echo = true;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&flow, &rig, RIG_WSS, NULL));
	REQUIRE(guest_come(&idle, &rig, RIG_WS, &raw));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 2));
	transport_drain(rig.transport);
	CHECK(guest_leave(&idle, &rig));
	CHECK(guest_come(&late, &rig, RIG_WS, &raw)); /* by the kernel */
	CHECK(!ws_client_text(flow.client, "still"));
	CHECK(rig_until(&rig, &flow.received, 1));
	CHECK_INT(rig_counts(&rig)->accepted, 2);
	guest_drop(&flow);
	guest_drop(&idle);
	guest_drop(&late);
	rig_close(&rig);
}

static void who_writes_and_does_not_read_is_ended(void)
{
	static char big[4000000], junk[8000];
	const struct ws_client_params raw = {.raw = true, .rcvbuf = 4096};
	char folder[400], path[500];
	struct rig rig;
	struct guest guest;
	FILE *f;

	snprintf(folder, sizeof(folder), "%s/big", test_tmpdir());
	snprintf(path, sizeof(path), "%s/big.js", folder);
	(void)mkdir(folder, 0755);
	f = fopen(path, "w");
	REQUIRE(f && fwrite(big, 1, sizeof(big), f) == sizeof(big));
	fclose(f);
	rig_init(&rig);
	rig.on[RIG_WS].web_root = folder;
	/* so the time for a page is longer than we wait here */
	rig.params.limits.handshake_ms = RIG_WAIT_MS / 5;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WS, &raw));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 1));
	ws_client_pause(guest.client, true);
	CHECK(!ws_client_raw(guest.client,
			     "GET /big.js HTTP/1.1\r\n"
			     "Host: x\r\n\r\n",
			     33));
	CHECK(!ws_client_raw(guest.client, junk, sizeof(junk)));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
	guest_drop(&guest);
	rig_close(&rig);
}

/* --- behind a load balancer ------------------------------------------------- */

static void balanced(struct rig *rig, const char *network)
{
	static struct cfg_cidr cidr;

	rig_init(rig);
	CHECK(cfg_cidr_read(&cidr, network));
	for (int i = RIG_WSS; i <= RIG_WS; i++) {
		rig->on[i].balancers = &cidr;
		rig->on[i].nbalancers = 1;
	}
}

static bool come_through(struct guest *guest, struct rig *rig, int listener,
			 const char *header)
{
	const struct ws_client_params params = {.before = header,
						.before_len = strlen(header)};

	return guest_come(guest, rig, listener, &params);
}

static void a_balancer_says_whose_connection_it_is(void)
{
	static const char header[] =
		"PROXY TCP6 2001:db8::7 2001:db8::1 4242 443\r\n";
	struct rig rig;
	struct guest guest;
	char text[64];

	balanced(&rig, "127.0.0.0/8");
	REQUIRE(rig_start(&rig));
	for (int i = RIG_WSS; i <= RIG_WS; i++) {
		CHECK(come_through(&guest, &rig, i, header));
		CHECK(!ws_client_text(guest.client, "x"));
		CHECK(rig_until(&rig, &rig.received, 1));
		re_snprintf(text, sizeof(text), "%J", &rig.remote);
		CHECK_STR(text, "[2001:db8::7]:4242");
		rig.received = 0;
		guest_drop(&guest);
	}
	CHECK_INT(rig_counts(&rig)->lb_headers, 2);
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
	rig_close(&rig);
}

static void a_source_is_limited_behind_a_balancer(void)
{
	static const char one[] = "PROXY TCP4 192.0.2.1 192.0.2.9 1 443\r\n";
	static const char two[] = "PROXY TCP4 192.0.2.2 192.0.2.9 1 443\r\n";
	struct guest guests[4];
	struct rig rig;

	balanced(&rig, "127.0.0.1");
	rig.params.limits.conns_source = 1;
	REQUIRE(rig_start(&rig));
	CHECK(come_through(&guests[0], &rig, RIG_WS, one));
	CHECK(!come_through(&guests[1], &rig, RIG_WS, one));
	CHECK(come_through(&guests[2], &rig, RIG_WS, two));
	/* its own: a look at our health */
	CHECK(come_through(&guests[3], &rig, RIG_WS, "PROXY UNKNOWN\r\n"));
	CHECK_INT(rig_counts(&rig)->limit_source, 1);
	for (int i = 0; i < 4; i++)
		guest_drop(&guests[i]);
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
	CHECK(come_through(&guests[0], &rig, RIG_WS, one));
	guest_drop(&guests[0]);
	rig_close(&rig);
}

static void a_balancer_without_header_is_closed(void)
{
	struct rig rig;
	struct guest guest;

	balanced(&rig, "127.0.0.1");
	REQUIRE(rig_start(&rig));
	CHECK(!guest_come(&guest, &rig, RIG_WSS, NULL));
	guest_drop(&guest);
	CHECK(!guest_come(&guest, &rig, RIG_WS, NULL));
	guest_drop(&guest);
	CHECK_INT(rig_counts(&rig)->lb_errors, 2);
	CHECK_INT(rig_counts(&rig)->accepted, 0);
	rig_close(&rig);
}

static void nobody_else_says_who_he_is(void)
{
	static const char header[] = "PROXY TCP4 192.0.2.1 192.0.2.9 1 443\r\n";
	struct rig rig;
	struct guest guest;

	balanced(&rig, "192.0.2.0/24");
	REQUIRE(rig_start(&rig));
	CHECK(!come_through(&guest, &rig, RIG_WSS, header));
	guest_drop(&guest);
	/* libwebsockets passes over a line that it does not know */
	if (come_through(&guest, &rig, RIG_WS, header)) {
		CHECK(!ws_client_text(guest.client, "x"));
		CHECK(rig_until(&rig, &rig.received, 1));
		CHECK_INT(sa_in(&rig.remote), 0x7f000001);
	}
	guest_drop(&guest);
	CHECK_INT(rig_counts(&rig)->lb_headers, 0);
	CHECK(guest_come(&guest, &rig, RIG_WSS, NULL));
	guest_drop(&guest);
	rig_close(&rig);
}

/* They do not keep a drain from ending, and are not forgotten by the gate. */
static void drain_closes_who_has_not_said(void)
{
	const struct ws_client_params raw = {.raw = true};
	struct rig rig;
	struct guest guest;

	balanced(&rig, "127.0.0.1");
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WS, &raw));
	CHECK(!ws_client_raw(guest.client, "PROXY ", 6));
	transport_drain(rig.transport);
	CHECK(guest_leave(&guest, &rig));
	guest_drop(&guest);
	rig_close(&rig);
}

TEST_MAIN(TEST_OOM(each_source_has_its_own_count),
	  TEST(a_house_has_one_ipv6_prefix_and_mapped_is_ipv4),
	  TEST(a_full_worker_refuses),
	  TEST(one_source_cannot_take_all_connections),
	  TEST(a_full_worker_ends_handshakes_before_it_refuses),
	  TEST(a_full_worker_ends_flows_that_nobody_uses),
	  TEST(who_is_slow_with_the_handshake_is_closed),
	  TEST(without_descriptors_it_waits_and_goes_on),
	  TEST(drain_takes_no_more_and_keeps_flows),
	  TEST(a_balancer_says_whose_connection_it_is),
	  TEST(a_source_is_limited_behind_a_balancer),
	  TEST(a_balancer_without_header_is_closed),
	  TEST(nobody_else_says_who_he_is), TEST(drain_closes_who_has_not_said),
	  TEST(who_writes_and_does_not_read_is_ended))

#include "tests/lib/ws_client.c"
