/*
 * test_flow.c  Names of flows, and the table of connections
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/transport/flow_priv.h"
#include "tests/lib/test.h"

static struct flow_id conn_id(void)
{
	return (struct flow_id){.node = "a1",
				.slot = 2,
				.kind = FLOW_WSS,
				.epoch = 1763700000,
				.num = 17};
}

static struct flow_id udp_id(const char *addr)
{
	struct flow_id id = {.node = "edge-of-the-net1",
			     .slot = 255,
			     .kind = FLOW_UDP,
			     .listener = 3};

	CHECK(!sa_set_str(&id.remote, addr, 5060));
	return id;
}

static void ids_come_back_from_their_bytes(void)
{
	const struct flow_id ids[] = {conn_id(), udp_id("192.0.2.1"),
				      udp_id("2001:db8::1")};
	static const size_t sizes[] = {13, 26, 38};
	uint8_t buf[FLOW_PACK_MAX];

	for (size_t i = 0; i < 3; i++) {
		struct flow_id back;
		size_t len = 0;

		CHECK(!flow_id_pack(&ids[i], buf, &len));
		CHECK_INT(len, sizes[i]);
		CHECK(!flow_id_unpack(&back, buf, len));
		CHECK(flow_id_equal(&ids[i], &back));
		for (size_t n = 0; n < len; n++)
			CHECK_INT(flow_id_unpack(&back, buf, n), EBADMSG);
		CHECK_INT(flow_id_unpack(&back, buf, len + 1), EBADMSG);
	}
}

static void ids_come_back_from_their_text(void)
{
	const struct flow_id ids[] = {conn_id(), udp_id("192.0.2.1"),
				      udp_id("2001:db8::1")};
	static const char *const texts[] = {
		"a1/2/wss/1763700000.17",
		"edge-of-the-net1/255/udp/3/192.0.2.1:5060",
		"edge-of-the-net1/255/udp/3/[2001:db8::1]:5060",
	};
	char text[FLOW_TEXT_MAX + 1];
	struct flow_id back;

	for (size_t i = 0; i < 3; i++) {
		CHECK_STR(flow_id_text(text, &ids[i]), texts[i]);
		CHECK(!flow_id_parse(&back, texts[i], strlen(texts[i])));
		CHECK(flow_id_equal(&ids[i], &back));
	}
}

static void what_is_no_id_is_refused(void)
{
	static const char *const texts[] = {
		"",
		"-",
		"a1/2/wss/1.0",
		"a1/2/wss/0.1",
		"a1/0/wss/1.1",
		"a1/256/wss/1.1",
		"A1/2/wss/1.1",
		"/2/wss/1.1",
		"a1/2/tcp/1",
		"a1/2/sctp/1.1",
		"a1/2/tcp/0.1/192.0.2.1:5060",
		"a1/2/tls/0/192.0.2.1:5061",
		"a1/2/tls/0.01/192.0.2.1:5061",
		"a1/2/tls/0.4294967296/192.0.2.1:5061",
		"a1/2/wss/0/192.0.2.1:5061",
		"a1/2/wss/1.1 ",
		"a1/02/wss/1.1",
		"a1/2/wss/1.4294967296",
		"a1/2/udp/3/192.0.2.1",
		"a1/2/udp/3/192.0.2.1:0",
		"a1/2/udp/256/192.0.2.1:1",
		"a1/2/udp/3/host:5060",
		"seventeen-letters/1/ws/1.1",
		"a1/2/wss/1.1/x",
	};
	struct flow_id id = conn_id(), bad;
	uint8_t buf[FLOW_PACK_MAX];
	size_t len;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!CHECK_INT(flow_id_parse(&bad, texts[i], strlen(texts[i])),
			       EBADMSG))
			printf("# %s\n", texts[i]);
	}
	bad = id;
	bad.num = 0;
	CHECK_INT(flow_id_pack(&bad, buf, &len), EINVAL);
	bad = id;
	bad.node[0] = '_';
	CHECK_INT(flow_id_pack(&bad, buf, &len), EINVAL);
	memset(&bad, 0, sizeof(bad));
	CHECK(!flow_id_isset(&bad));
	CHECK(flow_id_isset(&id));
}

static void a_peer_of_a_stream_is_a_name_that_lasts(void)
{
	static const char *const texts[] = {
		"a1/2/tcp/1.17", "a1/2/tls/9.9", "a1/2/tcp/3/192.0.2.1:5060",
		"a1/2/tls/3.4294967295/192.0.2.1:5061",
		"sixteen-letters0/255/tls/255.4294967295/"
		"[2001:db8:1111:2222:3333:4444:5555:6666]:65535"};
	char text[FLOW_TEXT_MAX + 1];
	uint8_t buf[FLOW_PACK_MAX];
	struct flow_id id, again;
	size_t len;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CHECK_INT(flow_id_parse(&id, texts[i], strlen(texts[i])), 0);
		CHECK_STR(flow_id_text(text, &id), texts[i]);
		CHECK(flow_id_addressed(&id) == (i > 1));
		CHECK_INT(flow_id_pack(&id, buf, &len), 0);
		CHECK_INT(flow_id_unpack(&again, buf, len), 0);
		CHECK(flow_id_equal(&id, &again));
	}
	again.tag--;
	CHECK(!flow_id_equal(&id, &again));
}

static void ids_differ_by_any_of_their_parts(void)
{
	struct flow_id a = conn_id(), b;

	b = a;
	CHECK(flow_id_equal(&a, &b));
	b.num++;
	CHECK(!flow_id_equal(&a, &b));
	b = a;
	b.epoch++;
	CHECK(!flow_id_equal(&a, &b));
	b = a;
	b.slot++;
	CHECK(!flow_id_equal(&a, &b));
	b = a;
	b.node[1] = '2';
	CHECK(!flow_id_equal(&a, &b));
	b = a;
	b.kind = FLOW_WS;
	CHECK(!flow_id_equal(&a, &b));
	a = udp_id("192.0.2.1");
	b = udp_id("192.0.2.2");
	CHECK(!flow_id_equal(&a, &b));
}

static bool count_three(struct flow *flow, void *arg)
{
	unsigned *count = arg;

	(void)flow;
	return ++*count == 3;
}

static void the_table_finds_by_the_whole_name(void)
{
	struct flow_table *table = NULL;
	struct flow flows[40];
	struct flow_id id;
	unsigned count = 0;

	memset(flows, 0, sizeof(flows));
	if (flow_table_alloc(&table, "a1", 2, 77, 16))
		return;
	for (size_t i = 0; i < 40; i++) {
		flow_table_add(table, &flows[i], FLOW_WS);
		CHECK_INT(flows[i].id.num, i + 1);
	}
	CHECK_INT(flow_table_count(table), 40);
	CHECK(flow_table_find(table, &flows[33].id) == &flows[33]);
	id = flows[33].id;
	id.epoch = 78;
	CHECK(!flow_table_find(table, &id));
	id = flows[33].id;
	id.kind = FLOW_WSS;
	CHECK(!flow_table_find(table, &id));
	id = flows[33].id;
	id.node[1] = '2';
	CHECK(!flow_table_find(table, &id));
	flow_table_each(table, count_three, &count);
	CHECK_INT(count, 3);

	for (size_t i = 0; i < 40; i++)
		flow_table_remove(table, &flows[i]);
	flow_table_remove(table, &flows[0]);
	CHECK_INT(flow_table_count(table), 0);
	CHECK(!flow_table_find(table, &flows[33].id));
	memset(&flows[0], 0, sizeof(flows[0]));
	flow_table_add(table, &flows[0], FLOW_WS);
	CHECK_INT(flows[0].id.num, 41);
	flow_table_remove(table, &flows[0]);
	mem_deref(table);
}

static void kinds_have_their_names_of_via(void)
{
	CHECK_STR(flow_kind_name(FLOW_WSS), "WSS");
	CHECK_STR(flow_kind_name(FLOW_WS), "WS");
	CHECK_STR(flow_kind_name(FLOW_UDP), "UDP");
	CHECK_STR(flow_kind_name(FLOW_NONE), "");
	CHECK_STR(flow_kind_name((enum flow_kind)99), "");
	CHECK(flow_kind_reliable(FLOW_WS));
	CHECK(!flow_kind_reliable(FLOW_UDP));
}

TEST_MAIN(TEST(ids_come_back_from_their_bytes),
	  TEST(ids_come_back_from_their_text), TEST(what_is_no_id_is_refused),
	  TEST(a_peer_of_a_stream_is_a_name_that_lasts),
	  TEST(ids_differ_by_any_of_their_parts),
	  TEST_OOM(the_table_finds_by_the_whole_name),
	  TEST(kinds_have_their_names_of_via))
