/*
 * proxy_bed.h  Two sigd workers in one process, and SIP endpoints on UDP
 *
 * Real sockets, a real Redis; mediad is played (stub_media.h). Inline, as
 * redis_server.h is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_PROXY_BED_H
#define TESTS_LIB_PROXY_BED_H

#include <arpa/inet.h>
#include <stdarg.h>
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
#include "sigd/proxy/framer.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/transport/resolve.h"
#include "tests/lib/mock_dns.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/stub_media.h"
#include "tests/lib/test.h"

struct fixture;

/* --- the stage ------------------------------------------------------------------ */

enum {
	WORKERS = 2,
	TEXT_MAX = 8192,
	FIXTURE_PBXS = 3
};

/* Zero: the default. */
struct fixture_cfg {
	uint32_t t1, timer_c, setup, txns, takeover, grace, call;
	uint32_t session, min_se; /* seconds */
	uint32_t rtt;
	/* writes the table of routes; the ports of the PBXs are known */
	void (*routes)(const struct fixture *fix, char *text, size_t size);
	struct mock_dns *dns; /* is opened; closed by who has it */
	bool tcp; /* a listener for TCP, too (proxy_stream.h) */
};

struct node {
	struct transport *transport;
	struct proxy *proxy;
	struct redis_link *redis;
	struct resolver *resolver;
	struct transport_listener on[2];
	int fd, tcp_fd;
	struct sa addr, tcp_addr;
	unsigned lives; /* that it has had */
};

/* A SIP endpoint on UDP: what it got last, by kind. */
struct ua {
	int fd;
	struct sa addr;
	struct loop_watch *watch;
	char resp[TEXT_MAX];
	int code;            /* of the last final response */
	char prov[TEXT_MAX]; /* the last 18x */
	int provs;
	const char *tag;    /* of To in its answers; NULL: "bt" */
	const char *before; /* lines above our Record-Route in them */
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
	struct proxy_listener listeners[2];
	char advertise[64], run_dir[128];
	struct ua alice, bob, desk; /* desk: also bob's */
	struct ua pbx[FIXTURE_PBXS];
	struct fixture_cfg cfg;
};

static inline int udp_socket(struct sa *addr)
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

static inline int listen_socket(struct sa *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sa_set_in(addr, INADDR_LOOPBACK, 0);
	CHECK(!bind(fd, &addr->u.sa, addr->len) && !listen(fd, 16) &&
	      !getsockname(fd, &addr->u.sa, &addr->len));
	return fd;
}

static inline void ua_take(struct ua *ua, const char *text)
{
	size_t len;

	if (!strncmp(text, "SIP/2.0 18", 10)) {
		ua->provs++;
		strcpy(ua->prov, text);
	}
	if (!strncmp(text, "SIP/2.0 1", 9))
		return;
	if (!strncmp(text, "SIP/2.0 ", 8)) {
		ua->code = atoi(text + 8);
		strcpy(ua->resp, text);
	} else {
		ua->requests++;
		len = strlen(ua->seen);
		snprintf(ua->seen + len, sizeof(ua->seen) - len, "%.3s", text);
		strcpy(ua->req, text);
	}
}

static inline void on_readable(int flags, void *arg)
{
	struct ua *ua = arg;
	char buf[TEXT_MAX];
	ssize_t n;
	(void)flags;

	while ((n = recv(ua->fd, buf, sizeof(buf) - 1, 0)) > 0) {
		buf[n] = '\0';
		ua_take(ua, buf);
	}
}

static inline void ua_open(struct ua *ua)
{
	ua->fd = udp_socket(&ua->addr);
	CHECK(!loop_watch_alloc(&ua->watch, ua->fd, LOOP_READ, on_readable,
				ua));
}

static inline void ua_close(struct ua *ua)
{
	mem_deref(ua->watch);
	if (ua->fd)
		close(ua->fd);
}

