/*
 * bench_relay.c  CPU time of a relayed SRTP packet: browser to browser
 *
 * 100 legs on one socket, joined two by two. Timed is what mediad does for a
 * packet: receive, find the leg, unprotect, new SSRC and index, protect, send;
 * delivery to the receiver's socket included. What the mock browsers do is
 * not. Three loads: as many packets in one turn as `burst` says.
 *
 * SPDX-License-Identifier: MIT
 */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/path_web.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/kernel.h"
#include "tests/lib/mock_media.h"

enum {
	LEGS = 100,
	PACKETS = 40000,
	PAYLOAD = 100,
	RUNS = 3
};

struct leg {
	struct path *path;
	struct mock_media *mock;
	struct leg *peer;
	uint64_t next; /* index to send */
	uint32_t ssrc;
};

struct bench {
	struct wheel *wheel;
	struct cert *cert;
	struct path_web_env env;
	struct sa addr;
	int fd;
	uint64_t now_ms;
	struct leg legs[LEGS];
};

static void on_rtp(const struct path_packet *packet, void *arg)
{
	struct leg *to = ((struct leg *)arg)->peer;
	uint16_t seq = htons((uint16_t)to->next);

	memcpy(packet->pkt + 2, &seq, 2);
	memcpy(packet->pkt + 8, &to->ssrc, 4);
	(void)path_send_rtp(to->path, packet->pkt, packet->len, to->next++);
}

static const struct path_handlers handlers = {.rtp = on_rtp};

static int leg_open(struct bench *b, struct leg *leg, const char *profiles)
{
	struct mock_media_cfg cfg = {.wheel = b->wheel,
				     .profiles = profiles,
				     .no_loop = true};
	struct path_web_remote rem = {.nfps = 1};
	const struct lite_creds *creds;
	struct cert_fp fp;
	struct pl text;
	int err = mock_media_alloc(&leg->mock, &cfg);

	if (!err)
		err = path_web_alloc(&leg->path, &b->env, "bench", &handlers,
				     leg);
	if (err)
		return err;
	pl_set_str(&text, mock_media_fingerprint(leg->mock));
	pl_set_str(&rem.ufrag, mock_media_ufrag(leg->mock));
	rem.fps = &fp;
	err = cert_fp_parse(&fp, &text);
	if (!err)
		err = path_web_remote(leg->path, &rem);
	if (err)
		return err;
	creds = path_web_creds(leg->path);
	return mock_media_connect(leg->mock,
				  &(struct mock_remote){creds->ufrag,
							creds->pwd,
							cert_fp_text(b->cert),
							b->addr});
}

static bool up(struct bench *b)
{
	bool all = true;

	b->now_ms += 10;
	wheel_advance(b->wheel, b->now_ms);
	mux_poll(b->env.mux);
	mux_flush(b->env.mux);
	for (unsigned i = 0; i < LEGS; i++) {
		mock_media_poll(b->legs[i].mock);
		all &= mock_media_ready(b->legs[i].mock) &&
		       path_ready(b->legs[i].path);
	}
	return all;
}

static int bench_open(struct bench *b, const struct crypt_impl *impl,
		      const char *profiles)
{
	int size = 4 << 20, err = 0;
	uint8_t sock;

	memset(b, 0, sizeof(*b));
	b->env.impl = impl;
	sa_set_str(&b->addr, "127.0.0.1", 0);
	b->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	setsockopt(b->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(b->fd, &b->addr.u.sa, b->addr.len) ||
	    getsockname(b->fd, &b->addr.u.sa, &b->addr.len) ||
	    wheel_alloc(&b->wheel, 0) || cert_make(&b->cert) ||
	    hs_ctx_alloc(&b->env.hs_ctx, b->cert) ||
	    mux_alloc(&b->env.mux, LEGS) || mux_add(b->env.mux, b->fd, &sock))
		return 1;
	b->env.wheel = b->wheel;
	for (unsigned i = 0; i < LEGS && !err; i++) {
		b->legs[i].peer = &b->legs[i ^ 1];
		b->legs[i].ssrc = i;
		err = leg_open(b, &b->legs[i], profiles);
	}
	for (unsigned i = 0; i < 1000 && !err; i++) {
		if (up(b))
			return 0;
	}
	return 1;
}

static void bench_close(struct bench *b)
{
	for (unsigned i = 0; i < LEGS; i++) {
		mem_deref(b->legs[i].path);
		mem_deref(b->legs[i].mock);
	}
	mem_deref(b->env.mux);
	mem_deref(b->env.hs_ctx);
	mem_deref(b->cert);
	mem_deref(b->wheel);
	close(b->fd);
}

/* Heap of one path. */
static void memory(struct bench *b)
{
	size_t with;

	with = mallinfo2().uordblks;
	for (unsigned i = 0; i < LEGS; i++)
		b->legs[i].path = mem_deref(b->legs[i].path);
	BENCH("... heap of a path",
	      (double)(with - mallinfo2().uordblks) / LEGS / 1024, "kB", 0,
	      NULL);
}

static double run(struct bench *b, unsigned burst)
{
	uint8_t payload[PAYLOAD] = {0};
	double us = 0, t0;
	unsigned at = 0;

	for (unsigned n = 0; n < PACKETS; n += burst) {
		for (unsigned i = 0; i < burst; i++)
			(void)mock_media_send(b->legs[at++ % LEGS].mock, 111, n,
					      payload, PAYLOAD);
		t0 = bench_cpu_us();
		mux_poll(b->env.mux);
		mux_flush(b->env.mux);
		us += bench_cpu_us() - t0;
		for (unsigned i = 0; i < LEGS && n % 1000 < burst; i++)
			mock_media_poll(b->legs[i].mock);
	}
	return us / PACKETS;
}

static const unsigned bursts[] = {1, 8, 64};

static int measure(const struct crypt_impl *impl, const char *profiles)
{
	static struct bench b;
	char name[80], note[60];
	int err = bench_open(&b, impl, profiles);

	for (unsigned i = 0; i < 3 && !err; i++) {
		double best = 1e9;

		for (int r = 0; r < RUNS; r++) {
			double us = run(&b, bursts[i]);

			best = us < best ? us : best;
		}
		snprintf(name, sizeof(name), "%s %s, %u at once",
			 crypt_impl_name(impl),
			 crypt_suite_name(path_web_suite(b.legs[0].path)),
			 bursts[i]);
		snprintf(note, sizeof(note), "%llu lost",
			 (unsigned long long)(mux_stats(b.env.mux)->tx_dropped +
					      mux_stats(b.env.mux)->overflow));
		BENCH(name, best, "us", 0, note);
	}
	memory(&b);
	bench_close(&b);
	return err;
}

int main(void)
{
	static const char *const limits[] = {"limit: kernel, 1 at once",
					     "limit: kernel, 8 at once",
					     "limit: kernel, 64 at once"};
	int err = libre_init();

	bench_title("The way of a packet through mediad/transport, browser to "
		    "browser, 100 legs:\nreceived, its leg found, decrypted, "
		    "encrypted, sent; no streams, no wake-ups.\nThe limit: "
		    "recvmmsg and sendmmsg alone, in the same run.\n");
	for (unsigned i = 0; i < 3; i++)
		BENCH(limits[i], kernel_relay_us(bursts[i], PACKETS), "us", 0,
		      NULL);
	if (!err)
		err = measure(&crypt_openssl, NULL);
	if (!err)
		err = measure(&crypt_openssl, "SRTP_AES128_CM_SHA1_80");
	if (!err)
		err = measure(&crypt_libsrtp, NULL);
	libre_close();
	return err;
}
