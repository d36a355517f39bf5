/*
 * test_side.c  How the media of a side is carried
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/side.h"
#include "tests/lib/test.h"

static void pages_have_dtls_whatever_the_tenant_says(void)
{
	struct route_tenant tenant = {0};
	struct flow_id flow = {.kind = FLOW_WSS};

	tenant.devices.media = ROUTE_DEVICE_MEDIA_SDES;
	CHECK_INT(side_profile(&tenant, &flow, NULL), CTL_BROWSER);
	flow.kind = FLOW_WS;
	CHECK_INT(side_profile(&tenant, &flow, NULL), CTL_BROWSER);
}

static void keys_of_telephones_go_over_tls_alone(void)
{
	static const struct {
		enum route_device_media media;
		uint8_t flow;
		bool in_clear;
		enum ctl_profile want;
	} cases[] = {
		{ROUTE_DEVICE_MEDIA_AUTO, FLOW_TLS, false, CTL_OSRTP},
		{ROUTE_DEVICE_MEDIA_AUTO, FLOW_TCP, false, CTL_RTP},
		{ROUTE_DEVICE_MEDIA_AUTO, FLOW_UDP, false, CTL_RTP},
		{ROUTE_DEVICE_MEDIA_AUTO, FLOW_UDP, true, CTL_OSRTP},
		{ROUTE_DEVICE_MEDIA_SDES, FLOW_TLS, false, CTL_SDES},
		{ROUTE_DEVICE_MEDIA_SDES, FLOW_UDP, false, CTL_RTP},
		{ROUTE_DEVICE_MEDIA_SDES, FLOW_UDP, true, CTL_SDES},
		{ROUTE_DEVICE_MEDIA_RTP, FLOW_TLS, true, CTL_RTP},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct flow_id flow = {.kind = cases[i].flow};
		struct route_tenant tenant = {0};

		tenant.devices.media = cases[i].media;
		tenant.devices.sdes.in_clear = cases[i].in_clear;
		CHECK_INT(side_profile(&tenant, &flow, NULL), cases[i].want);
		CHECK_INT(side_profile(NULL, &flow, NULL), CTL_RTP);
	}
}

static void a_connection_is_as_its_configuration_says(void)
{
	struct flow_id flow = {.kind = FLOW_WSS};
	struct route_connection conn = {0};
	struct ctl_terms terms;

	conn.media.network_list = "";
	conn.media.profile = ROUTE_MEDIA_RTP;
	CHECK_INT(side_profile(NULL, &flow, &conn), CTL_RTP);
	conn.media.profile = ROUTE_MEDIA_OSRTP;
	CHECK_INT(side_profile(NULL, &flow, &conn), CTL_OSRTP);
	conn.media.profile = ROUTE_MEDIA_SDES;
	strcpy(conn.media.sdes.list, "AEAD_AES_128_GCM");
	CHECK_INT(side_profile(NULL, &flow, &conn), CTL_SDES);
	side_terms(&terms, &conn);
	CHECK(!pl_strcmp(&terms.suites, "AEAD_AES_128_GCM"));
	CHECK(!pl_isset(&terms.interface));
	conn.media.interface = "inside";
	side_terms(&terms, &conn);
	CHECK(!pl_strcmp(&terms.interface, "inside"));
}

static void a_policy_goes_along_and_codecs_of_the_connection_before_it(void)
{
	static const struct route_media_policy policy = {
		.name = "ours",
		.order = ROUTE_ORDER_LISTED,
		.ptime = 30,
		.noise = true,
		.opus = {20000, ROUTE_EFFORT_MEDIUM, true, ROUTE_DTX_NEVER},
		.codecs = "G722",
	};
	struct route_connection conn = {0};
	struct ctl_terms terms;

	conn.media.network_list = "";
	conn.media.policy = &policy;
	side_terms(&terms, &conn);
	CHECK(!pl_strcmp(&terms.policy, "ours"));
	CHECK(!pl_strcmp(&terms.codecs, "G722"));
	CHECK_INT(terms.order, CTL_LISTED);
	CHECK_INT(terms.ptime, 30);
	CHECK(terms.noise && terms.opus.narrow);
	CHECK_INT(terms.opus.effort, 6);
	CHECK_INT(terms.opus.bitrate, 20000);
	CHECK_INT(terms.opus.dtx, CTL_DTX_NEVER);
	strcpy(conn.media.codecs, "PCMA");
	side_terms(&terms, &conn);
	CHECK(!pl_strcmp(&terms.codecs, "PCMA"));
}

TEST_MAIN(TEST(pages_have_dtls_whatever_the_tenant_says),
	  TEST(keys_of_telephones_go_over_tls_alone),
	  TEST(a_connection_is_as_its_configuration_says),
	  TEST(a_policy_goes_along_and_codecs_of_the_connection_before_it))
