/*
 * test_edge_ws.c  WebSockets with real sockets: messages, limits, the end
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/sigd/transport/edge_rig.h"

static const char sip_text[] = "OPTIONS sip:a SIP/2.0\r\nFoo: bar\r\n\r\n";

static void a_message_comes_in_and_an_answer_goes_out(void)
{
	static const int listeners[] = {RIG_WSS, RIG_WS};
	struct rig rig;
	struct guest guest;

	for (int i = 0; i < 2; i++) {
		rig_init(&rig);
		rig.echo = true;
		REQUIRE(rig_start(&rig));
		CHECK(guest_come(&guest, &rig, listeners[i], NULL));
		CHECK(!ws_client_text(guest.client, sip_text));
		CHECK(rig_until(&rig, &guest.received, 1));
		CHECK_INT(rig.received, 1);
		CHECK_STR(guest.text, sip_text);
		CHECK_INT(guest.opcode, WS_TEXT);
		CHECK_STR(flow_transport(rig.flow), i ? "WS" : "WSS");
		CHECK_INT(rig.src.listener, listeners[i]);
		CHECK(rig.src.flow == rig.flow);
		CHECK_INT(rig.src.id.kind, i ? FLOW_WS : FLOW_WSS);
		CHECK(sa_cmp(flow_local(rig.flow), &rig.addr[listeners[i]],
			     SA_ALL));
		CHECK_INT(rig_counts(&rig)->flows, 1);
		guest_drop(&guest);
		CHECK(rig_until(&rig, &rig.gone, 1));
		CHECK_INT(rig_counts(&rig)->flows, 0);
		CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
		rig_close(&rig);
	}
}

static void a_message_is_whole_when_cut_at_any_byte(void)
{
	size_t frame = 2 + 4 + strlen(sip_text);
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	for (size_t pos = 1; pos < frame; pos++) {
		ws_client_cut(guest.client, pos);
		CHECK(!ws_client_text(guest.client, sip_text));
		CHECK(rig_until(&rig, &rig.received, (unsigned)pos));
		CHECK_INT(rig.last_len, strlen(sip_text));
		CHECK(!memcmp(rig.last, sip_text, rig.last_len));
	}
	ws_client_chop(guest.client, 1);
	CHECK(!ws_client_text(guest.client, sip_text));
	CHECK(rig_until(&rig, &rig.received, (unsigned)frame));
	CHECK(!memcmp(rig.last, sip_text, rig.last_len));
	guest_drop(&guest);
	rig_close(&rig);
}

static void fragments_make_one_message_with_pings_between(void)
{
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK(!ws_client_frame(guest.client, WS_TEXT, true, "one ", 4));
	CHECK(!ws_client_send(guest.client, WS_PING, "p", 1));
	CHECK(!ws_client_frame(guest.client, WS_CONT, true, "", 0));
	CHECK(!ws_client_frame(guest.client, WS_CONT, true, "two ", 4));
	CHECK(!ws_client_frame(guest.client, 0x80 | WS_CONT, true, "3", 1));
	CHECK(rig_until(&rig, &rig.received, 1));
	CHECK_INT(rig.last_len, 9);
	CHECK(!memcmp(rig.last, "one two 3", 9));
	CHECK(rig_until(&rig, &guest.received, 1));
	CHECK_INT(guest.opcode, WS_PONG);
	CHECK_STR(guest.text, "p");
	guest_drop(&guest);
	rig_close(&rig);
}

static void binary_is_taken_and_what_is_not_utf8_goes_out_binary(void)
{
	static const uint8_t body[] = "MESSAGE\r\n\r\n\xff\xfe\x80";
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	rig.echo = true;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK(!ws_client_send(guest.client, WS_BINARY, body, sizeof(body)));
	CHECK(rig_until(&rig, &guest.received, 1));
	CHECK_INT(guest.opcode, WS_BINARY);
	CHECK_INT(guest.last_len, sizeof(body));
	CHECK(!memcmp(guest.last, body, sizeof(body)));
	guest_drop(&guest);
	rig_close(&rig);
}

static void the_biggest_message_passes_and_a_bigger_is_1009(void)
{
	static uint8_t big[65537];
	struct rig rig;
	struct guest guest;

	memset(big, 'x', sizeof(big));
	rig_init(&rig);
	rig.echo = true;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK(!ws_client_send(guest.client, WS_TEXT, big, 65536));
	CHECK(rig_until(&rig, &guest.received, 1));
	CHECK_INT(guest.last_len, 65536);
	CHECK(!memcmp(guest.last, big, 65536));
	CHECK(!ws_client_send(guest.client, WS_TEXT, big, 65537));
	CHECK(guest_leave(&guest, &rig));
	CHECK_INT(guest.code, 1009);
	CHECK_INT(rig.received, 1);
	CHECK_INT(rig_counts(&rig)->limit_message, 1);
	CHECK(rig_until(&rig, &rig.gone, 1));
	guest_drop(&guest);
	rig_close(&rig);
}

static void text_that_is_not_utf8_is_1007(void)
{
	/* the last: a sequence that is cut, before an empty last fragment */
	static const char *const bad[] = {"\xff", "ab\xc3", "\xed\xa0\x80",
					  "\xf4\x90\x80\x80", "\xc3"};
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	for (size_t i = 0; i < 5; i++) {
		REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
		if (i < 4) {
			CHECK(!ws_client_text(guest.client, bad[i]));
		} else {
			CHECK(!ws_client_frame(guest.client, WS_TEXT, true,
					       bad[i], 1));
			CHECK(!ws_client_frame(guest.client, 0x80, true, "",
					       0));
		}
		CHECK(guest_leave(&guest, &rig));
		CHECK_INT(guest.code, 1007);
		guest_drop(&guest);
	}
	CHECK_INT(rig.received, 0);
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
	CHECK_INT(rig_counts(&rig)->utf8_errors, 5);
	rig_close(&rig);
}

