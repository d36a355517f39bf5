/*
 * test_cluster.c  Two boxes: sigd as it is put together from its files
 *
 * Each node has one worker, in one process, with its own sockets; Redis is
 * real.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <re.h>

#include "common/keyring.h"
#include "common/worker.h"
#include "sigd/call/branch_token.h"
#include "sigd/serve.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/pki.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"
#include "tests/lib/ws_client.h"

enum {
	BOXES = 2,
	WAIT_MS = 8000
};
enum {
	WSS,
	UDP,
	TUNNEL,
	SOCKS
};

struct box {
	char node[4];
	struct sigd_setup setup;
	struct worker worker;
	struct worker_sock socks[SOCKS];
	struct sa addr[SOCKS];
	struct sigd *sigd;
	bool ready;
	char path[300];
};

struct cluster {
	struct loop_test lt;
	struct redis_server redis;
	struct redis_sync *sync;
	struct pki_ca ca;
	struct box box[BOXES];
};

static const char keys[] = "1 - 000102030405060708090a0b0c0d0e0f\n";

static const char *file(const char *name)
{
	static char path[8][300];
	static unsigned i;

	i = (i + 1) % 8;
	snprintf(path[i], sizeof(path[i]), "%s/%s", test_tmpdir(), name);
	return path[i];
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f)
		abort();
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static void open_socket(struct box *box, int what, const char *name)
{
	int type = what == UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sa *sa = &box->addr[what];

	sa_set_str(sa, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &sa->u.sa, sa->len) ||
	    (what != UDP && listen(fd, 64)) ||
	    getsockname(fd, &sa->u.sa, &sa->len))
		abort();
	box->socks[what] = (struct worker_sock){.name = name, .fd = fd};
}

/* peers: a YAML list. */
static void write_cfg(struct cluster *cl, struct box *box, const char *peers)
{
	char text[2000];

	snprintf(text, sizeof(text),
		 "node: %s\nrun_dir: run-%s\nkeys: keys\n"
		 "routing: routing.yaml\nredis: {path: %s}\nlisteners:\n"
		 "  - {name: wss, transport: wss, bind: 127.0.0.1:%u, "
		 "certificate: wss.cert, private_key: wss.key}\n"
		 "  - {name: udp, transport: udp, bind: 127.0.0.1:%u}\n"
		 "tunnel:\n  bind: 127.0.0.1:%u\n  certificate: %s.cert\n"
		 "  private_key: %s.key\n  ca: %s\n  peers: %s\n"
		 "websocket: {connections: 1, idle: 100ms}\n",
		 box->node, box->node, cl->redis.sock,
		 sa_port(&box->addr[WSS]), sa_port(&box->addr[UDP]),
		 sa_port(&box->addr[TUNNEL]), box->node, box->node,
		 cl->ca.path, peers);
	write_file(box->path, text);
}

static void on_serving(void *arg)
{
	struct box *box = arg;

	box->ready = true;
}

static bool is_ready(void *arg)
{
	const struct box *box = arg;

	return box->ready;
}

static bool box_start(struct cluster *cl, struct box *box)
{
	const struct sigd_events events = {on_serving, NULL, box};
	struct cfg_errors *errs = NULL;

	CHECK(!cfg_errors_alloc(&errs));
	if (sigd_cfg_load(&box->setup.cfg, box->path, errs))
		re_printf("# %H", cfg_errors_print, errs);
	mem_deref(errs);
	if (!CHECK(box->setup.cfg) ||
	    !CHECK(!sigd_files_load(&box->setup.files, box->setup.cfg)))
		return false;

	mkdir(box->setup.cfg->run_dir, 0700);
	box->worker = (struct worker){.slot = 1, .cfg = &box->setup,
				      .socks = box->socks, .nsocks = SOCKS,
				      .wheel = cl->lt.wheel};
	str_ncpy(box->worker.node, box->node, sizeof(box->worker.node));
	return CHECK(!sigd_alloc(&box->sigd, &box->worker, &events)) &&
	       CHECK(loop_test_until(&cl->lt, is_ready, box, WAIT_MS));
}

