/*
 * test_sigd_cfg.c  sigd.yaml: the example, defaults, mistakes, the page
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "common/countof.h"
#include "common/worker.h"
#include "sigd/sigd_cfg.h"
#include "sigd/transport/flow.h"
#include "tests/lib/test.h"

static int load(struct sigd_cfg **cfgp, const char *text, char *why,
		size_t size)
{
	struct cfg_errors *errs = NULL;
	char path[300];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/sigd.yaml", test_tmpdir());
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	CHECK(!cfg_errors_alloc(&errs));
	err = sigd_cfg_load(cfgp, path, errs);
	re_snprintf(why, size, "%H", cfg_errors_print, errs);
	mem_deref(errs);
	return err;
}

static void the_file_that_we_ship_is_fine(void)
{
	struct cfg_errors *errs = NULL;
	struct sigd_cfg *cfg = NULL;

	CHECK(!cfg_errors_alloc(&errs));
	CHECK(!sigd_cfg_load(&cfg, "conf/sigd.yaml", errs));
	if (cfg_errors_count(errs))
		re_printf("# %H", cfg_errors_print, errs);
	if (cfg) {
		CHECK_INT(cfg->workers, 2);
		CHECK_STR(cfg->routing, "conf/routing.yaml");
		CHECK_INT(cfg->listeners[0].kind, FLOW_WSS);
		CHECK_INT(cfg->sip.t1_ms, 500);
	}
	mem_deref(cfg);
	mem_deref(errs);
}

static void mistakes_are_told_with_their_place(void)
{
	struct sigd_cfg *cfg = NULL;
	char why[2000];

	CHECK_INT(load(&cfg,
		       "keys: k\nrouting: r\nredis: {path: /x}\nworkres: 2\n"
		       "listeners:\n  - {name: a, transport: upd, "
		       "bind: 127.0.0.1:5060}\n",
		       why, sizeof(why)),
		  EINVAL);
	CHECK(strstr(why, "sigd.yaml:4:1: "));
	CHECK(strstr(why, "did you mean \"workers\""));
	CHECK(strstr(why, "sigd.yaml:6:"));
	CHECK(strstr(why, "did you mean \"udp\""));
}

static void wss_needs_a_certificate(void)
{
	struct sigd_cfg *cfg = NULL;
	char why[2000];

	CHECK_INT(load(&cfg,
		       "keys: k\nrouting: r\nredis: {path: /x}\nlisteners:\n"
		       "  - {name: a, transport: wss, bind: 127.0.0.1:1}\n",
		       why, sizeof(why)),
		  EINVAL);
	CHECK(strstr(why, "wss needs certificate and private_key"));
}

static void certificates_by_domain_serve_a_listener_without_one(void)
{
	static const char head[] =
		"keys: k\nrouting: r\nredis: {path: /x}\nlisteners:\n"
		"  - {name: a, transport: wss, bind: 127.0.0.1:1}\n";
	static const char good[] =
		"tls:\n  certificates:\n"
		"    - {domains: [a.example.com, '*.b.example'],\n"
		"       certificate: c, private_key: k}\n";
	static const char bad[] =
		"tls:\n  certificates:\n"
		"    - {domains: ['a.*.example'], certificate: c,\n"
		"       private_key: k}\n";
	struct sigd_cfg *cfg = NULL;
	char text[1000], why[2000];

	snprintf(text, sizeof(text), "%s%s", head, good);
	REQUIRE(!load(&cfg, text, why, sizeof(why)));
	CHECK_INT(cfg->tls.ncertificates, 1);
	CHECK_INT(cfg->tls.certificates[0].ndomains, 2);
	CHECK_STR(cfg->tls.certificates[0].domains[1], "*.b.example");
	CHECK(strstr(cfg->tls.certificates[0].key, "/k"));
	mem_deref(cfg);
	snprintf(text, sizeof(text), "%s%s", head, bad);
	CHECK_INT(load(&cfg, text, why, sizeof(why)), EINVAL);
	CHECK(strstr(why, "a domain, or *. and a domain"));
}

static void who_keeps_nothing_has_nobody_to_tell(void)
{
	static const char head[] =
		"keys: k\nrouting: r\nredis: {path: /x}\nlisteners:\n"
		"  - {name: a, transport: udp, bind: 127.0.0.1:1}\n";
	struct sigd_cfg *cfg = NULL;
	char text[1000], why[2000];

	snprintf(text, sizeof(text), "%sevents: {keep: 0s}\n", head);
	REQUIRE(!load(&cfg, text, why, sizeof(why)));
	CHECK_INT(cfg->events.keep_ms, 0);
	mem_deref(cfg);
	snprintf(text, sizeof(text), "%sevents: {keep: 0s, file: f}\n", head);
	CHECK_INT(load(&cfg, text, why, sizeof(why)), EINVAL);
	CHECK(strstr(why, "events.keep is 0s"));
}

static void a_token_that_can_be_guessed_is_refused(void)
{
	struct sigd_cfg *cfg = NULL;
	char why[2000];

	CHECK_INT(load(&cfg,
		       "keys: k\nrouting: r\nredis: {path: /x}\nlisteners:\n"
		       "  - {name: a, transport: udp, bind: 127.0.0.1:1}\n"
		       "admin: {token: short}\n",
		       why, sizeof(why)),
		  EINVAL);
	CHECK(strstr(why, "sigd.yaml:6:"));
	CHECK(!strstr(why, "short"));
}

static void a_token_of_a_tenant_without_a_name_is_refused(void)
{
	struct sigd_cfg *cfg = NULL;
	char why[2000];

	CHECK_INT(load(&cfg,
		       "keys: k\nrouting: r\nredis: {path: /x}\nlisteners:\n"
		       "  - {name: a, transport: udp, bind: 127.0.0.1:1}\n"
		       "admin:\n  tokens:\n    a:\n      hash: "
		       "622493693890744905557"
		       "58a753353aec61500c6218fa597252d52dc4bd0148f12d\n"
		       "      tenant: \"\"\n",
		       why, sizeof(why)),
		  EINVAL);
	CHECK(strstr(why, "sigd.yaml:10:"));
}

/* The admin process has one of the sockets that a parent can hold, the tunnel
 * another. */