static inline void node_open(struct fixture *fix, unsigned i)
{
	struct node *node = &fix->nodes[i];
	struct redis_cfg redis = {.path = fix->server.sock, .name = "test"};
	struct transport_listener *on = node->on; /* borrowed for life */
	struct transport_params tp = {.node = "s1",
				      .slot = (uint8_t)(i + 1),
				      .epoch = 100 + i + 100 * node->lives,
				      .wheel = fix->wheel,
				      .run_dir = fix->run_dir,
				      .listeners = on,
				      .nlisteners = fix->cfg.tcp ? 2 : 1,
				      .framer = &proxy_framer};
	const uint32_t t1 = fix->cfg.t1;
	const struct proxy_cfg cfg = {.told_s = 604800,
				      .log = {86400, 1073741824},
				      .txn = {.t1 = t1,
					      .t2 = 4 * t1,
					      .t4 = 4 * t1,
					      .max = fix->cfg.txns},
				      .timer_c_ms = fix->cfg.timer_c,
				      .setup_ms = fix->cfg.setup,
				      .takeover_ms = fix->cfg.takeover,
				      .flow_grace_ms = fix->cfg.grace,
				      .session = {fix->cfg.session,
						  fix->cfg.min_se},
				      .rtt_ms = fix->cfg.rtt,
				      .call_s = fix->cfg.call};
	struct proxy_deps deps = {.node = "s1",
				  .slot = tp.slot,
				  .epoch = tp.epoch,
				  .wheel = fix->wheel,
				  .keyring = fix->ring,
				  .routes = fix->routes,
				  .media = &fix->media,
				  .listeners = fix->listeners,
				  .nlisteners = tp.nlisteners};
	char why[256] = "";

	CHECK(!redis_link_alloc(&node->redis, &redis, fix->wheel, NULL, NULL));
	CHECK(redis_test_until(fix->wheel, 5000, redis_test_is_up,
			       node->redis));
	node->fd = udp_socket(&node->addr);
	node->tcp_fd = fix->cfg.tcp ? listen_socket(&node->tcp_addr) : -1;
	on[0] = (struct transport_listener){
		.name = "udp", .kind = FLOW_UDP, .fd = node->fd};
	on[1] = (struct transport_listener){
		.name = "tcp", .kind = FLOW_TCP, .fd = node->tcp_fd};
	/* the transport's handlers need the proxy, the proxy the transport */
	tp.h = (struct transport_handlers){.recvh = proxy_recv,
					   .goneh = proxy_flow_gone,
					   .failedh = proxy_send_failed,
					   .responseh = proxy_response,
					   .brokenh = proxy_broken,
					   .losth = proxy_peer_lost,
					   .peerh = proxy_peer_terms};
	deps.redis = node->redis;
	if (fix->cfg.dns)
		CHECK(!resolver_alloc(
			&node->resolver, fix->wheel,
			&(struct resolver_cfg){.servers =
							fix->cfg.dns->server,
					       .try_ms = 200}));
	deps.resolver = node->resolver;
	CHECK(!proxy_alloc(&node->proxy, &cfg, &deps));
	tp.h.arg = node->proxy;
	CHECK(!transport_alloc(&node->transport, &tp, why, sizeof(why)));
	CHECK_STR(why, "");
	proxy_transport_set(node->proxy, node->transport);
}

/* The end of a worker without a goodbye; its socket stays, as its parent keeps
 * it. */
static inline void node_kill(struct fixture *fix, unsigned i)
{
	struct node *node = &fix->nodes[i];

	node->transport = mem_deref(node->transport);
	node->proxy = mem_deref(node->proxy);
	node->redis = mem_deref(node->redis);
	node->resolver = mem_deref(node->resolver);
	node->lives++;
}

/* Its parent has started another one in its place. */
static inline void node_again(struct fixture *fix, unsigned i)
{
	close(fix->nodes[i].fd);
	if (fix->nodes[i].tcp_fd > 0)
		close(fix->nodes[i].tcp_fd);
	node_open(fix, i);
}

static inline void routes_default(const struct fixture *fix, char *text,
				  size_t size)
{
	(void)fix;
	snprintf(text, size,
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
		 "to: {service: echo}}\n");
}

