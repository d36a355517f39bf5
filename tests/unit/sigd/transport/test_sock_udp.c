/*
 * test_sock_udp.c  Datagrams of one socket
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/transport/sock_udp.h"
#include "tests/unit/sigd/transport/edge_rig.h"

struct peer {
	int fd;
	struct sa addr;
	char last[200];
	ssize_t len;
};

static void peer_make(struct peer *peer)
{
	memset(peer, 0, sizeof(*peer));
	peer->fd = rig_socket(SOCK_DGRAM, &peer->addr);
}

static ssize_t peer_say(struct peer *peer, struct rig *rig, const void *data,
			size_t len)
{
	return sendto(peer->fd, data, len, 0, &rig->addr[RIG_UDP].u.sa,
		      rig->addr[RIG_UDP].len);
}

static bool peer_hears(void *arg)
{
	struct peer *peer = arg;

	peer->len = recv(peer->fd, peer->last, sizeof(peer->last) - 1, 0);
	if (peer->len >= 0)
		peer->last[peer->len] = '\0';
	return peer->len >= 0;
}

static void a_datagram_comes_in_and_its_answer_goes_to_its_source(void)
{
	struct rig rig;
	struct peer peer;

	rig_init(&rig);
	rig.echo = true;
	REQUIRE(rig_start(&rig));
	peer_make(&peer);
	CHECK(peer_say(&peer, &rig, "OPTIONS", 7) == 7);
	CHECK(rig_until(&rig, &rig.received, 1));
	CHECK_INT(rig.src.id.kind, FLOW_UDP);
	CHECK_INT(rig.src.id.listener, RIG_UDP);
	CHECK_INT(rig.src.id.epoch, 0);
	CHECK_STR(rig.src.id.node, "a1");
	CHECK_INT(rig.src.id.slot, 2);
	CHECK(!rig.src.flow);
	CHECK(sa_cmp(&rig.remote, &peer.addr, SA_ALL));
	CHECK(sa_cmp(&rig.src.id.remote, &peer.addr, SA_ALL));
	CHECK(loop_test_until(&rig.lt, peer_hears, &peer, RIG_WAIT_MS));
	CHECK_STR(peer.last, "OPTIONS");
	CHECK_INT(rig_counts(&rig)->udp_rx, 1);
	CHECK_INT(rig_counts(&rig)->udp_tx, 1);
	close(peer.fd);
	rig_close(&rig);
}

static void keepalives_and_empty_ones_go_no_further(void)
{
	static const struct {
		const char *data;
		size_t len;
	} ignored[] = {{"", 0},
		       {"\r\n\r\n", 4},
		       {"\r\n", 2},
		       {"\0", 1},
		       {"\0\0\0\0", 4}};
	struct rig rig;
	struct peer peer;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	peer_make(&peer);
	for (size_t i = 0; i < 5; i++)
		CHECK(peer_say(&peer, &rig, ignored[i].data, ignored[i].len) ==
		      (ssize_t)ignored[i].len);
	CHECK(peer_say(&peer, &rig, "B", 1) == 1);
	CHECK(rig_until(&rig, &rig.received, 1));
	CHECK_INT(rig.last_len, 1);
	CHECK_INT(rig_counts(&rig)->udp_rx_ignored, 5);
	close(peer.fd);
	rig_close(&rig);
}

static void the_biggest_datagram_is_whole_and_a_bigger_is_not_sent(void)
{
	static uint8_t big[65508];
	struct rig rig;
	struct peer peer;

	memset(big, 'z', sizeof(big));
	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	peer_make(&peer);
	CHECK(peer_say(&peer, &rig, big, 65507) == 65507);
	CHECK(rig_until(&rig, &rig.received, 1));
	CHECK_INT(rig.last_len, 65507);
	CHECK(!memcmp(rig.last, big, 65507));
	CHECK_INT(transport_send(rig.transport, &rig.src.id, big, 65508, 0),
		  EMSGSIZE);
	CHECK_INT(transport_send(rig.transport, &rig.src.id, big, 65507, 0), 0);
	close(peer.fd);
	rig_close(&rig);
}

static void what_the_kernel_dropped_is_counted(void)
{
	int size = 1; /* the kernel has a least */
	struct rig rig;
	struct peer peer;
	char text[1000];
	unsigned sent = 0;

	memset(text, 'x', sizeof(text));
	rig_init(&rig);
	setsockopt(rig.on[RIG_UDP].fd, SOL_SOCKET, SO_RCVBUF, &size,
		   sizeof(size));
	REQUIRE(rig_start(&rig));
	peer_make(&peer);
	for (; sent < 100; sent++)
		CHECK(peer_say(&peer, &rig, text, sizeof(text)) > 0);
	CHECK(rig_until(&rig, &rig.received, 1));
	/* the kernel tells it with the first datagram after the loss */
	CHECK(peer_say(&peer, &rig, text, sizeof(text)) > 0);
	sent++;
	for (int i = 0; i < 1000; i++) {
		if (rig.received + rig_counts(&rig)->udp_drops == sent)
			break;
		loop_test_until(&rig.lt, equal64,
				&(struct reach64){&rig_counts(&rig)->udp_drops,
						  sent},
				5);
	}
	CHECK(rig_counts(&rig)->udp_drops > 50);
	CHECK_INT(rig.received + rig_counts(&rig)->udp_drops, sent);

	/* a successor on the same socket counts its own: what waited is older
	 * than the losses behind it */
	mem_deref(rig.transport);
	rig.transport = NULL;
	rig.received = 0;
	for (sent = 0; sent < 100; sent++)
		CHECK(peer_say(&peer, &rig, text, sizeof(text)) > 0);
	REQUIRE(rig_start(&rig));
	CHECK(rig_until(&rig, &rig.received, 1));
	CHECK_INT(rig_counts(&rig)->udp_drops, 0);
	rig.received = 0;
	CHECK(peer_say(&peer, &rig, text, sizeof(text)) > 0);
	CHECK(rig_until(&rig, &rig.received, 1));
	CHECK_INT(rig_counts(&rig)->udp_drops, 0);
	close(peer.fd);
	rig_close(&rig);
}

static void an_icmp_error_does_not_stop_the_socket(void)
{
	struct flow_id id;
	struct rig rig;
	struct peer peer, gone;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	peer_make(&peer);
	peer_make(&gone);
	CHECK(peer_say(&gone, &rig, "X", 1) == 1);
	CHECK(rig_until(&rig, &rig.received, 1));
	id = rig.src.id;
	close(gone.fd);
	for (int i = 0; i < 3; i++)
		CHECK_INT(transport_send(rig.transport, &id,
					 (const uint8_t *)"x", 1, 0),
			  0);
	CHECK(peer_say(&peer, &rig, "Y", 1) == 1);
	CHECK(rig_until(&rig, &rig.received, 2));
	close(peer.fd);
	rig_close(&rig);
}

TEST_MAIN(TEST(a_datagram_comes_in_and_its_answer_goes_to_its_source),
	  TEST(keepalives_and_empty_ones_go_no_further),
	  TEST(the_biggest_datagram_is_whole_and_a_bigger_is_not_sent),
	  TEST(what_the_kernel_dropped_is_counted),
	  TEST(an_icmp_error_does_not_stop_the_socket))

#include "tests/lib/ws_client.c"
