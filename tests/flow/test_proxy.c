/*
 * test_proxy.c  Two sigd workers in one process: real sockets, real Redis,
 *               and mediad played by the test
 *
 * What a worker answers must not depend on which one is asked: most cases
 * send the second request of a dialog to the other worker.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <re.h>

#include "common/countof.h"
#include "common/keyring.h"
#include "common/loop.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/auth/digest.h"
#include "sigd/auth/guess.h"
#include "sigd/media/media_client.h"
#include "sigd/proxy/proxy_priv.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

/* --- mediad, as far as sigd sees it ----------------------------------------- */

struct media_client {
	struct wheel *wheel;
	enum status refuse; /* answer of leg.remote */
	enum status drop;   /* of the first session.drop */
	bool away;
	uint8_t slow_leg;   /* its offer takes 100 ms */
	unsigned pending;
	unsigned asked[CTL_VERB_COUNT];
};

struct media_ask {
	struct wheel_timer timer;
	struct media_client *client;
	struct ctl_req req;
	media_answer_h *h;
	void *arg;
};

static const char sdp_answer[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n";

const char *media_client_pick(struct media_client *client)
{
	return client->away ? NULL : "m1/1";
}

static void ask_destructor(void *data)
{
	struct media_ask *ask = data;

	ask->client->pending--;
	wheel_stop(&ask->timer);
}

static void on_ask(void *arg)
{
	struct media_ask *ask = arg;
	struct ctl_ans ans = {.status = STATUS_OK};

	if (ask->req.verb == CTL_LEG_REMOTE)
		ans.status = ask->client->refuse;
	if (ask->req.verb == CTL_SESSION_DROP) {
		ans.status = ask->client->drop;
		ask->client->drop = STATUS_OK;
	}
	if (ask->req.verb == CTL_LEG_LOCAL)
		pl_set_str(&ans.sdp, sdp_answer);
	ask->h(&ans, ask->arg);
}

int media_client_ask(struct media_ask **askp, struct media_client *client,
		     const char *at, const struct ctl_req *req,
		     media_answer_h *h, void *arg)
{
	struct media_ask *ask = mem_zalloc(sizeof(*ask), ask_destructor);

	CHECK_STR(at, "m1/1");
	client->asked[req->verb]++;
	*ask = (struct media_ask){.client = client, .req = *req, .h = h,
				  .arg = arg};
	client->pending++;
	wheel_start(client->wheel, &ask->timer,
		    req->verb == CTL_LEG_LOCAL && client->slow_leg &&
				    req->local.leg == client->slow_leg
			    ? 100
			    : 1,
		    on_ask, ask);
	*askp = ask;
	return 0;
}

int media_client_tell(struct media_client *client, const char *at,
		      const struct ctl_req *req)
{
	(void)at;
	client->asked[req->verb]++;
	return 0;
}

/* --- the stage ------------------------------------------------------------------ */

enum { WORKERS = 2, TEXT_MAX = 8192 };

struct node {
	struct transport *transport;
	struct proxy *proxy;
	struct redis_link *redis;
	int fd;
	struct sa addr;
};

/* A SIP endpoint on UDP: what it got last, by kind. */
struct ua {
	int fd;
	struct sa addr;
	struct loop_watch *watch;
	char resp[TEXT_MAX];
	int code;      /* of the last final response */
	char req[TEXT_MAX];
	int requests;
	char seen[1024]; /* three letters of each request */
};

struct fixture {
	struct redis_server server;
	struct wheel *wheel;
	struct keyring *ring;
	struct route_table *routes;
	struct media_client media;
	struct node nodes[WORKERS];
	struct proxy_listener listener;
	char advertise[64], run_dir[128];
	struct ua alice, bob, desk; /* desk: also bob's */
	uint32_t t1, timer_c, txns;
};

static int udp_socket(struct sa *addr)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(!bind(fd, (struct sockaddr *)&in, sizeof(in)));
	CHECK(!getsockname(fd, (struct sockaddr *)&in, &len));
	sa_set_in(addr, INADDR_LOOPBACK, ntohs(in.sin_port));
	return fd;
}

static void on_readable(int flags, void *arg)
{
	struct ua *ua = arg;
	char buf[TEXT_MAX];
	size_t len;
	ssize_t n;
	(void)flags;

	while ((n = recv(ua->fd, buf, sizeof(buf) - 1, 0)) > 0) {
		buf[n] = '\0';
		if (!strncmp(buf, "SIP/2.0 1", 9))
			continue;
		if (!strncmp(buf, "SIP/2.0 ", 8)) {
			ua->code = atoi(buf + 8);
			strcpy(ua->resp, buf);
		} else {
			ua->requests++;
			len = strlen(ua->seen);
			snprintf(ua->seen + len, sizeof(ua->seen) - len,
				 "%.3s", buf);
			strcpy(ua->req, buf);
		}
	}
}

static void ua_open(struct ua *ua)
{
	ua->fd = udp_socket(&ua->addr);
	CHECK(!loop_watch_alloc(&ua->watch, ua->fd, LOOP_READ, on_readable,
				ua));
}

static void ua_close(struct ua *ua)
{
	mem_deref(ua->watch);
	if (ua->fd)
		close(ua->fd);
}

