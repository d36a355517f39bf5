/*
 * diary.c  What media tells the logs of calls
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/call_log_writer.h"
#include "common/control/ctl_msg.h"
#include "common/wheel.h"
#include "mediad/control/diary.h"
#include "mediad/control/mos.h"
#include "mediad/session/session.h"
#include "mediad/sound/meter.h"

struct diary {
	struct call_log_writer *writer;
	struct wheel *wheel;
	struct session_table *table;
	struct session_figures figs; /* scratch */
};

static void destructor(void *arg)
{
	struct diary *diary = arg;

	session_on_note(diary->table, NULL, NULL, NULL);
	mem_deref(diary->writer);
}

static uint64_t unix_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- what happens --------------------------------------------------------------- */

static void on_note(const struct session_note *note, void *arg)
{
	struct diary *diary = arg;
	const uint64_t now_ms = wheel_now(diary->wheel);
	struct call_log_note told = {
		.call = note->call,
		.session = note->session,
		.leg = note->leg,
		.kind = note->kind,
		.data = note->data,
	};

	if (note->at_ms && note->at_ms < now_ms)
		told.ms = unix_ms() - (now_ms - note->at_ms);
	call_log_write(diary->writer, &told);
}

/* NULL: the log has it from elsewhere. */
static const char *kind_of(enum ctl_event_kind kind)
{
	switch (kind) {
	case CTL_EV_LEG_LOST:
		return "leg.lost";
	case CTL_EV_SESSION_LOST:
		return "session.lost";
	case CTL_EV_LEG_PLAYED:
		return "leg.played";
	case CTL_FACT_SESSION_RESUMED:
		return "session.resumed";
	case CTL_FACT_SESSION_ENDED:
		return "session.ended";
	case CTL_FACT_LEG_QUIET:
		return "leg.quiet";
	case CTL_FACT_LEG_HEARD:
		return "leg.heard";
	case CTL_FACT_RECORDED:
		return "recording.ended";
	case CTL_FACT_RECORD_LOST:
		return "recording.lost";
	case CTL_FACT_RECORD_PAUSED:
		return "recording.paused";
	case CTL_FACT_RECORD_RESUMED:
		return "recording.resumed";
	case CTL_EV_LEG_DIGIT:
	case CTL_FACT_LEG_UP:
	case CTL_EVENT_COUNT:
	default:
		return NULL;
	}
}

void diary_event(struct diary *diary, const struct ctl_event *event,
		 uint64_t at_ms)
{
	struct call_log_data data;
	const struct call_log_note note = {
		.call = event->call,
		.session = event->session,
		.leg = event->leg,
		.kind = kind_of(event->kind),
		.data = &data,
		.ms = at_ms,
	};

	if (!note.kind)
		return;
	call_log_begin(&data);
	call_log_pl(&data, "why", &event->text);
	if (event->kind == CTL_FACT_SESSION_ENDED)
		call_log_text(&data, "reason", status_text(event->why));
	call_log_write(diary->writer, &note);
}

/* --- figures -------------------------------------------------------------------- */

static void add_some(struct call_log_data *data, const char *name,
		     int64_t value)
{
	if (value)
		call_log_num(data, name, value);
}

static void add_quality(struct call_log_data *data,
			const struct leg_figures *leg)
{
	const struct leg_stats *stats = &leg->stats;

	call_log_num(data, "in", (int64_t)stats->packets_in);
	call_log_num(data, "out", (int64_t)stats->packets_out);
	add_some(data, "lost", (int64_t)stats->lost_in);
	add_some(data, "jitter", stats->jitter_in_us / 1000);
	add_some(data, "far-lost", stats->far_lost);
	add_some(data, "far-jitter", stats->far_jitter_us / 1000);
	add_some(data, "rtt", stats->rtt_us / 1000);
	if (leg->voice.level != METER_NONE)
		call_log_num(data, "level", leg->voice.level);
	add_some(data, "mos", mos_in(leg));
	add_some(data, "far-mos", mos_out(leg));
}

