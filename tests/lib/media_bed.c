/*
 * media_bed.c  A mediad worker without control and Redis, and browser pages
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/session/state_file.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/jukebox.h"
#include "mediad/sound/service.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/hub.h"
#include "mediad/transport/mux.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"

enum {
	RECORDS = 512,
	RANGES = 50,
	RANGE_FIRST = 10000,
	RANGE_PORTS = 402, /* of them 400 to use */
};

const char *media_id(unsigned nr)
{
	static char ids[4][SESSION_ID_LEN + 1];
	char *id = ids[nr % 4];

	snprintf(id, sizeof(ids[0]), "%016x", nr);
	return id;
}

/* --- the worker ---------------------------------------------------------------- */

static void on_lost(const struct session_lost *lost, void *arg)
{
	struct media_bed *bed = arg;
	unsigned n = bed->nlost++;

	if (bed->losth)
		bed->losth(lost, bed->losth_arg);
	if (n >= MEDIA_LOST_MAX)
		return;
	str_ncpy(bed->lost[n].session, lost->session,
		 sizeof(bed->lost[n].session));
	bed->lost[n].leg = lost->leg;
	bed->lost[n].cause = lost->cause;
}

static void on_up(const struct session_up *up, void *arg)
{
	struct media_bed *bed = arg;

	bed->nup++;
	bed->up_leg = up->leg;
}

/* An address of the process' own: on 127.0.0.1 the daemons of the system tests
 * and their telephones take ports from the same thousands. */
static int bind_socket(struct media_bed *bed)
{
	const unsigned pid = (unsigned)getpid();
	char text[32];

	re_snprintf(text, sizeof(text), "127.%u.%u.%u", 64 + (pid >> 16) % 64,
		    pid >> 8 & 255, 1 + pid % 254);
	sa_set_str(&bed->addr, text, 0);
	bed->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bed->fd < 0 || bind(bed->fd, &bed->addr.u.sa, bed->addr.len) ||
	    getsockname(bed->fd, &bed->addr.u.sa, &bed->addr.len))
		return errno;
	return 0;
}

/* A range of ports that no other test has, below those that the system gives
 * away: who has its first port has all of them. */
static int range_take(struct media_bed *bed)
{
	struct sa addr = bed->addr;

	for (unsigned i = 0; i < RANGES; i++) {
		unsigned nr = ((unsigned)getpid() + i) % RANGES;

		bed->rtp_lo = (uint16_t)(RANGE_FIRST + nr * RANGE_PORTS + 2);
		bed->rtp_hi = (uint16_t)(bed->rtp_lo + RANGE_PORTS - 3);
		sa_set_port(&addr, (uint16_t)(bed->rtp_lo - 2));
		bed->guard = socket(AF_INET, SOCK_DGRAM, 0);
		if (bed->guard < 0)
			return errno;
		if (!bind(bed->guard, &addr.u.sa, addr.len))
			return 0;
		close(bed->guard);
	}
	bed->guard = -1;
	return EADDRINUSE;
}

static int hub_start(struct media_bed *bed)
{
	struct hub_iface iface = {.name = "near"};
	int err = hub_alloc(&bed->rtp_env.hub);

	if (err)
		return err;
	iface.bind = iface.advertise = bed->addr;
	sa_set_port(&iface.bind, 0);
	iface.lo = bed->rtp_lo;
	iface.hi = bed->rtp_hi;
	bed->rtp_env.wheel = bed->wheel;
	bed->rtp_env.hs_ctx = bed->env.hs_ctx;
	return hub_add(bed->rtp_env.hub, &iface);
}

static void on_played(const struct session_up *played, void *arg)
{
	struct media_bed *bed = arg;
	(void)played;

	bed->nplayed++;
}

static int sounds_start(struct media_bed *bed)
{
	const struct jukebox_cfg cfg = {.dir = bed->sounds,
					.max_bytes = 10000000,
					.max_s = 600,
					.max_memory = 100000000};

	if (!bed->sounds || bed->jukebox)
		return 0;
	return jukebox_alloc(&bed->jukebox, NULL, bed->codecs) ||
			       jukebox_load_now(bed->jukebox, &cfg)
		       ? ENOMEM
		       : 0;
}

