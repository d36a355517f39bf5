/*
 * sheet.c  What media knows of each call, in Redis, for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/node.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "mediad/control/mos.h"
#include "mediad/control/sheet.h"
#include "mediad/sound/meter.h"

/* A round of all sessions is spread over its time, a slice a tick: no packet
 * waits for more than a slice. */
enum {
	TICK_MS = 50,
	IDLE_MS = 1000, /* without a session */
	SLICES = SHEET_MS / TICK_MS,
	LEG_TEXT = 1900,
	ARGS_MAX = 3 + 2 * (6 + 2 * SESSION_LEGS_MAX),
	FORM_MAX = 4096, /* a longer one is left out */
	FRESH_MAX = 256, /* others have to wait for their turn */
};

struct sheet {
	struct redis_link *link;
	struct wheel *wheel;
	struct session_table *table;
	char addr[NODE_ADDR_MAX + 1];
	struct wheel_timer tick;
	char (*ids)[SESSION_ID_LEN + 1]; /* of this round */
	size_t nids, room, next, slice;
	struct session_figures figs;
	char text[SESSION_LEGS_MAX][LEG_TEXT];
	char names[SESSION_LEGS_MAX][8];
	char form_names[SESSION_LEGS_MAX][8];
	struct mbuf *forms;
	/* with a new agreement */
	char fresh[FRESH_MAX][SESSION_ID_LEN + 1];
	size_t nfresh;
};

static void destructor(void *data)
{
	struct sheet *sheet = data;

	wheel_stop(&sheet->tick);
	session_on_agreed(sheet->table, NULL, NULL);
	redis_link_forget(sheet->link, sheet);
	mem_deref(sheet->ids);
	mem_deref(sheet->forms);
}

static uint64_t unix_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- one leg as text ---------------------------------------------------------- */

static int print_text(struct re_printf *pf, const char *key, const char *text)
{
	struct pl pl;

	if (!text || !text[0])
		return 0;
	pl_set_str(&pl, text);
	return re_hprintf(pf, " %s=%H", key, redis_key_part, &pl);
}

static int print_steps(struct re_printf *pf, const struct leg_figures *leg)
{
	uint64_t made = leg->at_ms[LEG_MADE];
	int err = 0;

	/* since the leg was made: monotonic times mean nothing elsewhere */
	for (unsigned step = LEG_MADE + 1; step < LEG_STEPS && !err; step++) {
		if (leg->at_ms[step] >= made && leg->at_ms[step])
			err = re_hprintf(pf, " %s=%llu",
					 leg_step_name((enum leg_step)step),
					 leg->at_ms[step] - made);
	}
	return err;
}

struct leg_at {
	const struct leg_figures *leg;
	const struct session_figures *figs;
	uint64_t now_ms;
};

static const char *const profiles[SDPM_PROFILES] = {
	[SDPM_BROWSER] = "browser",
	[SDPM_RTP] = "rtp",
	[SDPM_SDES] = "sdes",
	[SDPM_OSRTP] = "osrtp",
	[SDPM_DTLS] = "dtls",
};

static int print_sight(struct re_printf *pf, const struct leg_sight *video)
{
	if (!video->codec)
		return 0;
	return re_hprintf(pf, " video=%s video-in=%llu video-in-lost=%llu "
			  "video-out=%llu video-resent=%llu video-asked=%u",
			  video->codec, (unsigned long long)video->packets_in,
			  (unsigned long long)video->lost_in,
			  (unsigned long long)video->packets_out,
			  (unsigned long long)video->resent, video->pictures);
}

static int print_voice(struct re_printf *pf, const struct leg_voice *voice)
{
	int err = print_text(pf, "quiet", voice->quiet);

	if (voice->level != METER_NONE)
		err |= re_hprintf(pf, " level=%d peak=%d", voice->level,
				  voice->top);
	if (voice->clipped)
		err |= re_hprintf(pf, " clipped=%llu",
				  (unsigned long long)voice->clipped);
	if (voice->quiet_ms)
		err |= re_hprintf(pf, " quiet-ms=%llu",
				  (unsigned long long)voice->quiet_ms);
	return err;
}

