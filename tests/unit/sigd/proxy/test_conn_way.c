/*
 * test_conn_way.c  Which of our listeners speaks to which address of a PBX
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/transport/resolve.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/mock_dns.h"
#include "tests/lib/test.h"

enum { TYPE_A = 1, TYPE_AAAA = 28, HEAD = 12 };

struct fixture {
	struct loop_test loop;
	struct loop_watch *watch;
	int fd; /* of a DNS server */
	struct resolver *resolver;
	struct proxy px;
	struct conn_ask *ask;
	bool done;
	enum status code;
	struct conn_way way;
};

static const struct proxy_listener four = {FLOW_UDP, "192.0.2.1:5060", "four",
					   AF_INET};
static const struct proxy_listener six = {FLOW_UDP, "[2001:db8::1]:5060",
					  "six", AF_INET6};

/* Every name has an address of each family (RFC 1035 4.1). */
static void on_question(int flags, void *arg)
{
	static const uint8_t a[] = {0xc0, HEAD, 0, TYPE_A, 0, 1, 0, 0, 0, 60,
				    0, 4, 192, 0, 2, 7};
	static const uint8_t aaaa[] = {0xc0, HEAD, 0, TYPE_AAAA, 0, 1, 0, 0, 0,
				       60, 0, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0,
				       0, 0, 0, 0, 0, 0, 0, 0, 7};
	struct fixture *fix = arg;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	uint8_t buf[512];
	size_t end = HEAD, len;
	ssize_t n;
	(void)flags;

	n = recvfrom(fix->fd, buf, sizeof(buf) - sizeof(aaaa), 0,
		     (struct sockaddr *)&from, &from_len);
	if (n < HEAD + 5)
		return;
	while (end < (size_t)n && buf[end])
		end += buf[end] + 1u;
	len = buf[end + 2] == TYPE_A ? sizeof(a) : sizeof(aaaa);
	memcpy(buf + end + 5, buf[end + 2] == TYPE_A ? a : aaaa, len);
	buf[2] = 0x84;
	buf[3] = 0;
	buf[7] = 1;
	buf[11] = 0; /* EDNS is not spoken */
	(void)sendto(fix->fd, buf, end + 5 + len, 0, (struct sockaddr *)&from,
		     from_len);
}

static bool start(struct fixture *fix, const struct proxy_listener *l,
		  size_t n)
{
	struct resolver_cfg cfg = {.try_ms = 1000};
	struct sa addr;
	char server[64];

	memset(fix, 0, sizeof(*fix));
	fix->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	sa_set_str(&addr, "127.0.0.1", 0);
	if (!CHECK(loop_test_open(&fix->loop)) ||
	    !CHECK(!bind(fix->fd, &addr.u.sa, addr.len)) ||
	    !CHECK(!getsockname(fix->fd, &addr.u.sa, &addr.len)) ||
	    !CHECK(!loop_watch_alloc(&fix->watch, fix->fd, LOOP_READ,
				     on_question, fix)))
		return false;
	re_snprintf(server, sizeof(server), "%J", &addr);
	cfg.servers = server;
	if (!CHECK(!resolver_alloc(&fix->resolver, fix->loop.wheel, &cfg)))
		return false;
	fix->px.deps = (struct proxy_deps){.node = "a1", .slot = 1,
					   .wheel = fix->loop.wheel,
					   .resolver = fix->resolver,
					   .listeners = l, .nlisteners = n};
	return true;
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->ask);
	mem_deref(fix->resolver);
	mem_deref(fix->watch);
	close(fix->fd);
	loop_test_close(&fix->loop);
}

static void on_way(enum status code, const struct conn_way *way, void *arg)
{
	struct fixture *fix = arg;

	fix->done = true;
	fix->code = code;
	fix->way  = *way;
	fix->ask  = mem_deref(fix->ask);
}

static bool is_done(void *arg)
{
	const struct fixture *fix = arg;

	return fix->done;
}

static void by_name(struct fixture *fix)
{
	static const struct route_connection conn = {
		.kind = ROUTE_TRUNK,
		.peer = {.host = "pbx.example.test", .port = 5070,
			 .port_given = true, .transport = ROUTE_UDP},
	};

	CHECK_INT(conn_way_find(&fix->ask, &fix->way, &fix->px, &conn, on_way,
				fix),
		  EINPROGRESS);
	CHECK(loop_test_until(&fix->loop, is_done, fix, 5000));
}

