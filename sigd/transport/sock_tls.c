/*
 * sock_tls.c  TLS of byte streams: at our listeners, and towards peers
 *
 * The context of a listener is made as that of WSS (edge_tls.h). Towards
 * peers there is one for each set of terms (struct flow_id.tag), made when it
 * is first needed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <re.h>

#include "common/log.h"
#include "sigd/transport/edge_tls.h"
#include "sigd/transport/stream_priv.h"
#include "sigd/transport/tls_clients.h"
#include "sigd/transport/tls_name.h"

enum {
	TERMS_MAX = 1024 /* kept; with more all are made anew */
};

/* Those of one tag. */
struct terms {
	struct le le;
	uint32_t tag;
	bool verify;
	SSL_CTX *ctx;
	char *name;
};

/* --- bytes ---------------------------------------------------------------- */

/* What OpenSSL says, as an errno; what it wants to write is waited for. */
static int result(struct stream *stream, int ret)
{
	const int reason = SSL_get_error(stream->ssl, ret);
	const int saved = errno;

	stream->want_write = false;
	switch (reason) {
	case SSL_ERROR_WANT_READ:
		return EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		stream->want_write = true;
		return EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		return saved ? saved : ECONNRESET;
	default:
		ERR_clear_error();
		return EPROTO;
	}
}

static int on_read(struct stream *stream, uint8_t *buf, size_t *len)
{
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_read(stream->ssl, buf, (int)*len);
	*len = n > 0 ? (size_t)n : 0;
	if (n > 0) {
		stream->want_write = false;
		return 0;
	}
	return result(stream, n);
}

static int on_write(struct stream *stream, const uint8_t *buf, size_t *len)
{
	int n, err;

	ERR_clear_error();
	errno = 0;
	n = SSL_write(stream->ssl, buf, (int)*len);
	if (n > 0) {
		*len = (size_t)n;
		stream->want_write = false;
		return 0;
	}
	err = result(stream, n);
	return err ? err : ECONNRESET;
}

static void on_finish(struct stream *stream)
{
	ERR_clear_error();
	(void)SSL_shutdown(stream->ssl);
	ERR_clear_error();
}

/* --- the handshake ---------------------------------------------------------- */

static struct terms *terms_find(const struct stream_set *set, uint32_t tag)
{
	struct le *le;

	LIST_FOREACH(&set->terms, le)
	{
		struct terms *terms = le->data;

		if (terms->tag == tag)
			return terms;
	}
	return NULL;
}

static void refused(const struct stream *stream, const char *name,
		    const char *why)
{
	char addr[64];

	re_snprintf(addr, sizeof(addr), "%J", &stream->peer.remote);
	log_warn(NULL, "a TLS peer is not spoken to", "peer=%s name=%s why=%s",
		 addr, name, why);
}

/* RFC 5922 7.3: who is it that we speak to? */
static int identify(const struct stream *stream)
{
	const struct terms *terms = terms_find(stream->set, stream->peer.tag);
	X509 *cert;
	bool ok;

	/* the terms were forgotten meanwhile: by whose should it be judged? */
	if (!terms)
		return ECONNABORTED;
	if (!terms->verify)
		return 0;

	cert = SSL_get1_peer_certificate(stream->ssl);
	ok = tls_name_is(cert, terms->name);
	X509_free(cert);
	if (ok)
		return 0;
	refused(stream, terms->name, "its certificate names somebody else");
	return EACCES;
}

static void tell_failed(const struct stream *stream)
{
	const struct terms *terms = terms_find(stream->set, stream->peer.tag);
	long code = SSL_get_verify_result(stream->ssl);
	const char *why = ERR_reason_error_string(ERR_peek_error());

	if (code != X509_V_OK)
		why = X509_verify_cert_error_string(code);
	refused(stream, terms ? terms->name : "", why ? why : "it has ended");
}

static int on_handshake(struct stream *stream)
{
	int ret, err;

	ERR_clear_error();
	errno = 0;
	ret = SSL_do_handshake(stream->ssl);
	if (ret != 1) {
		if (stream->ours &&
		    SSL_get_error(stream->ssl, ret) == SSL_ERROR_SSL)
			tell_failed(stream);
		err = result(stream, ret);
		return err ? err : ECONNRESET;
	}
	stream->want_write = false;
	++stream->set->p.counts->tls_done;
	if (SSL_session_reused(stream->ssl))
		++stream->set->p.counts->tls_resumed;
	return stream->ours ? identify(stream) : 0;
}

const struct stream_io stream_tls = {.handshake = on_handshake,
				     .read = on_read,
				     .write = on_write,
				     .finish = on_finish};

/* --- our listeners ----------------------------------------------------------- */

