/*
 * test_stream_peer.c  Connections that we make, over TCP and TLS
 *
 * A second transport is the PBX, so that both ends are real.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/lib/pki.h"
#include "tests/unit/sigd/transport/edge_rig.h"

struct pair {
	struct rig rig; /* ours */
	struct rig_far {
		struct transport_listener on[2];
		struct sa addr[2];
		struct transport_params params;
		struct transport *transport;
		struct certs *certs;
		unsigned received, gone;
		struct transport_src src;
		struct flow *flow;
		bool echo;
	} far;
	struct pki_ca ca;
	struct transport_peer terms;
	char cert[300], key[300];
	unsigned lost;
	int lost_err;
	struct flow_id lost_peer;
};

static void far_recv(const struct transport_src *src, const uint8_t *data,
		     size_t len, void *arg)
{
	struct pair *pair = arg;

	++pair->far.received;
	pair->far.src = *src;
	pair->far.flow = src->flow;
	if (pair->far.echo)
		CHECK(!transport_send(pair->far.transport, &src->id, data, len,
				      0));
}

static void far_gone(struct flow *flow, void *arg)
{
	struct pair *pair = arg;

	(void)flow;
	++pair->far.gone;
}

static void on_lost(const struct flow_id *peer, int err, void *arg)
{
	struct pair *pair = (struct pair *)arg; /* the rig is its first */

	++pair->lost;
	pair->lost_err = err;
	pair->lost_peer = *peer;
}

static int on_terms(struct transport_peer *terms, const struct flow_id *peer,
		    void *arg)
{
	struct pair *pair = (struct pair *)arg;

	if (peer->tag != 7)
		return ENOENT;
	*terms = pair->terms;
	return 0;
}

/* domain: of the far certificate. */
static void open_pair(struct pair *pair, const char *domain)
{
	struct certs_pair certs = {.cert = pair->cert, .key = pair->key};

	memset(pair, 0, sizeof(*pair));
	rig_init(&pair->rig);
	pair->rig.params.h.losth = on_lost;
	pair->rig.params.h.peerh = on_terms;
	pki_ca_make(&pair->ca, "ca");
	snprintf(pair->cert, sizeof(pair->cert), "%s/far.pem", test_tmpdir());
	snprintf(pair->key, sizeof(pair->key), "%s/far.key", test_tmpdir());
	pki_issue(&pair->ca, domain, pair->cert, pair->key);
	if (certs_load(&pair->far.certs, &certs, 1, NULL, rig_bad, &pair->rig))
		abort();
	for (int i = 0; i < 2; i++) {
		pair->far.on[i].name = i ? "tls" : "tcp";
		pair->far.on[i].kind = i ? FLOW_TLS : FLOW_TCP;
		pair->far.on[i].fd =
			rig_socket(SOCK_STREAM, &pair->far.addr[i]);
	}
	pair->far.echo = true;
	pair->far.params = (struct transport_params){
		.node = "far", .slot = 1, .epoch = 5,
		.wheel = pair->rig.lt.wheel, .listeners = pair->far.on,
		.nlisteners = 2, .framer = &rig_framer,
		.certs = pair->far.certs,
		.h = {.recvh = far_recv, .goneh = far_gone, .arg = pair}};
	pair->terms = (struct transport_peer){
		.name = "pbx.example.com", .verify = true, .ca = pair->ca.path};
}

static bool start_pair(struct pair *pair)
{
	return rig_start(&pair->rig) &&
	       CHECK_INT(transport_alloc(&pair->far.transport,
					 &pair->far.params, pair->rig.errbuf,
					 sizeof(pair->rig.errbuf)),
			 0);
}

static void close_pair(struct pair *pair)
{
	mem_deref(pair->far.transport);
	for (int i = 0; i < 2; i++)
		close(pair->far.on[i].fd);
	rig_close(&pair->rig);
	mem_deref(pair->far.certs);
	pki_ca_free(&pair->ca);
}

static struct flow_id peer_of(const struct pair *pair, bool tls)
{
	return (struct flow_id){.node = "a1",
				.slot = 2,
				.kind = tls ? FLOW_TLS : FLOW_TCP,
				.listener = tls ? RIG_TLS : RIG_TCP,
				.tag = tls ? 7 : 0,
				.remote = pair->far.addr[tls]};
}