static void node_open(struct fixture *fix, unsigned i)
{
	struct node *node = &fix->nodes[i];
	struct redis_cfg redis = {.path = fix->server.sock, .name = "test"};
	struct transport_listener listener = {.name = "udp",
					      .kind = FLOW_UDP};
	struct transport_params tp = {.node = "s1", .slot = (uint8_t)(i + 1),
				      .epoch = 100 + i, .wheel = fix->wheel,
				      .run_dir = fix->run_dir,
				      .listeners = &listener,
				      .nlisteners = 1};
	const struct proxy_cfg cfg = {.txn = {.t1 = fix->t1, .t2 = 4 * fix->t1,
					      .t4 = 4 * fix->t1,
					      .max = fix->txns},
				      .timer_c_ms = fix->timer_c};
	struct proxy_deps deps = {.node = "s1", .slot = tp.slot,
				  .epoch = tp.epoch, .wheel = fix->wheel,
				  .keyring = fix->ring, .routes = fix->routes,
				  .media = &fix->media,
				  .listeners = &fix->listener,
				  .nlisteners = 1};
	char why[256] = "";

	CHECK(!redis_link_alloc(&node->redis, &redis, fix->wheel, NULL,
				NULL));
	CHECK(redis_test_until(fix->wheel, 5000, redis_test_is_up,
			       node->redis));
	listener.fd = node->fd = udp_socket(&node->addr);
	/* the transport's handlers need the proxy, the proxy the transport */
	tp.h = (struct transport_handlers){
		.recvh = proxy_recv, .goneh = proxy_flow_gone,
		.failedh = proxy_send_failed, .responseh = proxy_response};
	deps.redis = node->redis;
	CHECK(!proxy_alloc(&node->proxy, &cfg, &deps));
	tp.h.arg = node->proxy;
	CHECK(!transport_alloc(&node->transport, &tp, why, sizeof(why)));
	CHECK_STR(why, "");
	proxy_transport_set(node->proxy, node->transport);
}

static const char routing[] =
	"tenants:\n"
	"  demo:\n"
	"    domains: [\"demo.test\"]\n"
	"    realm: cordboard\n"
	"    users:\n"
	"      alice: {password: alice-secret}\n"
	"      bob: {password: bob-secret}\n"
	"      one: {password: one-secret, max_devices: 1}\n"
	"    routes:\n"
	"      - {name: echo, match: {callee: \"^echo$\"}, "
	"to: {service: echo}}\n";

static bool start_room(struct fixture *fix, uint32_t t1, uint32_t timer_c,
		       uint32_t txns)
{
	static const char keys[] = "1 - 000102030405060708090a0b0c0d0e0f\n";
	struct cfg_errors *errs = NULL;
	char why[128];
	int err;

	memset(fix, 0, sizeof(*fix));
	fix->t1 = t1;
	fix->timer_c = timer_c;
	fix->txns = txns;
	if (!redis_server_start(&fix->server))
		return false;
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix->wheel, loop_now_ms()));
	loop_drive(fix->wheel);
	fix->media.wheel = fix->wheel;
	CHECK(!keyring_parse(&fix->ring, keys, strlen(keys), why,
			     sizeof(why)));
	CHECK(!cfg_errors_alloc(&errs));
	err = route_table_parse(&fix->routes, "routing.yaml", routing,
				strlen(routing), errs);
	if (!CHECK(!err))
		re_printf("# %H\n", cfg_errors_print, errs);
	mem_deref(errs);
	snprintf(fix->run_dir, sizeof(fix->run_dir), "%s/run",
		 test_tmpdir());
	mkdir(fix->run_dir, 0700);
	fix->listener = (struct proxy_listener){FLOW_UDP, fix->advertise, "udp"};
	strcpy(fix->advertise, "127.0.0.1:9");
	for (unsigned i = 0; i < WORKERS; i++)
		node_open(fix, i);
	ua_open(&fix->alice);
	ua_open(&fix->bob);
	ua_open(&fix->desk);
	return !err;
}

static bool start_with(struct fixture *fix, uint32_t t1, uint32_t timer_c)
{
	return start_room(fix, t1, timer_c, 0);
}

static bool start_t1(struct fixture *fix, uint32_t t1)
{
	return start_with(fix, t1, 0);
}

static bool start(struct fixture *fix)
{
	return start_t1(fix, 20);
}

static void stop(struct fixture *fix)
{
	ua_close(&fix->alice);
	ua_close(&fix->bob);
	ua_close(&fix->desk);
	for (unsigned i = 0; i < WORKERS; i++) {
		mem_deref(fix->nodes[i].transport);
		mem_deref(fix->nodes[i].proxy);
		mem_deref(fix->nodes[i].redis);
		if (fix->nodes[i].fd)
			close(fix->nodes[i].fd);
	}
	mem_deref(fix->routes);
	mem_deref(fix->ring);
	if (fix->wheel) {
		loop_drive(NULL);
		mem_deref(fix->wheel);
		loop_close();
	}
	redis_server_kill(&fix->server);
}

/* --- speaking SIP ------------------------------------------------------------------ */

static void put(struct fixture *fix, struct ua *ua, unsigned worker,
		const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ua->code = 0;
	CHECK(sendto(ua->fd, text, (size_t)n, 0,
		     &fix->nodes[worker].addr.u.sa,
		     fix->nodes[worker].addr.len) == n);
}

static bool has_code(void *arg)
{
	const struct ua *ua = arg;

	return ua->code != 0;
}

static bool has_request(void *arg)
{
	const struct ua *ua = arg;

	return ua->requests > 0;
}

static int answer(struct fixture *fix, struct ua *ua)
{
	CHECK(redis_test_until(fix->wheel, 5000, has_code, ua));
	return ua->code;
}

static bool request(struct fixture *fix, struct ua *ua, const char *method)
{
	bool ok = redis_test_until(fix->wheel, 5000, has_request, ua);

	ua->requests = 0;
	return ok && !strncmp(ua->req, method, strlen(method));
}

/* The value of a header of that text, from the n-th (0 on). */
static const char *header(const char *text, const char *name, char *val)
{
	char start_of[64];
	const char *p, *end;

	snprintf(start_of, sizeof(start_of), "\r\n%s: ", name);
	p = strstr(text, start_of);
	*val = '\0';
	if (!p)
		return val;
	p += strlen(start_of);
	end = strstr(p, "\r\n");
	memcpy(val, p, (size_t)(end - p));
	val[end - p] = '\0';
	return val;
}

