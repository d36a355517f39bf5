/*
 * edge_rig.h  A transport with real sockets and some clients, for the tests
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_SIGD_TRANSPORT_EDGE_RIG_H
#define TESTS_UNIT_SIGD_TRANSPORT_EDGE_RIG_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <re.h>

#include "sigd/transport/certs.h"
#include "sigd/transport/transport.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"
#include "tests/lib/ws_client.h"
#include "tests/unit/sigd/transport/rig_framer.h"

enum {
	RIG_WSS,
	RIG_WS,
	RIG_UDP,
	RIG_TCP,
	RIG_TLS,
	RIG_LISTENERS,
	RIG_WAIT_MS = 5000,
	RIG_LAST = 70000
};

struct rig {
	struct loop_test lt;
	struct transport_listener on[RIG_LISTENERS];
	struct sa addr[RIG_LISTENERS];
	struct transport_params params;
	struct transport *transport;
	char cert[300], key[300];
	const char *keys[RIG_LISTENERS]; /* of the listeners' certificates */
	struct certs *certs;
	char errbuf[256];
	/* what has happened */
	unsigned received, opened, gone;
	uint8_t last[RIG_LAST];
	size_t last_len;
	struct transport_src src;
	struct sa remote;
	struct flow *flow; /* the last that opened, NULL when it has gone */
	struct flow_id id; /* of it, for ever */
	bool echo;
};

static inline void rig_recv(const struct transport_src *src,
			    const uint8_t *data, size_t len, void *arg)
{
	struct rig *rig = arg;

	++rig->received;
	rig->src = *src;
	rig->remote = *src->remote;
	rig->last_len = len < RIG_LAST ? len : RIG_LAST;
	memcpy(rig->last, data, rig->last_len);
	if (rig->echo)
		CHECK(!transport_send(rig->transport, &src->id, data, len, 0));
}

static inline void rig_open(struct flow *flow, void *arg)
{
	struct rig *rig = arg;

	++rig->opened;
	rig->flow = flow;
	rig->id = *flow_id_of(flow);
}

static inline void rig_gone(struct flow *flow, void *arg)
{
	struct rig *rig = arg;

	++rig->gone;
	if (rig->flow == flow)
		rig->flow = NULL;
}

/* A certificate of its own for localhost, ECDSA P-256. */
static inline bool rig_certificate(const char *cert, const char *key,
				   const char *name)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	FILE *f;
	bool ok;

	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_set_version(x509, 2);
	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
	X509_set_pubkey(x509, pkey);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN",
				   MBSTRING_ASC, (const uint8_t *)name, -1, -1,
				   0);
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
	ok = X509_sign(x509, pkey, EVP_sha256()) > 0;
	f = fopen(cert, "w");
	ok = ok && f && PEM_write_X509(f, x509);
	if (f)
		fclose(f);
	f = fopen(key, "w");
	ok = ok && f &&
	     PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL);
	if (f)
		fclose(f);
	X509_free(x509);
	EVP_PKEY_free(pkey);
	return ok;
}

/* A socket on a port of the kernel's choice. */
static inline int rig_socket(int type, struct sa *addr)
{
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sa_set_str(addr, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &addr->u.sa, addr->len) ||
	    (type == SOCK_STREAM && listen(fd, 128)) ||
	    getsockname(fd, &addr->u.sa, &addr->len))
		abort();
	return fd;
}

/* Everything is set up; a test may change params before rig_start(). */
static inline void rig_init(struct rig *rig)
{
	static const enum flow_kind kinds[] = {FLOW_WSS, FLOW_WS, FLOW_UDP,
					      FLOW_TCP, FLOW_TLS};
	static const char *const names[] = {"wss", "ws", "udp", "tcp",
					    "tls"};

	memset(rig, 0, sizeof(*rig));
	if (!loop_test_open(&rig->lt))
		abort();
	snprintf(rig->cert, sizeof(rig->cert), "%s/cert.pem", test_tmpdir());
	snprintf(rig->key, sizeof(rig->key), "%s/key.pem", test_tmpdir());
	if (access(rig->key, R_OK) &&
	    !rig_certificate(rig->cert, rig->key, "localhost"))
		abort();
	for (int i = 0; i < RIG_LISTENERS; i++) {
		rig->on[i].name = names[i];
		rig->on[i].kind = kinds[i];
		rig->on[i].fd =
			rig_socket(i == RIG_UDP ? SOCK_DGRAM : SOCK_STREAM,
				   &rig->addr[i]);
	}
	rig->on[RIG_WSS].cert = rig->cert;
	rig->keys[RIG_WSS] = rig->key;
	rig->on[RIG_TLS].cert = rig->cert;
	rig->keys[RIG_TLS] = rig->key;
	rig->params = (struct transport_params){
		.node = "a1",
		.slot = 2,
		.epoch = 1000,
		.wheel = rig->lt.wheel,
		.listeners = rig->on,
		.nlisteners = RIG_LISTENERS,
		.framer = &rig_framer,
		.h = {.recvh = rig_recv,
		      .openh = rig_open,
		      .goneh = rig_gone,
		      .arg = rig},
	};
}

