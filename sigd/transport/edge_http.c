/*
 * edge_http.c  HTTP at the edge: may this become a WebSocket; the page
 *
 * Every connection serves one request: libwebsockets 4.1.6 reads freed memory
 * when a second request on a kept connection asks for an unknown upgrade
 * (CVE-2025-11677). So whatever is not a WebSocket is answered and closed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <libwebsockets.h>
#include <re.h>

#include "sigd/transport/edge_priv.h"
#include "sigd/transport/web_files.h"

/* PAGE_TIMES: a file may take so many times what a handshake may. */
enum {
	HEADER_MAX = 512,
	KEY_LEN = 24,
	PAGE_TIMES = 6,
	PROTOCOLS_MAX = 127 /* longer: libwebsockets closes without a word */
};

/* The page loads its own script and style, and talks to the WebSocket of its own
 * origin: what is put into it by others tells nobody anything. */
static const char page_headers[] =
	"Content-Security-Policy: default-src 'none'; script-src 'self'; "
	"style-src 'self'; img-src 'self' data:; font-src 'self'; "
	"media-src 'self' blob: mediastream:; connect-src 'self'; "
	"manifest-src 'self'; base-uri 'none'; form-action 'self'; "
	"frame-ancestors 'none'\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Permissions-Policy: microphone=(self), camera=(self), geolocation=()\r\n"
	"Cache-Control: no-cache\r\n";

/* False: absent, or longer than any that is meant well. */
static bool header(struct edge_conn *conn, char *buf, size_t size,
		   enum lws_token_indexes token)
{
	int n = lws_hdr_copy(conn->wsi, buf, (int)size, token);

	return n > 0 && (size_t)n < size;
}

/* Is word an element of a comma-separated list (RFC 7230 7)? */
static bool list_has(const char *list, const char *word, bool caseless)
{
	size_t len = strlen(word);

	for (const char *p = list; *p;) {
		size_t n;

		p += strspn(p, " \t,");
		n = strcspn(p, " \t,");
		if (n == len &&
		    !(caseless ? strncasecmp(p, word, n) : strncmp(p, word, n)))
			return true;
		p += n;
	}
	return false;
}

static bool origin_allowed(struct edge_conn *conn)
{
	const struct transport_listener *cfg = conn->on->cfg;
	char origin[HEADER_MAX];

	if (!cfg->norigins ||
	    !lws_hdr_total_length(conn->wsi, WSI_TOKEN_ORIGIN))
		return true;
	for (size_t i = 0; i < cfg->norigins; i++) {
		if (!strcmp(cfg->origins[i], "*"))
			return true;
	}
	if (!header(conn, origin, sizeof(origin), WSI_TOKEN_ORIGIN))
		return false;
	for (size_t i = 0; i < cfg->norigins; i++) {
		if (!strcasecmp(cfg->origins[i], origin))
			return true;
	}
	return false;
}

static bool path_served(struct edge_conn *conn)
{
	static const char *const usual[] = {"/", "/ws"};
	const struct transport_listener *cfg = conn->on->cfg;
	const char *const *paths = cfg->npaths ? cfg->paths : usual;
	size_t n = cfg->npaths ? cfg->npaths : 2;
	char path[HEADER_MAX];

	if (!header(conn, path, sizeof(path), WSI_TOKEN_GET_URI))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(paths[i], path))
			return true;
	}
	return false;
}

/* A status without a page, at once. Returns -1, which closes. */
static int refuse(struct edge_conn *conn, const char *status,
		  const char *headers, const char *why)
{
	uint8_t buf[LWS_PRE + HEADER_MAX];
	int n;

	n = re_snprintf((char *)buf + LWS_PRE, sizeof(buf) - LWS_PRE,
			"HTTP/1.1 %s\r\n"
			"%s"
			"Content-Type: text/plain\r\n"
			"Content-Length: %zu\r\n"
			"Cache-Control: no-store\r\n"
			"Connection: close\r\n"
			"\r\n"
			"%s\n",
			status, headers, strlen(why) + 1, why);
	if (n > 0)
		(void)lws_write(conn->wsi, buf + LWS_PRE, (size_t)n,
				LWS_WRITE_HTTP_HEADERS);
	return -1;
}

/* What a client must say (RFC 6455 4.2.1), so that libwebsockets, which
 * closes without a word, has nothing left to object to. */
static int check_handshake(struct edge_conn *conn, const char *protocol)
{
	char buf[HEADER_MAX];

	if (strcasecmp(protocol, "websocket"))
		return refuse(conn, "400 Bad Request", "",
			      "the only upgrade here is websocket");
	if (!header(conn, buf, sizeof(buf), WSI_TOKEN_VERSION) ||
	    strcmp(buf, "13"))
		return refuse(conn, "426 Upgrade Required",
			      "Sec-WebSocket-Version: 13\r\n",
			      "WebSocket version 13 is spoken here");
	if (!header(conn, buf, sizeof(buf), WSI_TOKEN_CONNECTION) ||
	    !list_has(buf, "upgrade", true) ||
	    !header(conn, buf, sizeof(buf), WSI_TOKEN_KEY) ||
	    strlen(buf) != KEY_LEN ||
	    !header(conn, buf, sizeof(buf), WSI_TOKEN_HOST))
		return refuse(conn, "400 Bad Request", "",
			      "not a WebSocket handshake");
	return 0;
}