/* Authorization for the challenge in ua->resp. */
static void credentials(const struct ua *ua, const char *method,
			const char *uri, const char *password, char *out)
{
	char challenge[1024], nonce[256] = "", ha1[65], a2[65], resp[65];
	const struct pl realm = PL("cordboard");
	struct digest_secret secret;
	char user[32], joined[1024];
	const char *p;
	struct pl u, w;
	uint8_t md[16];

	header(ua->resp, ua->code == 401 ? "WWW-Authenticate"
					 : "Proxy-Authenticate", challenge);
	p = strstr(challenge, "nonce=\"");
	if (p)
		sscanf(p, "nonce=\"%255[^\"]\"", nonce);
	sscanf(password, "%31[^-]", user);
	pl_set_str(&u, user);
	pl_set_str(&w, password);
	CHECK(!digest_secret_make(&secret, &u, &realm, &w));
	strcpy(ha1, secret.ha1[DIGEST_MD5]);
	re_snprintf(joined, sizeof(joined), "%s:%s", method, uri);
	md5((uint8_t *)joined, strlen(joined), md);
	re_snprintf(a2, sizeof(a2), "%w", md, sizeof(md));
	re_snprintf(joined, sizeof(joined), "%s:%s:00000001:c:auth:%s", ha1,
		    nonce, a2);
	md5((uint8_t *)joined, strlen(joined), md);
	re_snprintf(resp, sizeof(resp), "%w", md, sizeof(md));
	snprintf(out, 1024,
		 "%s: Digest username=\"%s\", realm=\"cordboard\", "
		 "nonce=\"%s\", uri=\"%s\", algorithm=MD5, qop=auth, "
		 "nc=00000001, cnonce=\"c\", response=\"%s\"\r\n",
		 ua->code == 401 ? "Authorization" : "Proxy-Authorization",
		 user, nonce, uri, resp);
}

/* lines: its Contact and what else it shall have. */
static void put_register_lines(struct fixture *fix, struct ua *ua,
			       const char *user, unsigned cseq,
			       const char *lines)
{
	put(fix, ua, 0,
	    "REGISTER sip:demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKr%u%s;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:%s@demo.test>;tag=f\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: reg-%u\r\n"
	    "CSeq: %u REGISTER\r\n%s\r\n",
	    sa_port(&ua->addr), cseq, user, user, user, sa_port(&ua->addr),
	    cseq, lines);
}

/* Challenged, and again; the code of the second answer. */
static int register_lines(struct fixture *fix, struct ua *ua,
			  const char *password, const char *lines)
{
	char user[32], auth[1024], all[2048];

	sscanf(password, "%31[^-]", user);
	put_register_lines(fix, ua, user, 1, lines);
	CHECK_INT(answer(fix, ua), 401);
	credentials(ua, "REGISTER", "sip:demo.test", password, auth);
	snprintf(all, sizeof(all), "%s%s", lines, auth);
	put_register_lines(fix, ua, user, 2, all);
	return answer(fix, ua);
}

static void put_register(struct fixture *fix, struct ua *ua, unsigned worker,
			 const char *user, unsigned cseq, const char *auth)
{
	put(fix, ua, worker,
	    "REGISTER sip:demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKr%u%s;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:%s@demo.test>;tag=f\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: reg-%s\r\n"
	    "CSeq: %u REGISTER\r\n"
	    "Contact: <sip:%s@127.0.0.1:%u>\r\nExpires: 300\r\n%s\r\n",
	    sa_port(&ua->addr), cseq, user, user, user, user, cseq, user,
	    sa_port(&ua->addr), auth);
}

static int register_user(struct fixture *fix, struct ua *ua, unsigned worker,
			 const char *password)
{
	char user[32], auth[1024];

	sscanf(password, "%31[^-]", user);
	put_register(fix, ua, worker, user, 1, "");
	CHECK_INT(answer(fix, ua), 401);
	credentials(ua, "REGISTER", "sip:demo.test", password, auth);
	put_register(fix, ua, worker, user, 2, auth);
	return answer(fix, ua);
}

#define SDP_OFFER "v=0\r\no=- 9 9 IN IP4 127.0.0.1\r\n"

static void put_invite(struct fixture *fix, struct ua *ua, const char *to,
		       unsigned cseq, const char *auth)
{
	put(fix, ua, 0,
	    "INVITE sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKi%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: call-1\r\n"
	    "CSeq: %u INVITE\r\nContact: <sip:alice@127.0.0.1:%u>\r\n%s"
	    "Supported: timer\r\nSupported: 100rel, replaces\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    to, sa_port(&ua->addr), cseq, to, cseq, sa_port(&ua->addr), auth,
	    strlen(SDP_OFFER), SDP_OFFER);
}

static void put_ack_407(struct fixture *fix, struct ua *ua, const char *to,
			unsigned cseq)
{
	char val[1024];

	header(ua->resp, "To", val);
	put(fix, ua, 0,
	    "ACK sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKi%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: %s\r\nCall-ID: call-1\r\nCSeq: %u ACK\r\n\r\n",
	    to, sa_port(&ua->addr), cseq, val, cseq);
}

/* INVITE, challenged, again: no final answer is waited for. */
static void call(struct fixture *fix, const char *to)
{
	char uri[64], auth[1024];

	put_invite(fix, &fix->alice, to, 1, "");
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, "INVITE", uri, "alice-secret", auth);
	put_ack_407(fix, &fix->alice, to, 1);
	put_invite(fix, &fix->alice, to, 2, auth);
}

/* A request of alice in the dialog that her last 2xx made. */
static void put_in_dialog_body(struct fixture *fix, const char *resp,
			       const char *method, unsigned cseq,
			       unsigned worker, const char *body)
{
	char to[1024], contact[1024], rr[1024], route[1100] = "";

	header(resp, "To", to);
	header(resp, "Contact", contact);
	if (*header(resp, "Record-Route", rr))
		snprintf(route, sizeof(route), "Route: %s\r\n", rr);
	contact[strcspn(contact, ">")] = '\0';
	put(fix, &fix->alice, worker,
	    "%s %s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s%u;rport\r\n"
	    "Max-Forwards: 70\r\n%sFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: %s\r\nCall-ID: call-1\r\nCSeq: %u %s\r\n"
	    "Contact: <sip:alice@127.0.0.1:%u>\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    method, contact + 1, sa_port(&fix->alice.addr), method, cseq,
	    route, to, cseq, method, sa_port(&fix->alice.addr), strlen(body),
	    body);
}

