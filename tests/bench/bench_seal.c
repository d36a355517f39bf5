/*
 * bench_seal.c  What sealing and opening a cookie costs
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "common/keyring.h"
#include "common/seal.h"
#include "tests/bench/lib/bench.h"

enum {
	ROUNDS = 100000
};

static int measure(const struct keyring *ring, size_t len)
{
	static const struct pl bound[] = {PL("a84b4c76e66710@pc33.example.com"),
					  PL("1928301774")};
	uint8_t plain[SEAL_PLAIN_MAX] = {1, 2, 3};
	char token[SEAL_TEXT_MAX + 1];
	char name[40];
	struct pl text;
	double t[3];
	int err = 0;

	t[0] = bench_cpu_us();
	for (int i = 0; i < ROUNDS; i++)
		err |= seal_token(token, ring, 1, SEAL_COOKIE, bound, 2, plain,
				  len);
	pl_set_str(&text, token);
	t[1] = bench_cpu_us();
	for (int i = 0; i < ROUNDS; i++)
		err |= seal_open(plain, &len, ring, SEAL_COOKIE, bound, 2,
				 &text);
	t[2] = bench_cpu_us();
	snprintf(name, sizeof(name), "seal %zu bytes", len);
	BENCH(name, (t[1] - t[0]) / ROUNDS, "us", 0, NULL);
	BENCH("... open", (t[2] - t[1]) / ROUNDS, "us", 0,
	      err ? "FAILED" : NULL);
	return err;
}

int main(void)
{
	static const char keys[] = "1 - 000102030405060708090a0b0c0d0e0f";
	struct keyring *ring = NULL;
	char why[100];
	int err;

	bench_title(
		"A token (cookie, branch, nonce): AES-SIV, bound to Call-ID "
		"and tag, as text.\n");
	err = keyring_parse(&ring, keys, sizeof(keys) - 1, why, sizeof(why));
	if (!err)
		err = measure(ring, 16) | measure(ring, 60) |
		      measure(ring, SEAL_PLAIN_MAX);
	mem_deref(ring);
	return err;
}
