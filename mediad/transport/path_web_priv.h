/*
 * path_web_priv.h  The parts of a browser's path
 *
 * path_web.c holds them together and moves packets, path_web_ice.c is about
 * checks and addresses, path_web_dtls.c about the association,
 * path_web_state.c about the state file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PATH_WEB_PRIV_H
#define MEDIAD_PATH_WEB_PRIV_H

#include "common/wheel.h"
#include "mediad/transport/assoc.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/path_priv.h"
#include "mediad/transport/path_web.h"

enum {
	PATH_CALL_MAX = 32
};

/* What became of the DTLS association. */
struct path_dtls {
	struct sa to; /* where the latest datagram came from */
	uint8_t sock;
	struct hs_keys keys; /* in use */
	/* of each stream that was before these keys: the index that ROC 0
	 * stands for; of all others it is 0 */
	uint32_t tx_ssrc[PATH_STREAMS_MAX];
	uint64_t tx_base[PATH_STREAMS_MAX];
};

struct path_seek;

struct path_web {
	struct path base;
	const struct path_web_env *env;
	char call[PATH_CALL_MAX + 1];
	struct lite *lite;
	struct mux_name names[2]; /* present and former ufrag */
	struct mux_tuple *tuples[LITE_PAIRS_MAX]; /* NULL: none; usually there
						     is one */
	struct wheel_timer consent;
	struct path_seek *seek; /* NULL: the far side checks */
	struct assoc assoc;
	struct path_dtls dtls;
	struct crypt *rx, *tx;
	struct replay_state replay;
	uint32_t since_changed; /* packets */
	bool lost;
};

static inline struct path_web *path_web_self(const struct path *path)
{
	return (struct path_web *)(uintptr_t)path;
}

/* --- path_web.c --- */
int path_web_make(struct path_web **pwp, const struct path_web_env *env,
		  const char *call, const struct path_handlers *handlers,
		  void *arg);
bool path_web_recv(struct mux_packet *packet, void *arg);
/* Nothing is sent or taken any more; the last act of its callers. */
void path_web_lose(struct path_web *pw, enum path_why why);
/* Tell the owner that the record should be written; a last act. */
void path_web_changed(struct path_web *pw);

/* --- path_web_ice.c --- */
int path_web_name_add(struct path_web *pw, const struct lite_creds *creds);
void path_web_name_del(struct path_web *pw, const struct lite_creds *creds);
void path_web_tuple_add(struct path_web *pw, const struct sa *src,
			uint8_t sock);
void path_web_unlink(struct path_web *pw);
/* What a check, theirs or ours, has shown takes effect; a last act. */
void path_web_learnt(struct path_web *pw, const struct mux_packet *packet,
		     const struct lite_result *res);
void path_web_check(struct path_web *pw, const struct mux_packet *packet);
void path_web_consent_start(struct path_web *pw);

/* --- path_web_seek.c --- */
/* Seek a lite far side, or let it be when it is none. EINVAL: no password. */
int path_web_seek(struct path_web *pw, const struct path_web_remote *rem);
/* An answer to a check of ours. False: it is none. */
bool path_web_answered(struct path_web *pw, const struct mux_packet *packet);

/* --- path_web_dtls.c --- */
/* False: not ours. */
bool path_web_dtls(struct path_web *pw, const struct mux_packet *packet);
void path_web_dtls_init(struct path_web *pw);
int path_web_keys_set(struct path_web *pw, const struct hs_keys *keys);

#endif
