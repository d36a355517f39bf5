/*
 * test_path_web.c  A browser's path, from the first check to the last packet
 *
 * Real sockets on loopback, a fake clock, the mock browser of
 * tests/lib/mock_media.h on the other side.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "common/wheel.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/path_web.h"
#include "tests/lib/mock_dtls.h"
#include "tests/lib/mock_media.h"
#include "tests/lib/null_hello.h"
#include "tests/lib/packet_check.h"
#include "tests/lib/test.h"

enum {
	STEP_MS = 10,
	STEPS_MAX = 2000,
	SSRC = 0x5eed,
	PT = 111
};

/* What a handler does besides counting. */
enum mischief {
	NONE,
	FREE_ON_RTP,
	FREE_ON_RUNG,
	FREE_ON_KEYS,
	FREE_ON_CHANGED,
	FREE_ON_LOST
};

struct bed {
	struct wheel *wheel;
	struct cert *cert;
	struct path_web_env env;
	struct path *path;
	struct mock_media *mock;
	struct packet_check check; /* of what the mock gets */
	struct sa addr;
	int fd;
	uint64_t now_ms;
	uint64_t next;      /* index to send */
	uint64_t beside;    /* of a second stream, SSRC + 1 */
	unsigned rtp, rtcp; /* packets that the path delivered */
	uint64_t last_index;
	unsigned rungs[PATH_RUNGS], changed, lost;
	enum path_why why;
	enum mischief mischief;
	bool echo;
};

/* --- handlers of the path --------------------------------------------------- */

static void maybe_free(struct bed *bed, enum mischief when)
{
	if (bed->mischief == when)
		bed->path = mem_deref(bed->path);
}

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* As a stream would: own SSRC and index. */
static int send_back(struct bed *bed, const uint8_t *pkt, size_t len)
{
	uint8_t out[PATH_MTU];

	memcpy(out, pkt, len);
	out[2] = (uint8_t)(bed->next >> 8);
	out[3] = (uint8_t)bed->next;
	put32(out + 8, SSRC);
	return path_send_rtp(bed->path, out, len, bed->next++);
}

static void on_rtp(const struct path_packet *packet, void *arg)
{
	struct bed *bed = arg;

	++bed->rtp;
	bed->last_index = packet->index;
	if (bed->echo)
		(void)send_back(bed, packet->pkt, packet->len);
	maybe_free(bed, FREE_ON_RTP);
}

static void on_rtcp(const struct path_packet *packet, void *arg)
{
	struct bed *bed = arg;

	++bed->rtcp;
	if (bed->echo)
		(void)path_send_rtcp(bed->path, packet->pkt, packet->len,
				     bed->rtcp);
}

static void on_rung(enum path_rung rung, uint64_t at_ms, void *arg)
{
	struct bed *bed = arg;

	CHECK(at_ms <= bed->now_ms);
	++bed->rungs[rung];
	maybe_free(bed, FREE_ON_RUNG);
	if (rung == PATH_DTLS)
		maybe_free(bed, FREE_ON_KEYS);
}

static void on_lost(enum path_why why, void *arg)
{
	struct bed *bed = arg;

	bed->why = why;
	++bed->lost;
	maybe_free(bed, FREE_ON_LOST);
}

static void on_changed(void *arg)
{
	struct bed *bed = arg;

	++bed->changed;
	maybe_free(bed, FREE_ON_CHANGED);
}

static size_t on_streams(struct path_stream *streams, void *arg)
{
	const struct bed *bed = arg;

	streams[0].ssrc = SSRC;
	streams[0].next = bed->next;
	streams[1].ssrc = SSRC + 1;
	streams[1].next = bed->beside;
	return 2;
}

static const struct path_handlers handlers = {.rtp = on_rtp,
					      .rtcp = on_rtcp,
					      .rung = on_rung,
					      .lost = on_lost,
					      .changed = on_changed,
					      .streams = on_streams};

static void on_mock_rtp(const uint8_t *pkt, size_t len, uint64_t index,
			void *arg)
{
	struct bed *bed = arg;

	packet_check_add(&bed->check, pkt, len, index, bed->now_ms);
}

/* --- the bed ------------------------------------------------------------------ */

