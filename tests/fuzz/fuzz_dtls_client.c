/*
 * fuzz_dtls_client.c  A DTLS handshake as client: a server's datagrams, changed
 *
 * The server is one of ours. Input: steps of an operation byte, a length of two
 * bytes and data. Operations (modulo 5): 0 the server's next datagram comes as
 * it is, 1 it comes with bytes changed (three bytes each: where, where, XOR), 2
 * the data come, 3 time passes, 4 the server's next datagram is lost.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hs.h"
#include "tests/lib/fuzz.h"

enum {
	OPS = 5,
	STEPS_MAX = 48,
	QUEUE = 32,
	DATAGRAM = 1500,
};

struct bed {
	struct wheel *wheel;
	struct cert *cert;
	struct hs_ctx *ctx;
	struct hs *client, *server;
	uint8_t buf[QUEUE][DATAGRAM];
	size_t len[QUEUE];
	unsigned head, tail;
	uint64_t now_ms;
	bool over, server_over;
};

static void to_client(const uint8_t *pkt, size_t len, void *arg)
{
	struct bed *bed = arg;

	if (bed->tail - bed->head == QUEUE || len > DATAGRAM)
		return;
	memcpy(bed->buf[bed->tail % QUEUE], pkt, len);
	bed->len[bed->tail++ % QUEUE] = len;
}

static void to_server(const uint8_t *pkt, size_t len, void *arg)
{
	struct bed *bed = arg;

	if (!bed->server_over)
		hs_recv(bed->server, pkt, len);
}

static void client_done(int err, const char *what, void *arg)
{
	struct bed *bed = arg;

	(void)what;
	bed->over |= err != 0;
}

static void server_done(int err, const char *what, void *arg)
{
	struct bed *bed = arg;

	(void)what;
	bed->server_over |= err != 0;
}

/* What does not change from input to input is made once. */
static struct bed *bed_get(void)
{
	static struct bed bed;

	if (bed.cert)
		return &bed;
	libre_init();
	if (cert_make(&bed.cert) || wheel_alloc(&bed.wheel, 0) ||
	    hs_ctx_alloc(&bed.ctx, bed.cert))
		abort();
	return &bed;
}

static void comes(struct bed *bed, const uint8_t *data, size_t len)
{
	uint8_t pkt[DATAGRAM];
	size_t n;

	if (bed->head == bed->tail)
		return;
	n = bed->len[bed->head % QUEUE];
	memcpy(pkt, bed->buf[bed->head++ % QUEUE], n);
	for (; len >= 3 && n; data += 3, len -= 3)
		pkt[(size_t)(data[0] << 8 | data[1]) % n] ^= data[2];
	hs_recv(bed->client, pkt, n);
}

static void step(struct bed *bed, uint8_t op, const uint8_t *data, size_t len)
{
	switch (op % OPS) {
	case 0:
		comes(bed, NULL, 0);
		break;
	case 1:
		comes(bed, data, len);
		break;
	case 2:
		hs_recv(bed->client, data, len);
		break;
	case 3:
		bed->now_ms += 1 + len;
		wheel_advance(bed->wheel, bed->now_ms);
		break;
	default:
		bed->head += bed->head != bed->tail;
	}
}

/* Done it may be; but with the server alone. */
static void judge(struct bed *bed)
{
	struct cert_fp nobody = {.hash = CERT_SHA256, .len = 32};
	struct cert_fp fp = {.hash = CERT_SHA256, .len = 32};
	uint8_t md[32];
	struct hs_keys keys;

	assert(!bed->over || !hs_is_done(bed->client));
	if (!hs_is_done(bed->client))
		return;
	assert(hs_is_answered(bed->client));
	assert(hs_verify(bed->client, &nobody, 1));
	assert(hs_keys(bed->client, &keys));
	assert(!hs_peer_md(bed->client, md));
	memcpy(fp.md, md, sizeof(md));
	assert(!hs_verify(bed->client, &fp, 1));
	assert(!hs_keys(bed->client, &keys));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bed *bed = bed_get();

	bed->head = bed->tail = 0;
	bed->over = bed->server_over = false;
	if (hs_alloc(&bed->client, bed->ctx, bed->wheel, 10000) ||
	    hs_alloc(&bed->server, bed->ctx, bed->wheel, 10000))
		abort();
	hs_handlers(bed->client, to_server, client_done, bed);
	hs_handlers(bed->server, to_client, server_done, bed);
	hs_connect(bed->client);
	for (unsigned i = 0; size >= 3 && i < STEPS_MAX; i++) {
		size_t len = (size_t)(data[1] << 8 | data[2]);

		if (len > size - 3)
			len = size - 3;
		step(bed, data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	judge(bed);
	bed->client = mem_deref(bed->client);
	bed->server = mem_deref(bed->server);
	assert(!wheel_count(bed->wheel));
	return 0;
}