/* The second box knows the first, the first nobody. */
static bool start(struct cluster *cl)
{
	struct redis_cfg redis = {.name = "test"};
	char peers[100];

	memset(cl, 0, sizeof(*cl));
	if (!redis_server_start(&cl->redis))
		return false;
	redis.path = cl->redis.sock;
	CHECK(loop_test_open(&cl->lt));
	CHECK(!redis_sync_alloc(&cl->sync, &redis));
	write_file(file("keys"), keys);
	write_file(file("routing.yaml"),
		   "tenants: {t: {domains: [t.test], realm: r, users: "
		   "{al: {password: pw}}}}\n");
	pki_ca_make(&cl->ca, "cluster");
	pki_issue(&cl->ca, "localhost", file("wss.cert"), file("wss.key"));
	for (int i = 0; i < BOXES; i++) {
		struct box *box = &cl->box[i];

		strcpy(box->node, i ? "b2" : "a1");
		strcpy(box->path, file(i ? "b2.yaml" : "a1.yaml"));
		open_socket(box, WSS, "wss");
		open_socket(box, UDP, "udp");
		open_socket(box, TUNNEL, SIGD_TUNNEL_SOCK);
		pki_issue(&cl->ca, box->node,
			  file(i ? "b2.cert" : "a1.cert"),
			  file(i ? "b2.key" : "a1.key"));
	}
	snprintf(peers, sizeof(peers),
		 "[{node: a1, address: \"127.0.0.1:%u\"}]",
		 sa_port(&cl->box[0].addr[TUNNEL]));
	write_cfg(cl, &cl->box[0], "[]");
	write_cfg(cl, &cl->box[1], peers);
	return box_start(cl, &cl->box[0]) && box_start(cl, &cl->box[1]);
}

static void stop(struct cluster *cl)
{
	for (int i = 0; i < BOXES; i++) {
		mem_deref(cl->box[i].sigd);
		sigd_files_drop(&cl->box[i].setup.files);
		mem_deref(cl->box[i].setup.cfg);
		for (int k = 0; k < SOCKS && cl->box[i].node[0]; k++)
			close(cl->box[i].socks[k].fd);
	}
	mem_deref(cl->sync);
	if (cl->lt.wheel)
		loop_test_close(&cl->lt);
	if (cl->ca.key)
		pki_ca_free(&cl->ca);
	redis_server_kill(&cl->redis);
}

/* --- a client ------------------------------------------------------------ */

struct guest {
	struct ws_client *client;
	bool open, ended;
	unsigned received;
	char last[2000]; /* but for provisional responses */
};

static void guest_open(void *arg)
{
	struct guest *guest = arg;

	guest->open = true;
}

static void guest_recv(enum ws_opcode opcode, const uint8_t *data, size_t len,
		       void *arg)
{
	struct guest *guest = arg;

	if (opcode != WS_TEXT || (len > 8 && data[8] == '1'))
		return;
	++guest->received;
	snprintf(guest->last, sizeof(guest->last), "%.*s", (int)len,
		 (const char *)data);
}

static void guest_end(int status, int code, void *arg)
{
	struct guest *guest = arg;

	(void)status;
	(void)code;
	guest->ended = true;
}

static bool guest_has_heard(void *arg)
{
	const struct guest *guest = arg;

	return guest->received > 0;
}

static bool guest_is_there_or_not(void *arg)
{
	const struct guest *guest = arg;

	return guest->open || guest->ended;
}

static bool come(struct cluster *cl, struct guest *guest, int box,
		 const void *session)
{
	const struct ws_client_params params = {
		.server = cl->box[box].addr[WSS],
		.tls = true,
		.session = session,
		.openh = guest_open,
		.recvh = guest_recv,
		.endh = guest_end,
		.arg = guest,
	};

	memset(guest, 0, sizeof(*guest));
	return CHECK(!ws_client_alloc(&guest->client, &params)) &&
	       loop_test_until(&cl->lt, guest_is_there_or_not, guest,
			       WAIT_MS) &&
	       guest->open;
}