static int open_socket(struct sa *addr, const char *ip)
{
	int fd;

	sa_set_str(addr, ip, 0);
	fd = socket(sa_af(addr), SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (fd >= 0 && (bind(fd, &addr->u.sa, addr->len) ||
			getsockname(fd, &addr->u.sa, &addr->len))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool bed_mux(struct bed *bed)
{
	uint8_t sock;

	return !mux_alloc(&bed->env.mux, 0) &&
	       !mux_add(bed->env.mux, bed->fd, &sock);
}

static struct mock_media *new_mock(struct bed *bed, const char *profiles,
				   bool regular)
{
	struct mock_media_cfg cfg = {.wheel = bed->wheel,
				     .profiles = profiles,
				     .regular = regular,
				     .no_loop = true,
				     .rtph = on_mock_rtp,
				     .arg = bed};
	struct mock_media *mock = NULL;

	return mock_media_alloc(&mock, &cfg) ? NULL : mock;
}

static bool bed_open(struct bed *bed, const struct crypt_impl *impl,
		     const char *profiles)
{
	memset(bed, 0, sizeof(*bed));
	bed->now_ms = 5000;
	bed->next = 700;
	bed->echo = true;
	bed->env.impl = impl ? impl : &crypt_openssl;
	packet_check_open(&bed->check, 48000);
	bed->fd = open_socket(&bed->addr, "127.0.0.1");
	if (bed->fd < 0 || wheel_alloc(&bed->wheel, bed->now_ms) ||
	    cert_make(&bed->cert) ||
	    hs_ctx_alloc(&bed->env.hs_ctx, bed->cert) || !bed_mux(bed))
		return false;
	bed->env.wheel = bed->wheel;
	bed->mock = new_mock(bed, profiles, false);
	return bed->mock &&
	       !path_web_alloc(&bed->path, &bed->env, "test", &handlers, bed);
}

static void bed_close(struct bed *bed)
{
	mem_deref(bed->path);
	mem_deref(bed->mock);
	mem_deref(bed->env.mux);
	mem_deref(bed->env.hs_ctx);
	mem_deref(bed->cert);
	CHECK_INT(bed->wheel ? wheel_count(bed->wheel) : 0, 0);
	mem_deref(bed->wheel);
	packet_check_close(&bed->check);
	if (bed->fd >= 0)
		close(bed->fd);
}

/* 10 ms of fake time, all packets served. */
static void step(struct bed *bed)
{
	bed->now_ms += STEP_MS;
	wheel_advance(bed->wheel, bed->now_ms);
	mux_poll(bed->env.mux);
	mux_flush(bed->env.mux);
	if (bed->mock)
		mock_media_poll(bed->mock);
}

static void steps(struct bed *bed, unsigned n)
{
	while (n--)
		step(bed);
}

static int tell_path(struct bed *bed, const struct mock_media *mock,
		     const char *fingerprint)
{
	struct path_web_remote rem = {.nfps = 1};
	struct cert_fp fp;
	struct pl text;

	pl_set_str(&rem.ufrag, mock_media_ufrag(mock));
	pl_set_str(&text,
		   fingerprint ? fingerprint : mock_media_fingerprint(mock));
	if (cert_fp_parse(&fp, &text))
		return EINVAL;
	rem.fps = &fp;
	return path_web_remote(bed->path, &rem);
}

static void tell_mock(struct bed *bed, struct mock_media *mock)
{
	const struct lite_creds *creds = path_web_creds(bed->path);
	struct mock_remote rem = {.ufrag = creds->ufrag,
				  .pwd = creds->pwd,
				  .fingerprint = cert_fp_text(bed->cert),
				  .addr = bed->addr};

	mock_media_connect(mock, &rem);
}

static bool both_ready(const struct bed *bed)
{
	return bed->path && path_ready(bed->path) &&
	       mock_media_ready(bed->mock);
}

static bool wait_ready(struct bed *bed)
{
	for (unsigned i = 0; i < STEPS_MAX && !both_ready(bed); i++)
		step(bed);
	return both_ready(bed);
}

static bool bring_up(struct bed *bed)
{
	if (tell_path(bed, bed->mock, NULL))
		return false;
	tell_mock(bed, bed->mock);
	return wait_ready(bed);
}

/* n packets from the mock, 20 ms each, and one more step for the echo. */
static void talk(struct bed *bed, unsigned n)
{
	uint8_t payload[80] = {0};

	for (unsigned i = 0; i < n; i++) {
		uint32_t ts = (uint32_t)(bed->now_ms * 48);

		(void)mock_media_send(bed->mock, PT, ts, payload,
				      sizeof(payload) - i % 7);
		steps(bed, 2);
	}
	step(bed);
}

static bool brought_up(struct bed *bed)
{
	return bed_open(bed, NULL, NULL) && bring_up(bed);
}

/* --- the usual course ------------------------------------------------------------ */

static void check_echo(const struct crypt_impl *impl, const char *profiles,
		       enum crypt_suite suite)
{
	struct bed bed;
	const struct path_stats *st;

	REQUIRE(bed_open(&bed, impl, profiles));
	REQUIRE(bring_up(&bed));
	CHECK_INT(path_web_suite(bed.path), suite);
	talk(&bed, 100);
	CHECK_INT(bed.rtp, 100);
	CHECK_INT(bed.check.packets, 100);
	CHECK_STR(packet_check_fault(&bed.check), NULL);
	CHECK_INT(packet_check_lost(&bed.check), 0);
	CHECK_INT(mock_media_stats(bed.mock)->bad_srtp, 0);
	st = path_stats(bed.path);
	CHECK_INT(st->rx, 100);
	CHECK_INT(st->tx, 100);
	CHECK_INT(st->bad_auth + st->replayed + st->refused + st->unsent, 0);
	CHECK_INT(bed.lost, 0);
	for (unsigned r = PATH_STUN; r < PATH_RUNGS; r++)
		CHECK_INT(bed.rungs[r], 1);
	bed_close(&bed);
}

static void media_goes_both_ways_with_gcm(void)
{
	check_echo(&crypt_openssl, NULL, CRYPT_AEAD_AES_128_GCM);
}

static void media_goes_both_ways_with_sha1_80(void)
{
	check_echo(&crypt_openssl, "SRTP_AES128_CM_SHA1_80",
		   CRYPT_AES_CM_128_SHA1_80);
}

static void media_goes_both_ways_through_libsrtp(void)
{
	check_echo(&crypt_libsrtp, NULL, CRYPT_AEAD_AES_128_GCM);
	check_echo(&crypt_libsrtp, "SRTP_AES128_CM_SHA1_80",
		   CRYPT_AES_CM_128_SHA1_80);
}

static void rtcp_goes_both_ways(void)
{
	uint8_t report[] = {0x80, 201, 0, 1, 0, 0, 0, 0};
	struct bed bed;

	REQUIRE(brought_up(&bed));
	put32(report + 4, mock_media_ssrc(bed.mock));
	for (unsigned i = 0; i < 10; i++) {
		CHECK_INT(mock_media_send_rtcp(bed.mock, report,
					       sizeof(report)),
			  0);
		steps(&bed, 2);
	}
	CHECK_INT(bed.rtcp, 10);
	CHECK_INT(mock_media_stats(bed.mock)->rtcp, 10);
	CHECK_INT(path_stats(bed.path)->rx_rtcp, 10);
	CHECK_INT(path_stats(bed.path)->tx_rtcp, 10);
	bed_close(&bed);
}

static void regular_nomination_works_too(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, NULL, NULL));
	mem_deref(bed.mock);
	bed.mock = new_mock(&bed, NULL, true);
	REQUIRE(bed.mock && bring_up(&bed));
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 5);
	bed_close(&bed);
}

static void a_fingerprint_may_come_late(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, NULL, NULL));
	tell_mock(&bed, bed.mock);
	for (unsigned i = 0; i < 100; i++)
		step(&bed);
	CHECK(mock_media_ready(bed.mock));
	CHECK(!path_ready(bed.path));
	(void)mock_media_send(bed.mock, PT, 0, "early", 5);
	step(&bed);
	CHECK_INT(bed.rtp, 0);
	CHECK_INT(path_stats(bed.path)->early, 1);
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	step(&bed);
	CHECK(path_ready(bed.path));
	talk(&bed, 5);
	CHECK_INT(bed.rtp, 5);
	bed_close(&bed);
}

static void many_browsers_share_one_socket(void)
{
	enum {
		N = 12
	};
	struct path *paths[N] = {NULL};
	struct mock_media *mocks[N] = {NULL};
	struct bed bed;
	unsigned ready = 0;

	REQUIRE(bed_open(&bed, NULL, NULL));
	for (unsigned i = 0; i < N; i++) {
		struct path *own = bed.path;

		mocks[i] = new_mock(&bed, NULL, i % 2);
		REQUIRE(mocks[i] && !path_web_alloc(&paths[i], &bed.env, "x",
						    &handlers, &bed));
		bed.path = paths[i];
		CHECK(!tell_path(&bed, mocks[i], NULL));
		tell_mock(&bed, mocks[i]);
		bed.path = own;
	}
	for (unsigned n = 0; n < STEPS_MAX && ready < N; n++) {
		step(&bed);
		ready = 0;
		for (unsigned i = 0; i < N; i++) {
			mock_media_poll(mocks[i]);
			ready += path_ready(paths[i]) &&
				 mock_media_ready(mocks[i]);
		}
	}
	CHECK_INT(ready, N);
	for (unsigned i = 0; i < N; i++) {
		(void)mock_media_send(mocks[i], PT, 0, "hello", 5);
		step(&bed);
		CHECK_INT(path_stats(paths[i])->rx, 1);
		mem_deref(paths[i]);
		mem_deref(mocks[i]);
	}
	bed_close(&bed);
}

