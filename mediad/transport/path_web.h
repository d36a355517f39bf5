/*
 * path_web.h  The path to a browser: ICE-lite, DTLS-SRTP, one shared socket
 *
 * Combines lite.h (ICE), assoc.h (DTLS), crypt.h (SRTP) and replay.h on a mux.h.
 *
 * Order of events: alloc -> creds into our SDP -> path_web_remote() as soon as
 * the far SDP is known (earlier checks are answered, an earlier handshake
 * waits for its fingerprint) -> rungs -> media. DTLS is only looked at when
 * it comes from an address that a valid check has shown (RFC 8445), keys
 * are used only after the fingerprint was right (RFC 8122), an ICE restart
 * keeps the association (RFC 8842).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PATH_WEB_H
#define MEDIAD_PATH_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "mediad/transport/cert.h"
#include "mediad/transport/crypt.h"
#include "mediad/transport/lite.h"
#include "mediad/transport/path.h"
#include "mediad/transport/replay.h"

struct mux;
struct hs_ctx;
struct reach;
struct wheel;

/* What all paths of a worker share; the pointers outlive the paths. */
struct path_web_env {
	struct mux *mux;
	struct wheel *wheel;
	struct hs_ctx *hs_ctx;
	const struct crypt_impl *impl;
	uint8_t slot;          /* of the worker */
	uint32_t handshake_ms; /* 0: 10000 */
	uint32_t consent_ms;   /* 0: 30000 (RFC 7675, 5.1) */
	const struct reach *reach; /* who may be answered; NULL: all */
};

/* call: the call id for logs, copied. handlers must outlive the path. The
 * caller owns *pathp and ends the path with mem_deref(). */
int path_web_alloc(struct path **pathp, const struct path_web_env *env,
		   const char *call, const struct path_handlers *handlers,
		   void *arg);

/* Our ufrag and password as they stand in the SDP now. */
const struct lite_creds *path_web_creds(const struct path *path);

/*
 * The far side's offer or answer. ufrag: a=ice-ufrag. Its password and
 * candidates (at most LITE_PAIRS_MAX, best first) are needed of a lite one
 * alone, which has to be sought, from each socket of the mux, by twice as many
 * pairs at most; no candidates: it was found by a process that has died.
 * fps: all fingerprints of its SDP, 1 to CERT_FPS_MAX; the strongest hash counts (RFC 8122, 5). A changed ufrag
 * is an ICE restart: unless path_web_restart() came before, our credentials
 * change here, too. A set of fingerprints that the peer's certificate does
 * not match, or new_dtls (a changed tls-id, RFC 8842), asks for a new
 * association; until it stands, the old keys serve. Calls no handler. EINVAL: no usable
 * fingerprint, or a ufrag outside RFC 8839's syntax.
 */
struct path_web_remote {
	struct pl ufrag, pwd;
	const struct sa *cands;
	size_t ncands;
	bool lite;
	const struct cert_fp *fps;
	size_t nfps;
	bool new_dtls;
	bool dtls_client; /* a=setup: we are active (RFC 4145, 4) */
};
int path_web_remote(struct path *path, const struct path_web_remote *remote);

/* Of a path that was imported: its far side is lite, and we check on it. Needs
 * ufrag and pwd alone. */
int path_web_keep(struct path *path, const struct path_web_remote *remote);

/* Of a path that was imported, at once: the fingerprints that its far side said
 * last. EINVAL: not usable. */
int path_web_known(struct path *path, const struct cert_fp *fps, size_t nfps);

/* ICE restart from our side: new credentials; the old ones serve until a pair
 * is validated with the new. */
int path_web_restart(struct path *path);

/* The selected pair's far address; ENOENT when there is none. */
int path_web_peer(const struct path *path, struct sa *peer);
/* The suite in use, CRYPT_NONE before PATH_DTLS. */
enum crypt_suite path_web_suite(const struct path *path);

/* One line (%H). */
int path_web_debug(struct re_printf *pf, const struct path *path);

/*
 * All that a successor needs to serve on without a word of signalling, as
 * plain data of fixed size and layout (the same build, the same machine): it
 * holds keys, and belongs into the state file alone. EAGAIN before
 * PATH_MEDIA: nothing that could be resumed.
 */
struct path_web_state {
	struct lite_state lite;
	struct replay_state replay;
	uint16_t suite;
	uint8_t dtls_client;
	uint8_t dtls_open; /* another association was awaited */
	uint8_t rx_key[CRYPT_KEY_LEN], rx_salt[CRYPT_SALT_MAX];
	uint8_t tx_key[CRYPT_KEY_LEN], tx_salt[CRYPT_SALT_MAX];
	/* by stream: the index that ROC 0 under tx_key stands for */
	uint32_t tx_ssrc[PATH_STREAMS_MAX];
	uint64_t tx_base[PATH_STREAMS_MAX];
	uint8_t peer_md[32]; /* SHA-256 of the peer's certificate */
};
int path_web_export(const struct path *path, struct path_web_state *state);
/* A path that serves at once: rung PATH_MEDIA, all handlers as usual. The
 * time of the last consent is now. EBADMSG: not a sound state; EADDRINUSE:
 * its ufrag exists already. */
int path_web_import(struct path **pathp, const struct path_web_env *env,
		    const char *call, const struct path_web_state *state,
		    const struct path_handlers *handlers, void *arg);

#endif
