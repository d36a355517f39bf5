/*
 * session_rows.c  When figures of a session go into the log of its call
 *
 * Often at first, when what is wrong shows, and more and more seldom, so that
 * a log of a day's call holds its beginning, too.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/session/leg_log.h"
#include "mediad/session/session_priv.h"

static const struct {
	uint32_t until_s, each_s;
} paces[] = {
	{60, 5}, {600, 15}, {3600, 60}, {4 * 3600, 600}, {UINT32_MAX, 3600},
};

static uint64_t pace_ms(uint64_t age_ms)
{
	size_t i = 0;

	while (i + 1 < COUNTOF(paces) && age_ms / 1000 >= paces[i].until_s)
		i++;
	return paces[i].each_s * 1000ull;
}

/* Since when media flows; 0: it does not. */
static uint64_t began_ms(const struct session *session)
{
	uint64_t first_ms = 0;

	for (size_t i = 0; i < COUNTOF(session->legs); i++) {
		const struct leg *leg = session->legs[i];
		const uint64_t times[] = {
			leg ? leg_at(leg, LEG_RTP_IN) : 0,
			leg ? leg_at(leg, LEG_RTP_OUT) : 0,
		};

		for (unsigned k = 0; k < 2; k++)
			if (times[k] && (!first_ms || times[k] < first_ms))
				first_ms = times[k];
	}
	return first_ms;
}

/* From here on counts the next row. */
static void begin_next(struct session *session)
{
	for (size_t i = 0; i < COUNTOF(session->legs); i++)
		if (session->legs[i])
			leg_figures_since(session->legs[i]);
}

void session_rows_look(struct session *session, uint64_t now_ms)
{
	struct session_table *table = session->table;
	uint64_t first_ms;

	if (!table->rowh || now_ms < session->row_ms)
		return;
	first_ms = began_ms(session);
	if (!first_ms)
		return;
	if (session->row_ms) {
		table->rowh(session->id, 0, table->note_arg);
		begin_next(session);
	}
	session->row_ms =
		now_ms + pace_ms(now_ms > first_ms ? now_ms - first_ms : 0);
}

void session_rows_end(struct leg *leg)
{
	struct session_table *table = leg->session->table;

	/* one that came to nothing at once has none */
	if (table->rowh && (leg->at_ms[LEG_REMOTE] || leg->at_ms[LEG_LOCAL]))
		table->rowh(leg->session->id, leg->nr, table->note_arg);
}
