/*
 * bench_seal.c  What sealing and opening a cookie costs
 *
 * SPDX-License-Identifier: MIT
 */
#include <time.h>
#include <re.h>

#include "common/keyring.h"
#include "common/seal.h"

enum {
	ROUNDS = 100000
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int measure(const struct keyring *ring, size_t len)
{
	static const struct pl bound[] = {PL("a84b4c76e66710@pc33.example.com"),
					  PL("1928301774")};
	uint8_t plain[SEAL_PLAIN_MAX] = {1, 2, 3};
	char token[SEAL_TEXT_MAX + 1];
	struct pl text;
	double t[3];
	int err = 0;

	t[0] = now_us();
	for (int i = 0; i < ROUNDS; i++)
		err |= seal_token(token, ring, 1, SEAL_COOKIE, bound, 2, plain,
				  len);
	pl_set_str(&text, token);
	t[1] = now_us();
	for (int i = 0; i < ROUNDS; i++)
		err |= seal_open(plain, &len, ring, SEAL_COOKIE, bound, 2,
				 &text);
	t[2] = now_us();
	re_printf("seal  plain=%zu seal=%.2f us open=%.2f us\n", len,
		  (t[1] - t[0]) / ROUNDS, (t[2] - t[1]) / ROUNDS);
	return err;
}

int main(void)
{
	static const char keys[] = "1 - 000102030405060708090a0b0c0d0e0f";
	struct keyring *ring = NULL;
	char why[100];
	int err;

	err = keyring_parse(&ring, keys, sizeof(keys) - 1, why, sizeof(why));
	if (!err)
		err = measure(ring, 16) | measure(ring, 60) |
		      measure(ring, SEAL_PLAIN_MAX);
	mem_deref(ring);
	return err;
}
