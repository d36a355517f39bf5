/*
 * test_edge_http.c  The handshake, and the page on the same port
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/sigd/transport/edge_rig.h"

#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define WS_13   "Sec-WebSocket-Version: 13\r\n"
#define SIP     "Sec-WebSocket-Protocol: sip\r\n"
#define HOST    "Host: localhost\r\n"

/* Send these bytes, collect the answer until the server closes. */
static bool ask(struct guest *guest, struct rig *rig, int listener,
		const char *request)
{
	const struct ws_client_params raw = {.raw = true};

	return guest_come(guest, rig, listener, &raw) &&
	       !ws_client_raw(guest->client, request, strlen(request)) &&
	       guest_leave(guest, rig);
}

static void sip_is_the_only_subprotocol(void)
{
	static const struct {
		const char *protocol;
		int status;
	} cases[] = {{"sip", 101}, {"foo, sip", 101}, {"sip,foo", 101},
		     {"", 400},    {"foo", 400},      {"sipp", 400},
		     {"SIP", 400}, {"si p", 400}};
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ws_client_params p = {
			.protocol = cases[i].protocol,
		};

		CHECK_INT(guest_come(&guest, &rig, RIG_WSS, &p),
			  cases[i].status == 101);
		if (cases[i].status != 101)
			CHECK_INT(guest.status, cases[i].status);
		guest_drop(&guest);
	}
	CHECK_INT(rig_counts(&rig)->upgrade_refused, 5);
	CHECK_INT(rig.opened, 3);
	rig_close(&rig);
}

static void only_listed_origins_come_in(void)
{
	static const struct {
		const char *origin;
		bool open;
	} cases[] = {
		{"https://phone.example.com", true},
		{"HTTPS://Phone.Example.com", true},
		{NULL, true}, /* not a browser */
		{"https://phone.example.com.evil.net", false},
		{"https://evil.net", false},
		{"null", false},
		{"http://phone.example.com", false},
		{"https://phone.example.com:444", false},
	};
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	rig.on[RIG_WSS].origins[0] = "https://a.example.com";
	rig.on[RIG_WSS].origins[1] = "https://phone.example.com";
	rig.on[RIG_WSS].norigins = 2;
	rig.on[RIG_WS].origins[0] = "*";
	rig.on[RIG_WS].norigins = 1;
	REQUIRE(rig_start(&rig));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ws_client_params p = {.origin = cases[i].origin};

		CHECK(guest_come(&guest, &rig, RIG_WSS, &p) == cases[i].open);
		if (!cases[i].open)
			CHECK_INT(guest.status, 403);
		guest_drop(&guest);
		CHECK(guest_come(&guest, &rig, RIG_WS, &p));
		guest_drop(&guest);
	}
	CHECK_INT(rig_counts(&rig)->origin_refused, 5);
	rig_close(&rig);
}

static void only_the_paths_of_the_listener_are_served(void)
{
	static const char *const paths[] = {"/",    "/ws",  "/ws?token=1",
					    "/sip", "/ws/", "/wss",
					    "//ws"};
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	rig.on[RIG_WS].paths[0] = "/sip";
	rig.on[RIG_WS].npaths = 1;
	REQUIRE(rig_start(&rig));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct ws_client_params p = {.path = paths[i]};

		/* the last: libwebsockets makes one slash of two */
		CHECK(guest_come(&guest, &rig, RIG_WSS, &p) ==
		      (i < 3 || i == 6));
		guest_drop(&guest);
		CHECK(guest_come(&guest, &rig, RIG_WS, &p) == (i == 3));
		if (i != 3)
			CHECK_INT(guest.status, 404);
		guest_drop(&guest);
	}
	rig_close(&rig);
}