static void write_of(struct diary *diary, const struct leg_figures *leg,
		     const char *kind, const struct call_log_data *data)
{
	const struct call_log_note note = {
		.call = diary->figs.call,
		.session = diary->figs.session,
		.leg = leg->leg,
		.kind = kind,
		.data = data,
	};

	call_log_write(diary->writer, &note);
}

/* What has come and gone since the row before. */
static void write_row(struct diary *diary, struct leg_figures *leg)
{
	struct leg_stats *stats = &leg->stats;
	struct call_log_data data;

	if (!leg->chosen[0])
		return;
	stats->packets_in -= min(leg->before.packets_in, stats->packets_in);
	stats->packets_out -= min(leg->before.packets_out, stats->packets_out);
	stats->lost_in -= min(leg->before.lost_in, stats->lost_in);
	stats->far_lost -= leg->before.far_lost;
	call_log_begin(&data);
	add_quality(&data, leg);
	write_of(diary, leg, "figures", &data);
}

/* All of it, once. */
static void write_end(struct diary *diary, const struct leg_figures *leg)
{
	const struct leg_stats *stats = &leg->stats;
	const uint64_t made_ms = leg->at_ms[LEG_MADE];
	struct call_log_data data;

	call_log_begin(&data);
	call_log_num(&data, "age",
		     (int64_t)(wheel_now(diary->wheel) - made_ms));
	for (unsigned step = LEG_MADE + 1; step < LEG_STEPS; step++)
		if (leg->at_ms[step] && leg->at_ms[step] >= made_ms)
			call_log_num(&data, leg_step_name((enum leg_step)step),
				     (int64_t)(leg->at_ms[step] - made_ms));
	add_quality(&data, leg);
	add_some(&data, "heard-mos", mos_heard(&diary->figs, leg));
	add_some(&data, "refused", (int64_t)stats->refused_in);
	add_some(&data, "not-authentic", (int64_t)leg->not_authentic);
	add_some(&data, "concealed", (int64_t)stats->concealed);
	add_some(&data, "late", (int64_t)stats->late);
	add_some(&data, "clipped", (int64_t)leg->voice.clipped);
	add_some(&data, "quiet-ms", (int64_t)leg->voice.quiet_ms);
	add_some(&data, "resumes", leg->resumes);
	call_log_text(&data, "quiet", leg->voice.quiet);
	call_log_text(&data, "srtp", leg->secured);
	call_log_text(&data, "codec", leg->chosen);
	write_of(diary, leg, "leg.ended", &data);
}

static void on_row(const char *session, uint8_t nr, void *arg)
{
	struct diary *diary = arg;
	struct session_figures *figs = &diary->figs;

	if (session_query(diary->table, session, figs))
		return;
	for (size_t i = 0; i < figs->nlegs; i++) {
		struct leg_figures *leg = &figs->legs[i];

		if (!nr)
			write_row(diary, leg);
		else if (leg->leg == nr)
			write_end(diary, leg);
	}
}

const struct call_log_counts *diary_counts(const struct diary *diary)
{
	return call_log_counts(diary->writer);
}

int diary_alloc(struct diary **diaryp, const struct diary_params *params)
{
	struct diary *diary = mem_zalloc(sizeof(*diary), destructor);
	/* sigd sees to the size of all */
	const struct call_log_cfg cfg = {.keep_s = params->keep_s};
	int err;

	if (!diary)
		return ENOMEM;
	diary->wheel = params->wheel;
	diary->table = params->table;
	err = call_log_writer_alloc(&diary->writer, &cfg, params->link,
				    params->wheel, params->addr);
	if (err) {
		mem_deref(diary);
		return err;
	}
	session_on_note(params->table, on_note, on_row, diary);
	*diaryp = diary;
	return 0;
}
