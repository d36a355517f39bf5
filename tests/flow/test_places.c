/*
 * test_places.c  Where a call comes from decides where it goes: addresses of
 *                several countries and networks, and the time
 *
 * Addresses of the loopback are in the countries of a database of the test's.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/mmdb.h"
#include "tests/lib/proxy_bed.h"

static void routes_places(const struct fixture *fix, char *text, size_t size)
{
	static const struct mmdb_row rows[] = {
		{"127.0.0.2/32", "DE", "EU", NULL},
		{"127.0.0.3/32", "FR", "EU", NULL},
		{"127.0.0.4/32", "US", "NA", "CA"},
		{"127.0.0.5/32", "US", "NA", "NY"},
	};
	char path[300];

	snprintf(path, sizeof(path), "%s/places.mmdb", test_tmpdir());
	CHECK(mmdb_write(path, rows, COUNTOF(rows), "GeoLite2-City"));
	snprintf(text, size,
		 "geoip: %s\n"
		 "networks: {office: 127.0.0.6}\n"
		 "regions: {eu: {continents: EU}, west: {subdivisions: "
		 "US-CA}}\n"
		 "schedules: {always: {weekly: mon-sun}, never: {weekly: "
		 "mon-sun, except: 01-01..12-31}}\n"
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    connections:\n"
		 "      far: {kind: trunk, address: '127.0.0.1:%u', sources: "
		 "127.0.0.0/8, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: closed, match: {from: far, schedule: never}, "
		 "to: {reject: {code: 410}}}\n"
		 "      - {name: de, match: {from: far, country: DE}, to: "
		 "{reject: {code: 480}}}\n"
		 "      - {name: eu, match: {from: far, region: eu}, to: "
		 "{reject: {code: 484}}}\n"
		 "      - {name: ca, match: {from: far, region: west}, to: "
		 "{reject: {code: 485}}}\n"
		 "      - {name: us, match: {from: far, continent: NA}, to: "
		 "{reject: {code: 486}}}\n"
		 "      - {name: office, match: {from: far, source: office}, "
		 "to: {reject: {code: 488}}}\n"
		 "      - {name: open, match: {from: far, schedule: always}, "
		 "to: {reject: {code: 603}}}\n",
		 path, sa_port(&fix->pbx[0].addr));
}

/* The answer to an INVITE from 127.0.0.host. */
static int code_from(struct fixture *fix, unsigned host)
{
	struct ua ua = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK |
						      SOCK_CLOEXEC, 0)};
	int code;

	sa_set_in(&ua.addr, 0x7f000000 + host, 0);
	CHECK(!bind(ua.fd, &ua.addr.u.sa, ua.addr.len) &&
	      !getsockname(ua.fd, &ua.addr.u.sa, &ua.addr.len));
	CHECK(!loop_watch_alloc(&ua.watch, ua.fd, LOOP_READ, on_readable,
				&ua));
	put(fix, &ua, 0,
	    "INVITE sip:100@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.%u:%u;branch=z9hG4bKp%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:1@far.test>;tag=f%u\r\n"
	    "To: <sip:100@demo.test>\r\nCall-ID: place-%u\r\n"
	    "CSeq: 1 INVITE\r\nContact: <sip:1@127.0.0.%u:%u>\r\n"
	    "Content-Length: 0\r\n\r\n",
	    host, sa_port(&ua.addr), host, host, host, host,
	    sa_port(&ua.addr));
	code = answer(fix, &ua);
	put(fix, &ua, 0,
	    "ACK sip:100@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.%u:%u;branch=z9hG4bKp%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:1@far.test>;tag=f%u\r\n"
	    "To: <sip:100@demo.test>;tag=x\r\nCall-ID: place-%u\r\n"
	    "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
	    host, sa_port(&ua.addr), host, host, host);
	ua_close(&ua);
	return code;
}

static void calls_of_several_countries_go_their_ways(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_places};
	struct fixture fix;

	if (start_cfg(&fix, &cfg)) {
		CHECK_INT(code_from(&fix, 2), 480);
		CHECK_INT(code_from(&fix, 3), 484);
		CHECK_INT(code_from(&fix, 4), 485);
		CHECK_INT(code_from(&fix, 5), 486);
		CHECK_INT(code_from(&fix, 6), 488);
		/* of no country that is known: by the time alone */
		CHECK_INT(code_from(&fix, 7), 603);
	}
	stop(&fix);
}

TEST_MAIN(TEST(calls_of_several_countries_go_their_ways))