static void put_in_dialog(struct fixture *fix, const char *resp,
			  const char *method, unsigned cseq, unsigned worker)
{
	put_in_dialog_body(fix, resp, method, cseq, worker, "");
}

static void put_cancel(struct fixture *fix, const char *to, const char *branch,
		       unsigned cseq)
{
	put(fix, &fix->alice, 0,
	    "CANCEL sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: call-1\r\n"
	    "CSeq: %u CANCEL\r\n\r\n",
	    to, sa_port(&fix->alice.addr), branch, cseq, to, cseq);
}

static unsigned busy(const struct fixture *fix)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		n += proxy_busy(fix->nodes[i].proxy);
	return n;
}

static bool is_idle(void *arg)
{
	return !busy(arg);
}

/* --- cases ------------------------------------------------------------------------------ */

static void a_user_registers_with_the_right_password(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.alice, 0, "alice-secret"),
			  200);
		CHECK(strstr(fix.alice.resp, "expires=300"));
		CHECK_INT(busy(&fix), 0);
	}
	stop(&fix);
}

static void a_user_has_as_many_devices_as_allowed(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.alice, 0, "one-secret"),
			  200);
		CHECK_INT(register_lines(&fix, &fix.bob, "one-secret",
					 "Contact: <sip:one@127.0.0.1:9>\r\n"),
			  403);
		CHECK(strstr(fix.bob.resp, "binding-limit"));
		/* the other way round: the limit is that user's own */
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 "Contact: <sip:bob@127.0.0.1:9>\r\n"),
			  200);
	}
	stop(&fix);
}

/* RFC 5626 section 6, RFC 3261 10.3 step 2 */
static void the_answer_tells_what_extensions_count(void)
{
	static const char contact[] =
		"Contact: <sip:bob@127.0.0.1:9>;reg-id=1"
		";+sip.instance=\"<urn:uuid:1>\"\r\n";
	struct fixture fix;
	char lines[400];

	if (start(&fix)) {
		snprintf(lines, sizeof(lines), "Supported: outbound\r\n%s",
			 contact);
		CHECK_INT(register_lines(&fix, &fix.bob, "bob-secret", lines),
			  200);
		CHECK(strstr(fix.bob.resp, "\r\nRequire: outbound\r\n"));
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 contact),
			  200);
		CHECK(!strstr(fix.desk.resp, "Require"));
		snprintf(lines, sizeof(lines), "Require: gruu, x\r\n%s",
			 contact);
		CHECK_INT(register_lines(&fix, &fix.alice, "alice-secret",
					 lines),
			  420);
		CHECK(strstr(fix.alice.resp, "\r\nUnsupported: gruu, x\r\n"));
	}
	stop(&fix);
}

static void a_wrong_password_and_an_unknown_user_look_the_same(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.alice, 0, "alice-wrong"),
			  401);
		CHECK_INT(register_user(&fix, &fix.bob, 1, "mallory-x"), 401);
		CHECK(!strstr(fix.bob.resp, "stale"));
	}
	stop(&fix);
}

static void guessing_a_password_is_slow(void)
{
	struct fixture fix;
	char auth[1024];
	unsigned i = 1;

	if (start(&fix)) {
		put_register(&fix, &fix.alice, 0, "alice", i, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		while (i <= GUESS_FREE + 1) {
			credentials(&fix.alice, "REGISTER", "sip:demo.test",
				    "alice-wrong", auth);
			put_register(&fix, &fix.alice, 0, "alice", ++i, auth);
			CHECK_INT(answer(&fix, &fix.alice), 401);
		}
		/* not even the right one is told from the others */
		credentials(&fix.alice, "REGISTER", "sip:demo.test",
			    "alice-secret", auth);
		put_register(&fix, &fix.alice, 0, "alice", ++i, auth);
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK(strstr(fix.alice.resp, "auth-locked"));
		CHECK_INT(proxy_counts(fix.nodes[0].proxy)->auth_locked, 1);
		CHECK_INT(register_user(&fix, &fix.bob, 0, "bob-secret"),
			  200);
	}
	stop(&fix);
}

/* RFC 3261 18.2.2: without rport an answer goes to the port that the Via
 * names, at the address that the request came from, whatever host the Via
 * claims. */
static void without_rport_an_answer_goes_to_the_port_of_the_via(void)
{
	struct fixture fix;

	if (start(&fix)) {
		put(&fix, &fix.alice, 0,
		    "OPTIONS sip:demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 192.0.2.9:%u;branch=z9hG4bKo\r\n"
		    "From: <sip:x@demo.test>;tag=1\r\nTo: <sip:demo.test>\r\n"
		    "Call-ID: o\r\nCSeq: 1 OPTIONS\r\n\r\n",
		    sa_port(&fix.bob.addr));
		CHECK_INT(answer(&fix, &fix.bob), 200);
		CHECK(strstr(fix.bob.resp, ";received=127.0.0.1"));
		CHECK_INT(fix.alice.code, 0);
		/* one that is malformed, too */
		fix.bob.code = 0;
		put(&fix, &fix.alice, 0,
		    "OPTIONS sip:demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 192.0.2.9:%u;branch=z9hG4bKp\r\n"
		    "From: <sip:x@demo.test>;tag=1\r\n"
		    "Call-ID: o\r\nCSeq: 1 OPTIONS\r\n\r\n",
		    sa_port(&fix.bob.addr));
		CHECK_INT(answer(&fix, &fix.bob), 400);
		CHECK(strstr(fix.bob.resp, ";received=127.0.0.1"));
	}
	stop(&fix);
}

static void a_full_worker_says_when_to_come_again(void)
{
	struct fixture fix;
	char val[64];

	if (start_room(&fix, 500, 0, 1)) {
		put_register(&fix, &fix.alice, 0, "alice", 1, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		put_register(&fix, &fix.bob, 0, "bob", 1, "");
		CHECK_INT(answer(&fix, &fix.bob), 503);
		CHECK_STR(header(fix.bob.resp, "Retry-After", val), "5");
	}
	stop(&fix);
}

static void a_nonce_is_of_no_use_to_another_source(void)
{
	struct fixture fix;
	char auth[1024];

	if (start(&fix)) {
		put_register(&fix, &fix.alice, 0, "alice", 1, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		credentials(&fix.alice, "REGISTER", "sip:demo.test",
			    "alice-secret", auth);
		put_register(&fix, &fix.bob, 1, "alice", 2, auth);
		CHECK_INT(answer(&fix, &fix.bob), 401);
		CHECK(strstr(fix.bob.resp, "stale=true"));
	}
	stop(&fix);
}

static void echo_is_answered_and_ended_through_another_worker(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix)) {
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, sdp_answer));
		strcpy(resp, fix.alice.resp);
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
		/* again: the call is not there any more */
		put_in_dialog(&fix, resp, "BYE", 4, 0);
		CHECK_INT(answer(&fix, &fix.alice), 481);
		CHECK(redis_test_until(fix.wheel, 10000, is_idle, &fix));
	}
	stop(&fix);
}