static int send_to(struct pair *pair, const struct flow_id *peer,
		   const char *text)
{
	return transport_send(pair->rig.transport, peer, (const uint8_t *)text,
			      strlen(text), 0);
}

static void one_connection_is_shared_and_answers_come_from_the_peer(void)
{
	struct pair pair;
	struct flow_id peer;

	open_pair(&pair, "pbx.example.com");
	REQUIRE(start_pair(&pair));
	peer = peer_of(&pair, false);
	CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
	peer.slot = 9; /* another worker's word for it */
	CHECK_INT(send_to(&pair, &peer, "00002bc"), 0);
	CHECK(rig_until(&pair.rig, &pair.rig.received, 2));
	CHECK_INT(pair.far.received, 2);
	CHECK_INT(rig_counts(&pair.rig)->connects, 1);
	CHECK_INT(rig_counts(&pair.rig)->peers, 1);
	CHECK(flow_id_addressed(&pair.rig.src.id));
	CHECK(sa_cmp(&pair.rig.src.id.remote, &pair.far.addr[0], SA_ALL));
	CHECK(pair.rig.src.flow);
	close_pair(&pair);
}

static void a_peer_that_refuses_is_told_later_and_tried_again(void)
{
	struct pair pair;
	struct flow_id peer;
	int fd;

	open_pair(&pair, "pbx.example.com");
	REQUIRE(start_pair(&pair));
	peer = peer_of(&pair, false);
	fd = rig_socket(SOCK_STREAM, &peer.remote);
	close(fd); /* nobody listens there */
	CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
	CHECK_INT(pair.lost, 0);
	CHECK(rig_until(&pair.rig, &pair.lost, 1));
	CHECK_INT(pair.lost_err, ECONNREFUSED);
	CHECK(flow_id_equal(&pair.lost_peer, &peer));
	CHECK_INT(rig_counts(&pair.rig)->peers, 0);
	CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
	CHECK(rig_until(&pair.rig, &pair.lost, 2));
	close_pair(&pair);
}

static void a_peer_that_does_not_take_us_is_not_waited_for(void)
{
	struct pair pair;
	struct flow_id peer;

	open_pair(&pair, "pbx.example.com");
	pair.rig.params.limits.connect_ms = 60;
	REQUIRE(start_pair(&pair));
	peer = peer_of(&pair, false);
	/* a listener whose queue is full takes no SYN */
	CHECK(!listen(pair.far.on[0].fd, 0));
	pair.far.transport = mem_deref(pair.far.transport);
	for (int i = 0; i < 3; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		(void)!connect(fd, &pair.far.addr[0].u.sa,
			       pair.far.addr[0].len);
	}
	CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
	CHECK(rig_until(&pair.rig, &pair.lost, 1));
	CHECK_INT(pair.lost_err, ETIMEDOUT);
	close_pair(&pair);
}

static void what_ends_is_lost_and_made_anew(void)
{
	struct pair pair;
	struct flow_id peer;

	open_pair(&pair, "pbx.example.com");
	REQUIRE(start_pair(&pair));
	peer = peer_of(&pair, false);
	CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
	CHECK(rig_until(&pair.rig, &pair.rig.received, 1));
	transport_close(pair.far.transport, pair.far.flow, 1000);
	CHECK(rig_until(&pair.rig, &pair.lost, 1));
	CHECK_INT(send_to(&pair, &peer, "00001b"), 0);
	CHECK(rig_until(&pair.rig, &pair.rig.received, 2));
	CHECK_INT(rig_counts(&pair.rig)->connects, 2);
	close_pair(&pair);
}

struct raw {
	int listener, fd;
	char got[100];
};

/* It answers the first ping. */
static bool raw_answers(void *arg)
{
	struct raw *raw = arg;
	ssize_t n;

	if (raw->fd < 0)
		raw->fd = accept4(raw->listener, NULL, NULL, SOCK_NONBLOCK);
	n = raw->fd < 0 ? -1 : recv(raw->fd, raw->got, sizeof(raw->got), 0);
	return n >= 4 && !memcmp(raw->got + n - 4, "\r\n\r\n", 4) &&
	       send(raw->fd, "\r\n", 2, MSG_NOSIGNAL) == 2;
}