static void a_bad_handshake_gets_its_status(void)
{
	static const struct {
		const char *request;
		int status;
	} cases[] = {
		{"GET /ws HTTP/1.1\r\n" HOST UPGRADE KEY WS_13 SIP "\r\n", 101},
		{"GET /ws HTTP/1.1\r\n" HOST UPGRADE KEY SIP "\r\n", 426},
		{"GET /ws HTTP/1.1\r\n" HOST UPGRADE KEY SIP
		 "Sec-WebSocket-Version: 8\r\n\r\n",
		 426},
		{"GET /ws HTTP/1.1\r\n" HOST UPGRADE WS_13 SIP "\r\n", 400},
		{"GET /ws HTTP/1.1\r\n" HOST UPGRADE WS_13 SIP
		 "Sec-WebSocket-Key: short\r\n\r\n",
		 400},
		{"GET /ws HTTP/1.1\r\n" UPGRADE KEY WS_13 SIP "\r\n", 400},
		{"GET /ws HTTP/1.1\r\n" HOST KEY WS_13 SIP
		 "Upgrade: websocket\r\n\r\n",
		 400},
		{"GET /ws HTTP/1.1\r\n" HOST KEY WS_13 SIP
		 "Upgrade: websocket\r\nConnection: keep-alive\r\n\r\n",
		 400},
		{"GET /ws HTTP/1.1\r\n" HOST KEY WS_13 SIP "Upgrade: h2c\r\n"
		 "Connection: Upgrade, HTTP2-Settings\r\n"
		 "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
		 400},
		{"POST /ws HTTP/1.1\r\n" HOST UPGRADE KEY WS_13 SIP
		 "Content-Length: 0\r\n\r\n",
		 404},
		{"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
		 405},
		{"DELETE / HTTP/1.1\r\n" HOST "\r\n", 405},
	};
	struct rig rig;
	struct guest guest;
	char want[20];

	rig_init(&rig);
	rig.params.limits.handshake_ms = 300;
	REQUIRE(rig_start(&rig));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ws_client_params raw = {.raw = true};

		REQUIRE(guest_come(&guest, &rig, RIG_WSS, &raw));
		CHECK(!ws_client_raw(guest.client, cases[i].request,
				     strlen(cases[i].request)));
		if (cases[i].status == 101)
			CHECK(rig_until(&rig, &guest.received, 1));
		else
			CHECK(guest_leave(&guest, &rig));
		snprintf(want, sizeof(want), "HTTP/1.1 %d ", cases[i].status);
		guest.text[strlen(want)] = '\0';
		CHECK_STR(guest.text, want);
		guest_drop(&guest);
	}
	rig_close(&rig);
}

/* CVE-2025-11677 of libwebsockets: the second request on a connection, with
 * an upgrade that it does not know, read freed memory. */
static void a_connection_serves_one_request(void)
{
	static const char *const second[] = {
		"GET / HTTP/1.1\r\n" HOST "Upgrade: foo\r\n"
		"Connection: Upgrade\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "\r\n",
		"CONNECT x:1 HTTP/1.1\r\n" HOST "\r\nabc",
	};
	struct rig rig;
	struct guest guest;
	char request[400];

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	for (size_t i = 0; i < 6; i++) {
		snprintf(request, sizeof(request), "%s%s",
			 i < 3 ? "GET /none HTTP/1.1\r\n" HOST
				 "Connection: keep-alive\r\n\r\n"
			       : "",
			 second[i % 3]);
		CHECK(ask(&guest, &rig, i & 1 ? RIG_WS : RIG_WSS, request));
		if (i < 3)
			CHECK(!strncmp(guest.text, "HTTP/1.1 404", 12));
		CHECK(!strstr(guest.text + 1, "HTTP/1."));
		guest_drop(&guest);
	}
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
	rig_close(&rig);
}

static void garbage_ends_only_its_own_connection(void)
{
	static char big[20000];
	const char *junk[] = {
		"\x16\x03\x01\x02",
		"GET",
		"\r\n\r\n\r\n",
		"GET \x01 HTTP\r\n\r\n",
		"GET / HTTP/1.1\r\nHost",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"SIP/2.0 200 OK\r\n\r\n",
		"OPTIONS sip:a SIP/2.0\r\n\r\n",
		big,
	};
	struct rig rig;
	struct guest guest, good;

	memset(big, 'A', sizeof(big) - 1);
	memcpy(big, "GET / HTTP/1.1\r\nX: ", 19);
	rig_init(&rig);
	rig.params.limits.handshake_ms = 200;
	rig.echo = true;
	REQUIRE(rig_start(&rig));
	REQUIRE(guest_come(&good, &rig, RIG_WSS, NULL));
	for (size_t i = 0; i < 2 * sizeof(junk) / sizeof(junk[0]); i++)
		CHECK(ask(&guest, &rig, i & 1 ? RIG_WS : RIG_WSS, junk[i / 2])),
			guest_drop(&guest);
	CHECK(!ws_client_text(good.client, "alive"));
	CHECK(rig_until(&rig, &good.received, 1));
	guest_drop(&good);
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
	rig_close(&rig);
}

