/*
 * resume.c  The sessions of a process that died, in its successor
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "common/countof.h"
#include "common/log.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"
#include "mediad/session/state_leg.h"
#include "mediad/session/state_video.h"

enum {
	BLAME_MAX = 2,  /* deaths while it was served */
	DEATHS_MAX = 5, /* in a row, whoever was served */
};

/* --- one leg ------------------------------------------------------------------- */

/* Two legs are joined again when both records say so: the process may have
 * died between writing the one and the other. */
static int join_again(struct leg *leg, const struct state_leg *st)
{
	struct leg *peer;

	if (st->service[0]) {
		leg->service = service_find(st->service);
		return leg->service ? 0 : EBADMSG;
	}
	leg->rejoin = st->peer;
	peer = st->peer ? leg->session->legs[st->peer - 1] : NULL;
	if (peer && peer->rejoin == leg->nr && peer != leg) {
		leg->peer = peer;
		peer->peer = leg;
	}
	return 0;
}

static void take_terms(struct leg_terms *terms, const struct state_leg *st)
{
	terms->ptime = st->ptime;
	terms->ncodecs = st->ncodecs;
	for (unsigned i = 0; i < st->ncodecs; i++)
		terms->codecs[i] = (enum sdpm_codec)st->codecs[i];
	terms->nsuites = st->nsuites;
	for (unsigned i = 0; i < st->nsuites; i++)
		terms->suites[i] = (enum sdpm_suite)st->suites[i];
	terms->digits = (enum session_digits)st->digits;
	terms->video = st->video;
	memcpy(terms->policy, st->policy, sizeof(terms->policy));
	terms->order = (enum session_order)st->order;
	terms->noise = st->noise;
	terms->opus = (struct session_opus){st->bitrate, st->effort,
					    st->narrow,
					    (enum session_dtx)st->dtx};
}

static void revive_services(struct leg *leg, const struct state_leg *st)
{
	memcpy(leg->terms.music, st->music, sizeof(st->music));
	memcpy(leg->terms.fork, st->fork, sizeof(st->fork));
	memcpy(leg->terms.owner, st->owner, sizeof(st->owner));
	leg->terms.record = (enum session_recording)st->record;
	memcpy(leg->play.name, st->play, sizeof(st->play));
	leg->play.times = st->play_times;
	leg->play.at_ms = st->play_ms;
	leg->play.over = st->play_over;
	leg->session->answered |= st->up;
	if (leg->nr != 1)
		return;
	leg->session->tape = st->tape;
	leg->session->tape_unix_s = st->tape_unix_s;
	leg->session->tape_before = st->tape > 0;
	leg->session->hushed = st->hushed;
}

static int revive_media(struct leg *leg, const struct state_leg *st)
{
	struct session_table *table = leg->session->table;
	struct sdpm_choice *whole;
	struct strm_slot *slot;
	uint64_t since;

	slot = &state_rec_hot(table->deps.state, leg->rec)->slot;
	/* indices that were used would be used again (RFC 3711, 9.1) */
	if (slot->next < st->next)
		return EBADMSG;
	whole = leg_secret_choice();
	if (!whole)
		return ENOMEM;
	*whole = st->choice;
	leg->sdp.choice = leg_secret_keep(whole);
	mem_deref(whole);
	take_terms(&leg->terms, st);
	revive_services(leg, st);
	leg->sdp.local = st->local;
	leg->sdp.answered = st->answered;
	leg->sdp.far_answer = st->far_answer;
	str_ncpy(leg->sdp.offered, st->offered, sizeof(leg->sdp.offered));
	str_ncpy(leg->sdp.why, "taken over from another process",
		 sizeof(leg->sdp.why));
	memcpy(leg->at_ms, st->at_ms, sizeof(leg->at_ms));

	strm_out_resume(&leg->out, st->ssrc, leg_codec(leg)->clock, slot,
			wheel_now(table->wheel));
	/* the counts are as old as the record; the index is not */
	since = slot->next - st->next;
	leg->out.packets = st->packets + since;
	leg->out.octets = st->octets +
			  (st->packets ? since * st->octets / st->packets : 0);
	/* what came since then, nobody knows any more */
	leg->in.packets = st->in_packets;
	leg->in.octets = st->in_octets;
	leg->in.lost_before = st->in_lost;
	report_init(&leg->report, st->ssrc, st->local.cname, slot);
	return leg->kind->speak(leg);
}

static int revive(struct session *session, uint32_t rec, struct state_leg *st)
{
	struct leg *leg;
	int err;

	if (session->legs[st->leg - 1])
		return EBADMSG;
	err = leg_alloc(&leg, session, st->leg);
	if (err)
		return err;
	leg->rec = rec;
	leg->resumes = st->resumes + 1;
	leg->stored = true;
	leg->profile = st->choice.profile;
	leg->kind = leg_kind_find(leg->profile);
	err = leg->kind->revive(leg, st);
	if (!err)
		err = revive_media(leg, st);
	if (!err)
		err = join_again(leg, st);
	if (err) {
		mem_deref(leg);
		return err;
	}
	session->legs[st->leg - 1] = leg;
	leg_log_revived(leg);
	leg_apply(leg);
	leg_figures_since(leg);
	leg_watch_start(session->table);
	leg_report_start(leg);
	return 0;
}

/* --- all of them ------------------------------------------------------------------ */

static void tell(struct session_table *table, const struct session_lost *lost)
{
	log_warn(lost->call, "not resumed", "session=%s leg=%u cause=%s",
		 lost->session, lost->leg, session_cause_name(lost->cause));
	if (table->losth)
		table->losth(lost, table->arg);
}

