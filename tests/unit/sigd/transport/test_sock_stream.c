/*
 * test_sock_stream.c  Messages over byte streams, with real sockets
 *
 * SPDX-License-Identifier: MIT
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "tests/unit/sigd/transport/edge_rig.h"

struct guest_tcp {
	struct rig *rig;
	int fd;
	char got[2000];
	size_t len;
	bool ended;
	size_t want;
};

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void run_for(struct rig *rig, uint32_t ms)
{
	(void)loop_test_until(&rig->lt, never, NULL, ms);
}

static void come(struct guest_tcp *guest, struct rig *rig)
{
	memset(guest, 0, sizeof(*guest));
	guest->rig = rig;
	guest->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(guest->fd, &rig->addr[RIG_TCP].u.sa,
		    rig->addr[RIG_TCP].len))
		abort();
}

static void say(struct guest_tcp *guest, const char *text)
{
	CHECK(send(guest->fd, text, strlen(text), MSG_NOSIGNAL) ==
	      (ssize_t)strlen(text));
}

static bool hears(void *arg)
{
	struct guest_tcp *guest = arg;
	ssize_t n = recv(guest->fd, guest->got + guest->len,
			 sizeof(guest->got) - 1 - guest->len, MSG_DONTWAIT);

	if (n > 0)
		guest->len += (size_t)n;
	else if (!n || errno != EAGAIN)
		guest->ended = true;
	return guest->ended || guest->len >= guest->want;
}

/* Until it has heard so much (in all), or the end. */
static bool heard(struct guest_tcp *guest, const char *text)
{
	guest->want = strlen(text);
	return loop_test_until(&guest->rig->lt, hears, guest, RIG_WAIT_MS) &&
	       CHECK_STR(guest->got, text);
}

static bool has_ended(struct guest_tcp *guest)
{
	guest->want = sizeof(guest->got);
	return loop_test_until(&guest->rig->lt, hears, guest, RIG_WAIT_MS) &&
	       guest->ended;
}

static void open_rig(struct rig *rig)
{
	rig_init(rig);
	rig->echo = true;
}

/* --- in ---------------------------------------------------------------------- */

static void a_message_comes_in_and_its_answer_goes_back(void)
{
	struct guest_tcp guest;
	struct rig rig;

	open_rig(&rig);
	REQUIRE(rig_start(&rig));
	come(&guest, &rig);
	say(&guest, "00005hello");
	CHECK(heard(&guest, "00005hello"));
	CHECK_INT(rig.src.id.kind, FLOW_TCP);
	CHECK(rig.src.id.num == 1 && rig.src.flow);
	CHECK_INT(rig.src.listener, RIG_TCP);
	CHECK_INT(rig_counts(&rig)->conns, 1);
	flow_user_set(rig.flow, &rig, NULL);
	close(guest.fd);
	CHECK(rig_until(&rig, &rig.gone, 1));
	CHECK_INT(transport_send(rig.transport, &rig.id, rig.last, 1, 0),
		  ENOTCONN);
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
	rig_close(&rig);
}

/* Else each would be a system call, and with TLS a record. */
static void a_flood_of_pings_is_answered_together(void)
{
	enum { PINGS = 1000 };
	struct guest_tcp guest;
	char text[4 * PINGS + 1];
	struct rig rig;

	for (unsigned i = 0; i < PINGS; i++)
		memcpy(text + 4 * i, "\r\n\r\n", 5);
	open_rig(&rig);
	REQUIRE(rig_start(&rig));
	come(&guest, &rig);
	say(&guest, text);
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->keepalives, PINGS));
	run_for(&rig, 1);
	say(&guest, "00001x");
	CHECK(rig_until(&rig, &rig.received, 1));
	run_for(&rig, 1);
	(void)hears(&guest);
	CHECK(guest.len > 2 && guest.len < PINGS);
	CHECK_STR(guest.got + guest.len - 8, "\r\n00001x");
	close(guest.fd);
	rig_close(&rig);
}

static void wherever_it_is_cut_it_is_the_same(void)
{
	static const char text[] = "00003one\r\n\r\n00003two00000\r\n00001x";
	struct guest_tcp guest;
	struct rig rig;

	open_rig(&rig);
	REQUIRE(rig_start(&rig));
	for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
		char first[sizeof(text)];
		unsigned before = rig.received;

		come(&guest, &rig);
		snprintf(first, sizeof(first), "%.*s", (int)cut, text);
		say(&guest, first);
		CHECK(rig_until_count(&rig, &rig_counts(&rig)->flows, cut));
		run_for(&rig, 1);
		say(&guest, text + cut);
		CHECK(heard(&guest, "00003one\r\n00003two0000000001x"));
		CHECK_INT(rig.received - before, 4);
		close(guest.fd);
	}
	rig_close(&rig);
}

