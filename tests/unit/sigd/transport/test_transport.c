/*
 * test_transport.c  Two workers: flows of one, served through the other
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/transport/transport_pack.h"
#include "tests/unit/sigd/transport/edge_rig.h"

/* A second worker of the box, without listeners. */
struct other {
	struct transport *transport;
	unsigned failed, responses;
	uint64_t ref;
	int err, first_err;
	struct transport_src src;
	struct sa local, remote;
	char text[200];
};

static void no_recv(const struct transport_src *src, const uint8_t *data,
		    size_t len, void *arg)
{
	(void)src;
	(void)data;
	(void)len;
	(void)arg;
	CHECK(false);
}

static void on_failed(uint64_t ref, int err, void *arg)
{
	struct other *other = arg;

	other->ref = ref;
	other->err = err;
	if (!other->failed++)
		other->first_err = err;
}

static void on_response(const struct transport_src *src, const uint8_t *data,
			size_t len, void *arg)
{
	struct other *other = arg;

	++other->responses;
	other->src = *src;
	other->local = *src->local;
	other->remote = *src->remote;
	snprintf(other->text, sizeof(other->text), "%.*s", (int)len,
		 (const char *)data);
}

static const char *run_dir(void)
{
	static char dir[80];

	snprintf(dir, sizeof(dir), "%s/run", test_tmpdir());
	(void)mkdir(dir, 0700);
	return dir;
}

static bool other_start(struct other *other, struct rig *rig, uint8_t slot)
{
	const struct transport_params params = {
		.node = "a1",
		.slot = slot,
		.epoch = 2000,
		.wheel = rig->lt.wheel,
		.run_dir = run_dir(),
		.h = {.recvh = no_recv,
		      .failedh = on_failed,
		      .responseh = on_response,
		      .arg = other},
	};
	char errbuf[100];

	memset(other, 0, sizeof(*other));
	return CHECK(!transport_alloc(&other->transport, &params, errbuf,
				      sizeof(errbuf)));
}

static int say(struct other *other, const struct flow_id *id, const char *text,
	       uint64_t ref)
{
	return transport_send(other->transport, id, (const uint8_t *)text,
			      strlen(text), ref);
}

static void any_worker_can_send_on_a_flow(void)
{
	struct rig rig;
	struct guest guest;
	struct other other;

	rig_init(&rig);
	rig.params.run_dir = run_dir();
	REQUIRE(rig_start(&rig));
	REQUIRE(other_start(&other, &rig, 3));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK(!say(&other, &rig.id, "from afar", 5));
	CHECK(rig_until(&rig, &guest.received, 1));
	CHECK_STR(guest.text, "from afar");
	CHECK_INT(transport_counts(other.transport)->tube_tx, 1);
	CHECK_INT(rig_counts(&rig)->tube_rx, 1);
	CHECK_INT(other.failed, 0);
	guest_drop(&guest);
	mem_deref(other.transport);
	rig_close(&rig);
}

static void a_flow_that_is_gone_is_told_to_who_asked(void)
{
	struct rig rig;
	struct guest guest;
	struct other other;
	struct flow_id id;

	rig_init(&rig);
	rig.params.run_dir = run_dir();
	REQUIRE(rig_start(&rig));
	REQUIRE(other_start(&other, &rig, 3));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	id = rig.id;
	guest_drop(&guest);
	CHECK(rig_until(&rig, &rig.gone, 1));
	CHECK(!say(&other, &id, "too late", 77));
	CHECK(rig_until(&rig, &other.failed, 1));
	CHECK_INT(other.ref, 77);
	CHECK_INT(other.err, ENOTCONN);

	/* another epoch: the worker has died and come back */
	id.epoch--;
	CHECK(!say(&other, &id, "too late", 78));
	CHECK(rig_until(&rig, &other.failed, 2));
	CHECK_INT(other.ref, 78);
	CHECK_INT(other.err, ENOTCONN);
	CHECK_INT(rig_counts(&rig)->tube_refused, 1);

	/* who did not ask is not told */
	CHECK(!say(&other, &id, "too late", 0));
	CHECK(!say(&other, &id, "too late", 79));
	CHECK(rig_until(&rig, &other.failed, 3));
	CHECK_INT(other.ref, 79);
	mem_deref(other.transport);
	rig_close(&rig);
}