static void tell_session(const struct session *session, uint8_t nr,
			 enum session_cause cause)
{
	struct session_lost lost = {
		.session = session->id,
		.call = session->call,
		.tenant = session->tenant,
		.leg = nr,
		.cause = cause,
	};

	tell(session->table, &lost);
}

static int load(struct state_leg *st, struct state_file *state, uint32_t rec)
{
	const uint8_t *data;
	size_t len;
	int err = state_rec_read(state, rec, &data, &len);

	return err ? err : state_leg_unpack(st, data, len);
}

/* Is the record to blame, or everyone? */
static bool is_poison(struct state_file *state, uint32_t rec)
{
	return state_file_deaths(state) >= DEATHS_MAX ||
	       state_rec_hot(state, rec)->blame >= BLAME_MAX;
}

static int resume_leg(struct session *session, uint32_t rec,
		      struct state_leg *st)
{
	struct session_table *table = session->table;
	int err;

	if (is_poison(table->deps.state, rec))
		session->poison = true;
	if (session->poison || !st->resumable)
		return EAGAIN;

	*table->serving = rec + 1;
	err = revive(session, rec, st);
	*table->serving = 0;
	if (err)
		log_error(st->call, "leg not resumed",
			  "session=%s leg=%u err=%d", st->session, st->leg,
			  err);
	return err;
}

static void resume_loaded(struct session_table *table, uint32_t rec,
			  struct state_leg *st)
{
	struct state_file *state = table->deps.state;
	struct session *session;
	int err = session_find(&session, table, st->session);

	if (err)
		err = session_make(&session, table, st->session, st->call,
				   st->tenant);
	if (err) {
		struct session_lost lost = {
			.session = st->session,
			.call = st->call,
			.tenant = st->tenant,
			.leg = st->leg,
			.cause = SESSION_TOO_EARLY,
		};

		state_rec_free(state, rec);
		tell(table, &lost);
		return;
	}
	if (resume_leg(session, rec, st)) {
		session->not_resumed |= 1u << st->leg;
		state_rec_free(state, rec);
	}
}

static void resume_record(struct session_table *table, uint32_t rec)
{
	struct state_file *state = table->deps.state;
	struct state_leg st;
	int err = load(&st, state, rec);

	if (err) {
		log_warn(NULL, "record damaged", "record=%u", rec);
		state_rec_free(state, rec);
	} else {
		resume_loaded(table, rec, &st);
	}
	OPENSSL_cleanse(&st, sizeof(st));
}

/* --- their video ------------------------------------------------------------------- */

static bool is_video(struct state_file *state, uint32_t rec)
{
	const uint8_t *data;
	size_t len;

	return !state_rec_read(state, rec, &data, &len) &&
	       state_video_is(data, len);
}

/* Without it the call goes on as one of audio. */
static void resume_video(struct session_table *table, uint32_t rec)
{
	struct state_file *state = table->deps.state;
	struct state_video st;
	const uint8_t *data;
	struct leg *leg;
	size_t len;
	int err = state_rec_read(state, rec, &data, &len);

	if (!err)
		err = state_video_unpack(&st, data, len);
	if (!err)
		err = leg_find(&leg, table, st.session, st.leg);
	if (!err)
		err = leg_video_revive(leg, rec, &st);
	if (err) {
		log_warn(NULL, "video not resumed", "record=%u err=%d", rec,
			 err);
		state_rec_free(state, rec);
	}
	OPENSSL_cleanse(&st, sizeof(st));
}

/* --- what has become of them --------------------------------------------------------- */

static bool has_legs(const struct session *session)
{
	for (size_t i = 0; i < COUNTOF(session->legs); i++)
		if (session->legs[i])
			return true;

	return false;
}

/* All legs have been looked at. True when the session lives. The handler may
 * drop it: the caller holds a reference. */
static bool settle(struct session *session)
{
	struct session_table *table = session->table;
	uint32_t missing = session->not_resumed;

	session->not_resumed = 0;
	if (session->poison || !has_legs(session)) {
		tell_session(session, 0,
			     session->poison ? SESSION_POISON
					     : SESSION_TOO_EARLY);
		/* unless the handler has done it */
		(void)session_drop(table, session->id);
		return false;
	}
	for (uint8_t nr = 1; nr <= SESSION_LEGS_MAX; nr++)
		if (missing >> nr & 1)
			tell_session(session, nr, SESSION_TOO_EARLY);
	return true;
}

struct gather {
	struct session **list;
	size_t count;
};

static bool on_gather(struct le *le, void *arg)
{
	struct gather *gather = arg;

	gather->list[gather->count++] = mem_ref(le->data);
	return false;
}

static int settle_all(struct session_table *table, size_t *alive)
{
	struct gather all = {0};

	all.list = mem_alloc((table->count + 1) * sizeof(*all.list), NULL);
	if (!all.list)
		return ENOMEM;

	(void)hash_apply(table->sessions, on_gather, &all);
	for (size_t i = 0; i < all.count; i++) {
		*alive += settle(all.list[i]);
		mem_deref(all.list[i]);
	}
	mem_deref(all.list);
	return 0;
}

static void on_survived(void *arg)
{
	struct session_table *table = arg;

	state_file_survived(table->deps.state);
}

int session_resume_all(struct session_table *table, size_t *count)
{
	struct state_file *state = table->deps.state;
	int err;

	*count = 0;
	if (!state)
		return 0;
	for (uint32_t rec = 0; !state_rec_next(state, &rec); rec++)
		if (!is_video(state, rec))
			resume_record(table, rec);
	/* the legs are there now */
	for (uint32_t rec = 0; !state_rec_next(state, &rec); rec++)
		if (is_video(state, rec))
			resume_video(table, rec);

	err = settle_all(table, count);
	wheel_start(table->wheel, &table->survive, table->cfg.poison_ms,
		    on_survived, table);
	return err;
}
