/*
 * test_edge_tls.c  TLS at the edge: certificates by name, tickets, reloads
 *
 * SPDX-License-Identifier: MIT
 */
#include <time.h>
#include <openssl/ssl.h>

#include "common/keyring.h"
#include "tests/lib/pki.h"
#include "tests/unit/sigd/transport/edge_rig.h"

#define ONE   "000102030405060708090a0b0c0d0e0f"
#define OTHER "ffeeddccbbaa99887766554433221100"

enum {
	PATH_LEN = 300,
	NAMES = 3
};

static struct keyring *ring_make(const char *text)
{
	struct keyring *ring = NULL;
	char why[100];

	if (keyring_parse(&ring, text, strlen(text), why, sizeof(why)))
		abort();
	return ring;
}

/* Comes in, sends and gets a message, so that the ticket is there. */
static const void *come_for_ticket(struct guest *guest, struct rig *rig,
				   const struct ws_client_params *params)
{
	rig->echo = true;
	if (!CHECK(guest_come(guest, rig, RIG_WSS, params)))
		return NULL;
	CHECK(!ws_client_text(guest->client, "x"));
	CHECK(rig_until(rig, &guest->received, 1));
	return ws_client_session(guest->client);
}

/* The name in the certificate that who asks for `sni` is shown. */
static const char *shown(struct rig *rig, const char *sni)
{
	static char name[64];
	const struct ws_client_params params = {.sni = sni};
	struct guest guest;

	name[0] = '\0';
	if (guest_come(&guest, rig, RIG_WSS, &params))
		ws_client_peer(guest.client, name, sizeof(name));
	guest_drop(&guest);
	return name;
}

/* --- certificates --------------------------------------------------------- */

static void a_certificate_that_is_not_there_is_named(void)
{
	struct rig rig;

	rig_init(&rig);
	rig.on[RIG_WSS].cert = "/nowhere/cert.pem";
	CHECK_INT(rig_certs(&rig, NULL, 0), EINVAL);
	CHECK_STR(rig.errbuf, "certificate /nowhere/cert.pem: "
			      "No such file or directory");
	rig.on[RIG_WSS].cert = rig.cert;
	rig.keys[RIG_WSS] = "/nowhere/key.pem";
	CHECK_INT(rig_certs(&rig, NULL, 0), EINVAL);
	CHECK_STR(rig.errbuf, "key /nowhere/key.pem: "
			      "No such file or directory");
	rig_close(&rig);
}

struct domains {
	char path[NAMES][2][PATH_LEN];
	const char *name[NAMES];
	struct certs_pair pair[NAMES];
};

static void domains_make(struct domains *domains)
{
	static const char *const names[NAMES] = {"a.example.com",
						 "*.example.com",
						 "sip.example.org"};
	struct pki_ca ca;

	pki_ca_make(&ca, "names");
	for (int i = 0; i < NAMES; i++) {
		domains->name[i] = names[i];
		snprintf(domains->path[i][0], PATH_LEN, "%s/name%d.pem",
			 test_tmpdir(), i);
		snprintf(domains->path[i][1], PATH_LEN, "%s/name%d.key",
			 test_tmpdir(), i);
		pki_issue(&ca, names[i], domains->path[i][0],
			  domains->path[i][1]);
		domains->pair[i] = (struct certs_pair){domains->path[i][0],
						       domains->path[i][1],
						       &domains->name[i], 1};
	}
	pki_ca_free(&ca);
}

static void a_client_gets_the_certificate_of_the_name_it_asks_for(void)
{
	static const struct {
		const char *sni, *shown;
	} cases[] = {
		{"a.example.com", "a.example.com"},
		{"A.Example.COM", "a.example.com"},
		{"b.example.com", "*.example.com"},
		{"x.b.example.com", "localhost"},
		{"example.com", "localhost"},
		{"sip.example.org", "sip.example.org"},
		{"other.example.net", "localhost"},
		{NULL, "localhost"},
	};
	struct domains domains;
	struct rig rig;

	domains_make(&domains);
	rig_init(&rig);
	REQUIRE(!rig_certs(&rig, domains.pair, NAMES));
	REQUIRE(rig_start(&rig));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(shown(&rig, cases[i].sni), cases[i].shown);
	rig_close(&rig);
}

static void without_its_own_a_listener_shows_the_first(void)
{
	struct domains domains;
	struct rig rig;

	domains_make(&domains);
	rig_init(&rig);
	rig.on[RIG_WSS].cert = NULL;
	REQUIRE(!rig_certs(&rig, domains.pair, NAMES));
	REQUIRE(rig_start(&rig));
	CHECK_STR(shown(&rig, NULL), "a.example.com");
	CHECK_STR(shown(&rig, "sip.example.org"), "sip.example.org");
	rig_close(&rig);
}

