/*
 * session_tap.c  Who else hears a call: a recording, a consumer
 *
 * Begins when the call is answered and leg 1 has somebody to speak to, and ends
 * with leg 1. A hold, and who takes the place of the other side, do not end it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/log.h"
#include "mediad/session/session_priv.h"
#include "mediad/tap/fork.h"
#include "mediad/tap/tap.h"

static bool is_recorded(const struct session *session, const struct leg *a,
			const struct leg *b)
{
	const enum session_recording says[] = {a->terms.record,
					       b->terms.record};

	if (!session->table->deps.recorder)
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (says[i] == SESSION_RECORD_NEVER)
			return false;
	return says[0] == SESSION_RECORD_ALWAYS ||
	       says[1] == SESSION_RECORD_ALWAYS;
}

/* Leg 1's has the first word. */
static const char *consumer_of(const struct session *session,
			       const struct leg *a, const struct leg *b)
{
	const struct forker *forker = session->table->deps.forker;

	if (forker && forker_has(forker, a->terms.fork))
		return a->terms.fork;
	return forker && forker_has(forker, b->terms.fork) ? b->terms.fork
							   : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static struct rec_name name_of(struct session *session)
{
	struct rec_name name;

	if (!session->tape_unix_s)
		session->tape_unix_s = (uint64_t)time(NULL);
	memset(&name, 0, sizeof(name));
	str_ncpy(name.session, session->id, sizeof(name.session));
	str_ncpy(name.call, session->call, sizeof(name.call));
	str_ncpy(name.tenant, session->tenant, sizeof(name.tenant));
	str_ncpy(name.there, leg_there(session->legs[0]), sizeof(name.there));
	name.unix_s = session->tape_unix_s;
	name.part = ++session->tape;
	return name;
}

static void tell(struct session *session, bool record, const char *consumer,
		 int failed)
{
	struct call_log_data data;

	call_log_begin(&data);
	call_log_text(&data, "recording", record ? "yes" : NULL);
	if (record)
		call_log_num(&data, "part", session->tape);
	call_log_text(&data, "fork", consumer);
	if (failed)
		call_log_num(&data, "err", failed);
	session_log(session, failed ? "tap.failed" : "tap.started", &data);
}

static void start(struct session *session, bool record, const char *consumer)
{
	const struct session_deps *deps = &session->table->deps;
	struct tap_params params = {
		.wheel = session->table->wheel,
		.recorder = record ? deps->recorder : NULL,
		.forker = consumer ? deps->forker : NULL,
		.consumer = consumer,
		.before = session->tape_before,
		.hushed = session->hushed,
	};
	int err;

	if (record)
		params.name = name_of(session);
	/* before there is a file of that number: a successor begins the part
	 * behind */
	leg_store(session->legs[0]);
	err = tap_alloc(&session->tap, &params);
	if (err)
		log_warn(session->call, "neither recorded nor forked",
			 "err=%d", err);
	tell(session, record, consumer, err);
	session->tape_before = false;
}

void session_tap_end(struct session *session)
{
	if (session->tap)
		session_log(session, "tap.ended", NULL);
	session->tap = mem_deref(session->tap);
}

void session_tap_wire(struct session *session)
{
	const struct leg *a = session->legs[0];
	const struct leg *b = a ? a->peer : NULL;
	const char *consumer;
	bool record;

	if (!session->answered || !b || !leg_codec(a) || !leg_codec(b))
		return;
	record = is_recorded(session, a, b);
	consumer = consumer_of(session, a, b);
	if (session->tap && tap_records(session->tap) == record &&
	    same_text(tap_consumer(session->tap), consumer))
		return;
	session_tap_end(session);
	if (record || consumer)
		start(session, record, consumer);
}

/* In the state file before it is said that it is so; and in Redis soon, with
 * which another node goes on. A pause that cannot be stored is one all the
 * same, the end of one is none: whatever dies, what was to be silent is. */
int session_tape(struct session_table *table, const char *id,
		 enum session_husher by, bool hushed)
{
	struct session *session = NULL;
	int err = session_find(&session, table, id);
	uint8_t was, wish;

	if (err)
		return err;
	if (!session->tap)
		return ENOTCONN;
	was = session->hushed;
	wish = by == SESSION_HUSH_OPERATOR && !hushed ? SESSION_HUSHERS
						      : (uint8_t)by;
	if (hushed)
		tap_hush(session->tap, true);
	session->hushed = hushed ? was | wish : was & (uint8_t)~wish;
	err = leg_try_store(session->legs[0]);
	if (err && !hushed)
		session->hushed = was;
	tap_hush(session->tap, session->hushed);
	if (table->agreedh)
		table->agreedh(session->id, table->agreed_arg);
	return err;
}

bool session_hushed(const struct session_table *table, const char *id)
{
	struct session *session = NULL;

	return !session_find(&session, table, id) && session->hushed;
}

void session_tap_packet(const struct leg *leg, const struct strm_pkt *sp,
			const uint8_t *pkt)
{
	const struct session *session = leg->session;
	const struct leg *caller = session->legs[0];
	const struct sdpm_map *map;
	struct tap_pkt tp;

	if (!leg->sdp.choice || !caller ||
	    (leg != caller && caller->peer != leg))
		return;
	map = leg_hears(leg);
	if (map->rx_pt != sp->h.pt)
		return;
	tp = (struct tap_pkt){
		.codec = leg_codec_impl(leg, map->codec),
		.now_ms = sp->now_ms,
		.ext = sp->ext,
		.gen = leg->in.gen,
		.ts = sp->h.ts,
		.data = pkt + sp->h.hdr,
		.len = sp->h.paylen,
	};
	if (tp.codec)
		tap_put(session->tap, leg != caller, &tp);
}