static int check_token(struct edge_conn *conn)
{
	switch (edge_token_check(conn)) {
	case 0:
		return 0;
	case EAGAIN:
		return refuse(conn, "503 Service Unavailable",
			      "Retry-After: 2\r\n",
			      "tokens cannot be checked now");
	default:
		return refuse(conn, "401 Unauthorized",
			      "WWW-Authenticate: Bearer "
			      "error=\"invalid_token\"\r\n",
			      "this token is not accepted");
	}
}

int edge_http_upgrade(struct edge_conn *conn, const char *protocol)
{
	struct transport_counts *counts = conn->on->edge->p.counts;
	char buf[PROTOCOLS_MAX];
	int err;

	++counts->http_requests;
	err = check_handshake(conn, protocol);
	if (!err && !path_served(conn))
		err = refuse(conn, "404 Not Found", "",
			     "no WebSocket is served here");
	/* RFC 7118 4.1 */
	if (!err && (!header(conn, buf, sizeof(buf), WSI_TOKEN_PROTOCOL) ||
		     !list_has(buf, "sip", false)))
		err = refuse(conn, "400 Bad Request", "",
			     "the subprotocol sip is required (RFC 7118), in "
			     "a list of at most 126 characters");
	if (err) {
		++counts->upgrade_refused;
		return err;
	}
	if (!origin_allowed(conn)) {
		++counts->origin_refused;
		return refuse(conn, "403 Forbidden", "",
			      "this Origin is not allowed");
	}
	err = check_token(conn);
	if (err)
		++counts->upgrade_refused;
	return err;
}

static int answer(struct edge_conn *conn, const char *status,
		  const struct web_file *file, bool body)
{
	int err;

	conn->http_head = mbuf_alloc(1024);
	if (!conn->http_head)
		return -1;

	err = mbuf_printf(conn->http_head,
			  "HTTP/1.1 %s\r\n"
			  "Content-Type: %s\r\n"
			  "Content-Length: %zu\r\n"
			  "ETag: %s\r\n"
			  "%s"
			  "Connection: close\r\n"
			  "\r\n",
			  status, file->type, file->len, file->etag,
			  page_headers);
	if (err)
		return -1;

	conn->http_head->pos = 0;
	conn->http_file = body ? file : NULL;
	edge_conn_allow(conn,
			PAGE_TIMES * conn->on->edge->p.limits->handshake_ms);
	edge_want_tx(conn);
	return 0;
}

int edge_http_request(struct edge_conn *conn, const char *path)
{
	const struct web_file *file;
	char tag[HEADER_MAX];
	char *uri;
	int len, method;

	++conn->on->edge->p.counts->http_requests;
	method = lws_http_get_uri_and_method(conn->wsi, &uri, &len);
	if (method != LWSHUMETH_GET && method != LWSHUMETH_HEAD)
		return refuse(conn, "405 Method Not Allowed",
			      "Allow: GET, HEAD\r\n", "only GET and HEAD");

	file = web_files_find(conn->on->files, path);
	if (!file)
		return refuse(conn, "404 Not Found", "", "not found");
	if (header(conn, tag, sizeof(tag), WSI_TOKEN_HTTP_IF_NONE_MATCH) &&
	    list_has(tag, file->etag, false))
		return answer(conn, "304 Not Modified", file, false);
	return answer(conn, "200 OK", file, method == LWSHUMETH_GET);
}

static int write_some(struct edge_conn *conn, const uint8_t *data, size_t len)
{
	/* HTTP/1.1 puts no head of its own before the data: nothing is
	 * written to it */
	return lws_write(conn->wsi, (unsigned char *)(uintptr_t)data, len,
			 LWS_WRITE_HTTP) < 0
		       ? -1
		       : 0;
}

int edge_http_tx(struct edge_conn *conn)
{
	const struct web_file *file = conn->http_file;
	struct mbuf *head = conn->http_head;
	size_t n;
	int err;

	if (!head)
		return 0;
	if (mbuf_get_left(head)) {
		err = write_some(conn, mbuf_buf(head), mbuf_get_left(head));
		head->pos = head->end;
		edge_want_tx(conn);
		return err;
	}
	if (!file || conn->http_pos == file->len)
		return -1;

	n = min(file->len - conn->http_pos, (size_t)EDGE_HTTP_CHUNK);
	err = write_some(conn, file->data + conn->http_pos, n);
	conn->http_pos += n;
	edge_want_tx(conn);
	return err;
}
