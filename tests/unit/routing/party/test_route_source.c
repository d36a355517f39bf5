/*
 * test_route_source.c  Whose connection sends from an address
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "tests/unit/routing/route_fixture.h"

static const char text[] =
	"tenants:\n"
	"  one:\n"
	"    domains: [one.example]\n"
	"    realm: r\n"
	"    connections:\n"
	"      wide: {kind: trunk, address: w.example, sources: 10.0.0.0/8}\n"
	"      narrow: {kind: trunk, address: 10.1.2.3, sources: "
	"[10.1.0.0/16, 2001:db8::/32]}\n"
	"      plain: {kind: trunk, address: 192.0.2.1:5070}\n"
	"      other: {kind: trunk, address: 192.0.2.1:5080}\n"
	"      name: {kind: trunk, address: n.example}\n"
	"      six: {kind: trunk, address: \"[2001:db8::7]\"}\n"
	"      inner: {kind: trunk, address: i.example, sources: "
	"10.2.0.0/16, listener: inner}\n"
	"      net1: {kind: trunk, address: 203.0.113.7:5070, sources: "
	"203.0.113.0/24}\n"
	"      net2: {kind: trunk, address: 203.0.113.7:5071, sources: "
	"203.0.113.0/24}\n"
	"      shared: {kind: trunk, address: s.example, sources: "
	"198.51.100.0/24}\n"
	"  two:\n"
	"    domains: [two.example]\n"
	"    realm: r\n"
	"    connections:\n"
	"      shared2: {kind: trunk, address: s.example, sources: "
	"198.51.100.0/24}\n"
	"      port: {kind: trunk, address: 192.0.2.1:5090}\n"
	"      host: {kind: inbound, username: u, password: p, sources: "
	"198.51.100.9}\n";

/* Its name; "" when it is nobody's. */
static const char *who(const struct route_table *table, const char *addr,
		       uint16_t port, const char *listener, int tenant)
{
	const struct route_connection *conn;
	struct route_origin origin = {.listener = listener};
	struct sa sa;

	CHECK(!sa_set_str(&sa, addr, port));
	origin.addr = &sa;
	if (tenant >= 0)
		origin.tenant = route_tenant_at(table, (size_t)tenant);
	conn = route_connection_by_source(table, &origin);
	return conn ? conn->name : "";
}

static void the_longest_prefix_wins(void)
{
	struct route_table *table = fixture_table(text);

	if (!test_oom_hit())
		CHECK_STR(fixture_errors, "");
	if (!table)
		return;
	CHECK_STR(who(table, "10.9.9.9", 1, NULL, -1), "wide");
	CHECK_STR(who(table, "10.1.9.9", 1, NULL, -1), "narrow");
	CHECK_STR(who(table, "11.0.0.1", 1, NULL, -1), "");
	CHECK_STR(who(table, "2001:db8:1::9", 1, NULL, -1), "narrow");
	CHECK_STR(who(table, "2001:db8::7", 5060, NULL, -1), "six");
	/* another port of that host is somebody else */
	CHECK_STR(who(table, "2001:db8::7", 1, NULL, -1), "narrow");
	CHECK_STR(who(table, "2001:db9::7", 1, NULL, -1), "");
	mem_deref(table);
}

static void mapped_addresses_count_as_ipv4(void)
{
	struct route_table *table = fixture_table(text);

	REQUIRE(table);
	CHECK_STR(who(table, "::ffff:10.1.9.9", 1, NULL, -1), "narrow");
	CHECK_STR(who(table, "::10.1.9.9", 1, NULL, -1), "");
	mem_deref(table);
}

static void the_port_decides_between_equals(void)
{
	struct route_table *table = fixture_table(text);

	REQUIRE(table);
	CHECK_STR(who(table, "192.0.2.1", 5070, NULL, 0), "plain");
	CHECK_STR(who(table, "192.0.2.1", 5080, NULL, 0), "other");
	CHECK_STR(who(table, "192.0.2.1", 5080, NULL, -1), "other");
	CHECK_STR(who(table, "192.0.2.1", 5090, NULL, -1), "port");
	CHECK_STR(who(table, "192.0.2.1", 5090, NULL, 0), "");
	CHECK_STR(who(table, "192.0.2.1", 1, NULL, -1), "");
	/* of equal networks, that with the port; else the first */
	CHECK_STR(who(table, "203.0.113.7", 5071, NULL, -1), "net2");
	CHECK_STR(who(table, "203.0.113.7", 1, NULL, -1), "net1");
	mem_deref(table);
}

static void between_two_tenants_nobody_guesses(void)
{
	struct route_table *table = fixture_table(text);

	REQUIRE(table);
	CHECK_STR(who(table, "198.51.100.1", 1, NULL, -1), "");
	CHECK_STR(who(table, "198.51.100.1", 1, NULL, 0), "shared");
	CHECK_STR(who(table, "198.51.100.1", 1, NULL, 1), "shared2");
	CHECK_STR(who(table, "198.51.100.9", 1, NULL, -1), "host");
	mem_deref(table);
}

