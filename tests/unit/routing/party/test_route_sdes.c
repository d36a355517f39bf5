/*
 * test_route_sdes.c  Keys in the SDP of connections and telephones
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "tests/unit/routing/route_fixture.h"

#define ONE "tenants:\n  t:\n    domains: [t.test]\n    realm: t\n"
#define CONN(lines) ONE "    connections:\n      c: {kind: trunk, address: a" lines "}\n"

static void suites_keep_their_order(void)
{
	struct route_table *table = fixture_table(
		CONN(", transport: tls, media: sdes, sdes: {suites: "
		     "[AEAD_AES_256_GCM, AES_CM_128_HMAC_SHA1_32]}"));
	const struct route_tenant *tenant = fixture_tenant(table, "t.test");
	const struct route_conn_media *media;

	CHECK_STR(fixture_errors, "");
	REQUIRE(tenant);
	media = &tenant->connections[0].media;
	CHECK_INT(media->profile, ROUTE_MEDIA_SDES);
	CHECK_STR(media->sdes.list, "AEAD_AES_256_GCM,AES_CM_128_HMAC_SHA1_32");
	/* telephones: encrypted when they can be, and the usual suites */
	CHECK_INT(tenant->devices.media, ROUTE_DEVICE_MEDIA_AUTO);
	CHECK_STR(tenant->devices.sdes.list, "");
	CHECK(!tenant->devices.sdes.in_clear);
	mem_deref(table);
}

static void all_suites_fit_into_the_list(void)
{
	struct route_table *table = fixture_table(
		ONE "    devices:\n      media: sdes\n      sdes:\n"
		    "        suites: [AES_CM_128_HMAC_SHA1_80, "
		    "AES_CM_128_HMAC_SHA1_32, AES_256_CM_HMAC_SHA1_80, "
		    "AES_256_CM_HMAC_SHA1_32, AEAD_AES_128_GCM, "
		    "AEAD_AES_256_GCM]\n");
	const struct route_tenant *tenant = fixture_tenant(table, "t.test");

	CHECK_STR(fixture_errors, "");
	REQUIRE(tenant);
	CHECK_STR(tenant->devices.sdes.list,
		  "AES_CM_128_HMAC_SHA1_80,AES_CM_128_HMAC_SHA1_32,"
		  "AES_256_CM_HMAC_SHA1_80,AES_256_CM_HMAC_SHA1_32,"
		  "AEAD_AES_128_GCM,AEAD_AES_256_GCM");
	mem_deref(table);
}

static void keys_go_over_tls_alone_unless_it_is_said(void)
{
	static const char *const ways[] = {"udp", "tcp", "auto"};
	char text[400];

	for (size_t i = 0; i < 3; i++) {
		re_snprintf(text, sizeof(text),
			    CONN(", transport: %s, media: sdes"), ways[i]);
		CHECK(strstr(fixture_errors_of(text),
			     "connection \"c\" has keys in its SDP and not "
			     "transport tls"));
		re_snprintf(text, sizeof(text),
			    CONN(", transport: %s, media: opportunistic"),
			    ways[i]);
		CHECK(strstr(fixture_errors_of(text), "has keys in its SDP"));
		re_snprintf(text, sizeof(text),
			    CONN(", transport: %s, media: sdes, "
				 "sdes: {in_clear: true}"),
			    ways[i]);
		CHECK_STR(fixture_errors_of(text), "");
		/* of DTLS none stands there */
		re_snprintf(text, sizeof(text),
			    CONN(", transport: %s, media: dtls"), ways[i]);
		CHECK_STR(fixture_errors_of(text), "");
	}
	CHECK_STR(fixture_errors_of(CONN(", transport: tls, media: sdes")), "");
}

static void a_suite_twice_or_of_another_name_is_refused(void)
{
	CHECK(strstr(fixture_errors_of(
			     CONN(", transport: tls, media: sdes, sdes: "
				  "{suites: [AEAD_AES_128_GCM, "
				  "AEAD_AES_128_GCM]}")),
		     "connection \"c\" has a suite twice"));
	CHECK(strstr(fixture_errors_of(
			     ONE "    devices:\n      sdes: {suites: "
				 "[AEAD_AES_128_GCM, AEAD_AES_128_GCM]}\n"),
		     "devices of tenant \"t\" have a suite twice"));
	CHECK(strstr(fixture_errors_of(
			     CONN(", transport: tls, media: sdes, sdes: "
				  "{suites: F8_128_HMAC_SHA1_80}")),
		     "will not do"));
}

TEST_MAIN(TEST(suites_keep_their_order), TEST(all_suites_fit_into_the_list),
	  TEST(keys_go_over_tls_alone_unless_it_is_said),
	  TEST(a_suite_twice_or_of_another_name_is_refused))
