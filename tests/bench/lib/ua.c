/*
 * ua.c  A SIP endpoint that makes load: registers, calls, answers
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/loop.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/page.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/ua.h"
#include "tests/lib/mock_media.h"
#include "tests/lib/ws_client.h"

enum {
	TEXT_MAX = 8192,
	VALUE_MAX = 1024,
	PAYLOAD = 60
};

/* What a request within the call needs (RFC 3261 12.1). */
struct dialog {
	char callid[40], local[200], remote[200];
	char target[VALUE_MAX], route[VALUE_MAX];
	uint32_t cseq;
};

struct ua {
	struct ua_cfg cfg;
	struct ws_client *ws;
	struct loop_watch *watch;
	int fd;
	char user[12], via[64], callid[24];
	uint32_t cseq; /* of REGISTER */
	char nonce[256];
	uint32_t nc;
	char request[TEXT_MAX]; /* of INVITE, for its ACK and second try */
	unsigned callee;
	struct dialog dialog;
	struct mock_media *media;
	uint32_t ts;
	unsigned heard;
};

static void destructor(void *data)
{
	struct ua *ua = data;

	mem_deref(ua->ws);
	mem_deref(ua->watch);
	mem_deref(ua->media);
	if (ua->fd >= 0)
		close(ua->fd);
}

static void tell(struct ua *ua, enum ua_event event)
{
	if (ua->cfg.eventh)
		ua->cfg.eventh(ua, event, ua->cfg.arg);
}

/* --- text ----------------------------------------------------------------- */

/* The value of the first header of that name; false: there is none. */
static bool header(const char *msg, const char *name, char *val, size_t size)
{
	char start[40];
	const char *p;
	size_t n;

	n = (size_t)snprintf(start, sizeof(start), "\r\n%s: ", name);
	p = strstr(msg, start);
	val[0] = '\0';
	if (!p)
		return false;
	p += n;
	n = strcspn(p, "\r");
	if (n >= size)
		bench_die("a header %s of %zu bytes", name, n);
	memcpy(val, p, n);
	val[n] = '\0';
	return true;
}

/* What stands between the brackets of a Contact. */
static void target_of(const char *msg, char *target, size_t size)
{
	char val[VALUE_MAX];
	char *p;

	if (!header(msg, "Contact", val, sizeof(val)))
		return;
	p = strchr(val, '<');
	p = p ? p + 1 : val;
	p[strcspn(p, ">")] = '\0';
	str_ncpy(target, p, size);
}

static void put(struct ua *ua, const char *text, size_t len)
{
	const struct sa *to = &ua->cfg.server;
	int err = 0;

	if (ua->ws)
		err = ws_client_send(ua->ws, WS_TEXT, text, len);
	else if (sendto(ua->fd, text, len, 0, &to->u.sa, to->len) < 0)
		err = errno;
	if (err)
		bench_die("%s cannot send: %s", ua->user, strerror(err));
}

/* A whole message; what follows the headers of fmt is ours. */
static void send_text(struct ua *ua, const char *body, const char *fmt, ...)
{
	char text[TEXT_MAX];
	size_t len = body ? strlen(body) : 0;
	va_list ap;
	int n, m;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	m = snprintf(text + n, sizeof(text) - (size_t)n,
		     "Supported: path,gruu,outbound\r\n"
		     "User-Agent: JsSIP 3.13.8\r\n%s"
		     "Content-Length: %zu\r\n\r\n%s",
		     len ? "Content-Type: application/sdp\r\n" : "", len,
		     len ? body : "");
	put(ua, text, (size_t)(n + m));
}

static const char *via(struct ua *ua)
{
	snprintf(ua->via, sizeof(ua->via),
		 "SIP/2.0/%s %s.invalid;branch=z9hG4bK%08x%s",
		 ua->cfg.wss	? "WSS"
		 : ua->cfg.tcp ? "TCP"
			       : "UDP",
		 ua->user, rand_u32(),
		 ua->cfg.wss ? "" : ";rport");
	return ua->via;
}