static void plain_http_on_the_tls_port_is_closed(void)
{
	const struct ws_client_params raw = {.raw = true};
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	rig.addr[RIG_WS] = rig.addr[RIG_WSS];
	REQUIRE(guest_come(&guest, &rig, RIG_WS, &raw));
	CHECK(!ws_client_raw(guest.client, "GET / HTTP/1.1\r\n\r\n", 18));
	CHECK(guest_leave(&guest, &rig));
	CHECK(!strstr(guest.text, "HTTP"));
	guest_drop(&guest);
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->tls_failed, 1));
	rig_close(&rig);
}

/* --- the page ----------------------------------------------------------- */

static void put_file(const char *folder, const char *name, const char *text,
		     size_t len)
{
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	if (!f || fwrite(text, 1, len, f) != len)
		abort();
	fclose(f);
}

static const char *page_folder(void)
{
	static char folder[400];
	static char big[300000];

	snprintf(folder, sizeof(folder), "%s/web", test_tmpdir());
	(void)mkdir(folder, 0755);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i % 23);
	put_file(folder, "index.html", "<p>hello", 8);
	put_file(folder, "phone.js", big, sizeof(big));
	put_file(folder, "package.json", "{}", 2);
	put_file(folder, ".hidden.html", "no", 2);
	return folder;
}

static void the_page_comes_with_its_headers(void)
{
	struct rig rig;
	struct guest guest;
	char request[200], etag[32];
	const char *p;

	rig_init(&rig);
	rig.on[RIG_WSS].web_root = page_folder();
	REQUIRE(rig_start(&rig));
	CHECK(ask(&guest, &rig, RIG_WSS, "GET / HTTP/1.1\r\n" HOST "\r\n"));
	CHECK(!strncmp(guest.text, "HTTP/1.1 200 OK\r\n", 17));
	CHECK(strstr(guest.text, "Content-Type: text/html; charset=utf-8\r\n"));
	CHECK(strstr(guest.text, "Content-Length: 8\r\n"));
	CHECK(strstr(guest.text,
		     "Content-Security-Policy: default-src 'none'"));
	/* not wss: of any host */
	CHECK(strstr(guest.text, "; connect-src 'self'; "));
	CHECK(strstr(guest.text, "X-Content-Type-Options: nosniff\r\n"));
	CHECK(strstr(guest.text, "Connection: close\r\n"));
	CHECK(strstr(guest.text, "\r\n\r\n<p>hello"));
	p = strstr(guest.text, "ETag: ");
	REQUIRE(p && sscanf(p, "ETag: %31s", etag) == 1);
	guest_drop(&guest);

	snprintf(request, sizeof(request),
		 "GET /index.html HTTP/1.1\r\n" HOST
		 "If-None-Match: \"x\", %s\r\n\r\n",
		 etag);
	CHECK(ask(&guest, &rig, RIG_WSS, request));
	CHECK(!strncmp(guest.text, "HTTP/1.1 304 ", 13));
	CHECK(!strstr(guest.text, "hello"));
	guest_drop(&guest);

	CHECK(ask(&guest, &rig, RIG_WSS, "HEAD / HTTP/1.1\r\n" HOST "\r\n"));
	CHECK(!strncmp(guest.text, "HTTP/1.1 200 ", 13));
	CHECK(strstr(guest.text, "Content-Length: 8\r\n"));
	CHECK(!strstr(guest.text, "hello"));
	guest_drop(&guest);
	rig_close(&rig);
}

static void count_bytes(enum ws_opcode opcode, const uint8_t *data, size_t len,
			void *arg)
{
	size_t *count = arg;

	(void)opcode;
	(void)data;
	*count += len;
}

static bool has_all(void *arg)
{
	return *(size_t *)arg > 300000;
}

static void a_big_file_comes_whole(void)
{
	static const char request[] = "GET /phone.js HTTP/1.1\r\n" HOST "\r\n";
	struct rig rig;
	struct ws_client *client;
	size_t count = 0;

	rig_init(&rig);
	rig.on[RIG_WSS].web_root = page_folder();
	REQUIRE(rig_start(&rig));
	const struct ws_client_params p = {
		.raw = true,
		.tls = true,
		.server = rig.addr[RIG_WSS],
		.recvh = count_bytes,
		.arg = &count,
		.rcvbuf = 4096,
	};
	CHECK(!ws_client_alloc(&client, &p));
	CHECK(!ws_client_raw(client, request, strlen(request)));
	CHECK(loop_test_until(&rig.lt, has_all, &count, RIG_WAIT_MS));
	mem_deref(client);
	rig_close(&rig);
}