static void a_certificate_must_be_for_its_domains(void)
{
	struct domains domains;
	struct rig rig;

	domains_make(&domains);
	domains.name[2] = "sip.example.net";
	rig_init(&rig);
	CHECK_INT(rig_certs(&rig, domains.pair, NAMES), EINVAL);
	CHECK(strstr(rig.errbuf, "name2.pem: is not for sip.example.net"));
	domains.name[2] = "*.example.org";
	CHECK_INT(rig_certs(&rig, domains.pair, NAMES), EINVAL);
	domains.name[2] = "sip.example.org";
	domains.name[1] = "b.example.com";
	CHECK_INT(rig_certs(&rig, domains.pair, NAMES), 0);
	rig_close(&rig);
}

static void the_first_to_expire_is_known(void)
{
	const char *file = NULL;
	struct rig rig;
	int64_t left;

	rig_init(&rig);
	CHECK_INT(certs_expiry(NULL, &file), 0);
	REQUIRE(!rig_certs(&rig, NULL, 0));
	left = certs_expiry(rig.certs, &file) - (int64_t)time(NULL);
	CHECK(left > 86400 - 3600 && left <= 86400);
	CHECK_STR(file, rig.cert);
	rig_close(&rig);
}

static void a_new_certificate_serves_new_handshakes_alone(void)
{
	char cert[PATH_LEN], key[PATH_LEN], other[PATH_LEN];
	struct rig rig;
	struct guest old;
	FILE *f;

	rig_init(&rig);
	snprintf(cert, sizeof(cert), "%s/renew.pem", test_tmpdir());
	snprintf(key, sizeof(key), "%s/renew.key", test_tmpdir());
	REQUIRE(rig_certificate(cert, key, "first"));
	rig.on[RIG_WSS].cert = cert;
	rig.keys[RIG_WSS] = key;
	rig.echo = true;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&old, &rig, RIG_WSS, NULL));
	REQUIRE(rig_certificate(cert, key, "second"));
	CHECK(!rig_certs(&rig, NULL, 0));
	CHECK_STR(rig.errbuf, "");
	CHECK_STR(shown(&rig, NULL), "second");

	/* a broken pair changes nothing */
	snprintf(other, sizeof(other), "%s/other.key", test_tmpdir());
	REQUIRE(rig_certificate(cert, other, "third"));
	CHECK(!rig_certs(&rig, NULL, 0));
	CHECK(strstr(rig.errbuf, "renew.key: key values mismatch"));
	f = fopen(cert, "w");
	REQUIRE(f && fputs("no certificate", f) >= 0 && !fclose(f));
	CHECK(!rig_certs(&rig, NULL, 0));
	CHECK(strstr(rig.errbuf, "renew.pem: no start line"));
	CHECK_STR(shown(&rig, NULL), "second");
	CHECK(!ws_client_text(old.client, "still here"));
	CHECK(rig_until(&rig, &old.received, 1));
	guest_drop(&old);
	rig_close(&rig);
}

static void a_broken_pair_keeps_no_other_from_its_new_one(void)
{
	struct domains domains;
	struct pki_ca ca;
	struct rig rig;
	FILE *f;

	domains_make(&domains);
	rig_init(&rig);
	REQUIRE(!rig_certs(&rig, domains.pair, NAMES));
	REQUIRE(rig_start(&rig));
	/* one broken, one new: for one domain more, by the same files */
	f = fopen(domains.path[0][0], "w");
	fclose(f);
	pki_ca_make(&ca, "later");
	pki_issue(&ca, "later.example.org", domains.path[2][0],
		  domains.path[2][1]);
	domains.name[2] = "later.example.org";
	CHECK(!rig_certs(&rig, domains.pair, NAMES));
	CHECK(strstr(rig.errbuf, domains.path[0][0]));
	CHECK_STR(shown(&rig, "a.example.com"), "a.example.com");
	CHECK_STR(shown(&rig, "later.example.org"), "later.example.org");
	CHECK_STR(shown(&rig, "sip.example.org"), "localhost");
	pki_ca_free(&ca);
	rig_close(&rig);
}

/* --- tickets -------------------------------------------------------------- */

static void resume_at_another(uint16_t version)
{
	const struct ws_client_params plain = {.tls_version = version};
	struct ws_client_params again = plain;
	struct keyring *ring = ring_make("1 - " ONE "\n");
	struct keyring *same = ring_make("1 - " ONE "\n");
	struct rig one, two;
	struct guest first, second;

	rig_init(&one);
	one.params.ring = ring;
	REQUIRE(rig_start(&one));
	again.session = come_for_ticket(&first, &one, &plain);
	REQUIRE(again.session);

	/* one loop serves both: only the listener of the second is new */
	two = one;
	two.on[RIG_WSS].fd = rig_socket(SOCK_STREAM, &two.addr[RIG_WSS]);
	two.params.listeners = two.on;
	two.params.nlisteners = 1;
	two.params.h.arg = &two;
	two.params.ring = same;
	two.transport = NULL;
	REQUIRE(rig_start(&two));
	CHECK(guest_come(&second, &two, RIG_WSS, &again));
	CHECK(ws_client_resumed(second.client));
	CHECK_INT(rig_counts(&two)->tls_resumed, 1);
	guest_drop(&second);
	guest_drop(&first);
	mem_deref(two.transport);
	close(two.on[RIG_WSS].fd);
	rig_close(&one);
	mem_deref(ring);
	mem_deref(same);
}