int stream_tls_listen(struct stream_set *set, struct stream_listener *on)
{
	int err = edge_tls_ctx(set->p.tls, &on->tls, on->cfg->cert);

	if (err)
		return err;
	SSL_CTX_set_mode(on->tls, SSL_MODE_ENABLE_PARTIAL_WRITE);
	return on->cfg->client_ca
		       ? tls_clients_ask(on->tls, on->cfg->client_ca)
		       : 0;
}

bool stream_named(const struct flow *flow, const char *name)
{
	const struct stream *stream = (const struct stream *)flow;
	X509 *cert;
	bool is;

	if (!flow || !stream_is(flow) || !stream->ssl || !name ||
	    SSL_get_verify_result(stream->ssl) != X509_V_OK)
		return false;
	/* without one the result is OK, too */
	cert = SSL_get1_peer_certificate(stream->ssl);
	is = cert && tls_name_is(cert, name);
	X509_free(cert);
	return is;
}

void stream_tls_listener_free(struct stream_listener *on)
{
	SSL_CTX_free(on->tls);
	on->tls = NULL;
}

static int ssl_make(struct stream *stream, SSL_CTX *ctx)
{
	stream->ssl = SSL_new(ctx);
	if (!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1) {
		ERR_clear_error();
		return ENOMEM;
	}
	stream->io = &stream_tls;
	return 0;
}

int stream_tls_accept(struct stream *stream, struct ssl_ctx_st *ctx)
{
	int err = ssl_make(stream, ctx);

	if (!err)
		SSL_set_accept_state(stream->ssl);
	return err;
}

void stream_tls_free(struct stream *stream)
{
	SSL_free(stream->ssl);
	stream->ssl = NULL;
}

/* --- towards peers ------------------------------------------------------------ */

static void terms_destructor(void *data)
{
	struct terms *terms = data;

	list_unlink(&terms->le);
	SSL_CTX_free(terms->ctx);
	mem_deref(terms->name);
}

void stream_tls_forget(struct stream_set *set)
{
	list_flush(&set->terms);
}

static bool trust(SSL_CTX *ctx, const struct transport_peer *peer)
{
	if (!peer->verify)
		return true;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return peer->ca ? SSL_CTX_load_verify_file(ctx, peer->ca) == 1
			: SSL_CTX_set_default_verify_paths(ctx) == 1;
}

static bool identity(SSL_CTX *ctx, const struct transport_peer *peer)
{
	return !peer->cert ||
	       (SSL_CTX_use_certificate_chain_file(ctx, peer->cert) == 1 &&
		SSL_CTX_use_PrivateKey_file(ctx, peer->key, SSL_FILETYPE_PEM) ==
			1 &&
		SSL_CTX_check_private_key(ctx) == 1);
}

/* Of TLS 1.2 what keeps its secrets when a key is lost later, and is
 * authenticated as a whole (RFC 9325 4.2); those of 1.3 all do. A PBX that
 * knows none of these is too old to be trusted with passwords. */
static const char client_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

static SSL_CTX *client_ctx(const struct transport_peer *peer)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_options(ctx,
			    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, client_ciphers) == 1 &&
	    trust(ctx, peer) && identity(ctx, peer))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

static int terms_make(struct terms **termsp, struct stream *stream)
{
	struct stream_set *set = stream->set;
	struct transport_peer peer = {.name = NULL};
	struct terms *terms;
	int err = set->p.peerh
			  ? set->p.peerh(&peer, &stream->peer, set->p.peer_arg)
			  : ENOENT;

	if (err)
		return err;
	if (list_count(&set->terms) >= TERMS_MAX)
		stream_tls_forget(set);
	terms = mem_zalloc(sizeof(*terms), terms_destructor);
	if (!terms)
		return ENOMEM;

	terms->tag = stream->peer.tag;
	terms->verify = peer.verify;
	err = str_dup(&terms->name, peer.name);
	ERR_clear_error();
	terms->ctx = err ? NULL : client_ctx(&peer);
	if (!terms->ctx) {
		const char *why = ERR_reason_error_string(ERR_peek_error());

		refused(stream, peer.name, why ? why : "no memory");
		ERR_clear_error();
		mem_deref(terms);
		return err ? err : EINVAL;
	}
	list_append(&set->terms, &terms->le, terms);
	*termsp = terms;
	return 0;
}

int stream_tls_connect(struct stream *stream)
{
	struct terms *terms = terms_find(stream->set, stream->peer.tag);
	struct sa addr;
	int err = terms ? 0 : terms_make(&terms, stream);

	if (!err)
		err = ssl_make(stream, terms->ctx);
	if (err)
		return err;

	SSL_set_connect_state(stream->ssl);
	/* RFC 6066 section 3: a name, never an address */
	if (sa_set_str(&addr, terms->name, 0))
		(void)SSL_set_tlsext_host_name(stream->ssl, terms->name);
	return 0;
}
