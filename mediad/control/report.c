/*
 * report.c  What this worker tells on its own
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_event.h"
#include "common/wheel.h"
#include "mediad/control/report.h"

enum {
	PACE_MS = 20,
	PACE_MAX = 256, /* not taken by Redis yet */
};

struct report {
	struct wheel *wheel;
	struct wheel_timer timer;
	struct ctl_reporter *reporter; /* NULL: keep */
	struct list notes;
	struct report_stats stats;
};

struct note {
	struct le le;
	struct ctl_event event; /* texts and figures are the note's own */
	char tenant[CTL_TENANT_MAX];
	char text[CTL_TEXT_MAX];
	struct ctl_figures figures;
};

static void report_destructor(void *arg)
{
	struct report *report = arg;

	wheel_stop(&report->timer);
	list_flush(&report->notes);
	mem_deref(report->reporter);
}

static void note_destructor(void *arg)
{
	struct note *note = arg;

	list_unlink(&note->le);
}

int report_alloc(struct report **reportp, struct wheel *wheel)
{
	struct report *report = mem_zalloc(sizeof(*report), report_destructor);

	if (!report)
		return ENOMEM;

	report->wheel = wheel;
	*reportp = report;
	return 0;
}

const struct report_stats *report_stats(const struct report *report)
{
	return &report->stats;
}

static bool is_fact(const struct ctl_event *event)
{
	return event->kind != CTL_EV_LEG_LOST &&
	       event->kind != CTL_EV_SESSION_LOST;
}

static void pump(void *arg)
{
	struct report *report = arg;
	struct le *le;

	while (report->reporter && (le = list_head(&report->notes)) &&
	       ctl_reporter_kept(report->reporter) < PACE_MAX) {
		struct note *note = le->data;

		if (ctl_report(report->reporter, &note->event))
			++report->stats.left_out;
		--report->stats.kept;
		mem_deref(note);
	}
	if (report->reporter && !list_isempty(&report->notes))
		wheel_start(report->wheel, &report->timer, PACE_MS, pump,
			    report);
}

void report_attach(struct report *report, struct ctl_reporter *reporter)
{
	mem_ref(reporter);
	mem_deref(report->reporter);
	report->reporter = reporter;
	pump(report);
}

/* Copies the text to room; cut when it is too long. */
static void keep(struct pl *text, char *room, size_t size)
{
	if (text->l > size)
		text->l = size;
	if (text->l)
		memcpy(room, text->p, text->l);
	text->p = room;
}

void report_event(struct report *report, const struct ctl_event *event)
{
	bool fact = is_fact(event);
	struct note *note = NULL;
	size_t size = sizeof(*note);

	/* few have figures, and those are the larger part */
	if (!event->figures)
		size = offsetof(struct note, figures);
	if (report->stats.kept <
	    (unsigned)(fact ? REPORT_FACTS_MAX : REPORT_EVENTS_MAX))
		note = mem_zalloc(size, note_destructor);
	if (!note) {
		++report->stats.left_out;
		return;
	}

	note->event = *event;
	keep(&note->event.tenant, note->tenant, sizeof(note->tenant));
	keep(&note->event.text, note->text, sizeof(note->text));
	if (event->figures) {
		note->figures = *event->figures;
		note->event.figures = &note->figures;
	}
	if (fact)
		++report->stats.facts;
	else
		++report->stats.events;
	list_append(&report->notes, &note->le, note);
	++report->stats.kept;
	pump(report);
}

static enum status why_lost(enum session_cause cause)
{
	bool worker = cause == SESSION_TOO_EARLY || cause == SESSION_POISON;

	return worker ? STATUS_MEDIA_NODE_LOST : STATUS_MEDIA_LOST;
}

void report_lost(const struct session_lost *lost, void *arg)
{
	struct ctl_event event;

	memset(&event, 0, sizeof(event));
	event.kind = lost->leg ? CTL_EV_LEG_LOST : CTL_EV_SESSION_LOST;
	event.leg = lost->leg;
	event.why = why_lost(lost->cause);
	str_ncpy(event.session, lost->session, sizeof(event.session));
	str_ncpy(event.call, lost->call, sizeof(event.call));
	pl_set_str(&event.tenant, lost->tenant);
	pl_set_str(&event.text, session_cause_name(lost->cause));
	report_event(arg, &event);
}

struct resumed {
	struct report *report;
	const struct session_table *table;
	struct session_figures figures;
};

static bool on_resumed(const char *session, void *arg)
{
	struct resumed *resumed = arg;
	struct ctl_event event;

	if (session_query(resumed->table, session, &resumed->figures))
		return false;

	memset(&event, 0, sizeof(event));
	event.kind = CTL_FACT_SESSION_RESUMED;
	str_ncpy(event.session, session, sizeof(event.session));
	str_ncpy(event.call, resumed->figures.call, sizeof(event.call));
	pl_set_str(&event.tenant, resumed->figures.tenant);
	report_event(resumed->report, &event);
	return false;
}

void report_resumed(struct report *report, const struct session_table *table)
{
	struct resumed *resumed = mem_zalloc(sizeof(*resumed), NULL);

	if (!resumed)
		return;

	resumed->report = report;
	resumed->table = table;
	session_each(table, on_resumed, resumed);
	mem_deref(resumed);
}