static void crlf_keepalives_are_answered_and_go_no_further(void)
{
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK(!ws_client_text(guest.client, "\r\n\r\n"));
	CHECK(rig_until(&rig, &guest.received, 1));
	CHECK_STR(guest.text, "\r\n");
	CHECK(!ws_client_text(guest.client, "\r\n"));
	CHECK(!ws_client_text(guest.client, ""));
	CHECK(!ws_client_text(guest.client, "x"));
	CHECK(rig_until(&rig, &rig.received, 1));
	CHECK_INT(rig.last_len, 1);
	CHECK_INT(rig_counts(&rig)->keepalives, 1);
	CHECK_INT(guest.received, 1);
	guest_drop(&guest);
	rig_close(&rig);
}

static void who_answers_pings_stays_and_who_does_not_is_closed(void)
{
	const struct ws_client_params deaf = {.no_pong = true};
	struct rig rig;
	struct guest good, bad;

	rig_init(&rig);
	rig.params.limits.ping_ms = 40;
	rig.params.limits.pong_ms = 200;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&good, &rig, RIG_WSS, NULL));
	REQUIRE(guest_come(&bad, &rig, RIG_WSS, &deaf));
	CHECK(guest_leave(&bad, &rig));
	CHECK(bad.pings > 0);
	CHECK(!good.ended);
	CHECK(rig_until(&rig, &good.pings, 10));
	CHECK(!good.ended);
	CHECK_INT(rig_counts(&rig)->limit_pong, 1);
	CHECK_INT(rig.gone, 1);
	guest_drop(&good);
	guest_drop(&bad);
	rig_close(&rig);
}

static void a_message_that_never_ends_is_1008(void)
{
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	rig.params.limits.ping_ms = 20;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WS, NULL));
	CHECK(!ws_client_frame(guest.client, WS_TEXT, true, "begun", 5));
	CHECK(guest_leave(&guest, &rig));
	CHECK_INT(guest.code, 1008);
	CHECK_INT(rig_counts(&rig)->limit_slow, 1);
	guest_drop(&guest);
	rig_close(&rig);
}

static bool is_full(void *arg)
{
	struct rig *rig = arg;
	static uint8_t big[32000];

	memset(big, 'y', sizeof(big));
	return transport_send(rig->transport, &rig->id, big, sizeof(big), 0) ==
	       ENOBUFS;
}

static void a_reader_that_stops_is_closed_and_nobody_else_waits(void)
{
	const struct ws_client_params small = {.rcvbuf = 4096};
	struct rig rig;
	struct guest slow, good;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&good, &rig, RIG_WSS, NULL));
	REQUIRE(guest_come(&slow, &rig, RIG_WSS, &small));
	ws_client_pause(slow.client, true);
	CHECK(loop_test_until(&rig.lt, is_full, &rig, RIG_WAIT_MS));
	CHECK_INT(rig_counts(&rig)->limit_queue, 1);
	CHECK_INT(transport_send(rig.transport, &rig.id, (uint8_t *)"x", 1, 0),
		  ENOTCONN);
	rig.echo = true;
	CHECK(!ws_client_text(good.client, "still here"));
	CHECK(rig_until(&rig, &good.received, 1));
	CHECK(rig_until(&rig, &rig.gone, 1));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 1));
	guest_drop(&slow);
	guest_drop(&good);
	rig_close(&rig);
}