static const char *contact(const struct ua *ua)
{
	static char text[160];

	snprintf(text, sizeof(text), "<sip:%s@%s.invalid;transport=%s>",
		 ua->user, ua->user,
		 ua->cfg.wss   ? "wss"
		 : ua->cfg.tcp ? "tcp"
			       : "udp");
	return text;
}

/* --- digest --------------------------------------------------------------- */

static void md5_hex(char hex[33], const char *fmt, ...)
{
	char text[VALUE_MAX];
	uint8_t md[MD5_SIZE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	md5((const uint8_t *)text, (size_t)n, md);
	(void)re_snprintf(hex, 33, "%w", md, sizeof(md));
}

static void take_challenge(struct ua *ua, const char *msg, bool proxy)
{
	char val[VALUE_MAX];
	const char *p;

	header(msg, proxy ? "Proxy-Authenticate" : "WWW-Authenticate", val,
	       sizeof(val));
	p = strstr(val, "nonce=\"");
	if (!p || sscanf(p, "nonce=\"%255[^\"]\"", ua->nonce) != 1)
		bench_die("a challenge without nonce: %s", msg);
	ua->nc = 0;
}

static const char *credentials(struct ua *ua, const char *method,
			       const char *uri, bool proxy)
{
	static char text[VALUE_MAX];
	char ha1[33], ha2[33], response[33];

	++ua->nc;
	md5_hex(ha1, "%s:%s:%s", ua->user, STACK_REALM, STACK_PASSWORD);
	md5_hex(ha2, "%s:%s", method, uri);
	md5_hex(response, "%s:%s:%08x:0a4f113b:auth:%s", ha1, ua->nonce, ua->nc,
		ha2);
	snprintf(text, sizeof(text),
		 "%s: Digest algorithm=MD5, username=\"%s\", realm=\"%s\", "
		 "nonce=\"%s\", uri=\"%s\", response=\"%s\", qop=auth, "
		 "cnonce=\"0a4f113b\", nc=%08x\r\n",
		 proxy ? "Proxy-Authorization" : "Authorization", ua->user,
		 STACK_REALM, ua->nonce, uri, response, ua->nc);
	return text;
}

/* --- REGISTER ------------------------------------------------------------- */

static void send_register(struct ua *ua, bool proved)
{
	const char *auth =
		proved ? credentials(ua, "REGISTER", "sip:" STACK_DOMAIN, false)
		       : "";

	send_text(ua, NULL,
		  "REGISTER sip:%s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 69\r\n"
		  "To: <sip:%s@%s>\r\nFrom: <sip:%s@%s>;tag=kv5b3lq8uk\r\n"
		  "Call-ID: %s\r\nCSeq: %u REGISTER\r\n%s"
		  "Contact: %s;+sip.ice;reg-id=1;+sip.instance=\"<urn:uuid:"
		  "8f2b4c6d-1111-4222-8333-94445556%04u>\";expires=600\r\n"
		  "Expires: 600\r\nAllow: INVITE,ACK,CANCEL,BYE,UPDATE,"
		  "MESSAGE,OPTIONS,REFER,INFO\r\n",
		  STACK_DOMAIN, via(ua), ua->user, STACK_DOMAIN, ua->user,
		  STACK_DOMAIN, ua->callid, ++ua->cseq, auth, contact(ua),
		  ua->cfg.nr);
}

void ua_register(struct ua *ua, bool fresh)
{
	send_register(ua, ua->nonce[0] && !fresh);
}

static void on_registered(struct ua *ua, const char *msg, int code)
{
	if (code == 401) {
		take_challenge(ua, msg, false);
		send_register(ua, true);
	} else if (code == 200) {
		tell(ua, UA_REGISTERED);
	} else {
		bench_die("%s is not registered: %s", ua->user, msg);
	}
}

/* --- media ---------------------------------------------------------------- */

static void on_rtp(const uint8_t *pkt, size_t len, uint64_t index, void *arg)
{
	struct ua *ua = arg;

	(void)pkt;
	(void)len;
	(void)index;
	++ua->heard;
}

static const char *own_sdp(struct ua *ua, bool answer)
{
	const struct mock_media_cfg cfg = {.wheel = ua->cfg.wheel,
					   .rtph = on_rtp,
					   .arg = ua};
	static char sdp[PAGE_SDP];

	if (ua->cfg.rtp) {
		page_phone_sdp(&(const struct page_phone){
				       .rtp = ua->cfg.rtp, .rtcp = ua->cfg.rtp},
			       sdp);
		return sdp;
	}
	ua->media = mem_deref(ua->media);
	if (!ua->cfg.wheel || mock_media_alloc(&ua->media, &cfg))
		bench_die("%s has no media", ua->user);
	page_sdp(ua->media,
		 answer		? PAGE_ANSWER
		 : ua->cfg.pcma ? PAGE_OFFER_PCMA
				: PAGE_OFFER,
		 sdp);
	return sdp;
}

/* --- calls ---------------------------------------------------------------- */

static void send_invite(struct ua *ua, const char *sdp, const char *auth)
{
	struct dialog *d = &ua->dialog;

	send_text(ua, sdp,
		  "INVITE sip:user%04u@%s SIP/2.0\r\nVia: %s\r\n"
		  "Max-Forwards: 69\r\nTo: <sip:user%04u@%s>\r\n"
		  "From: %s\r\nCall-ID: %s\r\nCSeq: %u INVITE\r\n%s"
		  "Contact: %s\r\nAllow: INVITE,ACK,CANCEL,BYE,UPDATE,"
		  "MESSAGE,OPTIONS,REFER,INFO\r\n",
		  ua->callee, STACK_DOMAIN, via(ua), ua->callee, STACK_DOMAIN,
		  d->local, d->callid, ++d->cseq, auth, contact(ua));
}

void ua_call(struct ua *ua, unsigned callee)
{
	struct dialog *d = &ua->dialog;

	memset(d, 0, sizeof(*d));
	ua->callee = callee;
	snprintf(d->callid, sizeof(d->callid), "%08x%08x", rand_u32(),
		 rand_u32());
	snprintf(d->local, sizeof(d->local), "<sip:%s@%s>;tag=%08x", ua->user,
		 STACK_DOMAIN, rand_u32());
	str_ncpy(ua->request, own_sdp(ua, false), sizeof(ua->request));
	send_invite(ua, ua->request, "");
}

/* Of an error, in the transaction; the To is that of the response. */
static void ack_error(struct ua *ua, const char *msg)
{
	char to[VALUE_MAX];

	header(msg, "To", to, sizeof(to));
	send_text(ua, NULL,
		  "ACK sip:user%04u@%s SIP/2.0\r\nVia: %s\r\n"
		  "Max-Forwards: 69\r\nTo: %s\r\nFrom: %s\r\nCall-ID: %s\r\n"
		  "CSeq: %u ACK\r\n",
		  ua->callee, STACK_DOMAIN, ua->via, to, ua->dialog.local,
		  ua->dialog.callid, ua->dialog.cseq);
}

static void send_in_dialog(struct ua *ua, const char *method)
{
	struct dialog *d = &ua->dialog;

	send_text(ua, NULL,
		  "%s %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 69\r\n"
		  "Route: %s\r\nTo: %s\r\nFrom: %s\r\nCall-ID: %s\r\n"
		  "CSeq: %u %s\r\n",
		  method, d->target, via(ua), d->route, d->remote, d->local,
		  d->callid, strcmp(method, "ACK") ? ++d->cseq : d->cseq,
		  method);
}

void ua_info(struct ua *ua)
{
	send_in_dialog(ua, "INFO");
}

void ua_bye(struct ua *ua)
{
	send_in_dialog(ua, "BYE");
}

static void on_invited(struct ua *ua, const char *msg, int code)
{
	struct dialog *d = &ua->dialog;
	char uri[64];

	if (code < 200)
		return;
	if (code == 407) {
		ack_error(ua, msg);
		take_challenge(ua, msg, true);
		snprintf(uri, sizeof(uri), "sip:user%04u@%s", ua->callee,
			 STACK_DOMAIN);
		send_invite(ua, ua->request,
			    credentials(ua, "INVITE", uri, true));
		return;
	}
	if (code != 200)
		bench_die("%s cannot call: %s", ua->user, msg);

	header(msg, "To", d->remote, sizeof(d->remote));
	header(msg, "Record-Route", d->route, sizeof(d->route));
	target_of(msg, d->target, sizeof(d->target));
	if (ua->media)
		page_takes(ua->media, msg);
	send_in_dialog(ua, "ACK");
	tell(ua, UA_UP);
}

/* --- what comes ----------------------------------------------------------- */

/* All Via lines of a request, as they are. */
static void vias(const char *msg, char *out, size_t size)
{
	const char *p = msg;
	size_t n = 0;

	while ((p = strstr(p, "\r\nVia: "))) {
		size_t len = strcspn(p + 2, "\r") + 2;

		p += 2;
		if (n + len >= size)
			bench_die("too many Vias");
		memcpy(out + n, p, len);
		n += len;
		p += len - 2;
	}
	out[n] = '\0';
}

static void answer(struct ua *ua, const char *msg, const char *tag,
		   const char *sdp)
{
	char via_lines[2 * VALUE_MAX], from[VALUE_MAX], to[VALUE_MAX];
	char route[VALUE_MAX], callid[VALUE_MAX], cseq[64];
	bool routed = header(msg, "Record-Route", route, sizeof(route));

	vias(msg, via_lines, sizeof(via_lines));
	header(msg, "From", from, sizeof(from));
	header(msg, "To", to, sizeof(to));
	header(msg, "Call-ID", callid, sizeof(callid));
	header(msg, "CSeq", cseq, sizeof(cseq));
	send_text(ua, sdp,
		  "SIP/2.0 200 OK\r\n%s%s%s%sTo: %s%s\r\nFrom: %s\r\n"
		  "Call-ID: %s\r\nCSeq: %s\r\nContact: %s\r\n",
		  via_lines, routed ? "Record-Route: " : "", route,
		  routed ? "\r\n" : "", to, tag, from, callid, cseq,
		  contact(ua));
}

static void on_invite(struct ua *ua, const char *msg)
{
	struct dialog *d = &ua->dialog;
	char to[VALUE_MAX], tag[32];
	const char *sdp;

	memset(d, 0, sizeof(*d));
	snprintf(tag, sizeof(tag), ";tag=%08x", rand_u32());
	header(msg, "To", to, sizeof(to));
	(void)re_snprintf(d->local, sizeof(d->local), "%s%s", to, tag);
	header(msg, "From", d->remote, sizeof(d->remote));
	header(msg, "Call-ID", d->callid, sizeof(d->callid));
	header(msg, "Record-Route", d->route, sizeof(d->route));
	target_of(msg, d->target, sizeof(d->target));
	sdp = own_sdp(ua, true);
	if (ua->media)
		page_takes(ua->media, msg);
	answer(ua, msg, tag, sdp);
}

static void on_request(struct ua *ua, const char *msg)
{
	if (!strncmp(msg, "INVITE", 6)) {
		on_invite(ua, msg);
	} else if (strncmp(msg, "ACK", 3)) {
		answer(ua, msg, "", NULL);
		if (!strncmp(msg, "BYE", 3)) {
			ua->media = mem_deref(ua->media);
			tell(ua, UA_DOWN);
		}
	}
}

static void on_response(struct ua *ua, const char *msg)
{
	int code = atoi(msg + 8);
	char cseq[64];

	header(msg, "CSeq", cseq, sizeof(cseq));
	if (strstr(cseq, "REGISTER")) {
		on_registered(ua, msg, code);
	} else if (strstr(cseq, "INVITE")) {
		on_invited(ua, msg, code);
	} else if (code != 200) {
		bench_die("%s: %s", ua->user, msg);
	} else if (strstr(cseq, "BYE")) {
		ua->media = mem_deref(ua->media);
		tell(ua, UA_DOWN);
	} else {
		tell(ua, UA_DONE);
	}
}

static void on_text(struct ua *ua, const char *data, size_t len)
{
	char msg[TEXT_MAX];

	if (len < 12 || len >= sizeof(msg))
		return;
	memcpy(msg, data, len);
	msg[len] = '\0';
	if (strncmp(msg, "SIP/2.0 ", 8))
		on_request(ua, msg);
	else
		on_response(ua, msg);
}

/* --- transports ----------------------------------------------------------- */

static void on_open(void *arg)
{
	tell(arg, UA_OPEN);
}

static void on_message(enum ws_opcode opcode, const uint8_t *data, size_t len,
		       void *arg)
{
	if (opcode <= WS_BINARY)
		on_text(arg, (const char *)data, len);
}

static void on_end(int status, int code, void *arg)
{
	struct ua *ua = arg;

	bench_die("%s lost its connection: %d %d", ua->user, status, code);
}

static void on_readable(int flags, void *arg)
{
	struct ua *ua = arg;
	char buf[TEXT_MAX];
	ssize_t n;

	(void)flags;
	while ((n = recv(ua->fd, buf, sizeof(buf), 0)) > 0)
		on_text(ua, buf, (size_t)n);
}

/* Over TCP an answer comes whole: there is one under way at a time. */
static int socket_open(struct ua *ua)
{
	const struct sa *to = &ua->cfg.server;
	const int type = ua->cfg.tcp ? SOCK_STREAM : SOCK_DGRAM;
	struct sa addr;

	sa_set_str(&addr, "127.0.0.1", 0);
	ua->fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (ua->fd < 0 || bind(ua->fd, &addr.u.sa, addr.len) ||
	    (ua->cfg.tcp && connect(ua->fd, &to->u.sa, to->len)) ||
	    fcntl(ua->fd, F_SETFL, O_NONBLOCK))
		return errno;
	return loop_watch_alloc(&ua->watch, ua->fd, LOOP_READ, on_readable, ua);
}

int ua_alloc(struct ua **uap, const struct ua_cfg *cfg)
{
	struct ua *ua = mem_zalloc(sizeof(*ua), destructor);
	struct ws_client_params params = {
		.server = cfg->server,
		.tls = true,
		.session = cfg->session,
		.openh = on_open,
		.recvh = on_message,
		.endh = on_end,
		.arg = ua,
	};
	int err;

	if (!ua)
		return ENOMEM;

	ua->cfg = *cfg;
	ua->fd = -1;
	stack_user(ua->user, cfg->nr);
	snprintf(ua->callid, sizeof(ua->callid), "reg%08x%08x", rand_u32(),
		 rand_u32());
	err = cfg->wss ? ws_client_alloc(&ua->ws, &params) : socket_open(ua);
	if (err)
		mem_deref(ua);
	else
		*uap = ua;
	return err;
}

struct mock_media *ua_media(const struct ua *ua)
{
	return ua->media;
}

unsigned ua_heard(const struct ua *ua)
{
	return ua->heard;
}

void ua_speak(struct ua *ua)
{
	static const uint8_t payload[PAYLOAD] = {0x78, 1, 2, 3};

	ua->ts += 960;
	if (ua->media)
		(void)mock_media_send(ua->media, 111, ua->ts, payload,
				      sizeof(payload));
}

const void *ua_session(const struct ua *ua)
{
	return ws_client_session(ua->ws);
}

bool ua_resumed(const struct ua *ua)
{
	return ws_client_resumed(ua->ws);
}