static void a_second_socket_serves_ipv6(void)
{
	struct bed bed;
	struct sa addr6;
	int fd6 = open_socket(&addr6, "::1");
	uint8_t sock = 0;
	struct mock_media_cfg cfg = {.ip = "::1", .no_loop = true};

	if (fd6 < 0) {
		test_skip("no IPv6 here");
		return;
	}
	REQUIRE(bed_open(&bed, NULL, NULL));
	CHECK_INT(mux_add(bed.env.mux, fd6, &sock), 0);
	CHECK_INT(sock, 1);
	bed.mock = mem_deref(bed.mock);
	cfg.wheel = bed.wheel;
	cfg.rtph = on_mock_rtp;
	cfg.arg = &bed;
	REQUIRE(!mock_media_alloc(&bed.mock, &cfg));
	bed.addr = addr6;
	CHECK(bring_up(&bed));
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 5);
	CHECK(sa_cmp(&mock_media_stats(bed.mock)->mapped,
		     mock_media_addr(bed.mock), SA_ALL));
	bed_close(&bed);
	close(fd6);
}

/* --- changes in a running call ------------------------------------------------------ */

static void a_roaming_browser_is_followed(void)
{
	struct bed bed;
	struct sa peer;

	REQUIRE(brought_up(&bed));
	talk(&bed, 10);
	steps(&bed, 100);
	CHECK_INT(mock_media_roam(bed.mock), 0);
	CHECK(wait_ready(&bed));
	talk(&bed, 10);
	CHECK_INT(bed.rtp, 20);
	CHECK_INT(bed.check.packets, 20);
	CHECK_STR(packet_check_fault(&bed.check), NULL);
	CHECK_INT(path_stats(bed.path)->moves, 1);
	CHECK(!path_web_peer(bed.path, &peer) &&
	      sa_cmp(&peer, mock_media_addr(bed.mock), SA_ALL));
	bed_close(&bed);
}

static void an_ice_restart_keeps_the_association(void)
{
	struct lite_creds before;
	struct bed bed;

	REQUIRE(brought_up(&bed));
	talk(&bed, 5);
	before = *path_web_creds(bed.path);
	mock_media_restart(bed.mock);
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	CHECK(strcmp(before.ufrag, path_web_creds(bed.path)->ufrag));
	CHECK(strcmp(before.pwd, path_web_creds(bed.path)->pwd));
	CHECK(path_ready(bed.path)); /* the old pair still carries */
	talk(&bed, 5);
	tell_mock(&bed, bed.mock);
	CHECK(wait_ready(&bed));
	talk(&bed, 5);
	CHECK_INT(bed.rtp, 15);
	CHECK_INT(bed.check.packets, 15);
	CHECK_STR(packet_check_fault(&bed.check), NULL);
	CHECK_INT(bed.rungs[PATH_DTLS], 1);
	CHECK_INT(bed.lost, 0);
	bed_close(&bed);
}

static void the_same_offer_again_changes_nothing(void)
{
	struct lite_creds before;
	struct bed bed;

	REQUIRE(brought_up(&bed));
	before = *path_web_creds(bed.path);
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	CHECK_STR(path_web_creds(bed.path)->ufrag, before.ufrag);
	talk(&bed, 3);
	CHECK_INT(bed.check.packets, 3);
	bed_close(&bed);
}

static void an_unsound_remote_changes_nothing(void)
{
	struct path_web_remote rem = {0};
	struct cert_fp fp = {.hash = CERT_SHA256, .len = 32};
	struct lite_creds before;
	struct bed bed;

	REQUIRE(brought_up(&bed));
	before = *path_web_creds(bed.path);
	pl_set_str(&rem.ufrag, "new1");
	CHECK_INT(path_web_remote(bed.path, &rem), EINVAL);
	rem.fps = &fp;
	rem.nfps = 1;
	fp.len = 65;
	CHECK_INT(path_web_remote(bed.path, &rem), EINVAL);
	fp.len = 32;
	pl_set_str(&rem.ufrag, "a b");
	CHECK_INT(path_web_remote(bed.path, &rem), EINVAL);
	CHECK_STR(path_web_creds(bed.path)->ufrag, before.ufrag);
	talk(&bed, 3);
	CHECK_INT(bed.check.packets, 3);
	bed_close(&bed);
}

static void another_certificate_is_another_association(void)
{
	struct mock_media *first;
	struct bed bed;

	REQUIRE(brought_up(&bed));
	talk(&bed, 3);
	first = bed.mock;
	bed.mock = new_mock(&bed, "SRTP_AES128_CM_SHA1_80", false);
	REQUIRE(bed.mock);
	packet_check_close(&bed.check);
	packet_check_open(&bed.check, 48000);
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	for (unsigned i = 0;
	     i < STEPS_MAX &&
	     (!mock_media_ready(bed.mock) ||
	      path_web_suite(bed.path) != CRYPT_AES_CM_128_SHA1_80);
	     i++)
		step(&bed);
	talk(&bed, 3);
	CHECK_INT(bed.check.packets, 3);
	CHECK_INT(bed.lost, 0);
	mem_deref(first);
	bed_close(&bed);
}

static void kill_and_resume(struct bed *bed)
{
	struct path_web_state state;

	REQUIRE(!path_web_export(bed->path, &state));
	bed->path = mem_deref(bed->path);
	bed->env.mux = mem_deref(bed->env.mux);
	REQUIRE(bed_mux(bed));
	REQUIRE(!path_web_import(&bed->path, &bed->env, "test", &state,
				 &handlers, bed));
	CHECK(path_ready(bed->path));
}

/* To the peer, a new association is a new SRTP session: it begins at ROC 0,
 * wherever our sequence stands (RFC 3711, 3.3.1). So it goes on when another
 * process goes on. */
static void a_new_association_begins_at_roc_0(void)
{
	uint8_t former[12] = {0x80, PT};
	struct mock_media *first;
	struct bed bed;

	REQUIRE(brought_up(&bed));
	talk(&bed, 3);
	first = bed.mock;
	bed.mock = new_mock(&bed, NULL, false);
	REQUIRE(bed.mock);
	packet_check_close(&bed.check);
	packet_check_open(&bed.check, 48000);
	bed.next = (5ull << 16) + 65500;
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	for (unsigned i = 0; i < STEPS_MAX && !mock_media_ready(bed.mock); i++)
		step(&bed);
	talk(&bed, 50);
	CHECK_INT(bed.check.packets, 50);
	CHECK_INT(bed.check.high, 65500 + 50 - 1);
	kill_and_resume(&bed);
	talk(&bed, 50);
	CHECK_INT(bed.check.packets, 100);
	CHECK_STR(packet_check_fault(&bed.check), NULL);
	/* what is of before the key has no place under it */
	put32(former + 8, SSRC);
	CHECK_INT(path_send_rtp(bed.path, former, sizeof(former), 4ull << 16),
		  ERANGE);
	mem_deref(first);
	bed_close(&bed);
}