static void a_listener_of_four_finds_the_address_of_four(void)
{
	struct fixture fix;

	if (start(&fix, &four, 1)) {
		by_name(&fix);
		CHECK_INT(fix.code, STATUS_OK);
		CHECK_INT(sa_af(&fix.way.flow.remote), AF_INET);
		CHECK_INT(sa_port(&fix.way.flow.remote), 5070);
	}
	stop(&fix);
}

static void a_listener_of_six_finds_the_address_of_six(void)
{
	struct fixture fix;

	if (start(&fix, &six, 1)) {
		by_name(&fix);
		CHECK_INT(fix.code, STATUS_OK);
		CHECK_INT(sa_af(&fix.way.flow.remote), AF_INET6);
	}
	stop(&fix);
}

static void an_address_has_a_listener_of_its_family(void)
{
	const struct proxy_listener both[] = {four, six};
	struct route_connection conn = {.kind = ROUTE_TRUNK};
	struct fixture fix;

	if (start(&fix, both, 2)) {
		sa_set_str(&conn.peer.addr, "2001:db8::7", 5060);
		CHECK_INT(conn_way_find(&fix.ask, &fix.way, &fix.px, &conn,
					on_way, &fix),
			  0);
		CHECK_INT(fix.way.flow.listener, 1);
		/* the named one is of the other family: there is no way */
		conn.peer.listener = "four";
		CHECK_INT(conn_way_find(&fix.ask, &fix.way, &fix.px, &conn,
					on_way, &fix),
			  ENOENT);
	}
	stop(&fix);
}

/* NAPTR of the name says TCP before UDP; there is no listener for TLS. */
static void the_name_says_what_is_spoken(void)
{
	const struct proxy_listener tcp = {.kind = FLOW_TCP, .name = "t"};
	const struct proxy_listener both[] = {four, tcp};
	const struct route_connection conn = {
		.kind = ROUTE_TRUNK,
		.peer = {.host = "pbx.test", .transport = ROUTE_AUTO},
		.tls = {.tag = 7},
	};
	struct mock_dns *dns = mem_zalloc(sizeof(*dns), NULL);
	struct resolver_cfg cfg = {.try_ms = 500};
	struct fixture fix;

	if (start(&fix, both, 2) && CHECK(mock_dns_open(dns))) {
		cfg.servers = dns->server;
		fix.resolver = mem_deref(fix.resolver);
		CHECK(!resolver_alloc(&fix.resolver, fix.loop.wheel, &cfg));
		fix.px.deps.resolver = fix.resolver;
		mock_dns_addr(dns, "a.test", "127.0.0.1", 60);
		mock_dns_naptr(dns, "pbx.test", (unsigned[]){1, 1},
			       "SIPS+D2T", "_sips._tcp.pbx.test");
		mock_dns_naptr(dns, "pbx.test", (unsigned[]){1, 2},
			       "SIP+D2T", "_sip._tcp.pbx.test");
		mock_dns_naptr(dns, "pbx.test", (unsigned[]){1, 3},
			       "SIP+D2U", "_sip._udp.pbx.test");
		mock_dns_srv(dns, "_sip._tcp.pbx.test",
			     (unsigned[]){1, 1, 5080}, "a.test");
		mock_dns_srv(dns, "_sip._udp.pbx.test",
			     (unsigned[]){1, 1, 5070}, "a.test");
		CHECK_INT(conn_way_find(&fix.ask, &fix.way, &fix.px, &conn,
					on_way, &fix),
			  EINPROGRESS);
		CHECK(loop_test_until(&fix.loop, is_done, &fix, 5000));
		CHECK_INT(fix.code, STATUS_OK);
		CHECK_INT(fix.way.flow.kind, FLOW_TCP);
		CHECK_INT(fix.way.flow.listener, 1);
		CHECK_INT(fix.way.flow.tag, 0);
		CHECK_INT(sa_port(&fix.way.flow.remote), 5080);
		CHECK_INT(fix.way.left, 1);
		mock_dns_close(dns);
	}
	stop(&fix);
	mem_deref(dns);
}

TEST_MAIN(TEST(a_listener_of_four_finds_the_address_of_four),
	  TEST(a_listener_of_six_finds_the_address_of_six),
	  TEST(an_address_has_a_listener_of_its_family),
	  TEST(the_name_says_what_is_spoken))
