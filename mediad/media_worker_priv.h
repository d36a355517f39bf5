/*
 * media_worker_priv.h  The inside of a mediad worker, for its own files
 *
 *   media_worker.c   what is made at its start
 *   media_revive.c   what a predecessor left
 *   media_node.c     what operators want, and what it says of itself
 *   media_drain.c    the end
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_WORKER_PRIV_H
#define MEDIAD_MEDIA_WORKER_PRIV_H

#include "common/fingerprint.h"
#include "common/wheel.h"
#include "mediad/media_metric.h"
#include "mediad/media_worker.h"
#include "mediad/mediad_cfg.h"
#include "mediad/transport/path_rtp.h"
#include "mediad/transport/path_web.h"
#include "mediad/transport/reach.h"

struct standing;
struct wish_watch;

/* From SIGTERM to the end. */
struct draining {
	struct wheel_timer timer;
	uint64_t end_ms;   /* then what is left is dropped */
	uint64_t files_ms; /* then nobody waits for recordings any more */
	uint64_t words_ms; /* then nobody waits for Redis any more */
};

struct media_worker {
	struct worker *worker;
	const struct mediad_cfg *cfg;
	struct mediad_cfg *cfg_new; /* of a reload */
	struct keyring *ring;
	struct cert *cert;
	struct hs_ctx *hs_ctx;
	struct mux *mux;
	struct sound_bank *bank;
	struct codec_set *codecs;
	struct media_sounds *sounds;
	struct media_tap *tap;
	struct path_web_env env;
	struct path_rtp_env rtp_env;
	struct hub *hub;
	struct state_file *state;
	struct media_hosts *hosts;
	struct media_pace *pace;
	struct news *news;
	struct session_table *table;
	struct control *control;
	struct media_figures figures;
	struct metric_set *metrics;
	struct publish *publish;
	struct vitals *vitals;
	struct standing *standing;
	struct wish_watch *wish;
	bool withdrawn; /* an operator wants us to be empty */
	char config[FINGERPRINT_LEN + 1]; /* hash of what is in effect */
	struct draining draining;
	struct wheel_timer alive;
	bool waits; /* for Redis, before it resumes what it finds */
	struct reach reach;
};

/* --- media_revive.c --------------------------------------------------------- */

/* Opens the state file; one that is none is put aside. Says what is wrong. */
int media_state_open(struct media_worker *mw);
/* The sessions that it holds live again. */
int media_resume(struct media_worker *mw);
/* From now on it says that we live; mw->waits: what is left is old, and Redis
 * is asked first. */
void media_alive_start(struct media_worker *mw);
/* Handler of the control: Redis has told what is not ours any more. */
void media_on_checked(void *arg);

/* --- media_drain.c ---------------------------------------------------------- */

/* No new sessions; ends the worker when there are none, or it is time. */
void media_drain(struct media_worker *mw);

/* --- media_node.c ----------------------------------------------------------- */

/* Do what operators want of this node, and say how it is. */
int media_node_start(struct media_worker *mw);
/* With the figures. */
void media_node_fill(struct media_worker *mw);

#endif