static int send_beside(struct bed *bed, uint32_t ssrc, uint64_t index)
{
	uint8_t pkt[40] = {0x80, PT, (uint8_t)(index >> 8), (uint8_t)index};

	put32(pkt + 8, ssrc);
	return path_send_rtp(bed->path, pkt, sizeof(pkt), index);
}

/* Each by itself: the ROC of one says nothing of another's. */
static void each_stream_begins_at_roc_0_by_itself(void)
{
	struct mock_media *first;
	struct bed bed;

	REQUIRE(brought_up(&bed));
	talk(&bed, 3);
	first = bed.mock;
	bed.mock = new_mock(&bed, NULL, false);
	REQUIRE(bed.mock);
	bed.next = (5ull << 16) + 900;
	bed.beside = (2ull << 16) + 70;
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	for (unsigned i = 0; i < STEPS_MAX && !mock_media_ready(bed.mock); i++)
		step(&bed);
	for (unsigned i = 0; i < 40; i++) {
		if (i == 20)
			kill_and_resume(&bed);
		CHECK_INT(send_beside(&bed, SSRC, bed.next++), 0);
		CHECK_INT(send_beside(&bed, SSRC + 1, bed.beside++), 0);
		/* and one that began after the keys */
		CHECK_INT(send_beside(&bed, SSRC + 2, 7 + i), 0);
		step(&bed);
	}
	steps(&bed, 2);
	CHECK_INT(mock_media_stats(bed.mock)->bad_srtp, 0);
	CHECK_INT(mock_media_stats(bed.mock)->rtp, 120);
	CHECK_INT(send_beside(&bed, SSRC + 1, 1ull << 16), ERANGE);
	mem_deref(first);
	bed_close(&bed);
}

/* --- consent --------------------------------------------------------------------------- */

static void without_consent_nothing_is_sent_after_30_s(void)
{
	struct bed bed;
	uint64_t silent_ms;

	REQUIRE(brought_up(&bed));
	talk(&bed, 3);
	mock_media_silence(bed.mock);
	silent_ms = bed.now_ms;
	while (!bed.lost && bed.now_ms < silent_ms + 40000)
		step(&bed);
	CHECK_INT(bed.lost, 1);
	CHECK_INT(bed.why, PATH_LOST_CONSENT);
	CHECK(bed.now_ms - silent_ms <= 30010);
	CHECK(bed.now_ms - silent_ms >= 27000);
	CHECK(!path_ready(bed.path));
	CHECK_INT(send_back(&bed, (const uint8_t[12]){0x80, PT}, 12), ENOTCONN);
	CHECK_INT(path_stats(bed.path)->unsent, 1);
	/* nor is anything taken */
	(void)mock_media_send(bed.mock, PT, 0, "x", 1);
	step(&bed);
	CHECK_INT(bed.rtp, 3);
	bed_close(&bed);
}

/* It shook hands, never named a pair, and went. */
static void who_never_nominates_is_lost_too(void)
{
	struct bed bed;
	uint64_t silent_ms;

	REQUIRE(bed_open(&bed, NULL, NULL));
	mem_deref(bed.mock);
	bed.mock = new_mock(&bed, NULL, true);
	REQUIRE(bed.mock);
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	while (!mock_media_stats(bed.mock)->answers)
		step(&bed);
	mock_media_silence(bed.mock);
	silent_ms = bed.now_ms;
	for (unsigned i = 0; i < STEPS_MAX && !path_web_suite(bed.path); i++)
		step(&bed);
	CHECK(path_web_suite(bed.path) != CRYPT_NONE);
	CHECK(!path_ready(bed.path));
	while (!bed.lost && bed.now_ms < silent_ms + 40000)
		step(&bed);
	CHECK_INT(bed.lost, 1);
	CHECK_INT(bed.why, PATH_LOST_CONSENT);
	CHECK(bed.now_ms - silent_ms >= 30000);
	bed_close(&bed);
}

static void an_ice_restart_brings_a_lost_path_back(void)
{
	struct bed bed;

	REQUIRE(brought_up(&bed));
	talk(&bed, 3);
	mock_media_silence(bed.mock);
	steps(&bed, 3200);
	CHECK_INT(bed.lost, 1);
	mock_media_restart(bed.mock);
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	CHECK(wait_ready(&bed));
	talk(&bed, 3);
	CHECK_INT(bed.rtp, 6);
	CHECK_INT(bed.check.packets, 6);
	CHECK_STR(packet_check_fault(&bed.check), NULL);
	/* or it is lost again, when nobody comes */
	mock_media_silence(bed.mock);
	steps(&bed, 3200);
	CHECK_INT(bed.lost, 2);
	mock_media_restart(bed.mock);
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	steps(&bed, 2900);
	CHECK_INT(bed.lost, 2);
	steps(&bed, 300);
	CHECK_INT(bed.lost, 3);
	bed_close(&bed);
}

static void a_day_of_checks_keeps_the_path(void)
{
	struct bed bed;
	uint64_t end;

	REQUIRE(brought_up(&bed));
	end = bed.now_ms + 3600000;
	while (bed.now_ms < end) {
		bed.now_ms += 990;
		step(&bed);
	}
	CHECK_INT(bed.lost, 0);
	talk(&bed, 3);
	CHECK_INT(bed.check.packets, 3);
	bed_close(&bed);
}

static void closing_the_peer_connection_is_told(void)
{
	struct bed bed;

	REQUIRE(brought_up(&bed));
	mock_media_close(bed.mock);
	steps(&bed, 2);
	CHECK_INT(bed.lost, 1);
	CHECK_INT(bed.why, PATH_LOST_CLOSED);
	bed_close(&bed);
}

/* --- attacks ------------------------------------------------------------------------------ */

/* A socket of a stranger. */
static int stranger(void)
{
	struct sa addr;

	return open_socket(&addr, "127.0.0.1");
}

static void shoot(int fd, const struct bed *bed, const void *pkt, size_t len)
{
	(void)!sendto(fd, pkt, len, 0, &bed->addr.u.sa, bed->addr.len);
}

/* Threats 1 and 2: ES2023-01. */
static void a_hello_from_a_third_address_is_dropped(void)
{
	uint8_t hello[NULL_HELLO_LEN];
	int fd = stranger();
	struct bed bed;

	null_hello(hello);
	REQUIRE(bed_open(&bed, NULL, NULL));
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	for (unsigned i = 0; i < 300; i++) {
		shoot(fd, &bed, hello, sizeof(hello));
		if (i % 3 == 0)
			step(&bed);
	}
	CHECK(wait_ready(&bed));
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 5);
	CHECK_INT(mux_stats(bed.env.mux)->no_tuple, 300);
	CHECK_INT(path_stats(bed.path)->refused, 0);
	bed_close(&bed);
	close(fd);
}