static void on_broken(const struct transport_src *src,
		      const struct transport_piece *piece, void *arg)
{
	struct rig *rig = arg;

	CHECK_STR(piece->why, "broken");
	CHECK_INT(transport_send(rig->transport, &src->id,
				 (const uint8_t *)"sorry", 5, 0),
		  0);
}

static void a_broken_stream_is_told_so_and_closed(void)
{
	struct guest_tcp guest;
	struct rig rig;

	open_rig(&rig);
	rig.params.h.brokenh = on_broken;
	REQUIRE(rig_start(&rig));
	come(&guest, &rig);
	say(&guest, "00001a!and more that nobody reads");
	CHECK(has_ended(&guest));
	CHECK_STR(guest.got, "00001asorry");
	CHECK_INT(rig_counts(&rig)->framing_errors, 1);
	close(guest.fd);
	rig_close(&rig);
}

static void who_only_asks_may_close_its_half(void)
{
	struct guest_tcp guest;
	struct rig rig;

	open_rig(&rig);
	rig.echo = false;
	rig.params.limits.whole_ms = 100;
	REQUIRE(rig_start(&rig));
	come(&guest, &rig);
	say(&guest, "00002hi");
	shutdown(guest.fd, SHUT_WR);
	CHECK(rig_until(&rig, &rig.received, 1));
	run_for(&rig, 10);
	CHECK_INT(transport_send(rig.transport, &rig.id,
				 (const uint8_t *)"answer", 6, 0),
		  0);
	CHECK(heard(&guest, "answer"));
	CHECK(has_ended(&guest));
	close(guest.fd);
	rig_close(&rig);
}

/* --- deadlines ----------------------------------------------------------------- */

static void who_says_nothing_is_closed(void)
{
	struct guest_tcp guest;
	struct rig rig;

	open_rig(&rig);
	rig.params.limits.handshake_ms = 50;
	REQUIRE(rig_start(&rig));
	come(&guest, &rig);
	say(&guest, "000");
	CHECK(has_ended(&guest));
	CHECK_INT(rig_counts(&rig)->limit_handshake, 1);
	CHECK_INT(rig.received, 0);
	close(guest.fd);
	rig_close(&rig);
}

static void a_message_that_trickles_is_not_waited_for(void)
{
	struct guest_tcp guest;
	struct rig rig;

	open_rig(&rig);
	rig.params.limits.whole_ms = 60;
	REQUIRE(rig_start(&rig));
	come(&guest, &rig);
	say(&guest, "00001a00500");
	for (int i = 0; i < 100 && !guest.ended; i++) {
		(void)!send(guest.fd, "b", 1, MSG_NOSIGNAL);
		run_for(&rig, 5);
		guest.want = sizeof(guest.got);
		(void)hears(&guest);
	}
	CHECK(guest.ended);
	CHECK_INT(rig_counts(&rig)->limit_slow, 1);
	close(guest.fd);
	rig_close(&rig);
}

static void silence_ends_who_has_no_user(void)
{
	struct guest_tcp guest, kept;
	struct rig rig;
	int user;

	open_rig(&rig);
	rig.params.limits.silent_ms = 60;
	REQUIRE(rig_start(&rig));
	come(&kept, &rig);
	say(&kept, "00001a");
	CHECK(heard(&kept, "00001a"));
	flow_user_set(rig.flow, &user, NULL);
	come(&guest, &rig);
	say(&guest, "00001b");
	CHECK(has_ended(&guest));
	CHECK_STR(guest.got, "00001b");
	CHECK_INT(rig_counts(&rig)->limit_silent, 1);
	run_for(&rig, 150);
	say(&kept, "00001c");
	CHECK(heard(&kept, "00001a00001c"));
	close(guest.fd);
	close(kept.fd);
	rig_close(&rig);
}

/* --- readers -------------------------------------------------------------------- */

static void small_buffers(struct rig *rig)
{
	const int size = 4096;

	(void)setsockopt(rig->on[RIG_TCP].fd, SOL_SOCKET, SO_SNDBUF, &size,
			 sizeof(size));
}

