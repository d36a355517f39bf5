/*
 * media_worker.c  A mediad worker: what is made at its start, and its end
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "common/control/ctl_msg.h"
#include "common/keyring.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "mediad/control/control.h"
#include "mediad/control/news.h"
#include "common/publish.h"
#include "mediad/media_codecs.h"
#include "mediad/media_hosts.h"
#include "mediad/media_metric.h"
#include "mediad/media_pace.h"
#include "mediad/media_sounds.h"
#include "mediad/media_tap.h"
#include "mediad/media_worker_priv.h"
#include "mediad/mediad_cfg.h"
#include "mediad/session/session.h"
#include "mediad/session/state_file.h"
#include "mediad/sound/service.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/crypt.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/hub.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/path_rtp.h"
#include "mediad/transport/path_web.h"
#include "mediad/transport/portset.h"
#include "mediad/transport/reach.h"

enum {
	OTHER_FDS = 1024, /* beside the ports of plain RTP */
};

static void destructor(void *arg)
{
	struct media_worker *mw = arg;

	wheel_stop(&mw->draining.timer);
	wheel_stop(&mw->alive);
	loop_on_stood(0, NULL, NULL);
	mem_deref(mw->wish);
	mem_deref(mw->standing);
	mem_deref(mw->publish);
	mem_deref(mw->vitals);
	mem_deref(mw->metrics);
	mem_deref(mw->control);
	mem_deref(mw->table);
	mem_deref(mw->tap);
	mem_deref(mw->news);
	mem_deref(mw->state);
	mem_deref(mw->sounds);
	mem_deref(mw->bank);
	mem_deref(mw->codecs);
	mem_deref(mw->hub);
	mem_deref(mw->pace);
	mem_deref(mw->hosts);
	mem_deref(mw->mux);
	mem_deref(mw->hs_ctx);
	mem_deref(mw->cert);
	mem_deref(mw->ring);
	mem_deref(mw->cfg_new);
}

static int failed(const char *what, int err, int exit_code)
{
	log_error(NULL, "cannot start", "what=%s why=%s", what, strerror(err));
	return exit_code;
}

static int keys_load(struct keyring **ringp, const struct mediad_cfg *cfg)
{
	char why[200] = "";
	int err = keyring_load(ringp, cfg->keys, why, sizeof(why));

	if (err)
		log_error(NULL, "keys not loaded", "file=%s why=%s", cfg->keys,
			  why[0] ? why : strerror(err));
	return err;
}

/* --- what serves media -------------------------------------------------------- */

/* This slot's share of an interface's ports; false: it has none. */
static bool rtp_share(struct hub_iface *to, const struct mediad_iface *iface,
		      unsigned slot, unsigned slots)
{
	if (!iface->nrtp_ports)
		return false;

	str_ncpy(to->name, iface->name, sizeof(to->name));
	to->bind = iface->bind;
	to->advertise = iface->advertise;
	to->lo = iface->rtp_ports[0];
	to->hi = iface->rtp_ports[1];
	return !portset_share(&to->lo, &to->hi, slot, slots);
}

uint32_t media_worker_fds(const struct mediad_cfg *cfg)
{
	uint32_t fds = OTHER_FDS;
	struct hub_iface share;

	/* all slots have as many */
	for (size_t i = 0; i < cfg->nifaces; i++)
		if (rtp_share(&share, &cfg->ifaces[i], 1, cfg->workers))
			fds += share.hi - share.lo + 1u;
	for (size_t i = 0; i < cfg->nifaces; i++)
		if (cfg->ifaces[i].browser_tcp_port)
			fds += cfg->limits.sessions;
	return fds;
}

static int hub_make(struct media_worker *mw)
{
	const struct mediad_cfg *cfg = mw->cfg;
	struct hub_iface share;
	int err = hub_alloc(&mw->hub);

	for (size_t i = 0; i < cfg->nifaces && !err; i++) {
		if (!rtp_share(&share, &cfg->ifaces[i], mw->worker->slot,
			       cfg->workers))
			continue;
		err = hub_add(mw->hub, &share);
		log_info(NULL, "ports of plain RTP", "name=%s first=%u last=%u",
			 cfg->ifaces[i].name, share.lo, share.hi);
	}
	mw->rtp_env.hub = mw->hub;
	mw->rtp_env.wheel = mw->worker->wheel;
	mw->rtp_env.hs_ctx = mw->hs_ctx;
	mw->rtp_env.handshake_ms = cfg->limits.handshake_ms;
	mw->env.reach = mediad_cfg_reach(&mw->reach, &cfg->networks);
	return err;
}

