/*
 * move.c  A call goes to another media worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/control/ctl_gone.h"
#include "common/fault.h"
#include "common/id.h"
#include "common/log.h"
#include "common/wheel.h"
#include "sigd/call/call_move.h"
#include "sigd/media/media_client.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/end/call_due.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/move/move.h"
#include "sigd/proxy/move/move_leg.h"

enum {
	T1_MS = 500,
	LIMIT_T1 = 9,  /* times T1: for both sides */
	DURABLE_MS = 1000, /* so much later others end it */
	REST_MS = 30000,   /* what could not be moved is left alone */
};

struct move {
	struct le le;
	struct proxy *px;
	struct call_move_params place; /* link, call, from, to */
	char call[17];
	bool alive; /* where it is */
	bool rests; /* there it stays for a while */
	struct call_move *claim;
	struct call_ask *ask;
	struct wheel_timer limit;
	uint64_t begun_ms;
	struct call_record *rec; /* NULL: not claimed yet */
	struct call_forms *forms;
	struct move_leg *leg; /* of the side that is told now */
	unsigned order[CALL_SIDES], nsides, next;
	uint32_t session_s; /* the shortest timer of a side; 0: none */
};

static void destructor(void *data)
{
	struct move *move = data;

	list_unlink(&move->le);
	wheel_stop(&move->limit);
	mem_deref(move->claim);
	mem_deref(move->ask);
	mem_deref(move->leg);
	mem_deref(move->rec);
	mem_deref(move->forms);
}

/* --- how it ends ------------------------------------------------------------------- */

static void session_drop(const struct move *move,
			 const struct call_place *place)
{
	struct ctl_req req = {.verb = CTL_SESSION_DROP,
			      .end = {.reason = STATUS_REPLACED}};

	str_ncpy(req.session, place->session, sizeof(req.session));
	(void)media_client_tell(move->px->deps.media, place->media, &req);
}

static void told(const struct move *move, const char *kind, const char *why)
{
	const struct diary_move what = {kind, move->place.from.media,
					move->place.to.media, why};

	diary_moved(move->px, move->call, &what);
}

static void moved(struct move *move)
{
	struct proxy *px = move->px;

	log_info(move->call, "moved to another media worker",
		 "from=%s to=%s ms=%llu", move->place.from.media,
		 move->place.to.media,
		 (unsigned long long)(wheel_now(px->deps.wheel) -
				      move->begun_ms));
	told(move, "media.moved", NULL);
	call_due_refresh(px, move->rec, move->session_s);
	if (move->alive)
		session_drop(move, &move->place.from);
	++px->counts.moved;
	mem_deref(move);
}

static void on_rested(void *arg)
{
	mem_deref(arg);
}

/* Where it was it is well; nobody has agreed to anything else. */
static void stay(struct move *move)
{
	call_move_back(&move->place);
	session_drop(move, &move->place.to);
	/* whoever refreshes it says how long; till then the longest call */
	call_due_refresh(move->px, move->rec, 0);
	move->rests = true;
	wheel_start(move->px->deps.wheel, &move->limit, REST_MS, on_rested,
		    move);
}

static void failed(struct move *move, enum status code)
{
	struct proxy *px = move->px;

	log_warn(move->call, "not moved to another media worker",
		 "from=%s to=%s side=%u why=%s", move->place.from.media,
		 move->place.to.media, move->order[move->next],
		 status_text(code));
	told(move, "media.not-moved", status_text(code));
	++px->counts.unmoved;
	if (move->alive && !move->next) {
		stay(move);
		return;
	}
	if (move->alive)
		session_drop(move, &move->place.from);
	if (!hangup_is_here(px, move->call))
		hangup_sides(px, move->rec, HANGUP_BOTH,
			     STATUS_MEDIA_NODE_LOST);
	mem_deref(move);
}

static void on_limit(void *arg)
{
	failed(arg, STATUS_TIMEOUT);
}

/* --- one side after the other ------------------------------------------------------- */

static void on_leg(enum status code, uint32_t session_s, void *arg);

static void next_side(struct move *move)
{
	const unsigned side = move->order[move->next];
	const struct move_leg_params params = {
		.rec = move->rec,
		.side = side,
		.form = move->forms->side[side],
		.join = move->next + 1 == move->nsides,
		.h = on_leg,
		.arg = move};
	const int err = move_leg_start(&move->leg, move->px, &params);

	if (err)
		failed(move, status_of_errno(err));
}

static void on_leg(enum status code, uint32_t session_s, void *arg)
{
	struct move *move = arg;

	move->leg = mem_deref(move->leg);
	if (code != STATUS_OK) {
		failed(move, code);
		return;
	}
	if (session_s && (!move->session_s || session_s < move->session_s))
		move->session_s = session_s;
	(void)FAULT("sigd.move.side");
	if (++move->next == move->nsides)
		moved(move);
	else
		next_side(move);
}

/* A PBX answers at once, and what it has chosen a browser can follow; of two
 * of a kind the callee. A service of ours is told nothing. */