static void options(struct cluster *cl, struct guest *guest)
{
	CHECK(!ws_client_text(guest->client,
			      "OPTIONS sip:t.test SIP/2.0\r\n"
			      "Via: SIP/2.0/WSS x.invalid;branch=z9hG4bK1\r\n"
			      "From: <sip:x@t.test>;tag=1\r\n"
			      "To: <sip:t.test>\r\nCall-ID: o\r\n"
			      "CSeq: 1 OPTIONS\r\n\r\n"));
	CHECK(loop_test_until(&cl->lt, guest_has_heard, guest, WAIT_MS));
}

/* Its connection is lost, and it comes back at another box: many do at once
 * when one has ended, and a full handshake is what costs. */
static void a_tls_session_resumes_at_another_box(void)
{
	struct cluster cl;
	struct guest first, again;

	if (start(&cl) && come(&cl, &first, 0, NULL)) {
		options(&cl, &first);
		if (CHECK(ws_client_session(first.client)) &&
		    come(&cl, &again, 1, ws_client_session(first.client))) {
			CHECK(ws_client_resumed(again.client));
			mem_deref(again.client);
		}
		mem_deref(first.client);
	}
	stop(&cl);
}

/* --- a full worker ------------------------------------------------------- */

static void md5_hex(char hex[33], const char *fmt, ...)
{
	char text[1000];
	uint8_t md[16];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	md5((uint8_t *)text, strlen(text), md);
	re_snprintf(hex, 33, "%w", md, sizeof(md));
}

