/*
 * bench_dtls.c  CPU time of a DTLS-SRTP handshake, the server's side alone
 *
 * From the first ClientHello to the keys; the client is timed apart.
 *
 * SPDX-License-Identifier: MIT
 */
#include <malloc.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hs.h"
#include "tests/bench/lib/bench.h"
#include "tests/lib/mock_dtls.h"

enum {
	ROUNDS = 300,
	QUEUE = 16,
	DATAGRAM = 1500
};

struct queue {
	uint8_t buf[QUEUE][DATAGRAM];
	size_t len[QUEUE];
	unsigned n;
};

struct ends {
	struct queue to_server, to_client;
	bool done;
};

static void put(struct queue *q, const uint8_t *pkt, size_t len)
{
	if (q->n == QUEUE || len > DATAGRAM)
		return;
	memcpy(q->buf[q->n], pkt, len);
	q->len[q->n++] = len;
}

static void on_client_send(const uint8_t *pkt, size_t len, void *arg)
{
	put(&((struct ends *)arg)->to_server, pkt, len);
}

static void on_server_send(const uint8_t *pkt, size_t len, void *arg)
{
	put(&((struct ends *)arg)->to_client, pkt, len);
}

static void on_done(int err, const char *what, void *arg)
{
	(void)what;
	((struct ends *)arg)->done = !err;
}

static double serve(struct hs *hs, struct ends *e)
{
	double t0 = bench_cpu_us();

	for (unsigned i = 0; i < e->to_server.n; i++)
		hs_recv(hs, e->to_server.buf[i], e->to_server.len[i]);
	e->to_server.n = 0;
	return bench_cpu_us() - t0;
}

/* held: bytes of the heap that the server's end has when it is done. */
static int one(struct hs_ctx *ctx, struct wheel *wheel, double *us,
	       size_t *held)
{
	static struct ends e;
	struct mock_dtls *client = NULL;
	struct hs *hs = NULL;
	struct cert_fp fp;
	struct hs_keys keys;
	struct pl text;
	double t0;
	int err;

	memset(&e, 0, sizeof(e));
	err = mock_dtls_alloc(&client, NULL, on_client_send, &e);
	t0 = bench_cpu_us();
	if (!err)
		err = hs_alloc(&hs, ctx, wheel, 10000);
	if (err)
		return err;
	hs_handlers(hs, on_server_send, on_done, &e);
	*us += bench_cpu_us() - t0;
	mock_dtls_poll(client);
	for (unsigned i = 0; i < 8 && !e.done; i++) {
		*us += serve(hs, &e);
		for (unsigned k = 0; k < e.to_client.n; k++)
			mock_dtls_recv(client, e.to_client.buf[k],
				       e.to_client.len[k]);
		e.to_client.n = 0;
	}
	pl_set_str(&text, mock_dtls_fingerprint(client));
	err = cert_fp_parse(&fp, &text);
	t0 = bench_cpu_us();
	if (!err)
		err = hs_verify(hs, &fp, 1);
	if (!err)
		err = hs_keys(hs, &keys);
	*us += bench_cpu_us() - t0;
	*held = mallinfo2().uordblks;
	t0 = bench_cpu_us();
	mem_deref(hs);
	*us += bench_cpu_us() - t0;
	*held -= mallinfo2().uordblks;
	mem_deref(client);
	return err;
}

int main(void)
{
	struct wheel *wheel = NULL;
	struct hs_ctx *ctx = NULL;
	struct cert *cert = NULL;
	double us = 0, t0;
	size_t held = 0;
	int err = libre_init();

	bench_title("A DTLS-SRTP handshake as server, from the first "
		    "ClientHello to the keys:\nECDSA P-256, X25519 or P-256, "
		    "both certificates checked. What OpenSSL does is\nnearly "
		    "all of it. Then it is freed.\n");

	if (!err)
		err = wheel_alloc(&wheel, 0);
	if (!err)
		err = cert_make(&cert);
	if (!err)
		err = hs_ctx_alloc(&ctx, cert);
	t0 = bench_cpu_us();
	for (int i = 0; i < ROUNDS && !err; i++)
		err = one(ctx, wheel, &us, &held);
	BENCH("handshake, server", us / ROUNDS, "us", 0, err ? "FAILED" : NULL);
	BENCH("the client of it (mock, OpenSSL)",
	      (bench_cpu_us() - t0 - us) / ROUNDS, "us", 0, NULL);
	BENCH("heap of it when it is done", (double)held / 1024, "kB", 0,
	      NULL);
	mem_deref(ctx);
	mem_deref(cert);
	mem_deref(wheel);
	libre_close();
	return err;
}
