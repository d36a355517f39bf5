/*
 * ctl_reporter.c  Events and facts of a media worker (ctl_event.h)
 *
 * A report is kept until Redis has taken it. It may be written twice, when the
 * connection is lost between the two, but always under the same id. It is
 * encoded when it is sent, so that its time to live begins then.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_event.h"
#include "common/control/ctl_peer_priv.h"
#include "common/id.h"
#include "common/keyring.h"

struct ctl_reporter {
	struct ctl_own own;
	struct redis_writer *events, *facts;
	struct list reports; /* struct report, oldest first */
	struct ctl_counts counts;
};

struct report {
	struct le le;
	struct ctl_reporter *reporter;
	char id[CTL_ID_LEN + 1];
	bool sent;              /* Redis has not answered yet */
	struct ctl_event event; /* its texts and figures are below */
	char tenant[CTL_TENANT_MAX];
	char there[CTL_TENANT_MAX];
	char text[CTL_TEXT_MAX];
	struct ctl_figures *figures;
};

static void report_destructor(void *arg)
{
	struct report *report = arg;

	list_unlink(&report->le);
	if (report->sent)
		redis_link_forget(report->reporter->own.link, report);
	mem_deref(report->figures);
}

static void reporter_destructor(void *arg)
{
	struct ctl_reporter *reporter = arg;

	list_flush(&reporter->reports);
	redis_link_forget(reporter->own.link, reporter);
	mem_deref(reporter->events);
	mem_deref(reporter->facts);
	ctl_own_drop(&reporter->own);
}

static bool needs_action(const struct ctl_event *event)
{
	return ctl_needs_action(event->kind);
}

static void on_taken(int err, const struct redis_val *val, void *arg)
{
	struct report *report = arg;

	report->sent = false;
	if (err)
		return; /* again when Redis is back */
	if (val->type == REDIS_ERR)
		report->reporter->counts.dropped++;
	mem_deref(report);
}

static int encode(struct ctl_wire **wirep, const struct report *report)
{
	const struct ctl_own *own = &report->reporter->own;
	struct ctl_msg msg = {.type = CTL_EVENT};

	ctl_own_env(own, &msg.env,
		    needs_action(&report->event) ? "events" : "facts", 0,
		    CTL_EVENT_TTL_MS);
	memcpy(msg.env.id, report->id, sizeof(msg.env.id));
	msg.event = report->event;
	return ctl_encode(wirep, &msg, own->ring);
}

static int send_report(struct report *report)
{
	struct ctl_reporter *reporter = report->reporter;
	struct redis_writer *writer = needs_action(&report->event)
					      ? reporter->events
					      : reporter->facts;
	struct ctl_wire *wire = NULL;
	int err = encode(&wire, report);

	if (!err)
		err = redis_writer_add(writer, wire->fields, wire->count,
				       on_taken, report);
	mem_deref(wire);
	if (!err)
		report->sent = true;
	return err;
}

static void on_state(bool up, void *arg)
{
	struct ctl_reporter *reporter = arg;
	struct le *le;

	if (!up)
		return;

	for (le = reporter->reports.head; le; le = le->next) {
		struct report *report = le->data;

		if (!report->sent && send_report(report))
			return; /* again at the next chance */
	}
}

static void copy_text(struct pl *text, char *buf, size_t size)
{
	text->l = text->l < size ? text->l : size;
	if (text->l)
		memcpy(buf, text->p, text->l);
	text->p = buf;
}

static int report_alloc(struct report **reportp, struct ctl_reporter *reporter,
			const struct ctl_event *event)
{
	struct report *report;

	report = mem_zalloc(sizeof(*report), report_destructor);
	if (!report)
		return ENOMEM;

	report->reporter = reporter;
	report->event = *event;
	id_make(report->id);
	copy_text(&report->event.tenant, report->tenant,
		  sizeof(report->tenant));
	copy_text(&report->event.there, report->there,
		  sizeof(report->there));
	copy_text(&report->event.text, report->text, sizeof(report->text));
	if (event->figures) {
		report->figures = mem_alloc(sizeof(*report->figures), NULL);
		if (!report->figures) {
			mem_deref(report);
			return ENOMEM;
		}
		*report->figures = *event->figures;
		report->event.figures = report->figures;
	}
	*reportp = report;
	return 0;
}

/* The oldest that is not on its way makes room. */
static void make_room(struct ctl_reporter *reporter)
{
	struct le *le = reporter->reports.head;

	while (list_count(&reporter->reports) > CTL_EVENTS_KEPT && le) {
		struct report *report = le->data;

		le = le->next;
		if (report->sent)
			continue; /* Redis answers, or its link breaks, soon */
		mem_deref(report);
		reporter->counts.dropped++;
	}
}

int ctl_report(struct ctl_reporter *reporter, const struct ctl_event *event)
{
	struct report *report;
	int err;

	if (event->tenant.l > CTL_TENANT_MAX || event->there.l > CTL_TENANT_MAX)
		return EINVAL;

	err = report_alloc(&report, reporter, event);
	if (err)
		return err;

	err = send_report(report);
	if (err && err != ENOTCONN && err != ENOENT) {
		mem_deref(report);
		return err;
	}
	list_append(&reporter->reports, &report->le, report);
	make_room(reporter);
	return 0;
}

static int reporter_init(struct ctl_reporter *reporter,
			 const struct ctl_peer *peer)
{
	int err = ctl_own_init(&reporter->own, peer);

	if (!err)
		err = redis_writer_alloc(&reporter->events, peer->link,
					 peer->wheel, "cb:events",
					 CTL_REPORT_LEN, CTL_REPORT_TTL_MS);
	if (!err)
		err = redis_writer_alloc(&reporter->facts, peer->link,
					 peer->wheel, "cb:facts",
					 CTL_REPORT_LEN, CTL_REPORT_TTL_MS);
	if (!err)
		err = redis_link_observe(peer->link, on_state, reporter);
	return err;
}

int ctl_reporter_alloc(struct ctl_reporter **reporterp,
		       const struct ctl_peer *peer)
{
	struct ctl_reporter *reporter;
	int err;

	reporter = mem_zalloc(sizeof(*reporter), reporter_destructor);
	if (!reporter)
		return ENOMEM;

	err = reporter_init(reporter, peer);
	if (err) {
		mem_deref(reporter);
		return err;
	}
	*reporterp = reporter;
	return 0;
}

uint32_t ctl_reporter_kept(const struct ctl_reporter *reporter)
{
	return list_count(&reporter->reports);
}

const struct ctl_counts *
ctl_reporter_counts(const struct ctl_reporter *reporter)
{
	return &reporter->counts;
}

void ctl_reporter_keys(struct ctl_reporter *reporter, struct keyring *ring)
{
	ctl_own_keys(&reporter->own, ring);
}