/* The same from the right address: spoofed, or a browser gone mad. */
static void a_bad_hello_from_the_right_address_ends_no_call(void)
{
	uint8_t hello[NULL_HELLO_LEN];
	struct bed bed;

	null_hello(hello);
	REQUIRE(bed_open(&bed, NULL, NULL));
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	/* first in the queue, behind the check that makes it right */
	for (unsigned i = 0; i < 3; i++)
		(void)mock_media_send_raw(bed.mock, hello, sizeof(hello));
	CHECK(wait_ready(&bed));
	for (unsigned i = 0; i < 100; i++)
		(void)mock_media_send_raw(bed.mock, hello, sizeof(hello));
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 5);
	CHECK_INT(bed.lost, 0);
	bed_close(&bed);
}

/* Not by their number, which costs little to forge, but when there has been
 * no other in all the time of a handshake. */
static void endless_bad_hellos_end_the_leg_in_time(void)
{
	uint8_t hello[NULL_HELLO_LEN];
	struct mock_media *mad;
	struct bed bed;

	null_hello(hello);
	REQUIRE(bed_open(&bed, NULL, NULL));
	tell_mock(&bed, bed.mock);
	bed.mischief = FREE_ON_LOST;
	mad = bed.mock;
	bed.mock = NULL; /* it sends nothing of its own */
	for (unsigned n = 0; n < 9; n++) {
		for (unsigned i = 0; i < 20; i++)
			(void)mock_media_send_raw(mad, hello, sizeof(hello));
		steps(&bed, 101);
		CHECK_INT(bed.lost, 0);
	}
	steps(&bed, 200);
	CHECK_INT(bed.lost, 1);
	CHECK_INT(bed.why, PATH_LOST_HANDSHAKE);
	mem_deref(mad);
	bed_close(&bed);
}

static void after_bad_hellos_a_good_one_is_heard(void)
{
	uint8_t hello[NULL_HELLO_LEN];
	struct mock_media *mock;
	struct bed bed;

	null_hello(hello);
	REQUIRE(bed_open(&bed, NULL, NULL));
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	mock = bed.mock;
	bed.mock = NULL;
	for (unsigned i = 0; i < 20; i++)
		(void)mock_media_send_raw(mock, hello, sizeof(hello));
	steps(&bed, 110);
	bed.mock = mock;
	CHECK(wait_ready(&bed));
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 5);
	CHECK_INT(bed.lost, 0);
	bed_close(&bed);
}

/* All the while, of which nothing is known but the address: the first one that
 * breaks is the last one that begins without a cookie. */
static void bad_hellos_without_end_keep_no_browser_out(void)
{
	uint8_t hello[NULL_HELLO_LEN];
	struct mock_media *mock;
	struct bed bed;

	null_hello(hello);
	REQUIRE(bed_open(&bed, NULL, NULL));
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	mock = bed.mock;
	for (unsigned i = 0; i < 300; i++) {
		/* the browser is there from 1 s on */
		bed.mock = i < 100 ? NULL : mock;
		for (unsigned n = 0; n < 10; n++)
			(void)mock_media_send_raw(mock, hello, sizeof(hello));
		step(&bed);
	}
	CHECK(both_ready(&bed));
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 5);
	CHECK_INT(bed.lost, 0);
	bed_close(&bed);
}

struct flight {
	uint8_t buf[2048];
	size_t len;
};

static void on_flight(const uint8_t *pkt, size_t len, void *arg)
{
	struct flight *flight = arg;

	if (!flight->len && len <= sizeof(flight->buf)) {
		memcpy(flight->buf, pkt, len);
		flight->len = len;
	}
}

/* A browser that has not begun does not hear it. */
static void hear_nothing(const struct mock_media *mock)
{
	uint8_t buf[2048];

	while (recv(mock_media_fd(mock), buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		;
}

/* One that breaks nothing, and is never gone on with: there is a handshake of
 * nobody when the browser begins its own. */
static void a_handshake_of_nobody_keeps_no_browser_out(void)
{
	struct mock_dtls *forger = NULL;
	struct flight first = {.len = 0};
	struct mock_media *mock;
	struct bed bed;

	REQUIRE(!mock_dtls_alloc(&forger, NULL, on_flight, &first));
	mock_dtls_poll(forger);
	REQUIRE(first.len > 0);
	REQUIRE(bed_open(&bed, NULL, NULL));
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	mock = bed.mock;
	bed.mock = NULL;
	(void)mock_media_send_raw(mock, first.buf, first.len);
	steps(&bed, 3);
	hear_nothing(mock);
	bed.mock = mock;
	for (unsigned i = 0; i < 100 && !both_ready(&bed); i++) {
		(void)mock_media_send_raw(mock, first.buf, first.len);
		step(&bed);
	}
	CHECK(both_ready(&bed));
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 5);
	CHECK_INT(bed.lost, 0);
	mem_deref(forger);
	bed_close(&bed);
}

/* While the browser's own goes on: it is not disturbed, nor by what is sent to
 * it for the other one. */
static void a_hello_beside_the_browsers_disturbs_nothing(void)
{
	struct mock_dtls *forger = NULL;
	struct flight first = {.len = 0};
	struct bed bed;

	REQUIRE(!mock_dtls_alloc(&forger, NULL, on_flight, &first));
	mock_dtls_poll(forger);
	REQUIRE(bed_open(&bed, NULL, NULL));
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	while (!mock_media_stats(bed.mock)->answers)
		step(&bed);
	/* its hello is in the queue */
	for (unsigned i = 0; i < 100 && !both_ready(&bed); i++) {
		for (unsigned n = 0; n < 5; n++)
			(void)mock_media_send_raw(bed.mock, first.buf,
						  first.len);
		step(&bed);
	}
	CHECK(both_ready(&bed));
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 5);
	CHECK_INT(bed.lost, 0);
	mem_deref(forger);
	bed_close(&bed);
}

static void a_handshake_without_end_is_a_time_out(void)
{
	struct mock_media *deaf;
	struct bed bed;

	REQUIRE(bed_open(&bed, NULL, NULL));
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	while (!mock_media_stats(bed.mock)->answers)
		step(&bed);
	deaf = bed.mock;
	bed.mock = NULL;
	steps(&bed, 900);
	CHECK_INT(bed.lost, 0);
	steps(&bed, 200);
	CHECK_INT(bed.lost, 1);
	CHECK_INT(bed.why, PATH_LOST_TIMEOUT);
	mem_deref(deaf);
	bed_close(&bed);
}