static int worker_start(struct media_bed *bed)
{
	struct session_deps deps = {
		.env = &bed->env,
		.rtp = &bed->rtp_env,
		.cert = bed->cert,
		.codecs = bed->codecs,
		.hosts = &bed->addr,
		.nhosts = 1,
	};
	uint8_t sock;
	int err;

	err = hs_ctx_alloc(&bed->env.hs_ctx, bed->cert);
	if (!err)
		err = mux_alloc(&bed->env.mux, 0);
	if (!err)
		err = mux_add(bed->env.mux, bed->fd, &sock);
	if (!err)
		err = hub_start(bed);
	if (!err)
		err = sound_bank_alloc(&bed->bank, bed->codecs);
	if (!err && bed->state_path[0])
		err = state_file_open(&bed->state, bed->state_path, "t1/1",
				      RECORDS);
	bed->env.wheel = bed->wheel;
	if (!bed->env.impl)
		bed->env.impl = &crypt_openssl;
	if (!err)
		err = sounds_start(bed);
	deps.bank = bed->bank;
	deps.jukebox = bed->jukebox;
	deps.recorder = bed->recorder;
	deps.forker = bed->forker;
	deps.state = bed->state;
	if (!err)
		err = session_table_alloc(&bed->table, &bed->cfg, &deps,
					  on_lost, bed);
	if (!err)
		session_on_up(bed->table, on_up);
	if (!err)
		session_on_played(bed->table, on_played);
	return err;
}

static void worker_stop(struct media_bed *bed)
{
	bed->table = mem_deref(bed->table);
	bed->state = mem_deref(bed->state);
	bed->bank = mem_deref(bed->bank);
	bed->rtp_env.hub = mem_deref(bed->rtp_env.hub);
	bed->env.mux = mem_deref(bed->env.mux);
	bed->env.hs_ctx = mem_deref(bed->env.hs_ctx);
}

int media_bed_open(struct media_bed *bed, const char *state)
{
	int err;

	bed->now_ms = 100000;
	bed->fd = bed->guard = -1;
	if (state)
		str_ncpy(bed->state_path, state, sizeof(bed->state_path));
	unlink(bed->state_path);
	err = bind_socket(bed);
	if (!err)
		err = range_take(bed);
	if (!err)
		err = wheel_alloc(&bed->wheel, bed->now_ms);
	if (!err)
		err = cert_make(&bed->cert);
	return err ? err : worker_start(bed);
}

void media_bed_close(struct media_bed *bed)
{
	for (size_t i = 0; i < MEDIA_PAGES_MAX; i++)
		bed->pages[i] = mem_deref(bed->pages[i]);
	list_flush(&bed->phones);
	worker_stop(bed);
	bed->jukebox = mem_deref(bed->jukebox);
	bed->cert = mem_deref(bed->cert);
	bed->wheel = mem_deref(bed->wheel);
	if (bed->fd >= 0)
		close(bed->fd);
	if (bed->guard >= 0)
		close(bed->guard);
	if (bed->state_path[0])
		unlink(bed->state_path);
}

static int copy_file(const char *from, const char *to)
{
	char cmd[1100];

	/* holes stay holes */
	snprintf(cmd, sizeof(cmd), "cp --sparse=always '%s' '%s'", from, to);
	return system(cmd) ? EIO : 0;
}

int media_bed_die(struct media_bed *bed, unsigned ms, size_t *alive)
{
	char corpse[520];
	int err;

	/* the file as it was in the moment of death: what the destructors
	 * do to it comes later */
	snprintf(corpse, sizeof(corpse), "%s.dead", bed->state_path);
	err = copy_file(bed->state_path, corpse);
	worker_stop(bed);
	if (sa_isset(&bed->thief, SA_ALL))
		(void)!bind(bed->thief_fd, &bed->thief.u.sa, bed->thief.len);
	if (!err && rename(corpse, bed->state_path))
		err = errno;
	bed->now_ms += ms;
	wheel_advance(bed->wheel, bed->now_ms);
	if (!err)
		err = worker_start(bed);
	return err ? err : session_resume_all(bed->table, alive);
}

int media_bed_die_serving(struct media_bed *bed, uint32_t nr, size_t *alive)
{
	*state_file_serving(bed->state) = nr + 1;
	return media_bed_die(bed, 50, alive);
}