static void a_cookie_of_another_dialog_is_refused(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], *p;

	if (start(&fix)) {
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		p = strstr(resp, "\r\nContact: <sip:");
		REQUIRE(p);
		p[20] = p[20] == 'A' ? 'B' : 'A';
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 0);
	}
	stop(&fix);
}

static void an_unknown_number_is_not_found(void)
{
	struct fixture fix;

	if (start(&fix)) {
		call(&fix, "nobody");
		CHECK_INT(answer(&fix, &fix.alice), 404);
		CHECK_INT(fix.media.asked[CTL_LEG_REMOTE], 0);
	}
	stop(&fix);
}

static void a_user_without_device_is_unavailable(void)
{
	struct fixture fix;

	if (start(&fix)) {
		call(&fix, "bob");
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

static void without_mediad_a_call_is_503_with_retry_after(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.media.away = true;
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK(strstr(fix.alice.resp, "Retry-After: 5"));
	}
	stop(&fix);
}

static void an_offer_that_mediad_refuses_is_488(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.media.refuse = STATUS_NOT_ACCEPTABLE;
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 488);
		CHECK(redis_test_until(fix.wheel, 10000, is_idle, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&fix);
}

/* The answer to the request that this one got last. */
static void ua_answers(struct fixture *fix, struct ua *ua, int code,
		       const char *extra)
{
	char via[1024], from[512], to[512], callid[256], cseq[64], rr[1024];
	char second[1100] = "", rr_line[1100] = "";
	const char *p = strstr(ua->req, "\r\nVia: ");

	header(ua->req, "Via", via);
	if (p && strstr(p + 7, "\r\nVia: "))
		snprintf(second, sizeof(second), "Via: %.*s\r\n",
			 (int)strcspn(strstr(p + 7, "\r\nVia: ") + 7, "\r"),
			 strstr(p + 7, "\r\nVia: ") + 7);
	header(ua->req, "From", from);
	header(ua->req, "To", to);
	header(ua->req, "Call-ID", callid);
	header(ua->req, "CSeq", cseq);
	if (*header(ua->req, "Record-Route", rr))
		snprintf(rr_line, sizeof(rr_line), "Record-Route: %s\r\n",
			 rr);
	/* bob is registered through worker 1 and answers to it */
	put(fix, ua, 1,
	    "SIP/2.0 %d X\r\nVia: %s\r\n%s%sFrom: %s\r\nTo: %s%s\r\n"
	    "Call-ID: %s\r\nCSeq: %s\r\n%s\r\n",
	    code, via, second, rr_line, from, to,
	    strstr(to, "tag=") ? "" : ";tag=bt", callid, cseq, extra);
}

static void bob_answers(struct fixture *fix, int code, const char *extra)
{
	ua_answers(fix, &fix->bob, code, extra);
}

#define BOB_2XX                                                              \
	"Contact: <sip:bob@127.0.0.1:1>\r\nContent-Type: application/sdp\r\n" \
	"Content-Length: 5\r\n\r\nv=0\r\n"

static void a_user_at_another_worker_is_called(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE sip:bob@127.0.0.1"));
		CHECK(strstr(fix.bob.req, sdp_answer));
		CHECK(!strstr(fix.bob.req, "Authorization"));
		CHECK(!strstr(fix.bob.req, "sip:alice@127.0.0.1"));
		CHECK(strstr(fix.bob.req, "Max-Forwards: 69"));
		CHECK(strstr(fix.bob.req, "\r\nSupported: timer\r\n"));
		CHECK(strstr(fix.bob.req, "\r\nSupported: replaces\r\n"));
		bob_answers(&fix, 180, "");
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(!strstr(fix.alice.resp, "sip:bob@127.0.0.1:1"));
		strcpy(resp, fix.alice.resp);

		put_in_dialog(&fix, resp, "ACK", 2, 1);
		CHECK(request(&fix, &fix.bob, "ACK sip:bob@127.0.0.1:1"));
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(request(&fix, &fix.bob, "BYE sip:bob@127.0.0.1:1"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 10000, is_idle, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&fix);
}

static void a_busy_user_is_busy(void)
{
	struct fixture fix;

	/* with timers of 64 * 500 ms: none may be waited for */
	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 486, "");
		CHECK_INT(answer(&fix, &fix.alice), 486);
		CHECK(request(&fix, &fix.bob, "ACK"));
	}
	stop(&fix);
}

