/*
 * tls_limit.c  What OpenSSL takes for a handshake
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <openssl/ssl.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/tls_limit.h"

enum {
	WARM = 100,
	ROUNDS = 1000,
	FLIGHTS_MAX = 10
};

struct ends {
	SSL_CTX *server, *client;
	SSL_SESSION *session; /* the latest that the client got */
};

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct ends *ends = SSL_get_app_data(ssl);

	SSL_SESSION_free(ends->session);
	ends->session = session;
	return 1;
}

/* Two ends, joined. */
static void join(SSL *server, SSL *client)
{
	BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());

	BIO_up_ref(up);
	BIO_up_ref(down);
	SSL_set_bio(server, up, down);
	SSL_set_bio(client, down, up);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
}

static SSL *new_client(struct ends *ends, const SSL_SESSION *resume)
{
	SSL *ssl = SSL_new(ends->client);
	SSL_SESSION *copy;

	SSL_set_app_data(ssl, ends);
	if (!resume)
		return ssl;
	/* OpenSSL resumes a session once */
	copy = SSL_SESSION_dup((SSL_SESSION *)(uintptr_t)resume);
	SSL_set_session(ssl, copy);
	SSL_SESSION_free(copy);
	return ssl;
}

/* Microseconds of the server. */
static double shake(struct ends *ends, const SSL_SESSION *resume)
{
	SSL *client = new_client(ends, resume), *server;
	double us, begin = bench_cpu_us();
	char byte;

	server = SSL_new(ends->server);
	join(server, client);
	us = bench_cpu_us() - begin;
	for (int i = 0; i < FLIGHTS_MAX && !(SSL_is_init_finished(server) &&
					     SSL_is_init_finished(client));
	     i++) {
		(void)SSL_do_handshake(client);
		begin = bench_cpu_us();
		(void)SSL_do_handshake(server);
		us += bench_cpu_us() - begin;
	}
	if (!SSL_is_init_finished(server) ||
	    !SSL_session_reused(server) == (resume != NULL))
		bench_die("a handshake that is none");
	(void)SSL_read(client, &byte, 1); /* the ticket */
	/* else its session would count as broken */
	SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	begin = bench_cpu_us();
	SSL_free(server);
	us += bench_cpu_us() - begin;
	SSL_free(client);
	return us;
}

static bool make(struct ends *ends, const char *cert, const char *key)
{
	ends->server = SSL_CTX_new(TLS_server_method());
	ends->client = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_session_cache_mode(ends->server, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ends->server, 1);
	SSL_CTX_set_session_id_context(ends->server, (const uint8_t *)"b", 1);
	SSL_CTX_set_session_cache_mode(ends->client,
				       SSL_SESS_CACHE_CLIENT |
					       SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ends->client, on_session);
	return SSL_CTX_set_ciphersuites(ends->server,
					"TLS_AES_128_GCM_SHA256") == 1 &&
	       SSL_CTX_use_certificate_chain_file(ends->server, cert) == 1 &&
	       SSL_CTX_use_PrivateKey_file(ends->server, key,
					   SSL_FILETYPE_PEM) == 1;
}

void tls_limit(const char *cert, const char *key)
{
	struct ends ends = {.session = NULL};
	SSL_SESSION *first;
	double full = 0, resumed = 0;

	if (!make(&ends, cert, key))
		bench_die("no TLS");
	for (int i = 0; i < WARM; i++)
		(void)shake(&ends, NULL);
	for (int i = 0; i < ROUNDS; i++)
		full += shake(&ends, NULL);
	first = ends.session;
	ends.session = NULL;
	for (int i = 0; i < ROUNDS; i++)
		resumed += shake(&ends, first);
	BENCH("limit: TLS 1.3 handshake alone, full", full / ROUNDS / 1e3, "ms",
	      0, NULL);
	BENCH("limit: TLS 1.3 handshake alone, resumed", resumed / ROUNDS / 1e3,
	      "ms", 0, NULL);
	SSL_SESSION_free(first);
	SSL_SESSION_free(ends.session);
	SSL_CTX_free(ends.server);
	SSL_CTX_free(ends.client);
}