static uint64_t on_count(void *arg)
{
	const struct media_worker *mw = arg;

	return mux_stats(mw->mux)->rx + hub_stats(mw->hub)->rx;
}

static int pace_make(struct media_worker *mw)
{
	const struct media_pace_params params = {
		.wheel = mw->worker->wheel,
		.wait_us = mw->cfg->wait_us,
		.counth = on_count,
		.seth = loop_pace,
		.arg = mw,
	};

	return media_pace_alloc(&mw->pace, &params);
}

static int transport_make(struct media_worker *mw)
{
	const struct mediad_cfg *cfg = mw->cfg;
	int err;

	err = hs_ctx_alloc(&mw->hs_ctx, mw->cert);
	if (!err)
		err = mux_alloc(&mw->mux, cfg->limits.sessions);
	if (!err)
		err = media_codecs_alloc(&mw->codecs, mw->cfg);
	if (!err)
		err = sound_bank_alloc(&mw->bank, mw->codecs);
	if (!err)
		err = media_sounds_alloc(&mw->sounds, cfg, mw->codecs,
					 &mw->table);
	if (!err)
		err = media_hosts_alloc(&mw->hosts, mw->worker, cfg, mw->mux);
	if (!err)
		err = hub_make(mw);
	if (!err)
		err = pace_make(mw);
	if (err)
		return err;

	mw->env.mux = mw->mux;
	mw->env.wheel = mw->worker->wheel;
	mw->env.hs_ctx = mw->hs_ctx;
	mw->env.impl = cfg->srtp_library ? &crypt_libsrtp : &crypt_openssl;
	mw->env.slot = mw->worker->slot;
	mw->env.handshake_ms = cfg->limits.handshake_ms;
	mw->env.consent_ms = cfg->limits.consent_ms;
	return 0;
}

static int sessions_make(struct media_worker *mw)
{
	const struct mediad_limits *limits = &mw->cfg->limits;
	const struct session_cfg session_cfg = {
		.max_sessions = limits->sessions,
		.setup_ms = limits->setup_ms,
		.grace_ms = limits->grace_ms,
		.media_ms = limits->media_ms,
		.opus_bitrate = mw->cfg->opus.bitrate,
		.opus_complexity = mw->cfg->opus.complexity,
		.xr = (enum session_xr)mw->cfg->rtcp_xr,
		.log_digits = mw->cfg->log_digits,
	};
	struct session_deps deps = {
		.env = &mw->env,
		.rtp = hub_ifaces(mw->hub) ? &mw->rtp_env : NULL,
		.cert = mw->cert,
		.hosts = mw->hosts->udp,
		.nhosts = mw->hosts->nudp,
		.tcp_hosts = mw->hosts->tcp,
		.ntcp_hosts = mw->hosts->ntcp,
		.bank = mw->bank,
		.codecs = mw->codecs,
		.jukebox = mw->sounds->jukebox,
		.state = mw->state,
	};
	int err;

	err = news_alloc(&mw->news, mw->worker->wheel);
	if (!err)
		err = media_tap_alloc(&mw->tap, &deps, mw->cfg, mw->news);
	if (!err)
		err = session_table_alloc(&mw->table, &session_cfg, &deps,
					  news_lost, mw->news);
	if (!err) {
		session_on_up(mw->table, news_up);
		session_on_heard(mw->table, news_digit);
		session_on_quiet(mw->table, news_quiet);
		session_on_played(mw->table, news_played);
	}
	if (err)
		return err;

	mw->figures.deaths = state_file_deaths(mw->state);
	media_alive_start(mw);
	return mw->waits ? 0 : media_resume(mw);
}

/* The successor takes the sessions over. */
static void on_failed(void *arg)
{
	struct media_worker *mw = arg;

	worker_quit(mw->worker, WORKER_EXIT_FAILED);
}

static void on_fill(void *arg)
{
	struct media_worker *mw = arg;
	struct media_figures *figures = &mw->figures;
	const struct ctl_counts *counts = control_counts(mw->control);
	const struct call_log_counts *logged = control_logged(mw->control);
	uint32_t pairs, nfree;

	figures->sessions = (int64_t)session_count(mw->table);
	figures->draining = mw->worker->draining;
	figures->ready = control_ready(mw->control);
	figures->late = control_late(mw->control);
	figures->missed = control_missed(mw->control);
	figures->busy = control_busy(mw->control);
	figures->queued = mux_queued(mw->mux);
	figures->mux = *mux_stats(mw->mux);
	mux_tcp_stats(mw->mux, &figures->tcp);
	/* the figures have what it counts */
	figures->rtp_queued = hub_look(mw->hub);
	figures->hub = *hub_stats(mw->hub);
	hub_ports(mw->hub, &pairs, &nfree);
	figures->rtp_pairs = pairs;
	figures->rtp_free = nfree;
	figures->sound = *session_sound(mw->table);
	figures->restored = session_restored(mw->table);
	media_tap_fill(figures, mw->tap);
	memcpy(figures->quiets, session_quiets(mw->table),
	       sizeof(figures->quiets));
	figures->commands = *control_commands(mw->control);
	figures->news = *news_stats(mw->news);
	if (logged)
		figures->log = *logged;
	if (counts)
		figures->ctl = *counts;
	figures->redis = *redis_link_figures(control_link(mw->control));
	vitals_fill(mw->vitals);
	media_node_fill(mw);
}

