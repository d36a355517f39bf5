/*
 * bench_dtls.c  CPU time of a DTLS-SRTP handshake, the server's side alone
 *
 * From the first ClientHello to the keys; the client is timed apart.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hs.h"
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

static double cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

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
	double t0 = cpu_us();

	for (unsigned i = 0; i < e->to_server.n; i++)
		hs_recv(hs, e->to_server.buf[i], e->to_server.len[i]);
	e->to_server.n = 0;
	return cpu_us() - t0;
}

static int one(struct hs_ctx *ctx, struct wheel *wheel, double *us)
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
	t0 = cpu_us();
	if (!err)
		err = hs_alloc(&hs, ctx, wheel, 10000);
	if (err)
		return err;
	hs_handlers(hs, on_server_send, on_done, &e);
	*us += cpu_us() - t0;
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
	t0 = cpu_us();
	if (!err)
		err = hs_verify(hs, &fp, 1);
	if (!err)
		err = hs_keys(hs, &keys);
	mem_deref(hs);
	*us += cpu_us() - t0;
	mem_deref(client);
	return err;
}

int main(void)
{
	struct wheel *wheel = NULL;
	struct hs_ctx *ctx = NULL;
	struct cert *cert = NULL;
	double us = 0, t0;
	int err = libre_init();

	if (!err)
		err = wheel_alloc(&wheel, 0);
	if (!err)
		err = cert_make(&cert);
	if (!err)
		err = hs_ctx_alloc(&ctx, cert);
	t0 = cpu_us();
	for (int i = 0; i < ROUNDS && !err; i++)
		err = one(ctx, wheel, &us);
	printf("dtls  handshake server=%.0f us client=%.0f us%s\n", us / ROUNDS,
	       (cpu_us() - t0 - us) / ROUNDS, err ? " FAILED" : "");
	mem_deref(ctx);
	mem_deref(cert);
	mem_deref(wheel);
	libre_close();
	return err;
}