static void other_dtls_makes_no_state(void)
{
	uint8_t pkt[64] = {22, 0xfe, 0xfd};
	struct bed bed;

	REQUIRE(bed_open(&bed, NULL, NULL));
	tell_mock(&bed, bed.mock);
	pkt[13] = 16; /* a ClientKeyExchange out of nothing */
	(void)mock_media_send_raw(bed.mock, pkt, sizeof(pkt));
	pkt[0] = 23;
	(void)mock_media_send_raw(bed.mock, pkt, sizeof(pkt));
	(void)mock_media_send_raw(bed.mock, pkt, 13);
	mux_poll(bed.env.mux);
	CHECK_INT(path_stats(bed.path)->refused, 3);
	CHECK(!bed.lost);
	bed_close(&bed);
}

/* Threat 3. */
static void a_wrong_fingerprint_lets_no_media_out(void)
{
	struct bed bed;
	char fp[CERT_FP_TEXT_MAX + 1];

	REQUIRE(bed_open(&bed, NULL, NULL));
	str_ncpy(fp, mock_media_fingerprint(bed.mock), sizeof(fp));
	fp[8] = fp[8] == 'A' ? 'B' : 'A';
	CHECK_INT(tell_path(&bed, bed.mock, fp), 0);
	tell_mock(&bed, bed.mock);
	for (unsigned i = 0; i < 200; i++) {
		step(&bed);
		(void)mock_media_send(bed.mock, PT, 0, "x", 1);
	}
	CHECK_INT(bed.lost, 1);
	CHECK_INT(bed.why, PATH_LOST_FINGERPRINT);
	CHECK_INT(bed.rtp, 0);
	CHECK_INT(mock_media_stats(bed.mock)->rtp, 0);
	CHECK_INT(send_back(&bed, (const uint8_t[12]){0x80, PT}, 12), ENOTCONN);
	bed_close(&bed);
}

/* Who tells the path of the far SDP is not called back in the middle of it:
 * the handler may free all. */
static void a_late_wrong_fingerprint_is_told_from_the_loop(void)
{
	struct bed bed;
	char fp[CERT_FP_TEXT_MAX + 1];

	REQUIRE(bed_open(&bed, NULL, NULL));
	bed.mischief = FREE_ON_LOST;
	tell_mock(&bed, bed.mock);
	steps(&bed, 100);
	CHECK(mock_media_ready(bed.mock));
	str_ncpy(fp, mock_media_fingerprint(bed.mock), sizeof(fp));
	fp[8] = fp[8] == 'A' ? 'B' : 'A';
	CHECK_INT(tell_path(&bed, bed.mock, fp), 0);
	CHECK_INT(bed.lost, 0);
	CHECK(bed.path && !path_ready(bed.path));
	step(&bed);
	CHECK_INT(bed.lost, 1);
	CHECK_INT(bed.why, PATH_LOST_FINGERPRINT);
	CHECK(!bed.path);
	bed_close(&bed);
}

/* Threat 6. */
static void a_flood_of_forged_srtp_disturbs_nothing(void)
{
	uint8_t junk[60] = {0x80, PT};
	struct bed bed;

	REQUIRE(brought_up(&bed));
	talk(&bed, 5);
	for (unsigned i = 0; i < 20000; i++) {
		rand_bytes(junk + 2, 20);
		(void)mock_media_send_raw(bed.mock, junk, 12 + i % 48);
		if (i % 100 == 0)
			step(&bed);
	}
	talk(&bed, 50);
	CHECK_INT(bed.rtp, 55);
	CHECK_INT(bed.check.packets, 55);
	CHECK_STR(packet_check_fault(&bed.check), NULL);
	CHECK(path_stats(bed.path)->bad_auth > 10000);
	CHECK_INT(bed.lost, 0);
	bed_close(&bed);
}