static int control_make(struct media_worker *mw)
{
	struct control_params params = {
		.ring = mw->ring,
		.wheel = mw->worker->wheel,
		.table = mw->table,
		.news = mw->news,
		.max_sessions = mw->cfg->limits.sessions,
		.leaves = mw->cfg->drain_calls == 1,
		.log_keep_s = (mw->cfg->call_log.keep_ms + 999) / 1000,
		.checkedh = media_on_checked,
		.failedh = on_failed,
		.arg = mw,
	};
	char addr[NODE_ADDR_MAX + 1], ip[64];
	struct redis_cfg redis;
	int err;

	re_snprintf(addr, sizeof(addr), "%s/%u", mw->worker->node,
		    mw->worker->slot);
	re_snprintf(ip, sizeof(ip), "%j", &mw->hosts->udp[0]);
	mediad_cfg_redis(&redis, mw->cfg);
	redis.name = "mediad";
	params.addr = addr;
	params.ip = ip;
	params.redis = &redis;
	err = control_alloc(&mw->control, &params);
	if (!err)
		err = media_metric_alloc(&mw->metrics, &mw->figures);
	if (!err)
		err = publish_alloc(&mw->publish, "mediad", addr,
				    control_link(mw->control),
				    mw->worker->wheel, mw->metrics);
	if (!err)
		err = vitals_alloc(&mw->vitals, mw->worker->wheel,
				   &mw->figures.vitals);
	if (!err)
		publish_filler(mw->publish, on_fill, mw);
	return err ? err : media_node_start(mw);
}

static int start(struct worker *worker, void *arg)
{
	const struct mediad_setup *setup = worker->cfg;
	struct media_worker **mwp = arg, *mw;
	int err;

	mw = *mwp = mem_zalloc(sizeof(*mw), destructor);
	if (!mw)
		return failed("memory", ENOMEM, WORKER_EXIT_FAILED);

	mw->worker = worker;
	mw->cfg = setup->cfg;
	mw->ring = mem_ref(setup->ring);
	mw->cert = mem_ref(setup->cert);
	err = transport_make(mw);
	if (err)
		return failed("transport", err, WORKER_EXIT_FAILED);
	if (media_state_open(mw))
		return WORKER_EXIT_FAILED;
	err = sessions_make(mw);
	if (err)
		return failed("sessions", err, WORKER_EXIT_FAILED);

	worker_ready(worker);
	err = control_make(mw);
	return err ? failed("control", err, WORKER_EXIT_FAILED) : 0;
}

/* --- while it runs, and the end ------------------------------------------------ */

static void drain(void *arg)
{
	media_drain(*(struct media_worker **)arg);
}

/* Level, keys and sounds change while we run; all else needs a new process, which
 * calls outlive. */
static void reload(void *arg)
{
	struct media_worker *mw = *(struct media_worker **)arg;
	struct mediad_cfg *cfg = NULL;
	struct keyring *ring = NULL;
	struct cfg_errors *errs = NULL;
	int err = cfg_errors_alloc(&errs);

	if (!err)
		err = mediad_cfg_load(&cfg, mw->cfg->file, errs);
	mem_deref(errs);
	if (err) {
		/* the parent has said why */
		log_error(NULL, "reload refused, the old one stays", NULL);
		return;
	}
	if (!keys_load(&ring, cfg)) {
		control_keys(mw->control, ring);
		mem_deref(mw->ring);
		mw->ring = ring;
	}
	media_sounds_reload(mw->sounds, cfg);
	log_level_set((enum log_level)cfg->log_level);
	log_info(NULL, "reloaded", "level=%d", cfg->log_level);
	mem_deref(mw->cfg_new);
	mw->cfg_new = cfg;
}

static void stop(void *arg)
{
	struct media_worker **mwp = arg;

	*mwp = mem_deref(*mwp);
}

const struct worker_hooks media_worker_hooks = {
	.start = start,
	.drain = drain,
	.reload = reload,
	.stop = stop,
	.max_fds = OTHER_FDS,
};