static void a_listener_that_was_named_is_the_only_one(void)
{
	struct route_table *table = fixture_table(text);

	REQUIRE(table);
	CHECK_STR(who(table, "10.2.0.1", 1, "inner", -1), "inner");
	CHECK_STR(who(table, "10.2.0.1", 1, "outer", -1), "wide");
	CHECK_STR(who(table, "10.9.0.1", 1, "outer", -1), "wide");
	mem_deref(table);
}

static void tables_without_connections_know_nobody(void)
{
	struct route_table *table = fixture_table(
		"tenants: {a: {domains: [a.example], realm: a}}\n");
	struct route_origin none = {.addr = NULL};

	REQUIRE(table);
	CHECK_STR(who(table, "10.0.0.1", 1, NULL, -1), "");
	CHECK(!route_connection_by_source(table, &none));
	CHECK(!route_connection_by_source(NULL, &none));
	mem_deref(table);
}

static bool is_gate(const char *name, void *arg)
{
	++*(unsigned *)arg;
	return !strcmp(name, "gate.example");
}

static void who_has_to_show_a_certificate_is_nobody_without(void)
{
	struct route_table *table = fixture_table(
		"tenants:\n  t:\n    domains: [a]\n    realm: r\n"
		"    connections:\n"
		"      wide: {kind: trunk, address: a, sources: 10.0.0.0/8}\n"
		"      port: {kind: trunk, address: port.example, transport: "
		"tls, sources: 10.1.0.0/16, tls: {shows_certificate: true}}\n"
		"      gate: {kind: trunk, address: gate.example, transport: "
		"tls, sources: 10.1.0.0/16, tls: {shows_certificate: true}}\n");
	unsigned asked = 0;
	struct route_origin origin = {.namedh = is_gate, .arg = &asked};
	const struct route_connection *conn;
	struct sa sa;

	REQUIRE(table);
	CHECK_STR(who(table, "10.1.0.1", 1, NULL, -1), "wide");
	CHECK(!sa_set_str(&sa, "10.1.0.1", 1));
	origin.addr = &sa;
	conn = route_connection_by_source(table, &origin);
	CHECK_STR(conn ? conn->name : "", "gate");
	CHECK_INT(asked, 2);
	CHECK(!sa_set_str(&sa, "10.2.0.1", 1));
	conn = route_connection_by_source(table, &origin);
	CHECK_STR(conn ? conn->name : "", "wide");
	CHECK_INT(asked, 2);
	mem_deref(table);
}

static void a_certificate_is_shown_over_tls_and_looked_at(void)
{
	static const char *const bad[] = {
		"transport: tcp, tls: {shows_certificate: true}",
		"transport: auto, tls: {shows_certificate: true}",
		"transport: tls, tls: {shows_certificate: true, verify: "
		"false}"};
	char yaml[400];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		re_snprintf(yaml, sizeof(yaml),
			    "tenants:\n  t:\n    domains: [a]\n    realm: r\n"
			    "    connections:\n"
			    "      x: {kind: trunk, address: a, %s}\n",
			    bad[i]);
		CHECK(!fixture_table(yaml));
	}
}

/* Against the definition, with prefixes of every length. */
static void every_length_of_prefix_is_found(void)
{
	struct mbuf *mb = mbuf_alloc(8192);
	struct route_table *table;
	char want[16], addr[32];

	mbuf_printf(mb, "tenants:\n  t:\n    domains: [a]\n    realm: r\n"
			"    connections:\n");
	for (unsigned bits = 0; bits <= 32; bits++) {
		uint32_t net = bits ? ~0u << (32 - bits) & 0xaaaaaaaau : 0;

		mbuf_printf(mb,
			    "      c%u: {kind: trunk, address: a, sources: "
			    "%u.%u.%u.%u/%u}\n",
			    bits, net >> 24, net >> 16 & 255, net >> 8 & 255,
			    net & 255, bits);
	}
	mbuf_write_u8(mb, 0);
	table = fixture_table((char *)mb->buf);
	CHECK_STR(fixture_errors, "");
	REQUIRE(table);
	/* differs first at this bit: so many bits are shared */
	for (unsigned bits = 0; bits < 32; bits++) {
		uint32_t ip = 0xaaaaaaaau ^ 0x80000000u >> bits;

		re_snprintf(addr, sizeof(addr), "%u.%u.%u.%u", ip >> 24,
			    ip >> 16 & 255, ip >> 8 & 255, ip & 255);
		re_snprintf(want, sizeof(want), "c%u", bits);
		CHECK_STR(who(table, addr, 1, NULL, -1), want);
	}
	CHECK_STR(who(table, "170.170.170.170", 1, NULL, -1), "c32");
	mem_deref(table);
	mem_deref(mb);
}

TEST_MAIN(TEST_OOM(the_longest_prefix_wins),
	  TEST(mapped_addresses_count_as_ipv4),
	  TEST(the_port_decides_between_equals),
	  TEST(between_two_tenants_nobody_guesses),
	  TEST(a_listener_that_was_named_is_the_only_one),
	  TEST(tables_without_connections_know_nobody),
	  TEST(every_length_of_prefix_is_found),
	  TEST(who_has_to_show_a_certificate_is_nobody_without),
	  TEST(a_certificate_is_shown_over_tls_and_looked_at))