/* A check of another call, as if it came from our browser's address. */
static int forge_check(struct bed *bed, const struct path *twin)
{
	const struct lite_creds *creds = path_web_creds(twin);
	struct mbuf *mb = mbuf_alloc(512);
	uint64_t tie = 1;
	uint32_t prio = 1;
	uint8_t tid[STUN_TID_SIZE] = {7};
	char user[64];
	int err;

	if (!mb)
		return ENOMEM;
	re_snprintf(user, sizeof(user), "%s:evil", creds->ufrag);
	err = stun_msg_encode(mb, STUN_METHOD_BINDING, STUN_CLASS_REQUEST, tid,
			      NULL, (const uint8_t *)creds->pwd,
			      strlen(creds->pwd), true, 0x00, 4,
			      STUN_ATTR_USERNAME, user, STUN_ATTR_PRIORITY,
			      &prio, STUN_ATTR_CONTROLLING, &tie,
			      STUN_ATTR_USE_CAND, &prio);
	if (!err)
		err = mock_media_send_raw(bed->mock, mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

static void another_call_takes_no_address_away(void)
{
	static const struct path_handlers none = {0};
	struct path *twin = NULL;
	struct bed bed;

	REQUIRE(bed_open(&bed, NULL, NULL));
	REQUIRE(!path_web_alloc(&twin, &bed.env, "twin", &none, NULL));
	/* before its handshake, and after */
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	while (!mock_media_stats(bed.mock)->answers)
		step(&bed);
	CHECK_INT(forge_check(&bed, twin), 0);
	CHECK(wait_ready(&bed));
	talk(&bed, 5);
	for (unsigned i = 0; i < 5; i++) {
		CHECK_INT(forge_check(&bed, twin), 0);
		talk(&bed, 5);
	}
	CHECK_INT(path_stats(twin)->checks, 6);
	CHECK_INT(bed.rtp, 30);
	CHECK_INT(bed.check.packets, 30);
	mem_deref(twin);
	bed_close(&bed);
}

static void srtp_from_a_stranger_is_not_even_tried(void)
{
	uint8_t junk[60] = {0x80, PT};
	int fd = stranger();
	struct bed bed;

	REQUIRE(brought_up(&bed));
	for (unsigned i = 0; i < 100; i++)
		shoot(fd, &bed, junk, sizeof(junk));
	talk(&bed, 2);
	CHECK_INT(path_stats(bed.path)->bad_auth, 0);
	CHECK_INT(mux_stats(bed.env.mux)->no_tuple, 100);
	bed_close(&bed);
	close(fd);
}

/* The keys as a test may know them: from the state for a successor. */
static struct crypt *browser_crypt(const struct bed *bed)
{
	struct path_web_state state;
	struct crypt *c = NULL;

	if (path_web_export(bed->path, &state) ||
	    crypt_alloc(&c, &crypt_openssl, (enum crypt_suite)state.suite,
			state.rx_key, state.rx_salt))
		return NULL;
	return c;
}

static void a_replayed_packet_is_dropped(void)
{
	uint8_t pkt[64] = {0x80, PT, 0, 9, 0, 0, 0, 0, 1, 2, 3, 4};
	uint8_t rtcp[64] = {0x80, 200, 0, 6, 1, 2, 3, 4};
	size_t len = 40, rlen = 28;
	struct crypt *c;
	struct bed bed;

	REQUIRE(brought_up(&bed));
	talk(&bed, 1);
	c = browser_crypt(&bed);
	REQUIRE(c);
	CHECK(!crypt_rtp_protect(c, pkt, &len, sizeof(pkt), 9));
	CHECK(!crypt_rtcp_protect(c, rtcp, &rlen, sizeof(rtcp), 5));
	for (unsigned i = 0; i < 10; i++) {
		(void)mock_media_send_raw(bed.mock, pkt, len);
		(void)mock_media_send_raw(bed.mock, rtcp, rlen);
		step(&bed);
	}
	CHECK_INT(bed.rtp, 2);
	CHECK_INT(bed.rtcp, 1);
	CHECK_INT(path_stats(bed.path)->replayed, 18);
	mem_deref(c);
	bed_close(&bed);
}

/* A page that shares its screen anew, again and again. */
static void a_new_ssrc_takes_the_place_of_a_silent_one(void)
{
	uint8_t first[64];
	size_t first_len = 0;
	struct crypt *c;
	struct bed bed;

	REQUIRE(brought_up(&bed));
	talk(&bed, 1);
	c = browser_crypt(&bed);
	REQUIRE(c);
	for (uint8_t i = 0; i < 40; i++) {
		uint8_t pkt[64] = {0x80, PT, 0, 9, 0, 0, 0, 0, 1, 2, 3, i};
		size_t len = 30;

		CHECK(!crypt_rtp_protect(c, pkt, &len, sizeof(pkt), 9));
		if (!i) {
			memcpy(first, pkt, len);
			first_len = len;
		}
		(void)mock_media_send_raw(bed.mock, pkt, len);
		talk(&bed, 1);
	}
	CHECK_INT(bed.rtp, 1 + 40 + 40);
	/* a number does not come again under its key */
	(void)mock_media_send_raw(bed.mock, first, first_len);
	steps(&bed, 2);
	CHECK_INT(bed.rtp, 1 + 40 + 40);
	CHECK_INT(path_stats(bed.path)->refused, 1);
	mem_deref(c);
	bed_close(&bed);
}

static void oversized_packets_are_dropped(void)
{
	static uint8_t big[1600];
	static uint8_t huge[4000];
	struct bed bed;

	REQUIRE(brought_up(&bed));
	big[0] = huge[0] = 0x80;
	CHECK_INT(mock_media_send(bed.mock, PT, 0, big, PATH_MTU - 12), 0);
	CHECK_INT(mock_media_send(bed.mock, PT, 0, big, PATH_MTU), 0);
	(void)mock_media_send_raw(bed.mock, huge, sizeof(huge));
	steps(&bed, 2);
	CHECK_INT(bed.rtp, 1);
	CHECK_INT(path_stats(bed.path)->refused, 1);
	CHECK_INT(mux_stats(bed.env.mux)->too_big, 1);
	CHECK_INT(path_send_rtp(bed.path, big, PATH_MTU + 1, 0), EMSGSIZE);
	CHECK_INT(path_send_rtp(bed.path, big, 4, 0), EBADMSG);
	CHECK_INT(path_send_rtp(bed.path, big, 100, 77), ERANGE);
	bed_close(&bed);
}

/* Threat 10. */
static void a_stun_flood_gets_no_more_than_it_sends(void)
{
	int fd = stranger();
	struct bed bed;
	uint8_t buf[600];
	uint64_t out = 0, in = 0;
	struct mbuf *mb = mbuf_alloc(256);
	char user[64];
	ssize_t n;

	REQUIRE(mb && brought_up(&bed));
	for (unsigned i = 0; i < 10000; i++) {
		static const uint8_t tid[12] = {0};

		re_snprintf(user, sizeof(user), "%s:Xx12",
			    i % 2 ? path_web_creds(bed.path)->ufrag
				  : "nobodyhere12");
		mb->pos = mb->end = 0;
		CHECK(!stun_msg_encode(mb, STUN_METHOD_BINDING,
				       STUN_CLASS_REQUEST, tid, NULL,
				       (const uint8_t *)"guess", 5, true, 0, 1,
				       STUN_ATTR_USERNAME, user));
		shoot(fd, &bed, mb->buf, mb->end);
		in += mb->end;
		if (i % 50 == 0)
			step(&bed);
		while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
			out += (uint64_t)n;
	}
	step(&bed);
	CHECK(out < in / 10);
	CHECK_INT(mux_stats(bed.env.mux)->no_ufrag, 5000);
	CHECK(path_stats(bed.path)->bad_checks > 4000);
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 5);
	CHECK_INT(path_stats(bed.path)->moves, 0);
	mem_deref(mb);
	bed_close(&bed);
	close(fd);
}

/* --- a successor ------------------------------------------------------------------------------ */

static void check_resume(const struct crypt_impl *impl, const char *profiles)
{
	struct bed bed;
	uint64_t before;

	REQUIRE(bed_open(&bed, impl, profiles));
	CHECK_INT(mock_media_set_index(bed.mock, 65530), 0);
	bed.next = 65529;
	REQUIRE(bring_up(&bed));
	talk(&bed, 20); /* past the wrap, both ways */
	CHECK(bed.last_index >> 16 == 1 && bed.next >> 16 == 1);
	before = bed.last_index;
	for (unsigned i = 0; i < 3; i++) {
		kill_and_resume(&bed);
		talk(&bed, 10);
	}
	CHECK_INT(bed.last_index, before + 30);
	CHECK_INT(bed.check.packets, 50);
	CHECK_STR(packet_check_fault(&bed.check), NULL);
	CHECK_INT(packet_check_lost(&bed.check), 0);
	CHECK_INT(bed.rungs[PATH_DTLS], 1);
	bed_close(&bed);
}

static void a_successor_serves_without_a_word(void)
{
	check_resume(&crypt_openssl, NULL);
	check_resume(&crypt_openssl, "SRTP_AES128_CM_SHA1_80");
	check_resume(&crypt_libsrtp, NULL);
}

static void a_successor_has_the_same_rules(void)
{
	struct bed bed;

	REQUIRE(brought_up(&bed));
	talk(&bed, 5);
	kill_and_resume(&bed);
	/* ICE restart, roaming, consent */
	mock_media_restart(bed.mock);
	CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
	tell_mock(&bed, bed.mock);
	CHECK(wait_ready(&bed));
	kill_and_resume(&bed);
	CHECK_INT(mock_media_roam(bed.mock), 0);
	CHECK(wait_ready(&bed));
	talk(&bed, 5);
	CHECK_INT(bed.check.packets, 10);
	mock_media_silence(bed.mock);
	steps(&bed, 3100);
	CHECK_INT(bed.why, PATH_LOST_CONSENT);
	CHECK_INT(bed.lost, 1);
	bed_close(&bed);
}

static void only_a_served_path_can_be_resumed(void)
{
	struct path_web_state state;
	struct path *twin = NULL;
	struct bed bed;

	REQUIRE(brought_up(&bed));
	CHECK_INT(path_web_export(bed.path, &state), EAGAIN);
	talk(&bed, 1);
	REQUIRE(!path_web_export(bed.path, &state));
	CHECK_INT(path_web_import(&twin, &bed.env, "x", &state, &handlers,
				  &bed),
		  EADDRINUSE);
	state.suite = 99;
	CHECK_INT(path_web_import(&twin, &bed.env, "x", &state, &handlers,
				  &bed),
		  EBADMSG);
	memset(&state, 0xee, sizeof(state));
	CHECK_INT(path_web_import(&twin, &bed.env, "x", &state, &handlers,
				  &bed),
		  EBADMSG);
	CHECK(!twin);
	talk(&bed, 1);
	CHECK_INT(bed.rtp, 2);
	bed_close(&bed);
}

/* The record of a crash is a little old: what came since is let in once more,
 * but not what is older than the record. */
static void changes_are_told_often_enough(void)
{
	struct bed bed;
	unsigned before;

	REQUIRE(brought_up(&bed));
	bed.echo = false;
	before = bed.changed;
	CHECK(before >= 1);
	talk(&bed, 1000);
	CHECK(bed.changed - before >= 3);
	CHECK(bed.changed - before <= 6);
	bed_close(&bed);
}

/* --- owners that free in a handler -------------------------------------------------------------- */

static void a_handler_may_free_the_path(void)
{
	static const enum mischief all[] = {FREE_ON_RTP, FREE_ON_RUNG,
					    FREE_ON_KEYS, FREE_ON_CHANGED};

	for (size_t i = 0; i < COUNTOF(all); i++) {
		struct bed bed;

		REQUIRE(bed_open(&bed, NULL, NULL));
		bed.echo = false;
		bed.mischief = all[i];
		CHECK_INT(tell_path(&bed, bed.mock, NULL), 0);
		tell_mock(&bed, bed.mock);
		for (unsigned n = 0; n < 200 && bed.path; n++) {
			step(&bed);
			(void)mock_media_send(bed.mock, PT, 0, "x", 1);
		}
		CHECK(!bed.path);
		bed_close(&bed);
	}
}

/* A datagram of the peer's says it: nothing looks at the path behind the handler. */
static void a_handler_may_free_the_path_when_it_is_lost(void)
{
	for (unsigned i = 0; i < 2; i++) {
		char fp[CERT_FP_TEXT_MAX + 1];
		struct bed bed;

		REQUIRE(bed_open(&bed, NULL, NULL));
		str_ncpy(fp, mock_media_fingerprint(bed.mock), sizeof(fp));
		if (i)
			fp[8] = fp[8] == 'A' ? 'B' : 'A';
		CHECK_INT(tell_path(&bed, bed.mock, fp), 0);
		tell_mock(&bed, bed.mock);
		bed.mischief = FREE_ON_LOST;
		if (!i) {
			CHECK(wait_ready(&bed));
			mock_media_close(bed.mock);
		}
		for (unsigned n = 0; n < 200 && bed.path; n++)
			step(&bed);
		CHECK(!bed.path);
		CHECK_INT(bed.lost, 1);
		CHECK_INT(bed.why,
			  i ? PATH_LOST_FINGERPRINT : PATH_LOST_CLOSED);
		bed_close(&bed);
	}
}

static void the_call_survives_a_lack_of_memory(void)
{
	struct bed bed;

	if (bed_open(&bed, NULL, NULL) && !tell_path(&bed, bed.mock, NULL))
		(void)path_web_restart(bed.path);
	bed_close(&bed);
}

static void a_path_prints_itself(void)
{
	struct bed bed;
	char text[256];

	REQUIRE(brought_up(&bed));
	re_snprintf(text, sizeof(text), "%H", path_web_debug, bed.path);
	CHECK(strstr(text, "call=test") && strstr(text, "127.0.0.1"));
	CHECK(!strstr(text, path_web_creds(bed.path)->pwd));
	bed_close(&bed);
}

TEST_MAIN(TEST(media_goes_both_ways_with_gcm),
	  TEST(media_goes_both_ways_with_sha1_80),
	  TEST(media_goes_both_ways_through_libsrtp), TEST(rtcp_goes_both_ways),
	  TEST(regular_nomination_works_too), TEST(a_fingerprint_may_come_late),
	  TEST(many_browsers_share_one_socket),
	  TEST(a_second_socket_serves_ipv6),
	  TEST(a_roaming_browser_is_followed),
	  TEST(an_ice_restart_keeps_the_association),
	  TEST(the_same_offer_again_changes_nothing),
	  TEST(an_unsound_remote_changes_nothing),
	  TEST(another_certificate_is_another_association),
	  TEST(a_new_association_begins_at_roc_0),
	  TEST(each_stream_begins_at_roc_0_by_itself),
	  TEST(without_consent_nothing_is_sent_after_30_s),
	  TEST(who_never_nominates_is_lost_too),
	  TEST(an_ice_restart_brings_a_lost_path_back),
	  TEST(a_day_of_checks_keeps_the_path),
	  TEST(closing_the_peer_connection_is_told),
	  TEST(a_hello_from_a_third_address_is_dropped),
	  TEST(a_bad_hello_from_the_right_address_ends_no_call),
	  TEST(endless_bad_hellos_end_the_leg_in_time),
	  TEST(after_bad_hellos_a_good_one_is_heard),
	  TEST(bad_hellos_without_end_keep_no_browser_out),
	  TEST(a_handshake_of_nobody_keeps_no_browser_out),
	  TEST(a_hello_beside_the_browsers_disturbs_nothing),
	  TEST(a_handshake_without_end_is_a_time_out),
	  TEST(other_dtls_makes_no_state),
	  TEST(a_wrong_fingerprint_lets_no_media_out),
	  TEST(a_late_wrong_fingerprint_is_told_from_the_loop),
	  TEST(a_flood_of_forged_srtp_disturbs_nothing),
	  TEST(another_call_takes_no_address_away),
	  TEST(srtp_from_a_stranger_is_not_even_tried),
	  TEST(a_replayed_packet_is_dropped),
	  TEST(a_new_ssrc_takes_the_place_of_a_silent_one),
	  TEST(oversized_packets_are_dropped),
	  TEST(a_stun_flood_gets_no_more_than_it_sends),
	  TEST(a_successor_serves_without_a_word),
	  TEST(a_successor_has_the_same_rules),
	  TEST(only_a_served_path_can_be_resumed),
	  TEST(changes_are_told_often_enough),
	  TEST(a_handler_may_free_the_path),
	  TEST(a_handler_may_free_the_path_when_it_is_lost),
	  TEST_OOM(the_call_survives_a_lack_of_memory),
	  TEST(a_path_prints_itself))