static void a_session_resumes_at_another_worker_under_the_same_keys(void)
{
	resume_at_another(TLS1_3_VERSION);
	resume_at_another(TLS1_2_VERSION);
}

/* Does one who came under `before` resume when the keys are `now`? */
static bool resumes(const char *before, const char *now, uint16_t version,
		    const void **next, struct guest guests[2])
{
	const struct ws_client_params plain = {.tls_version = version};
	struct ws_client_params again = plain;
	struct keyring *old = ring_make(before), *new = ring_make(now);
	struct rig rig;
	bool resumed = false;

	rig_init(&rig);
	rig.params.ring = old;
	if (rig_start(&rig)) {
		again.session = come_for_ticket(&guests[0], &rig, &plain);
		transport_tls_set(rig.transport, NULL, new);
		*next = come_for_ticket(&guests[1], &rig, &again);
		resumed = ws_client_resumed(guests[1].client);
		CHECK_INT(rig_counts(&rig)->tls_resumed, resumed);
	}
	guest_drop(&guests[0]);
	guest_drop(&guests[1]);
	rig_close(&rig);
	mem_deref(old);
	mem_deref(new);
	return resumed;
}

static void tickets_outlive_a_rotation_of_the_keys(void)
{
	static const struct {
		const char *before, *now;
		bool resumes;
	} cases[] = {
		{"1 - " ONE "\n", "1 - " ONE "\n2 - " OTHER "\n", true},
		{"1 - " ONE "\n",
		 "1 - " ONE "\n2 2020-01-01T00:00:00Z " OTHER "\n", true},
		{"1 - " ONE "\n", "2 - " OTHER "\n", false},
		{"1 - " ONE "\n", "1 - " OTHER "\n", false},
		/* its time has not come: it seals nothing */
		{"1 - " ONE "\n2 2099-01-01T00:00:00Z " OTHER "\n",
		 "1 - " ONE "\n", true},
	};
	struct guest guests[2];
	const void *next;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(resumes(cases[i].before, cases[i].now, TLS1_3_VERSION,
				  &next, guests),
			  cases[i].resumes);
		CHECK_INT(resumes(cases[i].before, cases[i].now, TLS1_2_VERSION,
				  &next, guests),
			  cases[i].resumes);
	}
}

static void a_ticket_under_an_old_key_is_replaced(void)
{
	struct keyring *one = ring_make("1 - " ONE "\n");
	struct keyring *both =
		ring_make("1 - " ONE "\n2 2020-01-01T00:00:00Z " OTHER "\n");
	struct keyring *other = ring_make("2 - " OTHER "\n");
	struct ws_client_params params = {.tls_version = TLS1_2_VERSION};
	struct guest guests[3];
	struct rig rig;

	rig_init(&rig);
	rig.params.ring = one;
	REQUIRE(rig_start(&rig));
	params.session = come_for_ticket(&guests[0], &rig, &params);
	transport_tls_set(rig.transport, NULL, both);
	params.session = come_for_ticket(&guests[1], &rig, &params);
	CHECK(ws_client_resumed(guests[1].client));
	transport_tls_set(rig.transport, NULL, other);
	(void)come_for_ticket(&guests[2], &rig, &params);
	CHECK(ws_client_resumed(guests[2].client));
	for (int i = 0; i < 3; i++)
		guest_drop(&guests[i]);
	rig_close(&rig);
	mem_deref(one);
	mem_deref(both);
	mem_deref(other);
}

/* A key of its own: the session resumes here alone. */
static void without_keys_a_worker_has_one_of_its_own(void)
{
	struct ws_client_params again = {.raw = false};
	struct guest first, second;
	struct rig rig;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	again.session = come_for_ticket(&first, &rig, NULL);
	CHECK(guest_come(&second, &rig, RIG_WSS, &again));
	CHECK(ws_client_resumed(second.client));
	guest_drop(&first);
	guest_drop(&second);
	rig_close(&rig);
}

static void what_is_older_than_1_2_is_refused(void)
{
	const struct ws_client_params old = {.tls_version = TLS1_1_VERSION};
	struct guest guest;
	struct rig rig;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	CHECK(!guest_come(&guest, &rig, RIG_WSS, &old));
	guest_drop(&guest);
	rig_close(&rig);
}

TEST_MAIN(TEST(a_certificate_that_is_not_there_is_named),
	  TEST(a_client_gets_the_certificate_of_the_name_it_asks_for),
	  TEST(without_its_own_a_listener_shows_the_first),
	  TEST(a_certificate_must_be_for_its_domains),
	  TEST(the_first_to_expire_is_known),
	  TEST(a_new_certificate_serves_new_handshakes_alone),
	  TEST(a_broken_pair_keeps_no_other_from_its_new_one),
	  TEST(a_session_resumes_at_another_worker_under_the_same_keys),
	  TEST(tickets_outlive_a_rotation_of_the_keys),
	  TEST(a_ticket_under_an_old_key_is_replaced),
	  TEST(without_keys_a_worker_has_one_of_its_own),
	  TEST(what_is_older_than_1_2_is_refused))

#include "tests/lib/ws_client.c"