static inline int routes_open(struct fixture *fix)
{
	struct cfg_errors *errs = NULL;
	char text[4096];
	int err;

	if (fix->cfg.routes)
		fix->cfg.routes(fix, text, sizeof(text));
	else
		routes_default(fix, text, sizeof(text));
	CHECK(!cfg_errors_alloc(&errs));
	err = route_table_parse(&fix->routes, "routing.yaml", text,
				strlen(text), errs);
	if (!CHECK(!err))
		re_printf("# %H\n", cfg_errors_print, errs);
	mem_deref(errs);
	return err;
}

static inline bool start_cfg(struct fixture *fix, const struct fixture_cfg *cfg)
{
	static const char keys[] = "1 - 000102030405060708090a0b0c0d0e0f\n";
	char why[128];
	int err;

	memset(fix, 0, sizeof(*fix));
	fix->cfg = *cfg;
	if (!redis_server_start(&fix->server))
		return false;
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix->wheel, loop_now_ms()));
	loop_drive(fix->wheel);
	fix->media.wheel = fix->wheel;
	if (cfg->dns)
		CHECK(mock_dns_open(cfg->dns));
	CHECK(!keyring_parse(&fix->ring, keys, strlen(keys), why, sizeof(why)));
	ua_open(&fix->alice);
	ua_open(&fix->bob);
	ua_open(&fix->desk);
	for (unsigned i = 0; i < FIXTURE_PBXS; i++)
		ua_open(&fix->pbx[i]);
	err = routes_open(fix);
	snprintf(fix->run_dir, sizeof(fix->run_dir), "%s/run", test_tmpdir());
	mkdir(fix->run_dir, 0700);
	fix->listeners[0] = (struct proxy_listener){
		FLOW_UDP, fix->advertise, "udp", AF_INET};
	fix->listeners[1] = (struct proxy_listener){
		FLOW_TCP, fix->advertise, "tcp", AF_INET};
	strcpy(fix->advertise, "127.0.0.1:9");
	for (unsigned i = 0; i < WORKERS; i++)
		node_open(fix, i);
	return !err;
}

static inline bool start_room(struct fixture *fix, uint32_t t1,
			      uint32_t timer_c, uint32_t txns)
{
	const struct fixture_cfg cfg = {.t1 = t1,
					.timer_c = timer_c,
					.txns = txns};

	return start_cfg(fix, &cfg);
}

static inline bool start_with(struct fixture *fix, uint32_t t1,
			      uint32_t timer_c)
{
	return start_room(fix, t1, timer_c, 0);
}

static inline bool start_t1(struct fixture *fix, uint32_t t1)
{
	return start_with(fix, t1, 0);
}

static inline bool start(struct fixture *fix)
{
	return start_t1(fix, 20);
}