static void a_cancelled_call_ends_on_both_sides(void)
{
	struct fixture fix;

	/* with timers of 64 * 500 ms: none may be waited for */
	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 180, "");
		put_cancel(&fix, "bob", "i", 2);
		/* that of the CANCEL, and at once that of the INVITE */
		if (answer(&fix, &fix.alice) == 200) {
			fix.alice.code = 0;
			(void)answer(&fix, &fix.alice);
		}
		CHECK_INT(fix.alice.code, 487);
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		bob_answers(&fix, 200, "");
		memcpy(strstr(fix.bob.req, "CSeq: "), "CSeq: 2 INVITE", 14);
		bob_answers(&fix, 487, "");
		CHECK(request(&fix, &fix.bob, "ACK"));
	}
	stop(&fix);
}

static void with_redis_stopped_a_dialog_goes_on_from_hints(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		redis_server_kill(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_down,
				       fix.nodes[1].redis));
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_down,
				       fix.nodes[0].redis));
		put_in_dialog(&fix, resp, "ACK", 2, 1);
		CHECK(request(&fix, &fix.bob, "ACK sip:bob@127.0.0.1:1"));
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(request(&fix, &fix.bob, "BYE sip:bob@127.0.0.1:1"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);

		/* new work is refused, and told when to come back */
		put_register(&fix, &fix.alice, 0, "alice", 9, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		{
			char auth[1024];

			credentials(&fix.alice, "REGISTER", "sip:demo.test",
				    "alice-secret", auth);
			put_register(&fix, &fix.alice, 0, "alice", 10, auth);
		}
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK(strstr(fix.alice.resp, "Retry-After: 5"));
	}
	stop(&fix);
}

/* alice's call to bob, who has answered: her 2xx is in resp. */
static bool talk(struct fixture *fix, char *resp)
{
	CHECK_INT(register_user(fix, &fix->bob, 1, "bob-secret"), 200);
	call(fix, "bob");
	if (!CHECK(request(fix, &fix->bob, "INVITE")))
		return false;
	bob_answers(fix, 200, BOB_2XX);
	CHECK_INT(answer(fix, &fix->alice), 200);
	strcpy(resp, fix->alice.resp);
	return true;
}

/* What arrived before this has been served when it is answered. */
static void round_trip(struct fixture *fix, struct ua *ua, unsigned worker)
{
	put_register(fix, ua, worker, "alice", 77, "");
	CHECK_INT(answer(fix, ua), 401);
}

static bool nothing_asked(void *arg)
{
	const struct fixture *fix = arg;

	return !fix->media.pending;
}

/* The test's CANCEL overwrote the INVITE: its answer differs by the method. */
static void as_invite(struct ua *ua, unsigned cseq)
{
	char *p = strstr(ua->req, "CSeq: "), text[32];

	if (!CHECK(p))
		return;
	snprintf(text, sizeof(text), "CSeq: %u INVITE", cseq);
	memcpy(p, text, strlen(text));
}

/* Behind the 200 of the CANCEL. */
static bool is_terminated(void *arg)
{
	const struct ua *ua = arg;

	return ua->code == 487;
}

static void a_cancel_while_the_nonce_is_counted_ends_the_call(void)
{
	struct fixture fix;

	if (start(&fix)) {
		/* both are read before Redis has answered */
		call(&fix, "echo");
		put_cancel(&fix, "echo", "i", 2);
		CHECK(redis_test_until(fix.wheel, 5000, is_terminated,
				       &fix.alice));
		CHECK_INT(fix.media.asked[CTL_LEG_REMOTE], 0);
	}
	stop(&fix);
}

static void a_repeated_2xx_goes_on_to_the_caller(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		fix.alice.code = 0;
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(fix.alice.resp, resp);
	}
	stop(&fix);
}

static void a_2xx_after_we_gave_up_is_acknowledged_and_ended(void)
{
	struct fixture fix;

	if (start_with(&fix, 100, 100)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 180, "");
		/* Timer C */
		CHECK_INT(answer(&fix, &fix.alice), 480);
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		as_invite(&fix.bob, 2);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK(request(&fix, &fix.bob, "ACK") ||
		      !strncmp(fix.bob.req, "BYE", 3));
		round_trip(&fix, &fix.bob, 1);
		CHECK(strstr(fix.bob.seen, "ACKBYE"));
	}
	stop(&fix);
}

static void a_decline_speaks_for_all_devices(void)
{
	struct fixture fix;

	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		CHECK_INT(register_user(&fix, &fix.desk, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		REQUIRE(request(&fix, &fix.desk, "INVITE"));
		ua_answers(&fix, &fix.desk, 180, "");
		bob_answers(&fix, 603, "");
		REQUIRE(request(&fix, &fix.desk, "CANCEL"));
		as_invite(&fix.desk, 2);
		ua_answers(&fix, &fix.desk, 487, "");
		CHECK_INT(answer(&fix, &fix.alice), 603);
	}
	stop(&fix);
}

static void a_device_without_offer_yet_does_not_ring_after_the_answer(void)
{
	struct fixture fix;
	struct ua *first, *other;

	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		CHECK_INT(register_user(&fix, &fix.desk, 1, "bob-secret"),
			  200);
		fix.media.slow_leg = 3;
		call(&fix, "bob");
		/* either is the first of the list */
		while (!fix.bob.requests && !fix.desk.requests &&
		       redis_test_until(fix.wheel, 20, has_request, &fix.bob))
			;
		CHECK(fix.bob.requests || fix.desk.requests ||
		      redis_test_until(fix.wheel, 50, has_request, &fix.desk));
		first = fix.bob.requests ? &fix.bob : &fix.desk;
		other = fix.bob.requests ? &fix.desk : &fix.bob;
		ua_answers(&fix, first, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 5000, nothing_asked, &fix));
		round_trip(&fix, other, 1);
		round_trip(&fix, other, 0);
		CHECK_STR(other->seen, "");
	}
	stop(&fix);
}

static void a_challenge_of_a_device_is_not_passed_on(void)
{
	struct fixture fix;

	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 407, "");
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