static void a_flow_that_ends_is_told_to_who_waits_for_an_answer(void)
{
	struct rig rig;
	struct guest guest;
	struct other other;

	rig_init(&rig);
	rig.params.run_dir = run_dir();
	REQUIRE(rig_start(&rig));
	REQUIRE(other_start(&other, &rig, 3));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	/* of so many the latest are told, and none that does not ask */
	for (unsigned i = 1; i <= 2 * 8; i++)
		CHECK(!say(&other, &rig.id, "an answer, please", i));
	CHECK(!say(&other, &rig.id, "nothing, please", 0));
	CHECK(rig_until(&rig, &guest.received, 2 * 8 + 1));
	CHECK_INT(other.failed, 0);
	guest_drop(&guest);
	CHECK(rig_until(&rig, &other.failed, 8));
	CHECK_INT(other.err, ENOTCONN);
	CHECK_INT(other.ref, 16);
	mem_deref(other.transport);
	rig_close(&rig);
}

static void a_worker_that_is_not_there_is_an_error_at_once(void)
{
	struct flow_id id = {
		.node = "a1", .slot = 9, .kind = FLOW_WS, .epoch = 1, .num = 1};
	struct rig rig;
	struct other other;

	rig_init(&rig);
	REQUIRE(other_start(&other, &rig, 3));
	CHECK_INT(say(&other, &id, "x", 1), EHOSTUNREACH);
	strcpy(id.node, "b2");
	CHECK_INT(say(&other, &id, "x", 1), EHOSTUNREACH);
	id.slot = 0;
	CHECK_INT(say(&other, &id, "x", 1), EINVAL);
	CHECK_INT(transport_counts(other.transport)->tube_errors, 2);
	mem_deref(other.transport);
	rig_close(&rig);
}

static void a_full_queue_is_told_from_afar_too(void)
{
	const struct ws_client_params small = {.rcvbuf = 4096};
	static uint8_t big[60000];
	struct rig rig;
	struct guest guest;
	struct other other;

	memset(big, 'x', sizeof(big));
	rig_init(&rig);
	rig.params.run_dir = run_dir();
	REQUIRE(rig_start(&rig));
	REQUIRE(other_start(&other, &rig, 3));
	REQUIRE(guest_come(&guest, &rig, RIG_WS, &small));
	ws_client_pause(guest.client, true);
	for (uint64_t i = 1; i < 200 && !other.failed; i++) {
		int err = transport_send(other.transport, &rig.id, big,
					 sizeof(big), i);

		CHECK(!err || err == ENOBUFS);
		loop_test_until(&rig.lt, reached,
				&(struct reach){&other.failed, 1}, 5);
	}
	CHECK(other.failed > 0);
	/* then its flow ends, with what was queued */
	CHECK_INT(other.first_err, ENOBUFS);
	CHECK(rig_until(&rig, &rig.gone, 1));
	guest_drop(&guest);
	mem_deref(other.transport);
	rig_close(&rig);
}