static void order_make(struct move *move)
{
	const struct call_record *rec = move->rec;
	const struct call_side *caller = &rec->side[CALL_CALLER];
	const struct call_side *callee = &rec->side[CALL_CALLEE];
	const bool caller_first = callee->profile == CTL_BROWSER &&
				  caller->profile != CTL_BROWSER;

	if (!callee->flow_len) {
		move->order[0] = CALL_CALLER;
		move->nsides = 1;
		return;
	}
	move->order[0] = caller_first ? CALL_CALLER : CALL_CALLEE;
	move->order[1] = !move->order[0];
	move->nsides = 2;
}

static void other_prepare(const struct move *move)
{
	const unsigned side = move->order[1];
	const struct move_leg_params params = {
		.rec = move->rec,
		.side = side,
		.form = move->forms->side[side]};

	if (move->nsides == 2)
		move_leg_prepare(move->px, &params);
}

/* --- its beginning ------------------------------------------------------------------ */

static uint32_t limit_ms(const struct proxy *px)
{
	const uint32_t t1 = px->cfg.txn.t1 ? px->cfg.txn.t1 : T1_MS;

	return LIMIT_T1 * t1;
}

static int keep(struct move *move, const struct call_record *rec,
		const struct call_forms *forms)
{
	move->rec = mem_alloc(sizeof(*rec), NULL);
	move->forms = mem_zalloc(sizeof(*move->forms), NULL);
	if (!move->rec || !move->forms)
		return ENOMEM;
	*move->rec = *rec;
	if (forms)
		*move->forms = *forms;
	return 0;
}

static void on_claimed(enum status code, const struct call_record *rec,
		       const struct call_forms *forms, void *arg)
{
	struct move *move = arg;
	struct proxy *px = move->px;
	const uint32_t ms = limit_ms(px);
	const int err = code == STATUS_OK ? keep(move, rec, forms) : 0;

	/* over meanwhile, or moved; or Redis is away: it is found again */
	if (code != STATUS_OK || err) {
		move->claim = mem_deref(move->claim);
		mem_deref(move);
		return;
	}
	move->claim = mem_deref(move->claim);
	told(move, "media.moving", NULL);
	call_due_moving(px, move->call, ms + DURABLE_MS);
	(void)FAULT("sigd.move.claimed");
	wheel_start(px->deps.wheel, &move->limit, ms, on_limit, move);
	order_make(move);
	other_prepare(move);
	next_side(move);
}

/* Nobody can take it. */
static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct move *move = arg;
	struct proxy *px = move->px;

	move->ask = mem_deref(move->ask);
	if (code == STATUS_OK && rec->state == CALL_UP &&
	    !strcmp(rec->session, move->place.from.session) &&
	    !hangup_is_here(px, move->call)) {
		log_warn(move->call, "no other media worker: the call ends",
			 "from=%s", move->place.from.media);
		told(move, "media.not-moved",
		     status_text(STATUS_NO_MEDIA_NODE));
		++px->counts.unmoved;
		hangup_sides(px, rec, HANGUP_BOTH, STATUS_MEDIA_NODE_LOST);
	}
	mem_deref(move);
}

/* Workers of one node show browsers the same certificate: then these see no
 * reason for a new DTLS handshake (RFC 8122 6.2), and there are no keys. */
static const char *elsewhere(const struct move *move)
{
	char node[COOKIE_MEDIA_MAX + 1];

	str_ncpy(node, move->place.from.media, sizeof(node));
	node[strcspn(node, "/")] = '\0';
	return media_client_pick(move->px->deps.media, node);
}

static int begin(struct move *move)
{
	struct proxy *px = move->px;
	struct call_place *from = &move->place.from, *to = &move->place.to;
	const char *media = elsewhere(move);

	if (!move->alive)
		ctl_gone_fence(px->deps.redis, from->media, from->session);
	if (media) {
		str_ncpy(to->media, media, sizeof(to->media));
		id_make(to->session);
		return call_move(&move->claim, &move->place, on_claimed, move);
	}
	return move->alive ? ENOENT
			   : call_record_load(&move->ask, px->deps.redis,
					      move->call, on_record, move);
}

static bool is_moving(const struct proxy *px, const char *call)
{
	struct le *le;

	LIST_FOREACH(&px->moves, le) {
		const struct move *move = le->data;

		if (!strcmp(move->call, call))
			return true;
	}
	return false;
}

void move_start(struct proxy *px, const struct move_params *params)
{
	struct move *move;

	if (is_moving(px, params->call) || hangup_is_here(px, params->call))
		return;
	move = mem_zalloc(sizeof(*move), destructor);
	if (!move)
		return;
	move->px = px;
	move->alive = params->alive;
	move->begun_ms = wheel_now(px->deps.wheel);
	str_ncpy(move->call, params->call, sizeof(move->call));
	move->place.link = px->deps.redis;
	move->place.call = move->call;
	str_ncpy(move->place.from.session, params->session,
		 sizeof(move->place.from.session));
	str_ncpy(move->place.from.media, params->media,
		 sizeof(move->place.from.media));
	list_append(&px->moves, &move->le, move);
	if (begin(move))
		mem_deref(move);
}

uint32_t move_count(const struct proxy *px)
{
	uint32_t n = 0;
	struct le *le;

	LIST_FOREACH(&px->moves, le) {
		const struct move *move = le->data;

		n += !move->rests;
	}
	return n;
}