/* Topology: neither side sees the other's way. */
static void the_way_of_a_request_is_not_told(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], via[1024];
	const char *p;

	if (start(&fix) && talk(&fix, resp)) {
		p = strstr(fix.bob.req, "\r\nVia: ");
		CHECK(p && !strstr(p + 4, "\r\nVia: "));
		CHECK(strstr(header(resp, "Via", via), "z9hG4bKi2;received="));
		CHECK(strstr(resp, "\r\nCSeq: 2 INVITE\r\n"));
		CHECK(strstr(resp, "From: <sip:alice@demo.test>;tag=af\r\n"));
		CHECK(strstr(resp, "To: <sip:bob@demo.test>;tag=bt\r\n"));
	}
	stop(&fix);
}

static void media_is_never_described_past_mediad(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		put_in_dialog_body(&fix, resp, "ACK", 2, 1, SDP_OFFER);
		CHECK(request(&fix, &fix.bob, "ACK"));
		CHECK(!strstr(fix.bob.req, "v=0"));
		/* the offer would be bob's, and come in his 2xx */
		put_in_dialog(&fix, resp, "INVITE", 3, 0);
		CHECK_INT(answer(&fix, &fix.alice), 488);
		CHECK_INT(fix.bob.requests, 0);
	}
	stop(&fix);
}

static void an_offer_in_a_dialog_is_answered_by_mediad(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		put_in_dialog_body(&fix, resp, "INVITE", 3, 1, SDP_OFFER);
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		CHECK(strstr(fix.bob.req, sdp_answer));
		bob_answers(&fix, 183, BOB_2XX);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, sdp_answer));
		/* lost: it is repeated, and goes on again */
		fix.alice.code = 0;
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, sdp_answer));
	}
	stop(&fix);
}

static void an_answer_that_mediad_refuses_is_acknowledged(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		put_in_dialog_body(&fix, resp, "INVITE", 3, 1, SDP_OFFER);
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		fix.media.refuse = STATUS_NOT_ACCEPTABLE;
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 488);
		CHECK(request(&fix, &fix.bob, "ACK sip:bob@127.0.0.1:1"));
	}
	stop(&fix);
}

static void an_invite_in_a_dialog_can_be_cancelled(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], invite[TEXT_MAX];

	if (start_t1(&fix, 500) && talk(&fix, resp)) {
		put_in_dialog_body(&fix, resp, "INVITE", 3, 0, SDP_OFFER);
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 180, "");
		strcpy(invite, fix.bob.req);
		put_cancel(&fix, "bob", "INVITE", 3);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		fix.alice.code = 0;
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		strcpy(fix.bob.req, invite);
		bob_answers(&fix, 487, "");
		CHECK_INT(answer(&fix, &fix.alice), 487);
	}
	stop(&fix);
}

static void another_tag_is_another_dialog(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], *p;

	if (start(&fix) && talk(&fix, resp)) {
		p = strstr(resp, ";tag=bt");
		REQUIRE(p);
		memcpy(p, ";tag=xx", 7);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 481);
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 0);
	}
	stop(&fix);
}

static void a_name_at_another_domain_is_somebody_else(void)
{
	struct fixture fix;
	char *p;

	if (start(&fix)) {
		put(&fix, &fix.alice, 0,
		    "REGISTER sip:demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKo;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=f\r\n"
		    "To: <sip:alice@other.test>\r\nCall-ID: o\r\n"
		    "CSeq: 1 REGISTER\r\n\r\n", sa_port(&fix.alice.addr));
		CHECK_INT(answer(&fix, &fix.alice), 404);
		put(&fix, &fix.alice, 0,
		    "INVITE sip:bob@other.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=f\r\n"
		    "To: <sip:bob@other.test>\r\nCall-ID: p\r\n"
		    "CSeq: 1 INVITE\r\n\r\n", sa_port(&fix.alice.addr));
		CHECK_INT(answer(&fix, &fix.alice), 404);
		/* and a number is of no domain */
		put(&fix, &fix.alice, 0,
		    "INVITE sip:demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKq;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <tel:+491234>;tag=f\r\n"
		    "To: <tel:+49567>\r\nCall-ID: q\r\n"
		    "CSeq: 1 INVITE\r\n\r\n", sa_port(&fix.alice.addr));
		CHECK_INT(answer(&fix, &fix.alice), 404);
		p = strstr(fix.alice.resp, "Proxy-Authenticate");
		CHECK(!p);
	}
	stop(&fix);
}

/* The flow of this one at the worker that it speaks to. */
static struct flow_id flow_of(const struct ua *ua, unsigned worker)
{
	return (struct flow_id){.node = "s1", .slot = (uint8_t)(worker + 1),
				.kind = FLOW_UDP, .remote = ua->addr};
}

/* bob's device rings; nobody has answered. */
static bool ring(struct fixture *fix)
{
	CHECK_INT(register_user(fix, &fix->bob, 1, "bob-secret"), 200);
	call(fix, "bob");
	if (!CHECK(request(fix, &fix->bob, "INVITE")))
		return false;
	bob_answers(fix, 180, "");
	round_trip(fix, &fix->bob, 1);
	fix->alice.code = 0;
	return true;
}

