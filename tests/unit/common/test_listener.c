/*
 * test_listener.c  Sockets for slots: ports, sharing, and what is told when
 *                  an address cannot be had
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/listener.h"
#include "tests/lib/test.h"

static char why[256];

static struct listener on_loopback(enum listener_proto proto,
				   enum listener_use use)
{
	struct listener listener = {
		.name = "wss",
		.hint = "set listen.wss.port",
		.proto = proto,
		.use = use,
	};

	sa_set_str(&listener.addr, "127.0.0.1", 0);
	return listener;
}

static int option_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	(void)getsockopt(fd, level, name, &value, &len);
	return value;
}

static void shared_listener_has_one_port_for_all_slots(void)
{
	enum listener_proto protos[] = {LISTENER_UDP, LISTENER_TCP};

	for (int i = 0; i < 2; i++) {
		struct listener l = on_loopback(protos[i], LISTENER_SHARED);
		uint16_t port = 0, second;
		int a = -1, b = -1;

		CHECK_INT(listener_open(&l, 1, &port, &a, why, 256), 0);
		CHECK(port != 0);
		second = port;
		CHECK_INT(listener_open(&l, 2, &second, &b, why, 256), 0);
		CHECK_INT(second, port);
		CHECK(fcntl(a, F_GETFL) & O_NONBLOCK);
		CHECK(fcntl(a, F_GETFD) & FD_CLOEXEC);
		CHECK_INT(option_of(b, SOL_SOCKET, SO_REUSEPORT), 1);
		CHECK_INT(option_of(b, SOL_SOCKET, SO_ACCEPTCONN),
			  protos[i] == LISTENER_TCP);
		close(a);
		close(b);
	}
}

static void per_slot_listener_has_consecutive_ports_and_shares_none(void)
{
	struct listener l = on_loopback(LISTENER_UDP, LISTENER_PER_SLOT);
	uint16_t port = 0, base;
	int a = -1, b = -1, c = -1;

	/* a port that was free a moment ago, and hopefully the next as well */
	CHECK_INT(listener_open(&l, 1, &port, &a, why, 256), 0);
	close(a);
	base = port;
	sa_set_port(&l.addr, base);
	CHECK_INT(listener_open(&l, 1, &port, &a, why, 256), 0);
	CHECK_INT(port, base);
	CHECK_INT(option_of(a, SOL_SOCKET, SO_REUSEPORT), 0);
	if (!listener_open(&l, 2, &port, &b, why, 256)) {
		CHECK_INT(port, base + 1);
		CHECK_INT(listener_open(&l, 2, &port, &c, why, 256),
			  EADDRINUSE);
		close(b);
	}
	close(a);
}

static void address_in_use_is_told_with_name_and_remedy(void)
{
	enum listener_proto protos[] = {LISTENER_UDP, LISTENER_TCP};

	for (int i = 0; i < 2; i++) {
		struct listener l = on_loopback(protos[i], LISTENER_SHARED);
		uint16_t port = 0, again = 0;
		char want[256];
		int a = -1, b = -1;

		CHECK_INT(listener_open(&l, 1, &port, &a, why, 256), 0);
		sa_set_port(&l.addr, port);
		CHECK_INT(listener_open(&l, 1, &again, &b, why, 256),
			  EADDRINUSE);
		re_snprintf(want, sizeof(want),
			    "listener wss: 127.0.0.1:%u/%s is in use by "
			    "another program; to choose another, "
			    "set listen.wss.port",
			    port, i ? "tcp" : "udp");
		CHECK_STR(why, want);
		CHECK_INT(b, -1);
		close(a);
	}
}

static void address_of_another_host_is_told(void)
{
	struct listener l = on_loopback(LISTENER_UDP, LISTENER_SHARED);
	uint16_t port = 0;
	int fd = -1;

	sa_set_str(&l.addr, "192.0.2.1", 5060);
	CHECK_INT(listener_open(&l, 1, &port, &fd, why, 256), EADDRNOTAVAIL);
	CHECK(strstr(why, "192.0.2.1:5060/udp is not an address of this host"));
}

static void slot_beyond_the_last_port_is_told(void)
{
	struct listener l = on_loopback(LISTENER_UDP, LISTENER_PER_SLOT);
	uint16_t port = 0;
	int fd = -1;

	sa_set_port(&l.addr, 65535);
	CHECK_INT(listener_open(&l, 2, &port, &fd, why, 256), ERANGE);
	CHECK(strstr(why, "listener wss"));
}

static void ipv6_listener_leaves_ipv4_alone(void)
{
	struct listener l = on_loopback(LISTENER_TCP, LISTENER_SHARED);
	uint16_t port = 0;
	int fd = -1;

	sa_set_str(&l.addr, "::1", 0);
	if (listener_open(&l, 1, &port, &fd, why, 256)) {
		test_skip("no IPv6 here");
		return;
	}
	CHECK_INT(option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	close(fd);
}

static void buffers_are_as_large_as_asked(void)
{
	struct listener l = on_loopback(LISTENER_UDP, LISTENER_SHARED);
	uint16_t port = 0;
	int fd = -1;

	l.rcvbuf = 65536;
	l.sndbuf = 65536;
	CHECK_INT(listener_open(&l, 1, &port, &fd, why, 256), 0);
	CHECK(option_of(fd, SOL_SOCKET, SO_RCVBUF) >= 65536);
	CHECK(option_of(fd, SOL_SOCKET, SO_SNDBUF) >= 65536);
	close(fd);
}

TEST_MAIN(TEST(shared_listener_has_one_port_for_all_slots),
	  TEST(per_slot_listener_has_consecutive_ports_and_shares_none),
	  TEST(address_in_use_is_told_with_name_and_remedy),
	  TEST(address_of_another_host_is_told),
	  TEST(slot_beyond_the_last_port_is_told),
	  TEST(ipv6_listener_leaves_ipv4_alone),
	  TEST(buffers_are_as_large_as_asked))