static void a_queue_under_its_limit_is_delivered_in_order(void)
{
	static uint8_t big[30000];
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	for (uint8_t i = 0; i < 8; i++) {
		memset(big, 'a' + i, sizeof(big));
		CHECK_INT(transport_send(rig.transport, &rig.id, big,
					 sizeof(big), 0),
			  0);
	}
	for (uint8_t i = 0; i < 8; i++) {
		CHECK(rig_until(&rig, &guest.received, i + 1u));
		CHECK_INT(guest.last_len, sizeof(big));
	}
	CHECK_INT(guest.last[0], 'h');
	CHECK_INT(guest.last[29999], 'h');
	guest_drop(&guest);
	rig_close(&rig);
}

/* Answers of two bytes to keep-alives of who does not read them: it is memory
 * that is bounded, not text. */
static void small_messages_count_for_the_memory_they_take(void)
{
	const struct ws_client_params small = {.rcvbuf = 4096};
	int few = 4096; /* that the kernel takes */
	struct rig rig;
	struct guest guest;
	unsigned queued = 0;

	rig_init(&rig);
	rig.params.limits.queue = 16384;
	CHECK(!setsockopt(rig.on[RIG_WSS].fd, SOL_SOCKET, SO_SNDBUF, &few,
			  sizeof(few)));
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, &small));
	while (queued < 16384 && !transport_send(rig.transport, &rig.id,
						 (uint8_t *)"x", 1, 0))
		++queued;
	CHECK(queued > 50);
	CHECK(queued < 250);
	CHECK_INT(rig_counts(&rig)->limit_queue, 1);
	CHECK(rig_until(&rig, &rig.gone, 1));
	guest_drop(&guest);
	rig_close(&rig);
}

static void the_first_message_always_finds_room(void)
{
	static uint8_t big[40000];
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	rig.params.limits.queue = 16384;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	memset(big, 'a', sizeof(big));
	CHECK_INT(transport_send(rig.transport, &rig.id, big, sizeof(big), 0),
		  0);
	CHECK(rig_until(&rig, &guest.received, 1));
	CHECK_INT(guest.last_len, sizeof(big));
	guest_drop(&guest);
	rig_close(&rig);
}

static void our_close_has_its_code_and_goes_after_the_queue(void)
{
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK(!transport_send(rig.transport, &rig.id, (uint8_t *)"last", 4, 0));
	transport_close(rig.transport, rig.flow, 1001);
	CHECK(!flow_table_find(transport_flows(rig.transport), &rig.id));
	CHECK_INT(transport_send(rig.transport, &rig.id, (uint8_t *)"x", 1, 0),
		  ENOTCONN);
	CHECK_INT(rig.gone, 0);
	CHECK(guest_leave(&guest, &rig));
	CHECK_STR(guest.text, "last");
	CHECK_INT(guest.code, 1001);
	CHECK(rig_until(&rig, &rig.gone, 1));
	guest_drop(&guest);
	rig_close(&rig);
}

static void who_does_not_answer_our_close_is_cut_off(void)
{
	const struct ws_client_params rude = {.no_close = true};
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	rig.params.limits.close_ms = 50;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, &rude));
	transport_close(rig.transport, rig.flow, 1013);
	CHECK(guest_leave(&guest, &rig));
	CHECK_INT(guest.code, 1013);
	CHECK_INT(rig.gone, 1);
	guest_drop(&guest);
	rig_close(&rig);
}

static void the_close_of_a_client_is_answered(void)
{
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK(!ws_client_send(guest.client, WS_CLOSE, "\x03\xe8", 2));
	CHECK(guest_leave(&guest, &rig));
	CHECK_INT(guest.code, 1000);
	CHECK(rig_until(&rig, &rig.gone, 1));
	guest_drop(&guest);
	rig_close(&rig);
}

static void close_in_recv(const struct transport_src *src, const uint8_t *data,
			  size_t len, void *arg)
{
	struct rig *rig = arg;

	(void)data;
	(void)len;
	++rig->received;
	transport_close(rig->transport, src->flow, 1000);
}