static void a_caller_that_vanishes_stops_the_ringing(void)
{
	struct fixture fix;
	struct flow_id flow;

	if (start_t1(&fix, 500) && ring(&fix)) {
		flow = flow_of(&fix.alice, 0);
		invite_flow_gone(fix.nodes[0].proxy, &flow);
		CHECK(request(&fix, &fix.bob, "CANCEL"));
		CHECK(redis_test_until(fix.wheel, 5000, nothing_asked, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&fix);
}

static void a_device_that_vanishes_is_unavailable_at_once(void)
{
	struct fixture fix;
	struct flow_id flow;

	if (start_t1(&fix, 500) && ring(&fix)) {
		flow = flow_of(&fix.bob, 1);
		invite_flow_gone(fix.nodes[0].proxy, &flow);
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

static void an_invite_that_another_worker_cannot_send_is_over(void)
{
	struct fixture fix;
	struct proxy *px;

	if (start_t1(&fix, 500) && ring(&fix)) {
		px = fix.nodes[0].proxy;
		proxy_send_failed(px->branch_num + 1, ENOTCONN, px);
		CHECK_INT(list_count(&px->invites), 1);
		proxy_send_failed(px->branch_num, ENOTCONN, px);
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

static void a_session_is_dropped_though_its_worker_began_anew(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		fix.media.drop = STATUS_STALE_EPOCH;
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(request(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 10000, is_idle, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 2);
	}
	stop(&fix);
}

/* --- media lost --------------------------------------------------------------- */

struct loss {
	char call[17];
	char ended[17]; /* its token, once it has ended */
};

static void on_keys(int err, const struct redis_val *val, void *arg)
{
	struct loss *loss = arg;

	if (!err && val->type == REDIS_ARRAY && val->len == 1 &&
	    val->el[0].len > 16)
		str_ncpy(loss->call, val->el[0].str + val->el[0].len - 16,
			 sizeof(loss->call));
}

static bool has_call(void *arg)
{
	return ((struct loss *)arg)->call[0];
}

static bool has_ended(void *arg)
{
	return ((struct loss *)arg)->ended[0];
}

static void on_loss_ended(const char *token, void *arg)
{
	struct loss *loss = arg;

	CHECK(!has_ended(loss));
	str_ncpy(loss->ended, token, sizeof(loss->ended));
}

static void lose_media(struct fixture *fix, struct loss *loss)
{
	const struct proxy_loss what = {.call = loss->call,
					.reason = STATUS_MEDIA_LOST,
					.token = "7-1",
					.endedh = on_loss_ended,
					.arg = loss};

	proxy_media_lost(fix->nodes[1].proxy, &what);
}

/* Until then it is another worker's, should this one die. */
static void lost_media_is_confirmed_when_the_call_has_ended(void)
{
	const struct redis_arg keys[] = {redis_str("KEYS"),
					 redis_str("cb:{c:?}:rec:*")};
	struct loss loss = {.call = ""};
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		CHECK(!redis_link_send(fix.nodes[0].redis, keys, 2, on_keys,
				       &loss));
		CHECK(redis_test_until(fix.wheel, 5000, has_call, &loss));
		fix.media.drop = STATUS_STALE_EPOCH;
		lose_media(&fix, &loss);
		CHECK(request(&fix, &fix.bob, "BYE"));
		CHECK(!has_ended(&loss));
		bob_answers(&fix, 200, "");
		CHECK(redis_test_until(fix.wheel, 10000, has_ended, &loss));
		CHECK_STR(loss.ended, "7-1");
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 2);
		/* again: there is nothing to end */
		loss.ended[0] = '\0';
		lose_media(&fix, &loss);
		CHECK(redis_test_until(fix.wheel, 10000, has_ended, &loss));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 2);
	}
	stop(&fix);
}

static void a_number_of_any_bytes_is_only_a_number(void)
{
	static const char *const odd[] = {"%00", "echo%00", "%ff%fe", "e;c=%22"};
	struct fixture fix;

	for (unsigned i = 0; i < COUNTOF(odd); i++) {
		if (start(&fix)) {
			call(&fix, odd[i]);
			CHECK_INT(answer(&fix, &fix.alice), 404);
		}
		stop(&fix);
	}
}

static void what_is_under_way_ends_with_the_worker(void)
{
	struct fixture fix;

	/* the transport ends first: nothing may be sent through it */
	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 180, "");
		round_trip(&fix, &fix.bob, 1);
		CHECK_INT(busy(&fix), 1);
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_user_registers_with_the_right_password),
	  TEST(a_user_has_as_many_devices_as_allowed),
	  TEST(the_answer_tells_what_extensions_count),
	  TEST(a_wrong_password_and_an_unknown_user_look_the_same),
	  TEST(guessing_a_password_is_slow),
	  TEST(a_full_worker_says_when_to_come_again),
	  TEST(without_rport_an_answer_goes_to_the_port_of_the_via),
	  TEST(a_nonce_is_of_no_use_to_another_source),
	  TEST(echo_is_answered_and_ended_through_another_worker),
	  TEST(a_cookie_of_another_dialog_is_refused),
	  TEST(an_unknown_number_is_not_found),
	  TEST(a_user_without_device_is_unavailable),
	  TEST(without_mediad_a_call_is_503_with_retry_after),
	  TEST(an_offer_that_mediad_refuses_is_488),
	  TEST(a_user_at_another_worker_is_called),
	  TEST(a_busy_user_is_busy),
	  TEST(a_cancelled_call_ends_on_both_sides),
	  TEST(a_cancel_while_the_nonce_is_counted_ends_the_call),
	  TEST(a_repeated_2xx_goes_on_to_the_caller),
	  TEST(a_2xx_after_we_gave_up_is_acknowledged_and_ended),
	  TEST(a_decline_speaks_for_all_devices),
	  TEST(a_device_without_offer_yet_does_not_ring_after_the_answer),
	  TEST(a_challenge_of_a_device_is_not_passed_on),
	  TEST(the_way_of_a_request_is_not_told),
	  TEST(media_is_never_described_past_mediad),
	  TEST(an_offer_in_a_dialog_is_answered_by_mediad),
	  TEST(an_answer_that_mediad_refuses_is_acknowledged),
	  TEST(an_invite_in_a_dialog_can_be_cancelled),
	  TEST(another_tag_is_another_dialog),
	  TEST(a_name_at_another_domain_is_somebody_else),
	  TEST(what_is_under_way_ends_with_the_worker),
	  TEST(a_caller_that_vanishes_stops_the_ringing),
	  TEST(a_device_that_vanishes_is_unavailable_at_once),
	  TEST(an_invite_that_another_worker_cannot_send_is_over),
	  TEST(a_session_is_dropped_though_its_worker_began_anew),
	  TEST(lost_media_is_confirmed_when_the_call_has_ended),
	  TEST(a_number_of_any_bytes_is_only_a_number),
	  TEST(with_redis_stopped_a_dialog_goes_on_from_hints))