/* libwebsockets does not read while it has to write, and yet waits for input:
 * who writes and does not read would keep the loop awake. */
static void who_writes_and_does_not_read_is_ended(void)
{
	static const char request[] = "GET /phone.js HTTP/1.1\r\n" HOST "\r\n";
	int few = 4096; /* that the kernel takes */
	struct rig rig;
	struct ws_client *client;
	size_t count = 0;

	rig_init(&rig);
	rig.on[RIG_WS].web_root = page_folder();
	CHECK(!setsockopt(rig.on[RIG_WS].fd, SOL_SOCKET, SO_SNDBUF, &few,
			  sizeof(few)));
	REQUIRE(rig_start(&rig));
	const struct ws_client_params p = {
		.raw = true,
		.server = rig.addr[RIG_WS],
		.recvh = count_bytes,
		.arg = &count,
		.rcvbuf = 4096,
	};
	CHECK(!ws_client_alloc(&client, &p));
	CHECK(!ws_client_raw(client, request, strlen(request)));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->http_requests, 1));
	ws_client_pause(client, true);
	CHECK(!ws_client_raw(client, request, strlen(request)));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->limit_unread, 1));
	CHECK(rig_until_count(&rig, &rig_counts(&rig)->conns, 0));
	mem_deref(client);
	rig_close(&rig);
}

static void no_path_leads_out_of_the_table(void)
{
	static const char *const paths[] = {
		"/../etc/passwd",
		"/..%2fetc/passwd",
		"/%2e%2e/%2e%2e/etc/passwd",
		"/./index.htm",
		"/package.json",
		"/.hidden.html",
		"/phone.js/",
		"/index.html%00.js",
		"/INDEX.HTML",
		"//etc/passwd",
		"/web",
		"/index.html/../.hidden.html",
	};
	struct rig rig;
	struct guest guest;
	char request[200];

	rig_init(&rig);
	rig.on[RIG_WS].web_root = page_folder();
	REQUIRE(rig_start(&rig));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(request, sizeof(request),
			 "GET %s HTTP/1.1\r\n" HOST "\r\n", paths[i]);
		CHECK(ask(&guest, &rig, RIG_WS, request));
		if (!CHECK(!strstr(guest.text, " 200 ")))
			printf("# %s\n", paths[i]);
		guest_drop(&guest);
	}
	rig_close(&rig);
}

static void without_web_root_there_is_no_page(void)
{
	struct rig rig;
	struct guest guest;

	rig_init(&rig);
	REQUIRE(rig_start(&rig));
	CHECK(ask(&guest, &rig, RIG_WSS, "GET / HTTP/1.1\r\n" HOST "\r\n"));
	CHECK(!strncmp(guest.text, "HTTP/1.1 404 ", 13));
	guest_drop(&guest);
	rig_close(&rig);
}

static void a_web_root_that_is_not_there_is_named(void)
{
	struct rig rig;

	rig_init(&rig);
	rig.on[RIG_WS].web_root = "/nowhere/at/all";
	CHECK_INT(transport_alloc(&rig.transport, &rig.params, rig.errbuf,
				  sizeof(rig.errbuf)),
		  ENOENT);
	CHECK(strstr(rig.errbuf, "/nowhere/at/all"));
	rig_close(&rig);
}

TEST_MAIN(TEST(sip_is_the_only_subprotocol), TEST(only_listed_origins_come_in),
	  TEST(only_the_paths_of_the_listener_are_served),
	  TEST(a_bad_handshake_gets_its_status),
	  TEST(a_connection_serves_one_request),
	  TEST(garbage_ends_only_its_own_connection),
	  TEST(plain_http_on_the_tls_port_is_closed),
	  TEST(the_page_comes_with_its_headers), TEST(a_big_file_comes_whole),
	  TEST(who_writes_and_does_not_read_is_ended),
	  TEST(no_path_leads_out_of_the_table),
	  TEST(without_web_root_there_is_no_page),
	  TEST(a_web_root_that_is_not_there_is_named))

#include "tests/lib/ws_client.c"
