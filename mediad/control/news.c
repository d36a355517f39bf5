/*
 * news.c  What this worker tells on its own
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/control/ctl_event.h"
#include "common/fault.h"
#include "common/wheel.h"
#include "mediad/control/diary.h"
#include "mediad/control/news.h"

enum {
	PACE_MS = 20,
	PACE_MAX = 256, /* not taken by Redis yet */
};

struct news {
	struct wheel *wheel;
	struct wheel_timer timer;
	struct ctl_reporter *reporter; /* NULL: keep */
	struct diary *diary;           /* NULL: none */
	struct list notes;
	struct news_stats stats;
};

struct note {
	struct le le;
	uint64_t unix_ms;
	struct ctl_event event; /* texts and figures are the note's own */
	char tenant[CTL_TENANT_MAX];
	char there[CTL_TENANT_MAX];
	char text[CTL_TEXT_MAX];
	struct ctl_figures figures;
};

static void news_destructor(void *arg)
{
	struct news *news = arg;

	wheel_stop(&news->timer);
	list_flush(&news->notes);
	mem_deref(news->reporter);
}

static void note_destructor(void *arg)
{
	struct note *note = arg;

	list_unlink(&note->le);
}

int news_alloc(struct news **newsp, struct wheel *wheel)
{
	struct news *news = mem_zalloc(sizeof(*news), news_destructor);

	if (!news)
		return ENOMEM;

	news->wheel = wheel;
	*newsp = news;
	return 0;
}

const struct news_stats *news_stats(const struct news *news)
{
	return &news->stats;
}

static bool is_fact(const struct ctl_event *event)
{
	return !ctl_needs_action(event->kind);
}

static void pump(void *arg)
{
	struct news *news = arg;
	struct le *le;

	while (news->reporter && (le = list_head(&news->notes)) &&
	       ctl_reporter_kept(news->reporter) < PACE_MAX) {
		struct note *note = le->data;

		if (ctl_report(news->reporter, &note->event))
			++news->stats.left_out;
		if (news->diary)
			diary_event(news->diary, &note->event, note->unix_ms);
		--news->stats.kept;
		mem_deref(note);
	}
	if (news->reporter && !list_isempty(&news->notes))
		wheel_start(news->wheel, &news->timer, PACE_MS, pump, news);
}

void news_attach(struct news *news, struct ctl_reporter *reporter)
{
	mem_ref(reporter);
	mem_deref(news->reporter);
	news->reporter = reporter;
	pump(news);
}

void news_diary(struct news *news, struct diary *diary)
{
	news->diary = diary;
}

static uint64_t unix_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
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

void news_event(struct news *news, const struct ctl_event *event)
{
	bool fact = is_fact(event);
	struct note *note = NULL;
	size_t size = sizeof(*note);

	/* few have figures, and those are the larger part */
	if (!event->figures)
		size = offsetof(struct note, figures);
	if (news->stats.kept <
	    (unsigned)(fact ? NEWS_FACTS_MAX : NEWS_EVENTS_MAX))
		note = mem_zalloc(size, note_destructor);
	if (!note) {
		++news->stats.left_out;
		return;
	}

	note->unix_ms = unix_ms();
	note->event = *event;
	keep(&note->event.tenant, note->tenant, sizeof(note->tenant));
	keep(&note->event.there, note->there, sizeof(note->there));
	keep(&note->event.text, note->text, sizeof(note->text));
	if (event->figures) {
		note->figures = *event->figures;
		note->event.figures = &note->figures;
	}
	if (fact)
		++news->stats.facts;
	else
		++news->stats.events;
	list_append(&news->notes, &note->le, note);
	++news->stats.kept;
	pump(news);
}

static enum status why_lost(enum session_cause cause)
{
	if (cause == SESSION_TOO_EARLY || cause == SESSION_POISON)
		return STATUS_MEDIA_NODE_LOST;

	return cause == SESSION_MEDIA_TIMEOUT ? STATUS_MEDIA_TIMEOUT
					      : STATUS_MEDIA_LOST;
}

void news_lost(const struct session_lost *lost, void *arg)
{
	struct ctl_event event;

	(void)FAULT("mediad.loss.noticed");
	memset(&event, 0, sizeof(event));
	event.kind = lost->leg ? CTL_EV_LEG_LOST : CTL_EV_SESSION_LOST;
	event.leg = lost->leg;
	event.why = why_lost(lost->cause);
	str_ncpy(event.session, lost->session, sizeof(event.session));
	str_ncpy(event.call, lost->call, sizeof(event.call));
	pl_set_str(&event.tenant, lost->tenant);
	pl_set_str(&event.text, session_cause_name(lost->cause));
	news_event(arg, &event);
}

void news_digit(const struct session_heard *heard, void *arg)
{
	struct ctl_event event;

	memset(&event, 0, sizeof(event));
	event.kind = CTL_EV_LEG_DIGIT;
	event.leg = heard->leg;
	event.digit = (enum ctl_digit)heard->code;
	event.ms = heard->ms ? min(heard->ms, CTL_DIGIT_MS_MAX) : 1;
	str_ncpy(event.session, heard->session, sizeof(event.session));
	str_ncpy(event.call, heard->call, sizeof(event.call));
	pl_set_str(&event.tenant, heard->tenant);
	news_event(arg, &event);
}

void news_quiet(const struct session_quiet *quiet, void *arg)
{
	struct ctl_event event;

	memset(&event, 0, sizeof(event));
	event.kind = quiet->why[0] ? CTL_FACT_LEG_QUIET : CTL_FACT_LEG_HEARD;
	event.leg = quiet->leg;
	str_ncpy(event.session, quiet->session, sizeof(event.session));
	str_ncpy(event.call, quiet->call, sizeof(event.call));
	pl_set_str(&event.tenant, quiet->tenant);
	pl_set_str(&event.there, quiet->there);
	pl_set_str(&event.text, quiet->why);
	news_event(arg, &event);
}

static void tell_of_leg(struct news *news, enum ctl_event_kind kind,
			const struct session_up *leg)
{
	struct ctl_event event;

	memset(&event, 0, sizeof(event));
	event.kind = kind;
	event.leg = leg->leg;
	str_ncpy(event.session, leg->session, sizeof(event.session));
	str_ncpy(event.call, leg->call, sizeof(event.call));
	pl_set_str(&event.tenant, leg->tenant);
	news_event(news, &event);
}

void news_up(const struct session_up *up, void *arg)
{
	tell_of_leg(arg, CTL_FACT_LEG_UP, up);
}

void news_played(const struct session_up *played, void *arg)
{
	tell_of_leg(arg, CTL_EV_LEG_PLAYED, played);
}

struct resumed {
	struct news *news;
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
	news_event(resumed->news, &event);
	return false;
}

void news_resumed(struct news *news, const struct session_table *table)
{
	struct resumed *resumed = mem_zalloc(sizeof(*resumed), NULL);

	if (!resumed)
		return;

	resumed->news = news;
	resumed->table = table;
	session_each(table, on_resumed, resumed);
	mem_deref(resumed);
}