/* Calls without ever registering; true: who it is was proved. */
static bool call(struct cluster *cl, struct guest *guest)
{
	static const char head[] =
		"INVITE sip:x@t.test SIP/2.0\r\n"
		"Via: SIP/2.0/WSS x.invalid;branch=z9hG4bKi%d\r\n"
		"From: <sip:al@t.test>;tag=1\r\nTo: <sip:x@t.test>\r\n"
		"Call-ID: i\r\nCSeq: %d INVITE\r\nMax-Forwards: 70\r\n"
		"Contact: <sip:al@x.invalid>\r\n%s\r\n";
	char ha1[33], ha2[33], resp[33], text[2000], auth[800], nonce[300] = "";
	const char *p;

	snprintf(text, sizeof(text), head, 1, 1, "");
	CHECK(!ws_client_text(guest->client, text));
	CHECK(loop_test_until(&cl->lt, guest_has_heard, guest, WAIT_MS));
	p = strstr(guest->last, "nonce=\"");
	if (!CHECK(p))
		return false;
	sscanf(p, "nonce=\"%299[^\"]", nonce);
	md5_hex(ha1, "al:r:pw");
	md5_hex(ha2, "INVITE:sip:x@t.test");
	md5_hex(resp, "%s:%s:00000001:c:auth:%s", ha1, nonce, ha2);
	snprintf(auth, sizeof(auth),
		 "Proxy-Authorization: Digest username=\"al\", realm=\"r\", "
		 "nonce=\"%s\", uri=\"sip:x@t.test\", algorithm=MD5, "
		 "qop=auth, nc=00000001, cnonce=\"c\", response=\"%s\"\r\n",
		 nonce, resp);
	snprintf(text, sizeof(text), head, 2, 2, auth);
	guest->received = 0;
	CHECK(!ws_client_text(guest->client, text));
	CHECK(loop_test_until(&cl->lt, guest_has_heard, guest, WAIT_MS));
	return CHECK(!strncmp(guest->last, "SIP/2.0 404", 11));
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* Whoever is silent because it talks does not give way to a new one. */
static void a_caller_who_never_registered_is_not_idle(void)
{
	struct guest stranger, caller, late;
	struct cluster cl;

	if (start(&cl)) {
		CHECK(come(&cl, &stranger, 0, NULL));
		(void)loop_test_until(&cl.lt, never, NULL, 150);
		CHECK(come(&cl, &caller, 0, NULL));
		CHECK(call(&cl, &caller));
		(void)loop_test_until(&cl.lt, never, NULL, 150);
		CHECK(!come(&cl, &late, 0, NULL));
		CHECK(!caller.ended);
		mem_deref(stranger.client);
		mem_deref(caller.client);
		mem_deref(late.client);
	}
	stop(&cl);
}

/* --- the tunnel ------------------------------------------------------------ */

/* A figure that the worker has published. */
static uint64_t figure(struct cluster *cl, const struct box *box, const char *name)
{
	char key[64], field[64];
	struct redis_arg argv[3] = {redis_str("HGET")};
	const struct redis_val *val = NULL;
	uint64_t n = 0;

	snprintf(key, sizeof(key), "cb:{n:%s/1}:figures:sigd", box->node);
	snprintf(field, sizeof(field), "cordboard_sig_%s_total", name);
	argv[1] = redis_str(key);
	argv[2] = redis_str(field);
	return !redis_sync_send(cl->sync, argv, 3, &val) &&
			       redis_num(val, &n)
		       ? n
		       : 0;
}

struct wait_figure {
	struct cluster *cl;
	const struct box *box;
	const char *name;
};

static bool is_counted(void *arg)
{
	const struct wait_figure *wait = arg;

	return figure(wait->cl, wait->box, wait->name) > 0;
}

/* A response for a transaction of the second box comes to the first. */
static void respond(struct cluster *cl)
{
	const struct branch_owner owner = {.node = "b2", .slot = 1, .num = 1};
	const struct pl callid = PL("c1");
	char branch[BRANCH_TEXT_MAX + 1], text[1000];
	struct keyring *ring = NULL;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), n;
	const struct sa *to = &cl->box[0].addr[UDP];

	CHECK(!keyring_parse(&ring, keys, strlen(keys), text, sizeof(text)));
	CHECK(!branch_token_make(branch, ring, 1, &owner, &callid));
	n = snprintf(text, sizeof(text),
		     "SIP/2.0 180 Ringing\r\n"
		     "Via: SIP/2.0/UDP 127.0.0.1;branch=%s\r\n"
		     "From: <sip:a@t.test>;tag=1\r\nTo: <sip:b@t.test>;tag=2"
		     "\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\r\n",
		     branch);
	CHECK(sendto(fd, text, (size_t)n, 0, &to->u.sa, to->len) == n);
	close(fd);
	mem_deref(ring);
}

static bool is_reloaded(void *arg)
{
	return !sigd_reloading(arg);
}

static void a_new_box_is_reached_after_a_reload(void)
{
	struct cluster cl;
	char peers[100];

	if (start(&cl)) {
		struct wait_figure failed = {&cl, &cl.box[0], "tunnel_errors"};
		struct wait_figure came = {&cl, &cl.box[1], "tunnel_received"};

		respond(&cl);
		CHECK(loop_test_until(&cl.lt, is_counted, &failed, WAIT_MS));
		snprintf(peers, sizeof(peers),
			 "[{node: b2, address: \"127.0.0.1:%u\"}]",
			 sa_port(&cl.box[1].addr[TUNNEL]));
		write_cfg(&cl, &cl.box[0], peers);
		sigd_reload(cl.box[0].sigd);
		CHECK(loop_test_until(&cl.lt, is_reloaded, cl.box[0].sigd,
				      WAIT_MS));
		respond(&cl);
		CHECK(loop_test_until(&cl.lt, is_counted, &came, WAIT_MS));
	}
	stop(&cl);
}

TEST_MAIN(TEST(a_tls_session_resumes_at_another_box),
	  TEST(a_caller_who_never_registered_is_not_idle),
	  TEST(a_new_box_is_reached_after_a_reload))