static void a_response_finds_its_transaction(void)
{
	struct rig rig;
	struct guest guest;
	struct other other;
	struct tube_addr to = {.node = "a1", .slot = 3};

	rig_init(&rig);
	rig.params.run_dir = run_dir();
	REQUIRE(rig_start(&rig));
	REQUIRE(other_start(&other, &rig, 3));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK(!ws_client_text(guest.client, "SIP/2.0 200 OK"));
	CHECK(rig_until(&rig, &rig.received, 1));
	rig.src.remote = &rig.remote;
	CHECK(!transport_forward_response(rig.transport, &to, &rig.src,
					  rig.last, rig.last_len));
	CHECK(rig_until(&rig, &other.responses, 1));
	CHECK_STR(other.text, "SIP/2.0 200 OK");
	CHECK(flow_id_equal(&other.src.id, &rig.id));
	CHECK(!other.src.flow);
	CHECK_INT(other.src.listener, RIG_WSS);
	CHECK(sa_cmp(&other.remote, &rig.remote, SA_ALL));
	CHECK(sa_cmp(&other.local, &rig.addr[RIG_WSS], SA_ALL));

	to.epoch = 1999; /* who has died: its successor is told */
	CHECK(!transport_forward_response(rig.transport, &to, &rig.src,
					  rig.last, rig.last_len));
	CHECK(rig_until_count(&rig,
			      &transport_counts(other.transport)->tube_refused,
			      1));
	CHECK(rig_until(&rig, &other.responses, 2));
	to.slot = 4;
	CHECK_INT(transport_forward_response(rig.transport, &to, &rig.src,
					     rig.last, rig.last_len),
		  EHOSTUNREACH);
	guest_drop(&guest);
	mem_deref(other.transport);
	rig_close(&rig);
}

static void a_udp_peer_is_reached_by_any_worker_with_the_listener(void)
{
	struct rig rig;
	struct flow_id id = {.node = "a1",
			     .slot = 9,
			     .kind = FLOW_UDP,
			     .listener = RIG_UDP};
	char buf[20];
	int fd;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	fd = rig_socket(SOCK_DGRAM, &id.remote);
	/* slot 9 had it; its sockets share our address */
	CHECK(!transport_send(rig.transport, &id, (const uint8_t *)"hi", 2, 0));
	CHECK(recv(fd, buf, sizeof(buf), 0) == 2);
	id.listener = RIG_WS;
	CHECK_INT(transport_send(rig.transport, &id, (const uint8_t *)"hi", 2,
				 0),
		  ENOTCONN);
	id.listener = 200;
	CHECK_INT(transport_send(rig.transport, &id, (const uint8_t *)"hi", 2,
				 0),
		  ENOTCONN);
	close(fd);
	rig_close(&rig);
}

static void the_head_of_a_response_is_strict(void)
{
	struct transport_src src = {.listener = 7}, back;
	uint8_t buf[TRANSPORT_PACK_MAX];
	struct sa a, b, addr[2];
	size_t len, used;

	CHECK(!sa_set_str(&a, "192.0.2.1", 5060));
	CHECK(!sa_set_str(&b, "2001:db8::7", 1));
	src.id = (struct flow_id){.node = "sixteen-letters1",
				  .slot = 1,
				  .kind = FLOW_UDP,
				  .remote = b};
	src.local = &a;
	src.remote = &b;
	CHECK(!transport_pack_response(buf, &len, &src));
	CHECK(len <= sizeof(buf));
	CHECK(!transport_unpack_response(&back, addr, &used, buf, len));
	CHECK_INT(used, len);
	CHECK_INT(back.listener, 7);
	CHECK(sa_cmp(back.local, &a, SA_ALL));
	CHECK(sa_cmp(back.remote, &b, SA_ALL));
	CHECK(flow_id_equal(&back.id, &src.id));
	for (size_t n = 0; n < len; n++)
		CHECK_INT(transport_unpack_response(&back, addr, &used, buf, n),
			  EBADMSG);
}

TEST_MAIN(TEST(any_worker_can_send_on_a_flow),
	  TEST(a_flow_that_is_gone_is_told_to_who_asked),
	  TEST(a_flow_that_ends_is_told_to_who_waits_for_an_answer),
	  TEST(a_worker_that_is_not_there_is_an_error_at_once),
	  TEST(a_full_queue_is_told_from_afar_too),
	  TEST(a_response_finds_its_transaction),
	  TEST(a_udp_peer_is_reached_by_any_worker_with_the_listener),
	  TEST(the_head_of_a_response_is_strict))

#include "tests/lib/ws_client.c"
