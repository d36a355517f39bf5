/*
 * test_hs_rest.c  What is left of an association, record by record
 *
 * With real associations: test_hs.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/transport/hs_rest.h"
#include "tests/lib/test.h"

enum {
	REC_HDR = 13
};

/* A record of this type and epoch; its length with the header. */
static size_t record(uint8_t *to, uint8_t type, uint8_t epoch, uint8_t len)
{
	memset(to, 0, REC_HDR + len);
	to[0] = type;
	to[1] = 0xfe;
	to[2] = 0xfd;
	to[4] = epoch;
	to[12] = len;
	return REC_HDR + len;
}

static void a_finished_is_answered_so_many_times(void)
{
	struct hs_rest rest = {.key_len = 0};
	uint8_t pkt[128];
	size_t n = record(pkt, 20, 0, 1);

	/* ChangeCipherSpec alone, in clear, is anyone's */
	CHECK_INT(hs_rest_read(&rest, pkt, n), HS_NEWS_NONE);
	n += record(pkt + n, 22, 1, 48);
	for (unsigned i = 0; i < HS_AGAIN_MAX; i++)
		CHECK_INT(hs_rest_read(&rest, pkt, n), HS_NEWS_AGAIN);
	CHECK_INT(hs_rest_read(&rest, pkt, n), HS_NEWS_NONE);
}

static void what_is_cut_says_nothing(void)
{
	struct hs_rest rest = {.key_len = 0};
	uint8_t pkt[128];
	size_t n = record(pkt, 22, 1, 48);

	for (size_t i = 0; i < n; i++)
		CHECK_INT(hs_rest_read(&rest, pkt, i), HS_NEWS_NONE);
	CHECK_INT(hs_rest_read(&rest, pkt, n), HS_NEWS_AGAIN);
}

static void data_and_alerts_of_others_say_nothing(void)
{
	struct hs_rest rest = {.key_len = 16};
	uint8_t pkt[128];

	CHECK_INT(hs_rest_read(&rest, pkt, record(pkt, 23, 1, 40)),
		  HS_NEWS_NONE);
	CHECK_INT(hs_rest_read(&rest, pkt, record(pkt, 21, 0, 2)),
		  HS_NEWS_NONE);
	CHECK_INT(hs_rest_read(&rest, pkt, record(pkt, 21, 1, 26)),
		  HS_NEWS_NONE);
	CHECK_INT(hs_rest_read(&rest, pkt, record(pkt, 22, 0, 40)),
		  HS_NEWS_NONE);
}

static void a_flight_is_kept_whole_or_not_at_all(void)
{
	static const uint8_t data[HS_FLIGHT_MAX];
	struct hs_flight flight;

	hs_flight_begin(&flight);
	hs_flight_add(&flight, data, 14);
	hs_flight_add(&flight, data, HS_FLIGHT_MAX - 14);
	CHECK_INT(flight.n, 2);
	CHECK_INT(flight.len[1], HS_FLIGHT_MAX - 14);
	hs_flight_add(&flight, data, 1);
	CHECK_INT(flight.n, 0);
	hs_flight_add(&flight, data, 1);
	CHECK_INT(flight.n, 0);
	hs_flight_begin(&flight);
	for (unsigned i = 0; i <= HS_FLIGHT_DATAGRAMS; i++)
		hs_flight_add(&flight, data, 1);
	CHECK_INT(flight.n, 0);
}

TEST_MAIN(TEST(a_finished_is_answered_so_many_times),
	  TEST(what_is_cut_says_nothing),
	  TEST(data_and_alerts_of_others_say_nothing),
	  TEST(a_flight_is_kept_whole_or_not_at_all))