static inline void rig_bad(const char *why, void *arg)
{
	struct rig *rig = arg;

	snprintf(rig->errbuf, sizeof(rig->errbuf), "%s", why);
}

/* What the listeners name, and these; 0, EINVAL with rig->errbuf. */
static inline int rig_certs(struct rig *rig, const struct certs_pair *more,
			    size_t n)
{
	struct certs_pair pairs[RIG_LISTENERS + 8];
	struct certs *certs = NULL;
	size_t count = 0;
	int err;

	rig->errbuf[0] = '\0';
	for (; count < n; count++)
		pairs[count] = more[count];
	for (int i = 0; i < RIG_LISTENERS; i++) {
		if (rig->on[i].cert)
			pairs[count++] = (struct certs_pair){
				.cert = rig->on[i].cert, .key = rig->keys[i]};
	}
	err = certs_load(&certs, pairs, count, rig->certs, rig_bad, rig);
	if (err)
		return err;
	mem_deref(rig->certs);
	rig->certs = rig->params.certs = certs;
	transport_tls_set(rig->transport, certs, NULL);
	return 0;
}

static inline bool rig_start(struct rig *rig)
{
	if (!rig->certs && !CHECK_INT(rig_certs(rig, NULL, 0), 0))
		return false;
	return CHECK_INT(transport_alloc(&rig->transport, &rig->params,
					 rig->errbuf, sizeof(rig->errbuf)),
			 0);
}

static inline void rig_close(struct rig *rig)
{
	rig->transport = mem_deref(rig->transport);
	rig->certs = mem_deref(rig->certs);
	for (int i = 0; i < RIG_LISTENERS; i++)
		close(rig->on[i].fd);
	loop_test_close(&rig->lt);
}

/* A client, and what has happened to it. */
struct guest {
	struct ws_client *client;
	bool open, ended;
	int status, code;
	unsigned received, pings;
	enum ws_opcode opcode;
	uint8_t last[RIG_LAST];
	size_t last_len;
	char text[1000]; /* of a raw one: all */
};

static inline void guest_open(void *arg)
{
	struct guest *guest = arg;

	guest->open = true;
}

static inline void guest_recv(enum ws_opcode opcode, const uint8_t *data,
			      size_t len, void *arg)
{
	struct guest *guest = arg;
	size_t used = strlen(guest->text);

	if (opcode == WS_PING) {
		++guest->pings;
		return;
	}
	++guest->received;
	guest->opcode = opcode;
	guest->last_len = len < RIG_LAST ? len : RIG_LAST;
	memcpy(guest->last, data, guest->last_len);
	if (len > sizeof(guest->text) - 1 - used)
		len = sizeof(guest->text) - 1 - used;
	memcpy(guest->text + used, data, len);
	guest->text[used + len] = '\0';
}

static inline void guest_end(int status, int code, void *arg)
{
	struct guest *guest = arg;

	guest->ended = true;
	guest->status = status;
	guest->code = code;
}

static inline bool guest_is_open(void *arg)
{
	struct guest *guest = arg;

	return guest->open || guest->ended;
}

static inline bool guest_has_ended(void *arg)
{
	return ((struct guest *)arg)->ended;
}

/* Connects and waits for it; params may be NULL. True: open. */
static inline bool guest_come(struct guest *guest, struct rig *rig,
			      int listener,
			      const struct ws_client_params *params)
{
	struct ws_client_params p = {.raw = false};

	if (params)
		p = *params;
	p.server = rig->addr[listener];
	p.tls = rig->on[listener].kind == FLOW_WSS;
	p.openh = guest_open;
	p.recvh = guest_recv;
	p.endh = guest_end;
	p.arg = guest;
	memset(guest, 0, sizeof(*guest));
	if (ws_client_alloc(&guest->client, &p))
		return false;
	return loop_test_until(&rig->lt, guest_is_open, guest, RIG_WAIT_MS) &&
	       guest->open;
}

static inline bool guest_leave(struct guest *guest, struct rig *rig)
{
	return loop_test_until(&rig->lt, guest_has_ended, guest, RIG_WAIT_MS);
}

static inline void guest_drop(struct guest *guest)
{
	guest->client = mem_deref(guest->client);
}

/* For conditions: *count has reached want. */
struct reach {
	const unsigned *count;
	unsigned want;
};

static inline bool reached(void *arg)
{
	struct reach *reach = arg;

	return *reach->count >= reach->want;
}

static inline bool rig_until(struct rig *rig, const unsigned *count,
			     unsigned want)
{
	struct reach reach = {count, want};

	return loop_test_until(&rig->lt, reached, &reach, RIG_WAIT_MS);
}

static inline const struct transport_counts *rig_counts(struct rig *rig)
{
	return transport_counts(rig->transport);
}

struct reach64 {
	const uint64_t *count;
	uint64_t want;
};

static inline bool equal64(void *arg)
{
	struct reach64 *reach = arg;

	return *reach->count == reach->want;
}

static inline bool rig_until_count(struct rig *rig, const uint64_t *count,
				   uint64_t want)
{
	struct reach64 reach = {count, want};

	return loop_test_until(&rig->lt, equal64, &reach, RIG_WAIT_MS);
}

#endif