static void listeners_leave_room_for_the_other_sockets(void)
{
	struct sigd_cfg *cfg = NULL;
	char text[4000], why[2000];
	size_t n = 0;

	n += (size_t)snprintf(text, sizeof(text), "keys: k\nrouting: r\n"
			      "redis: {path: /x}\nlisteners:\n");
	for (int i = 0; i < WORKER_SOCKS_MAX - 1; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "  - {name: l%d, transport: udp, "
				      "bind: 127.0.0.1:%d}\n", i, 5060 + i);
	CHECK_INT(load(&cfg, text, why, sizeof(why)), EINVAL);
	CHECK(strstr(why, "listeners") && strstr(why, "30"));
	mem_deref(cfg);
}

#define HEAD "keys: k\nrouting: r\nredis: {path: /x}\n"
#define UDP                                                            \
	"listeners:\n"                                                 \
	"  - {name: u, transport: udp, bind: 192.0.2.1:5060}\n"

/* text is wrong with these words, at this line. */
static void wrong(const char *text, const char *where, const char *words)
{
	struct sigd_cfg *cfg = NULL;
	char why[2000];

	if (!CHECK_INT(load(&cfg, text, why, sizeof(why)), EINVAL) ||
	    !CHECK(strstr(why, where)) || !CHECK(strstr(why, words)))
		re_printf("# want %s %s in: %s\n", where, words, why);
	mem_deref(cfg);
}

static void what_does_not_go_together_is_told(void)
{
	wrong(HEAD "listeners:\n"
		   "  - {name: u, transport: udp, bind: 0.0.0.0:5060}\n",
	      "sigd.yaml:5:", "needs advertise");
	wrong(HEAD "listeners:\n"
		   "  - {name: u, transport: udp, bind: \"[::]:5060\"}\n",
	      "sigd.yaml:5:", "needs advertise");
	wrong(HEAD "listeners:\n"
		   "  - {name: u, transport: ws, bind: 0.0.0.0:80, "
		   "certificate: c}\n",
	      "sigd.yaml:5:", "ws has no certificate");
	wrong(HEAD "listeners:\n"
		   "  - {name: u, transport: udp, bind: 192.0.2.1:5060, "
		   "origins: [a]}\n",
	      "sigd.yaml:5:", "udp has no origins");
	wrong(HEAD "listeners:\n"
		   "  - {name: u, transport: udp, bind: '[::]:5060'}\n",
	      "sigd.yaml:5:", "needs advertise");
	wrong(HEAD "listeners:\n"
		   "  - {name: u, transport: udp, bind: '[fe80::1]:5060'}\n",
	      "sigd.yaml:5:", "nobody can be told a link-local address");
	wrong(HEAD "listeners:\n"
		   "  - {name: u, transport: udp, bind: 192.0.2.1:5060, "
		   "proxy_protocol: [10.0.0.0/8]}\n",
	      "sigd.yaml:5:", "udp has no proxy_protocol");
	wrong(HEAD UDP "  - {name: u, transport: ws, bind: 192.0.2.1:80}\n",
	      "sigd.yaml:6:", "another one has this name");
	wrong(HEAD UDP "  - {name: v, transport: udp, bind: 192.0.2.1:5060}\n",
	      "sigd.yaml:6:", "u listens there already");
	wrong(HEAD UDP "  - {name: admin, transport: ws, bind: 192.0.2.1:1}\n",
	      "sigd.yaml:6:", "the name is taken");
	wrong(HEAD UDP "registrar: {min: 2h, max: 1h}\n", "sigd.yaml:6:",
	      "min is more than max");
	wrong(HEAD UDP "registrar: {max: 30m}\n", "sigd.yaml:6:",
	      "default is not from min to max");
	wrong(HEAD UDP "sip: {t1: 5s}\n", "sigd.yaml:6:",
	      "t1 is more than t2");
	wrong("keys: k\nrouting: r\nredis: {port: 1}\n" UDP, "sigd.yaml:3:",
	      "either path or host");
	wrong("keys: k\nrouting: r\nredis: {path: a, host: b}\n" UDP,
	      "sigd.yaml:3:", "either path or host");
}

