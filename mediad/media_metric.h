/*
 * media_metric.h  The figures of a mediad worker, for people who watch it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_METRIC_H
#define MEDIAD_MEDIA_METRIC_H

#include <stdint.h>

#include "common/call_log_writer.h"
#include "common/control/ctl_peer.h"
#include "common/metric.h"
#include "common/redis_figures.h"
#include "common/vitals.h"
#include "mediad/control/command.h"
#include "mediad/control/news.h"
#include "mediad/sound/transcode.h"
#include "mediad/tap/fork.h"
#include "mediad/tap/recorder.h"
#include "mediad/transport/hub.h"
#include "mediad/session/leg_watch.h"
#include "mediad/transport/mux.h"

/* Copied from the parts whenever the figures are told. */
struct media_figures {
	int64_t sessions, draining, ready;
	int64_t late, missed, busy; /* 1/1000, see strain.h */
	int64_t queued, rtp_queued; /* 1/1000, of the fullest socket's queue */
	int64_t deaths;   /* at the start of this process, */
	uint64_t resumed; /* as are these */
	struct mux_stats mux;
	struct mux_tcp_stats tcp;
	struct hub_stats hub;
	int64_t rtp_pairs, rtp_free; /* of ports */
	struct transcode_stats sound;
	uint64_t restored;
	struct recorder_figures recorder;
	struct forker_figures forker;
	uint64_t quiets[LEG_QUIETS]; /* found not to be heard, by reason */
	struct command_stats commands;
	struct news_stats news;
	struct ctl_counts ctl;
	struct redis_figures redis;
	struct vitals_figures vitals;
	struct call_log_counts log;
};

/* A set over figures, which outlive it. */
int media_metric_alloc(struct metric_set **setp, struct media_figures *figures);
/* Markdown: all that /metrics of mediad shows. */
int media_metric_reference(struct mbuf *mb);

#endif