int media_bed_succeed(struct media_bed *bed, size_t *alive)
{
	int err;

	worker_stop(bed);
	err = worker_start(bed);
	return err ? err : session_resume_all(bed->table, alive);
}

/* --- time ------------------------------------------------------------------------ */

static void page_send(struct media_page *page)
{
	static const uint8_t noise[80] = {0xfc, 1, 2, 3, 4, 5, 6, 7, 8};
	const void *payload = page->payload ? page->payload : noise;
	size_t len = page->payload ? page->paylen : sizeof(noise);

	page->ts += page->rate / 50;
	if (page->sending)
		(void)mock_media_send(page->mock, page->pt, page->ts, payload,
				      len);
}

void media_bed_run(struct media_bed *bed, unsigned ms)
{
	struct le *le;

	for (unsigned t = 0; t < ms; t += MEDIA_STEP_MS) {
		bed->now_ms += MEDIA_STEP_MS;
		for (size_t i = 0; i < MEDIA_PAGES_MAX && bed->pages[i]; i++)
			if (bed->now_ms % 20 == 0)
				page_send(bed->pages[i]);
		for (le = list_head(&bed->phones); le; le = le->next)
			if (bed->now_ms % 20 == 0)
				media_phone_tick(le->data);
		wheel_advance(bed->wheel, bed->now_ms);
		mux_poll(bed->env.mux);
		hub_poll(bed->rtp_env.hub);
		mux_flush(bed->env.mux);
		for (le = list_head(&bed->phones); le; le = le->next)
			media_phone_poll(le->data);
		for (size_t i = 0; i < MEDIA_PAGES_MAX && bed->pages[i]; i++)
			mock_media_poll(bed->pages[i]->mock);
	}
}

bool media_bed_ready(struct media_bed *bed)
{
	for (unsigned n = 0; n < 500; n++) {
		bool all = true;

		media_bed_run(bed, 10);
		for (size_t i = 0; i < MEDIA_PAGES_MAX && bed->pages[i]; i++)
			all = all && (!bed->pages[i]->sending ||
				      mock_media_ready(bed->pages[i]->mock));
		if (all)
			return true;
	}
	return false;
}

/* --- commands ------------------------------------------------------------------------- */

int media_remote(struct media_bed *bed, const char *session, uint8_t leg,
		 bool answer, const char *sdp, struct sdpm_error *why)
{
	struct session_remote remote = {
		.session = session,
		.call = "00000000000000ca",
		.tenant = "test",
		.leg = leg,
		.answer = answer,
		.create = !answer,
		.terms = {.video = !bed->no_video},
	};

	pl_set_str(&remote.sdp, sdp);
	return session_leg_remote(bed->table, &remote, why);
}

int media_local(struct media_bed *bed, const char *session, uint8_t leg,
		bool answer, struct mbuf *mb, struct sdpm_error *why)
{
	struct session_local local = {
		.session = session,
		.call = "00000000000000ca",
		.tenant = "test",
		.leg = leg,
		.answer = answer,
		.create = !answer,
		.terms = {.video = !bed->no_video},
	};

	return session_leg_local(bed->table, &local, mb, why);
}

int media_page_calls(struct media_page *page, const char *session, uint8_t leg)
{
	struct mbuf *mb = mbuf_alloc(2048);
	int err = mb ? 0 : ENOMEM;

	if (!err)
		err = media_remote(page->bed, session, leg, false,
				   media_page_sdp(page, false), NULL);
	if (!err)
		err = media_local(page->bed, session, leg, true, mb, NULL);
	if (!err)
		err = media_page_take(page, (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

int media_page_called(struct media_page *page, const char *session, uint8_t leg)
{
	struct mbuf *mb = mbuf_alloc(2048);
	int err = mb ? 0 : ENOMEM;

	if (!err)
		err = media_local(page->bed, session, leg, false, mb, NULL);
	if (!err)
		err = media_page_take(page, (char *)mb->buf, mb->end);
	if (!err)
		err = media_remote(page->bed, session, leg, true,
				   media_page_sdp(page, true), NULL);
	mem_deref(mb);
	return err;
}