static void who_stops_to_read_is_closed_when_its_queue_is_full(void)
{
	static uint8_t much[10000];
	struct guest_tcp guest;
	struct rig rig;
	int err = 0;

	open_rig(&rig);
	rig.params.limits.queue = 60000;
	small_buffers(&rig);
	REQUIRE(rig_start(&rig));
	come(&guest, &rig);
	say(&guest, "00001a");
	CHECK(heard(&guest, "00001a"));
	for (int i = 0; i < 1000 && !err; i++)
		err = transport_send(rig.transport, &rig.id, much,
				     sizeof(much), 0);
	CHECK_INT(err, ENOBUFS);
	CHECK_INT(rig_counts(&rig)->limit_queue, 1);
	CHECK_INT(rig.gone, 0); /* told later */
	CHECK(rig_until(&rig, &rig.gone, 1));
	close(guest.fd);
	rig_close(&rig);
}

static void who_stops_to_read_is_closed_after_a_time(void)
{
	static uint8_t much[50000];
	struct guest_tcp guest;
	struct rig rig;

	open_rig(&rig);
	rig.params.limits.unread_ms = 80;
	rig.params.limits.queue = 10000000;
	small_buffers(&rig);
	REQUIRE(rig_start(&rig));
	come(&guest, &rig);
	say(&guest, "00001a");
	CHECK(heard(&guest, "00001a"));
	for (int i = 0; i < 100; i++)
		CHECK_INT(transport_send(rig.transport, &rig.id, much,
					 sizeof(much), 0),
			  0);
	CHECK(rig_until(&rig, &rig.gone, 1));
	CHECK_INT(rig_counts(&rig)->limit_unread, 1);
	close(guest.fd);
	rig_close(&rig);
}

static void what_waits_goes_when_it_is_read_again(void)
{
	enum { MANY = 100, SIZE = 20000 };
	static uint8_t much[SIZE], in[SIZE];
	struct guest_tcp guest;
	struct rig rig;
	size_t total = 0;

	open_rig(&rig);
	rig.params.limits.queue = 10000000;
	small_buffers(&rig);
	REQUIRE(rig_start(&rig));
	come(&guest, &rig);
	say(&guest, "00001a");
	CHECK(heard(&guest, "00001a"));
	for (int i = 0; i < MANY; i++) {
		for (size_t k = 0; k < SIZE; k++)
			much[k] = (uint8_t)((i * SIZE + (int)k) % 251);
		CHECK_INT(transport_send(rig.transport, &rig.id, much, SIZE, 0),
			  0);
	}
	for (int i = 0; i < 100000 && total < MANY * SIZE; i++) {
		ssize_t n = recv(guest.fd, in, sizeof(in), MSG_DONTWAIT);

		for (ssize_t k = 0; k < n; k++, total++) {
			if (in[k] != total % 251)
				REQUIRE(false);
		}
		if (n <= 0)
			run_for(&rig, 1);
	}
	CHECK_INT(total, MANY * SIZE);
	close(guest.fd);
	rig_close(&rig);
}

static void a_full_worker_lets_the_silent_one_go(void)
{
	struct guest_tcp first, second, third;
	struct rig rig;

	open_rig(&rig);
	rig.params.limits.conns = 2;
	rig.params.limits.idle_ms = 1;
	REQUIRE(rig_start(&rig));
	come(&first, &rig);
	say(&first, "00001a");
	CHECK(heard(&first, "00001a"));
	come(&second, &rig);
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->accepted, 2));
	come(&third, &rig);
	say(&third, "00001c");
	CHECK(heard(&third, "00001c"));
	CHECK(has_ended(&second));
	CHECK(!first.ended);
	close(first.fd);
	close(second.fd);
	close(third.fd);
	rig_close(&rig);
}

TEST_MAIN(TEST(a_message_comes_in_and_its_answer_goes_back),
	  TEST(wherever_it_is_cut_it_is_the_same),
	  TEST(a_flood_of_pings_is_answered_together),
	  TEST(a_broken_stream_is_told_so_and_closed),
	  TEST(who_only_asks_may_close_its_half),
	  TEST(who_says_nothing_is_closed),
	  TEST(a_message_that_trickles_is_not_waited_for),
	  TEST(silence_ends_who_has_no_user),
	  TEST(who_stops_to_read_is_closed_when_its_queue_is_full),
	  TEST(who_stops_to_read_is_closed_after_a_time),
	  TEST(what_waits_goes_when_it_is_read_again),
	  TEST(a_full_worker_lets_the_silent_one_go))