static int print_leg(struct re_printf *pf, const struct leg_at *at)
{
	const struct leg_figures *leg = at->leg;
	const struct leg_stats *s = &leg->stats;
	int err;

	err = re_hprintf(pf, "profile=%s age=%llu",
			 profiles[leg->profile],
			 at->now_ms - leg->at_ms[LEG_MADE]);
	if (leg->peer)
		err |= re_hprintf(pf, " peer=%u", leg->peer);
	err |= print_text(pf, "service", leg->service);
	if (leg->recorded)
		err |= re_hprintf(pf, " recording=%s",
				  leg->hushed ? "paused" : "on");
	err |= print_text(pf, "fork", leg->consumer);
	err |= print_text(pf, "offered", leg->offered);
	err |= print_text(pf, "chosen", leg->chosen);
	err |= print_text(pf, "why", leg->why);
	err |= print_text(pf, "way", leg->way);
	err |= print_text(pf, "srtp", leg->secured);
	err |= print_steps(pf, leg);
	if (leg->last_in_ms)
		err |= re_hprintf(pf, " silent=%llu",
				  at->now_ms - leg->last_in_ms);
	err |= re_hprintf(pf, " in-packets=%llu in-octets=%llu in-lost=%llu "
			  "in-refused=%llu in-jitter-us=%u in-mos=%u",
			  s->packets_in, s->octets_in, s->lost_in,
			  s->refused_in, s->jitter_in_us, mos_in(leg));
	err |= re_hprintf(pf, " out-packets=%llu out-octets=%llu "
			  "far-lost=%d far-jitter-us=%u far-mos=%u heard-mos=%u "
			  "rtt-us=%u resumes=%u",
			  s->packets_out, s->octets_out, s->far_lost,
			  s->far_jitter_us, mos_out(leg),
			  mos_heard(at->figs, leg), s->rtt_us, leg->resumes);
	if (s->far_xr)
		err |= re_hprintf(pf, " xr-mos=%u xr-lost=%u xr-discarded=%u",
				  s->far_xr_mos * 10u, s->far_xr_loss,
				  s->far_xr_discard);
	err |= print_voice(pf, &leg->voice);
	err |= print_sight(pf, &leg->video);
	/* where sound is made anew */
	if (s->concealed | s->repaired | s->late | s->reordered)
		err |= re_hprintf(pf, " concealed=%llu repaired=%llu late=%llu "
				  "reordered=%llu",
				  (unsigned long long)s->concealed,
				  (unsigned long long)s->repaired,
				  (unsigned long long)s->late,
				  (unsigned long long)s->reordered);
	if (s->restored)
		err |= re_hprintf(pf, " restored=%llu",
				  (unsigned long long)s->restored);
	return err;
}

/* --- one session ------------------------------------------------------------------ */

/* The key is written whole, so that a leg that is gone is gone; but not over
 * that of a later session of the call, which was moved from here then. When it
 * ends KEYS[2] is where final figures are kept beside CDRs: a call that has one
 * already says so, and for how many seconds (sigd's script call-end). */
static const struct redis_script script_write = {
	"sheet-write",
	"local was = redis.call('HMGET', KEYS[1], 'session', 'made', 'cdr') "
	"if was[1] and was[1] ~= ARGV[3] and "
	"  tonumber(was[2] or 0) > tonumber(ARGV[5]) then return 0 end "
	"redis.call('DEL', KEYS[1]) "
	"redis.call('HSET', KEYS[1], unpack(ARGV, 2)) "
	"redis.call('EXPIRE', KEYS[1], ARGV[1]) "
	"if was[3] and KEYS[2] then "
	"  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 20000, '*', 'call', "
	"    string.match(KEYS[1], '[^:]*$'), unpack(ARGV, 2)) "
	"  redis.call('EXPIRE', KEYS[2], was[3]) "
	"elseif was[3] then redis.call('HSET', KEYS[1], 'cdr', was[3]) end "
	"return 1"};