static void a_flow_may_be_closed_while_it_is_heard(void)
{
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	rig.params.h.recvh = close_in_recv;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK(!ws_client_text(guest.client, "one"));
	CHECK(!ws_client_text(guest.client, "two"));
	CHECK(guest_leave(&guest, &rig));
	CHECK_INT(guest.code, 1000);
	CHECK_INT(rig.received, 1);
	guest_drop(&guest);
	rig_close(&rig);
}

static void user_freed(void *user)
{
	++*(unsigned *)user;
}

static void the_user_pointer_is_given_back_once(void)
{
	unsigned first = 0, second = 0;
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WS, NULL));
	flow_user_set(rig.flow, &first, user_freed);
	CHECK(flow_user(rig.flow) == &first);
	flow_user_set(rig.flow, &second, user_freed);
	CHECK_INT(first, 1);
	guest_drop(&guest);
	CHECK(rig_until(&rig, &rig.gone, 1));
	CHECK_INT(first, 1);
	CHECK_INT(second, 1);

	REQUIRE(guest_come(&guest, &rig, RIG_WS, NULL));
	flow_user_set(rig.flow, &second, user_freed);
	guest_drop(&guest);
	rig_close(&rig);
	CHECK_INT(second, 2);
}

static void numbers_never_return(void)
{
	struct rig rig;
	struct guest guest;
	struct flow_id old;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&guest, &rig, RIG_WS, NULL));
	old = rig.id;
	guest_drop(&guest);
	CHECK(rig_until(&rig, &rig.gone, 1));
	REQUIRE(guest_come(&guest, &rig, RIG_WS, NULL));
	CHECK(!flow_id_equal(&old, &rig.id));
	CHECK_INT(transport_send(rig.transport, &old, (uint8_t *)"x", 1, 0),
		  ENOTCONN);
	CHECK_INT(transport_send(rig.transport, &rig.id, (uint8_t *)"x", 1, 0),
		  0);
	guest_drop(&guest);
	rig_close(&rig);
}

/* Of libwebsockets, whose header only the edge includes. */
void lws_set_allocator(void *(*realloc)(void *p, size_t size,
					const char *reason));

static bool no_room;

static void *some_memory(void *p, size_t size, const char *reason)
{
	if (no_room && size && reason && !strcmp(reason, "new server wsi"))
		return NULL;
	if (size)
		return realloc(p, size);
	free(p);
	return NULL;
}

static void who_finds_no_memory_keeps_no_place(void)
{
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	rig.params.limits.conns_source = 1;
	rig.params.limits.close_ms = 20;
	lws_set_allocator(some_memory);
	REQUIRE(rig_start(&rig));
	no_room = true;
	for (int i = 0; i < 2; i++) {
		CHECK(!guest_come(&guest, &rig, i ? RIG_WS : RIG_WSS, NULL));
		CHECK(guest.ended);
		guest_drop(&guest);
		CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
	}
	no_room = false;
	CHECK(guest_come(&guest, &rig, RIG_WSS, NULL));
	CHECK_INT(rig_counts(&rig)->limit_source, 0);
	CHECK_INT(rig_counts(&rig)->accepted, 3);
	guest_drop(&guest);
	rig_close(&rig);
}

TEST_MAIN(TEST(a_message_comes_in_and_an_answer_goes_out),
	  TEST(a_message_is_whole_when_cut_at_any_byte),
	  TEST(fragments_make_one_message_with_pings_between),
	  TEST(binary_is_taken_and_what_is_not_utf8_goes_out_binary),
	  TEST(the_biggest_message_passes_and_a_bigger_is_1009),
	  TEST(text_that_is_not_utf8_is_1007),
	  TEST(crlf_keepalives_are_answered_and_go_no_further),
	  TEST(who_answers_pings_stays_and_who_does_not_is_closed),
	  TEST(a_message_that_never_ends_is_1008),
	  TEST(a_reader_that_stops_is_closed_and_nobody_else_waits),
	  TEST(a_queue_under_its_limit_is_delivered_in_order),
	  TEST(small_messages_count_for_the_memory_they_take),
	  TEST(the_first_message_always_finds_room),
	  TEST(our_close_has_its_code_and_goes_after_the_queue),
	  TEST(who_does_not_answer_our_close_is_cut_off),
	  TEST(the_close_of_a_client_is_answered),
	  TEST(a_flow_may_be_closed_while_it_is_heard),
	  TEST(the_user_pointer_is_given_back_once), TEST(numbers_never_return),
	  TEST(who_finds_no_memory_keeps_no_place))

#include "tests/lib/ws_client.c"