static inline void stop(struct fixture *fix)
{
	ua_close(&fix->alice);
	ua_close(&fix->bob);
	ua_close(&fix->desk);
	for (unsigned i = 0; i < FIXTURE_PBXS; i++)
		ua_close(&fix->pbx[i]);
	for (unsigned i = 0; i < WORKERS; i++) {
		mem_deref(fix->nodes[i].transport);
		mem_deref(fix->nodes[i].proxy);
		mem_deref(fix->nodes[i].redis);
		mem_deref(fix->nodes[i].resolver);
		if (fix->nodes[i].fd)
			close(fix->nodes[i].fd);
		if (fix->nodes[i].tcp_fd > 0)
			close(fix->nodes[i].tcp_fd);
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

static inline void put(struct fixture *fix, struct ua *ua, unsigned worker,
		       const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ua->code = 0;
	CHECK(sendto(ua->fd, text, (size_t)n, 0, &fix->nodes[worker].addr.u.sa,
		     fix->nodes[worker].addr.len) == n);
}

static inline bool has_code(void *arg)
{
	const struct ua *ua = arg;

	return ua->code != 0;
}

static inline bool has_request(void *arg)
{
	const struct ua *ua = arg;

	return ua->requests > 0;
}

static inline int answer(struct fixture *fix, struct ua *ua)
{
	CHECK(redis_test_until(fix->wheel, 5000, has_code, ua));
	return ua->code;
}

static inline bool request(struct fixture *fix, struct ua *ua,
			   const char *method)
{
	bool ok = redis_test_until(fix->wheel, 5000, has_request, ua);

	ua->requests = 0;
	return ok && !strncmp(ua->req, method, strlen(method));
}

/* Until its last request is of this method: one for each call. */
struct fixture_wait {
	struct ua *ua;
	const char *method;
};

static inline bool has_method(void *arg)
{
	const struct fixture_wait *wait = arg;

	return wait->ua->requests &&
	       !strncmp(wait->ua->req, wait->method, strlen(wait->method));
}

static inline bool expect(struct fixture *fix, struct ua *ua,
			  const char *method)
{
	struct fixture_wait wait = {ua, method};
	bool ok = redis_test_until(fix->wheel, 5000, has_method, &wait);

	ua->requests = 0;
	return ok;
}

static inline bool has_prov(void *arg)
{
	const struct ua *ua = arg;

	return ua->provs > 0;
}

/* Until it has another 18x. */
static inline bool rings(struct fixture *fix, struct ua *ua)
{
	bool ok = redis_test_until(fix->wheel, 5000, has_prov, ua);

	ua->provs = 0;
	return ok;
}

/* Serve the loop for a while. */
static inline void pass(struct fixture *fix, uint64_t ms)
{
	(void)redis_test_until(fix->wheel, ms, redis_test_never, NULL);
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
/* By MD5; ha1: the hash of user, realm and password. */
static inline void credentials_ha1(const struct ua *ua, const char *method,
				   const char *uri, const char *const who[2],
				   char *out)
{
	char challenge[1024], nonce[256] = "", a2[65], resp[65], joined[1024];
	const char *user = who[0], *ha1 = who[1], *p;
	uint8_t md[16];

	header(ua->resp,
	       ua->code == 401 ? "WWW-Authenticate" : "Proxy-Authenticate",
	       challenge);
	p = strstr(challenge, "nonce=\"");
	if (p)
		sscanf(p, "nonce=\"%255[^\"]\"", nonce);
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

static inline void credentials(const struct ua *ua, const char *method,
			       const char *uri, const char *password, char *out)
{
	const struct pl realm = PL("cordboard");
	struct digest_secret secret;
	char user[32] = "";
	struct pl u, w;

	sscanf(password, "%31[^-]", user);
	pl_set_str(&u, user);
	pl_set_str(&w, password);
	CHECK(!digest_secret_make(&secret, &u, &realm, &w));
	credentials_ha1(ua, method, uri,
			(const char *const[]){user, secret.ha1[DIGEST_MD5]},
			out);
}

/* lines: its Contact and what else it shall have. */
static inline void put_register_lines(struct fixture *fix, struct ua *ua,
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
static inline int register_lines(struct fixture *fix, struct ua *ua,
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

static inline void put_register(struct fixture *fix, struct ua *ua,
				unsigned worker, const char *user,
				unsigned cseq, const char *auth)
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

static inline int register_user(struct fixture *fix, struct ua *ua,
				unsigned worker, const char *password)
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

static inline void put_invite_with(struct fixture *fix, struct ua *ua,
				   const char *to, unsigned cseq,
				   const char *auth, const char *sdp)
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
	    strlen(sdp), sdp);
}

static inline void put_invite(struct fixture *fix, struct ua *ua,
			      const char *to, unsigned cseq, const char *auth)
{
	put_invite_with(fix, ua, to, cseq, auth, SDP_OFFER);
}

static inline void put_ack_407(struct fixture *fix, struct ua *ua,
			       const char *to, unsigned cseq)
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
static inline void call_lines(struct fixture *fix, const char *to,
			      const char *lines)
{
	char uri[64], auth[1024], all[1200];

	put_invite(fix, &fix->alice, to, 1, "");
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, "INVITE", uri, "alice-secret", auth);
	put_ack_407(fix, &fix->alice, to, 1);
	snprintf(all, sizeof(all), "%s%s", lines, auth);
	put_invite(fix, &fix->alice, to, 2, all);
}

static inline void call(struct fixture *fix, const char *to)
{
	call_lines(fix, to, "");
}

/* A request of alice in the dialog that her last 2xx made. */
static inline void put_in_dialog_with(struct fixture *fix, const char *resp,
				      const char *method, unsigned cseq,
				      unsigned worker, const char *extra,
				      const char *body)
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
	    "Contact: <sip:alice@127.0.0.1:%u>\r\n%s"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    method, contact + 1, sa_port(&fix->alice.addr), method, cseq, route,
	    to, cseq, method, sa_port(&fix->alice.addr), extra, strlen(body),
	    body);
}

static inline void put_in_dialog_body(struct fixture *fix, const char *resp,
				      const char *method, unsigned cseq,
				      unsigned worker, const char *body)
{
	put_in_dialog_with(fix, resp, method, cseq, worker, "", body);
}

static inline void put_in_dialog_extra(struct fixture *fix, const char *resp,
				       const char *method, unsigned cseq,
				       unsigned worker, const char *extra)
{
	put_in_dialog_with(fix, resp, method, cseq, worker, extra, "");
}

static inline void put_in_dialog(struct fixture *fix, const char *resp,
				 const char *method, unsigned cseq,
				 unsigned worker)
{
	put_in_dialog_body(fix, resp, method, cseq, worker, "");
}

static inline void put_cancel(struct fixture *fix, const char *to,
			      const char *branch, unsigned cseq)
{
	put(fix, &fix->alice, 0,
	    "CANCEL sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: call-1\r\n"
	    "CSeq: %u CANCEL\r\n\r\n",
	    to, sa_port(&fix->alice.addr), branch, cseq, to, cseq);
}

static inline unsigned busy(const struct fixture *fix)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		n += fix->nodes[i].proxy ? proxy_busy(fix->nodes[i].proxy) : 0;
	return n;
}