static void on_written(int err, const struct redis_val *val, void *arg)
{
	(void)err; /* the next round writes again */
	(void)val;
	(void)arg;
}

static void put(struct redis_arg *argv, size_t *argc, const char *name,
		const char *value)
{
	argv[(*argc)++] = redis_str(name);
	argv[(*argc)++] = redis_str(value);
}

/* When its oldest leg was made, unix ms. */
static uint64_t made_ms(const struct sheet *sheet,
			const struct session_figures *figs)
{
	const uint64_t now_ms = wheel_now(sheet->wheel);
	uint64_t age_ms = 0;

	for (size_t i = 0; i < figs->nlegs; i++) {
		const uint64_t at_ms = figs->legs[i].at_ms[LEG_MADE];

		if (at_ms < now_ms && now_ms - at_ms > age_ms)
			age_ms = now_ms - at_ms;
	}
	return unix_ms() - age_ms;
}

/* What another worker needs to go on with each leg; the text moves as it
 * grows, so it is named when all is there. */
static void put_forms(struct sheet *sheet, struct redis_arg *argv, size_t *argc,
		      const struct session_figures *figs)
{
	size_t at[SESSION_LEGS_MAX + 1] = {0};
	size_t n = *argc;

	mbuf_rewind(sheet->forms);
	for (size_t i = 0; i < figs->nlegs; i++) {
		if (session_form(sheet->table, figs->session,
				 figs->legs[i].leg, sheet->forms))
			mbuf_set_end(sheet->forms, at[i]);
		at[i + 1] = sheet->forms->end;
		mbuf_set_pos(sheet->forms, at[i + 1]);
	}
	for (size_t i = 0; i < figs->nlegs; i++) {
		const size_t len = at[i + 1] - at[i];

		if (!len || len > FORM_MAX)
			continue;
		re_snprintf(sheet->form_names[i], sizeof(sheet->form_names[i]),
			    "form.%u", figs->legs[i].leg);
		argv[n++] = redis_str(sheet->form_names[i]);
		argv[n++] = (struct redis_arg){sheet->forms->buf + at[i], len};
	}
	*argc = n;
}

static void write_session(struct sheet *sheet,
			  const struct session_figures *figs, bool ended)
{
	const uint64_t now_ms = wheel_now(sheet->wheel);
	struct redis_arg argv[ARGS_MAX], keyv[2];
	char key[64], kept[32], time_text[24], made_text[24], ttl[12];
	size_t argc = 1;

	if (!redis_link_up(sheet->link) || !figs->nlegs)
		return;

	re_snprintf(key, sizeof(key), "cb:{c:%c}:media:%s", figs->call[0],
		    figs->call);
	re_snprintf(kept, sizeof(kept), "cb:{c:%c}:cdr:media", figs->call[0]);
	re_snprintf(time_text, sizeof(time_text), "%llu", unix_ms());
	re_snprintf(ttl, sizeof(ttl), "%u", SHEET_KEEP_S);
	argv[0] = redis_str(ttl);
	re_snprintf(made_text, sizeof(made_text), "%llu",
		    made_ms(sheet, figs));
	/* the script knows these two by their place */
	put(argv, &argc, "session", figs->session);
	put(argv, &argc, "made", made_text);
	put(argv, &argc, "at", sheet->addr);
	put(argv, &argc, "time", time_text);
	put(argv, &argc, "state", ended ? "ended" : "up");
	for (size_t i = 0; i < figs->nlegs; i++) {
		const struct leg_at at = {&figs->legs[i], figs, now_ms};

		if (re_snprintf(sheet->text[i], LEG_TEXT, "%H", print_leg,
				&at) < 0)
			continue;
		re_snprintf(sheet->names[i], sizeof(sheet->names[i]), "leg.%u",
			    figs->legs[i].leg);
		put(argv, &argc, sheet->names[i], sheet->text[i]);
	}
	/* nobody goes on with what has ended */
	if (!ended)
		put_forms(sheet, argv, &argc, figs);
	keyv[0] = redis_str(key);
	keyv[1] = redis_str(kept);
	(void)redis_link_eval(sheet->link, &script_write, keyv, ended ? 2 : 1,
			      argv, argc, on_written, sheet);
}