/* With what is no base64 events would be signed by a key that anybody has. */
static void a_secret_that_signs_nothing_is_refused(void)
{
	static const char *const odd[] = {"whsec_==========",
					  "whsec_not+base64!!!",
					  "whsec_AAAAAAAAAAAA"};
	char text[400];

	for (size_t i = 0; i < COUNTOF(odd); i++) {
		snprintf(text, sizeof(text),
			 HEAD UDP "events: {hooks: [{name: a, url: "
				  "'https://a.test/', secret: '%s'}]}\n",
			 odd[i]);
		wrong(text, "sigd.yaml:6:", "whsec_ and base64");
	}
}

/* It stands in every Via and Contact that we write. */
static void what_is_advertised_is_a_host_and_port(void)
{
	static const char *const bad[] = {"a b", "a@b", "a;x=y", "a:b",
					  "a:70000", "<a>", "sip:a", "a?b=c"};
	static const char *const good[] = {"sip.example.com", "a:5060",
					   "192.0.2.1:1", "[2001:db8::1]:5060"};
	struct sigd_cfg *cfg = NULL;
	char text[400], why[2000];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		re_snprintf(text, sizeof(text),
			    HEAD "listeners:\n  - {name: u, transport: udp, "
				 "bind: 192.0.2.1:1, advertise: \"%s\"}\n",
			    bad[i]);
		wrong(text, "sigd.yaml:5:", "host or host:port");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		re_snprintf(text, sizeof(text),
			    HEAD "listeners:\n  - {name: u, transport: udp, "
				 "bind: 192.0.2.1:1, advertise: \"%s\"}\n",
			    good[i]);
		if (!CHECK_INT(load(&cfg, text, why, sizeof(why)), 0))
			re_printf("# %s", why);
		cfg = mem_deref(cfg);
	}
}

#define TUNNEL "tunnel:\n  bind: 192.0.2.1:5070\n  certificate: c\n" \
	       "  private_key: k\n  ca: /ca\n"

static void the_tunnel_has_its_files_and_peers(void)
{
	struct sigd_cfg *cfg = NULL;
	char why[2000], path[400];

	CHECK_INT(load(&cfg, HEAD UDP, why, sizeof(why)), 0);
	CHECK(cfg && !cfg->tunnel);
	cfg = mem_deref(cfg);
	CHECK_INT(load(&cfg,
		       HEAD UDP TUNNEL
		       "  peers:\n    - {node: b2, address: 192.0.2.2:1}\n",
		       why, sizeof(why)),
		  0);
	REQUIRE(cfg && cfg->tunnel);
	snprintf(path, sizeof(path), "%s/c", test_tmpdir());
	CHECK_STR(cfg->tunnel->certificate, path);
	CHECK_STR(cfg->tunnel->ca, "/ca");
	CHECK_INT(cfg->tunnel->npeers, 1);
	CHECK_STR(cfg->tunnel->peers[0].node, "b2");
	cfg = mem_deref(cfg);
	wrong(HEAD UDP "tunnel: {bind: 192.0.2.1:1}\n", "sigd.yaml:6:", "ca");
	wrong(HEAD UDP "node: a1\n" TUNNEL
	      "  peers:\n    - {node: a1, address: 192.0.2.2:1}\n",
	      "sigd.yaml:13:", "that is this node");
	wrong(HEAD UDP TUNNEL
	      "  peers:\n    - {node: b, address: 192.0.2.2:1}\n"
	      "    - {node: b, address: 192.0.2.3:1}\n",
	      "sigd.yaml:13:", "another one has this name");
}

static void the_reference_page_is_what_the_code_describes(void)
{
	uint8_t *page = test_read_file("docs/config-sigd.md", NULL);
	char *now = NULL;

	REQUIRE(page);
	CHECK(!re_sdprintf(&now, "%H", cfg_schema_print_markdown,
			   &sigd_cfg_table));
	/* sigd --reference > docs/config-sigd.md */
	CHECK_STR((const char *)page, now);
	mem_deref(now);
	mem_deref(page);
}

TEST_MAIN(TEST(the_file_that_we_ship_is_fine),
	  TEST(mistakes_are_told_with_their_place),
	  TEST(wss_needs_a_certificate),
	  TEST(certificates_by_domain_serve_a_listener_without_one),
	  TEST(who_keeps_nothing_has_nobody_to_tell),
	  TEST(a_token_that_can_be_guessed_is_refused),
	  TEST(a_token_of_a_tenant_without_a_name_is_refused),
	  TEST(listeners_leave_room_for_the_other_sockets),
	  TEST(what_does_not_go_together_is_told),
	  TEST(a_secret_that_signs_nothing_is_refused),
	  TEST(what_is_advertised_is_a_host_and_port),
	  TEST(the_tunnel_has_its_files_and_peers),
	  TEST(the_reference_page_is_what_the_code_describes))
