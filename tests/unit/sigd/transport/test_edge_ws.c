/*
 * test_edge_ws.c  WebSockets with real sockets: handshake, messages, limits
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/sigd/transport/edge_rig.h"

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
		CHECK(!ws_client_text(guest.client, "OPTIONS sip:a SIP/2.0"));
		CHECK(rig_until(&rig, &guest.received, 1));
		CHECK_INT(rig.received, 1);
		CHECK_INT(guest.last_len, 21);
		CHECK_STR(guest.text, "OPTIONS sip:a SIP/2.0");
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

TEST_MAIN(TEST(a_message_comes_in_and_an_answer_goes_out))

#include "tests/lib/ws_client.c"