static inline bool is_idle(void *arg)
{
	return !busy(arg);
}

/* The answer to the request that this one got last. */
static inline void ua_answers(struct fixture *fix, struct ua *ua, int code,
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
		snprintf(rr_line, sizeof(rr_line), "Record-Route: %s\r\n", rr);
	/* bob is registered through worker 1 and answers to it */
	put(fix, ua, 1,
	    "SIP/2.0 %d X\r\nVia: %s\r\n%s%s%sFrom: %s\r\nTo: %s%s%s\r\n"
	    "Call-ID: %s\r\nCSeq: %s\r\n%s\r\n",
	    code, via, second, ua->before ? ua->before : "", rr_line, from, to,
	    strstr(to, "tag=") ? "" : ";tag=",
	    strstr(to, "tag=") ? ""
	    : ua->tag          ? ua->tag
			       : "bt",
	    callid, cseq, extra);
}

static inline void bob_answers(struct fixture *fix, int code, const char *extra)
{
	ua_answers(fix, &fix->bob, code, extra);
}

#define BOB_2XX                                                               \
	"Contact: <sip:bob@127.0.0.1:1>\r\nContent-Type: application/sdp\r\n" \
	"Content-Length: 5\r\n\r\nv=0\r\n"

/* alice's call to bob, who has answered: her 2xx is in resp. */
static inline bool talk(struct fixture *fix, char *resp)
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
static inline void round_trip(struct fixture *fix, struct ua *ua,
			      unsigned worker)
{
	put_register(fix, ua, worker, "alice", 77, "");
	CHECK_INT(answer(fix, ua), 401);
}

static inline bool nothing_asked(void *arg)
{
	const struct fixture *fix = arg;

	return !fix->media.pending;
}

/* The test's CANCEL overwrote the INVITE: its answer differs by the method. */
static inline void as_invite(struct ua *ua, unsigned cseq)
{
	char *p = strstr(ua->req, "CSeq: "), text[32];

	if (!CHECK(p))
		return;
	snprintf(text, sizeof(text), "CSeq: %u INVITE", cseq);
	memcpy(p, text, strlen(text));
}

/* Behind the 200 of the CANCEL. */
static inline bool is_terminated(void *arg)
{
	const struct ua *ua = arg;

	return ua->code == 487;
}

/* The flow of this one at the worker that it speaks to. */
static inline struct flow_id flow_of(const struct ua *ua, unsigned worker)
{
	return (struct flow_id){.node = "s1",
				.slot = (uint8_t)(worker + 1),
				.kind = FLOW_UDP,
				.remote = ua->addr};
}

/* bob's device rings; nobody has answered. */
static inline bool ring(struct fixture *fix)
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

#endif