static void who_has_answered_a_ping_must_answer_the_next(void)
{
	struct raw raw = {.fd = -1};
	struct pair pair;
	struct flow_id peer;

	open_pair(&pair, "pbx.example.com");
	pair.rig.params.limits.ping_ms = 40;
	pair.rig.params.limits.pong_ms = 60;
	REQUIRE(start_pair(&pair));
	peer = peer_of(&pair, false);
	raw.listener = rig_socket(SOCK_STREAM, &peer.remote);
	CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
	CHECK(loop_test_until(&pair.rig.lt, raw_answers, &raw, RIG_WAIT_MS));
	CHECK_INT(pair.lost, 0);
	CHECK(rig_until(&pair.rig, &pair.lost, 1));
	CHECK_INT(rig_counts(&pair.rig)->limit_pong, 1);
	close(raw.fd);
	close(raw.listener);
	close_pair(&pair);
}

static void a_peer_has_to_be_who_it_should_be(void)
{
	static const struct {
		const char *domain, *name;
		bool verify, ca;
		bool good;
	} rows[] = {
		{"pbx.example.com", "pbx.example.com", true, true, true},
		{"pbx.example.com", "PBX.example.COM", true, true, true},
		{"other.example.com", "pbx.example.com", true, true, false},
		{"*.example.com", "pbx.example.com", true, true, false},
		{"pbx.example.com", "pbx.example.com", true, false, false},
		{"other.example.com", "pbx.example.com", false, false, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair pair;
		struct flow_id peer;

		open_pair(&pair, rows[i].domain);
		pair.terms.name = rows[i].name;
		pair.terms.verify = rows[i].verify;
		if (!rows[i].ca)
			pair.terms.ca = NULL;
		REQUIRE(start_pair(&pair));
		peer = peer_of(&pair, true);
		CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
		CHECK(rig_until(&pair.rig,
				rows[i].good ? &pair.rig.received : &pair.lost,
				1));
		if (!CHECK_INT(pair.far.received, rows[i].good))
			printf("# row %zu\n", i);
		CHECK_INT(rig_counts(&pair.rig)->tls_failed, !rows[i].good);
		close_pair(&pair);
	}
}

static void without_terms_nobody_is_spoken_to(void)
{
	struct pair pair;
	struct flow_id peer;

	open_pair(&pair, "pbx.example.com");
	REQUIRE(start_pair(&pair));
	peer = peer_of(&pair, true);
	peer.tag = 8;
	CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
	CHECK(rig_until(&pair.rig, &pair.lost, 1));
	CHECK_INT(pair.far.received, 0);
	peer = peer_of(&pair, true);
	peer.listener = RIG_TCP;
	CHECK_INT(send_to(&pair, &peer, "00001a"), EHOSTUNREACH);
	close_pair(&pair);
}

static void an_alias_is_used_instead_of_a_new_connection(void)
{
	struct pair pair;
	struct flow_id peer, far;

	open_pair(&pair, "pbx.example.com");
	REQUIRE(start_pair(&pair));
	peer = peer_of(&pair, false);
	/* the far side speaks to an address that nobody listens at */
	far = (struct flow_id){.node = "far", .slot = 1, .kind = FLOW_TCP};
	close(rig_socket(SOCK_STREAM, &far.remote));
	pair.far.echo = false;
	CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
	CHECK(rig_until(&pair.rig, &pair.far.received, 1));
	transport_alias(pair.far.transport, pair.far.flow, &far);
	CHECK_INT(transport_send(pair.far.transport, &far,
				 (const uint8_t *)"00001b", 6, 0),
		  0);
	CHECK(rig_until(&pair.rig, &pair.rig.received, 1));
	CHECK_INT(transport_counts(pair.far.transport)->connects, 0);
	close_pair(&pair);
}

/* We have not asked whoever has connected for a certificate: over his
 * connection goes nothing that is for somebody who has to have one. */
static void a_peer_that_must_have_a_certificate_has_no_alias(void)
{
	for (int verify = 0; verify < 2; verify++) {
		struct pair pair;
		struct flow_id peer, far;

		open_pair(&pair, "pbx.example.com");
		pair.far.params.h.peerh = on_terms;
		REQUIRE(start_pair(&pair));
		peer = peer_of(&pair, true);
		far = (struct flow_id){.node = "far", .slot = 1,
				       .kind = FLOW_TLS, .listener = 1,
				       .tag = 7};
		close(rig_socket(SOCK_STREAM, &far.remote));
		pair.far.echo = false;
		CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
		CHECK(rig_until(&pair.rig, &pair.far.received, 1));
		pair.terms.verify = verify;
		transport_alias(pair.far.transport, pair.far.flow, &far);
		(void)transport_send(pair.far.transport, &far,
				     (const uint8_t *)"00001b", 6, 0);
		CHECK_INT(transport_counts(pair.far.transport)->connects,
			  verify);
		close_pair(&pair);
	}
}

/* --- what we offer ------------------------------------------------------------- */

struct hello {
	int fd;
	uint8_t bytes[2048];
	size_t len;
};

static bool has_hello(void *arg)
{
	struct hello *hello = arg;
	ssize_t n = recv(hello->fd, hello->bytes, sizeof(hello->bytes),
			 MSG_DONTWAIT);

	if (n > 0)
		hello->len = (size_t)n;
	return hello->len > 0;
}

/* TLS 1.3; ECDHE with AES-GCM or ChaCha20 (RFC 9325 4.2.1); that there is no
 * renegotiation (RFC 5746). */
static bool is_sane(unsigned cipher)
{
	return (cipher >= 0x1301 && cipher <= 0x1303) ||
	       (cipher >= 0xc02b && cipher <= 0xc02c) ||
	       (cipher >= 0xc02f && cipher <= 0xc030) ||
	       (cipher >= 0xcca8 && cipher <= 0xcca9) || cipher == 0x00ff;
}

static void what_is_offered_to_a_peer_keeps_its_secrets(void)
{
	struct hello hello = {.fd = -1};
	struct flow_id peer;
	struct pair pair;
	unsigned n = 0;
	size_t at;
	int fd;

	open_pair(&pair, "pbx.example.com");
	REQUIRE(start_pair(&pair));
	peer = peer_of(&pair, true);
	fd = rig_socket(SOCK_STREAM, &peer.remote);
	CHECK(!listen(fd, 1));
	CHECK_INT(send_to(&pair, &peer, "00001a"), 0);
	hello.fd = accept(fd, NULL, NULL);
	CHECK(loop_test_until(&pair.rig.lt, has_hello, &hello, 5000));
	/* RFC 5246 7.4.1.2: behind record, version, random and session */
	at = 5 + 4 + 2 + 32;
	at += at < hello.len ? 1u + hello.bytes[at] : 0;
	if (CHECK(at + 2 < hello.len))
		n = (unsigned)hello.bytes[at] << 8 | hello.bytes[at + 1];
	CHECK(n >= 2 && at + 2 + n <= hello.len);
	for (unsigned i = 0; i + 1 < n && at + 3 + i < hello.len; i += 2) {
		const uint8_t *p = &hello.bytes[at + 2 + i];

		if (!CHECK(is_sane((unsigned)p[0] << 8 | p[1])))
			re_printf("# cipher %02x%02x\n", p[0], p[1]);
	}
	close(hello.fd);
	close(fd);
	close_pair(&pair);
}

TEST_MAIN(TEST(one_connection_is_shared_and_answers_come_from_the_peer),
	  TEST(a_peer_that_refuses_is_told_later_and_tried_again),
	  TEST(a_peer_that_does_not_take_us_is_not_waited_for),
	  TEST(what_ends_is_lost_and_made_anew),
	  TEST(who_has_answered_a_ping_must_answer_the_next),
	  TEST(a_peer_has_to_be_who_it_should_be),
	  TEST(without_terms_nobody_is_spoken_to),
	  TEST(an_alias_is_used_instead_of_a_new_connection),
	  TEST(a_peer_that_must_have_a_certificate_has_no_alias),
	  TEST(what_is_offered_to_a_peer_keeps_its_secrets))
