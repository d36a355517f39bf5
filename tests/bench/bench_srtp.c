/*
 * bench_srtp.c  CPU time of SRTP for one packet: both implementations, both
 *               suites, Opus (100 bytes of payload) and G.711 (160)
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "mediad/transport/crypt.h"
#include "mediad/transport/lite.h"
#include "mediad/transport/lite_stun.h"
#include "mediad/transport/replay.h"
#include "tests/bench/lib/bench.h"

enum {
	ROUNDS = 200000,
	RUNS = 5,
	CAP = 1600
};

struct work {
	struct crypt *tx, *rx;
	size_t payload;
};

/* Best of some runs: microseconds for protect, unprotect with replay. */
static int run(const struct work *w, double *protect, double *unprotect)
{
	static uint8_t pkts[256][CAP];
	struct replay_state st = {0};
	size_t lens[256];
	int err = 0;

	*protect = *unprotect = 0;
	for (uint32_t i = 0; i < ROUNDS && !err; i += 256) {
		double t0, t1, t2;

		for (uint32_t k = 0; k < 256; k++) {
			uint16_t seq = (uint16_t)(i + k);

			pkts[k][0] = 0x80;
			pkts[k][1] = 111;
			pkts[k][2] = (uint8_t)(seq >> 8);
			pkts[k][3] = (uint8_t)seq;
			lens[k] = 12 + w->payload;
		}
		t0 = bench_cpu_us();
		for (uint32_t k = 0; k < 256; k++)
			err |= crypt_rtp_protect(w->tx, pkts[k], &lens[k], CAP,
						 i + k);
		t1 = bench_cpu_us();
		for (uint32_t k = 0; k < 256; k++) {
			uint64_t index;

			err |= replay_rtp_check(&st, 0, (uint16_t)(i + k),
						&index);
			err |= crypt_rtp_unprotect(w->rx, pkts[k], &lens[k],
						   index);
			replay_rtp_accept(&st, 0, index);
		}
		t2 = bench_cpu_us();
		*protect += t1 - t0;
		*unprotect += t2 - t1;
	}
	*protect /= ROUNDS;
	*unprotect /= ROUNDS;
	return err;
}

static int measure(const struct crypt_impl *impl, enum crypt_suite suite,
		   size_t payload)
{
	static const uint8_t key[30] = "0123456789abcdef01234567890123";
	struct work w = {.payload = payload};
	double best[2] = {1e9, 1e9};
	char name[80];
	int err = crypt_alloc(&w.tx, impl, suite, key, key + 16);

	if (!err)
		err = crypt_alloc(&w.rx, impl, suite, key, key + 16);
	for (int i = 0; i < RUNS && !err; i++) {
		double p, u;

		err = run(&w, &p, &u);
		best[0] = p < best[0] ? p : best[0];
		best[1] = u < best[1] ? u : best[1];
	}
	snprintf(name, sizeof(name), "%s %s, %zu bytes: protect",
		 crypt_impl_name(impl), crypt_suite_name(suite), payload);
	BENCH(name, best[0], "us", 0, err ? "FAILED" : NULL);
	BENCH("... unprotect", best[1], "us", 0, NULL);
	mem_deref(w.tx);
	mem_deref(w.rx);
	return err;
}

/* A consent check of a browser: read, authenticated, answered. */
static int measure_check(void)
{
	static const uint8_t tid[12] = {1};
	struct lite *lite = NULL;
	uint8_t msg[256];
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};
	struct lite_check chk = {.msg = msg};
	struct lite_result res;
	char user[64];
	double t0;

	if (lite_alloc(&lite, 1, 0))
		return 1;
	sa_set_str(&chk.src, "192.0.2.1", 5000);
	re_snprintf(user, sizeof(user), "%s:Brow", lite_local(lite)->ufrag);
	lite_stun_begin(&out, LITE_STUN_REQUEST, tid);
	lite_stun_attr(&out, 0x0006, user, strlen(user));
	lite_stun_attr(&out, 0x802a, tid, 8);
	lite_stun_attr(&out, 0x0025, NULL, 0);
	lite_stun_attr(&out, 0x0024, tid, 4);
	chk.len = lite_stun_end(&out, lite_local(lite)->pwd);

	t0 = bench_cpu_us();
	for (int i = 0; i < ROUNDS; i++)
		lite_recv(lite, &chk, &res);
	BENCH("ICE consent check, read and answered",
	      (bench_cpu_us() - t0) / ROUNDS, "us", 0, "one per leg in 2.5 s");
	mem_deref(lite);
	return res.verdict < LITE_VALID;
}

int main(void)
{
	static const struct crypt_impl *const impls[] = {&crypt_openssl,
							 &crypt_libsrtp};
	int err = libre_init();

	bench_title("SRTP of one packet, in cache, replay check included; "
		    "libsrtp is the peer.\n"
		    "What OpenSSL's primitives can do here: 0.29 us (CTR and "
		    "HMAC), 0.33 us (GCM).\n");
	for (int i = 0; i < 8 && !err; i++)
		err = measure(impls[i / 4],
			      i / 2 % 2 ? CRYPT_AEAD_AES_128_GCM
					: CRYPT_AES_CM_128_SHA1_80,
			      i % 2 ? 160 : 100);
	if (!err)
		err = measure_check();
	libre_close();
	return err;
}