void sheet_ended(struct sheet *sheet, const struct session_figures *figs)
{
	write_session(sheet, figs, true);
}

/* --- all of them, again and again ------------------------------------------------ */

static bool note_id(const char *session, void *arg)
{
	struct sheet *sheet = arg;

	if (sheet->nids == sheet->room)
		return true;
	str_ncpy(sheet->ids[sheet->nids++], session, sizeof(sheet->ids[0]));
	return false;
}

static void round_begin(struct sheet *sheet)
{
	const size_t want = session_count(sheet->table);
	void *more;

	sheet->nids = sheet->next = sheet->slice = 0;
	if (want > sheet->room) {
		more = mem_reallocarray(sheet->ids, want,
					sizeof(sheet->ids[0]), NULL);
		if (!more)
			return; /* those that fit */
		sheet->ids  = more;
		sheet->room = want;
	}
	session_each(sheet->table, note_id, sheet);
}

/* A worker that dies now leaves what there is to know. */
static void write_fresh(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->nfresh; i++)
		if (!session_query(sheet->table, sheet->fresh[i],
				   &sheet->figs))
			write_session(sheet, &sheet->figs, false);
	sheet->nfresh = 0;
}

static void on_tick(void *arg);

/* Several agreements of one moment are one. */
static void on_agreed(const char *session, void *arg)
{
	struct sheet *sheet = arg;

	for (size_t i = 0; i < sheet->nfresh; i++)
		if (!strcmp(sheet->fresh[i], session))
			return;
	if (sheet->nfresh < FRESH_MAX)
		str_ncpy(sheet->fresh[sheet->nfresh++], session,
			 sizeof(sheet->fresh[0]));
	if (!sheet->nids)
		wheel_start(sheet->wheel, &sheet->tick, TICK_MS, on_tick,
			    sheet);
}

static void on_tick(void *arg)
{
	struct sheet *sheet = arg;
	size_t end;

	write_fresh(sheet);
	if (sheet->slice == SLICES || !sheet->nids)
		round_begin(sheet);
	wheel_start(sheet->wheel, &sheet->tick, sheet->nids ? TICK_MS : IDLE_MS,
		    on_tick, sheet);
	end = (sheet->nids * ++sheet->slice + SLICES - 1) / SLICES;
	for (; sheet->next < end; sheet->next++) {
		if (!session_query(sheet->table, sheet->ids[sheet->next],
				   &sheet->figs))
			write_session(sheet, &sheet->figs, false);
	}
}

int sheet_alloc(struct sheet **sheetp, struct redis_link *link,
		struct wheel *wheel, struct session_table *table,
		const char *addr)
{
	struct sheet *sheet = mem_zalloc(sizeof(*sheet), destructor);

	if (!sheet)
		return ENOMEM;

	sheet->forms = mbuf_alloc(1024);
	if (!sheet->forms) {
		mem_deref(sheet);
		return ENOMEM;
	}
	sheet->link  = link;
	sheet->wheel = wheel;
	sheet->table = table;
	sheet->slice = SLICES;
	str_ncpy(sheet->addr, addr, sizeof(sheet->addr));
	session_on_agreed(table, on_agreed, sheet);
	on_tick(sheet);
	*sheetp = sheet;
	return 0;
}
