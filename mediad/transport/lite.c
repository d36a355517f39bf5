/*
 * lite.c  ICE-lite agent of one leg: checks in, answers out, the pair
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/transport/lite.h"
#include "mediad/transport/lite_priv.h"
#include "mediad/transport/lite_stun.h"

enum {
	ERRORS_A_SECOND = 10, /* error answers of one agent to strangers */
	FLAP_MS = 500, /* two pairs nominated within: the better one wins */
};

/* --- credentials ------------------------------------------------------------ */

/* RFC 8839 5.4 */
static const char ice_set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz0123456789+/";

static void ice_chars(char *text, size_t len)
{
	uint8_t bytes[LITE_PWD_LEN];

	rand_bytes(bytes, len);
	for (size_t i = 0; i < len; i++)
		text[i] = ice_set[bytes[i] & 63];
	text[len] = '\0';
	memset(bytes, 0, sizeof(bytes));
}

/* Two characters of the ufrag are the slot: who gets a connection for another
 * worker knows whose it is. */
static void creds_make(struct lite_creds *creds, uint8_t slot)
{
	ice_chars(creds->ufrag, LITE_UFRAG_LEN);
	creds->ufrag[0] = ice_set[slot >> 6];
	creds->ufrag[1] = ice_set[slot & 63];
	ice_chars(creds->pwd, LITE_PWD_LEN);
}

bool lite_chars_ok(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '+' || c == '/'))
			return false;
	}
	return true;
}

int lite_slot(const struct pl *ufrag)
{
	const char *hi, *lo;

	if (ufrag->l != LITE_UFRAG_LEN || !lite_chars_ok(ufrag->p, ufrag->l))
		return -1;
	hi = strchr(ice_set, ufrag->p[0]);
	lo = strchr(ice_set, ufrag->p[1]);
	if (hi - ice_set > 3)
		return -1;
	return (int)(hi - ice_set) << 6 | (int)(lo - ice_set);
}

int lite_alloc(struct lite **litep, uint8_t slot, uint64_t now_ms)
{
	struct lite *lite = mem_zalloc(sizeof(*lite), NULL);

	if (!lite)
		return ENOMEM;
	lite->slot = slot;
	creds_make(&lite->cur.local, slot);
	lite->selected = -1;
	lite->heard_ms = now_ms;
	*litep = lite;
	return 0;
}

const struct lite_creds *lite_local(const struct lite *lite)
{
	return &lite->cur.local;
}

const struct lite_creds *lite_former(const struct lite *lite)
{
	return lite->old.local.ufrag[0] ? &lite->old.local : NULL;
}

bool lite_ufrag_ok(const struct pl *ufrag)
{
	/* RFC 8839, 5.4: 4 to 256 ice-chars */
	return ufrag->l >= 4 && ufrag->l <= LITE_REMOTE_MAX &&
	       lite_chars_ok(ufrag->p, ufrag->l);
}

int lite_remote(struct lite *lite, const struct pl *ufrag)
{
	if (!lite_ufrag_ok(ufrag))
		return EINVAL;
	memcpy(lite->cur.remote, ufrag->p, ufrag->l);
	lite->cur.remote[ufrag->l] = '\0';
	return 0;
}

bool lite_remote_differs(const struct lite *lite, const struct pl *ufrag)
{
	return lite->cur.remote[0] && pl_strcmp(ufrag, lite->cur.remote);
}

void lite_restart(struct lite *lite, struct lite_creds *ended)
{
	memset(ended, 0, sizeof(*ended));
	if (lite->selected < 0 || lite->cur_selected) {
		*ended = lite->old.local;
		lite->old = lite->cur;
	} else {
		/* the pair in use is of the old generation: it stays */
		*ended = lite->cur.local;
	}
	memset(&lite->cur, 0, sizeof(lite->cur));
	creds_make(&lite->cur.local, lite->slot);
	lite->cur_selected = false;
}

void lite_forget(struct lite *lite, uint64_t now_ms)
{
	memset(&lite->old, 0, sizeof(lite->old));
	memset(lite->pairs, 0, sizeof(lite->pairs));
	lite->selected = -1;
	lite->cur_selected = false;
	lite->heard_ms = now_ms;
}

/* --- the table of addresses -------------------------------------------------- */

static int pair_find(const struct lite *lite, const struct sa *src,
		     uint8_t sock)
{
	for (int i = 0; i < LITE_PAIRS_MAX; i++) {
		const struct lite_pair *pair = &lite->pairs[i];

		if (pair->used && pair->sock == sock &&
		    sa_cmp(&pair->addr, src, SA_ALL))
			return i;
	}
	return -1;
}

/* A free place, or that of the longest silent one; never the selected. */
static int pair_place(const struct lite *lite)
{
	int oldest = -1;

	for (int i = 0; i < LITE_PAIRS_MAX; i++) {
		const struct lite_pair *pair = &lite->pairs[i];

		if (!pair->used)
			return i;
		if (i == lite->selected)
			continue;
		if (oldest < 0 || pair->heard_ms < lite->pairs[oldest].heard_ms)
			oldest = i;
	}
	return oldest;
}

static int pair_add(struct lite *lite, const struct lite_check *chk,
		    struct lite_result *res)
{
	int i = pair_place(lite);
	struct lite_pair *pair = &lite->pairs[i];

	if (pair->used) {
		res->evicted = true;
		res->gone = pair->addr;
		res->gone_sock = pair->sock;
	}
	*pair = (struct lite_pair){.addr = chk->src,
				   .sock = chk->sock,
				   .used = true};
	return i;
}

/*
 * A check with USE-CANDIDATE. Regular nomination: the pair named last is the
 * peer's choice, as when it roams. Aggressive nomination (RFC 5245, 8.1.1.2):
 * all its pairs are named at once and the best one counts, so a pair does
 * not lose to a worse one that is named at the same time.
 */
static bool nominate(struct lite *lite, int i, bool cur, uint64_t now_ms)
{
	struct lite_pair *pair = &lite->pairs[i], *sel;
	bool newer = cur && !lite->cur_selected;

	pair->nominated_ms = now_ms;
	if (lite->selected == i && !newer)
		return false;

	sel = lite->selected < 0 ? NULL : &lite->pairs[lite->selected];
	if (sel && !newer && pair->priority < sel->priority &&
	    now_ms - sel->nominated_ms < FLAP_MS)
		return false;

	lite->selected = i;
	return true;
}

/* The new credentials carry the leg now: the former are void. */
static void end_former(struct lite *lite, struct lite_result *res)
{
	lite->cur_selected = true;
	res->old = lite->old.local;
	res->old_ended = res->old.ufrag[0];
	memset(&lite->old, 0, sizeof(lite->old));
}

static void learn(struct lite *lite, const struct lite_check *chk,
		  const struct lite_stun *st, bool cur, struct lite_result *res)
{
	int i = pair_find(lite, &chk->src, chk->sock);

	res->verdict = LITE_VALID;
	if (i < 0) {
		i = pair_add(lite, chk, res);
		res->added = true;
	}
	lite->pairs[i].heard_ms = chk->now_ms;
	lite->pairs[i].priority = st->priority;
	if (st->use_candidate && nominate(lite, i, cur, chk->now_ms)) {
		res->verdict = LITE_SELECTED;
		if (cur)
			end_former(lite, res);
	}
	if (i == lite->selected || lite->selected < 0)
		lite->heard_ms = chk->now_ms;
}

/* --- checks ------------------------------------------------------------------ */

static bool may_refuse(struct lite *lite, uint64_t now_ms)
{
	if (now_ms - lite->errors_ms >= 1000) {
		lite->errors_ms = now_ms;
		lite->errors = 0;
	}
	return lite->errors++ < ERRORS_A_SECOND;
}

struct refusal {
	uint16_t code;
	const char *reason;
	const char *pwd; /* the request was authentic: so is the answer */
};

static void refuse(struct lite *lite, const struct lite_check *chk,
		   const struct lite_stun *st, const struct refusal *ref,
		   struct lite_result *res)
{
	struct lite_stun_out out = {.msg = res->reply, .cap = LITE_REPLY_MAX};
	uint8_t types[2 * LITE_STUN_UNKNOWN_MAX];

	res->verdict = LITE_REFUSED;
	res->code = ref->code;
	/* strangers do not use up what the peer has to be told: of a conflict
	 * it changes its role by the answer alone (RFC 8445, 7.2.5.1) */
	if (!ref->pwd && !may_refuse(lite, chk->now_ms))
		return;

	lite_stun_begin(&out, LITE_STUN_ERROR, st->tid);
	lite_stun_error(&out, ref->code, ref->reason);
	if (ref->code == 420) {
		for (unsigned i = 0; i < st->nunknown; i++) {
			types[2 * i] = (uint8_t)(st->unknown[i] >> 8);
			types[2 * i + 1] = (uint8_t)st->unknown[i];
		}
		lite_stun_attr(&out, 0x000a, types, 2 * st->nunknown);
	}
	res->len = lite_stun_end(&out, ref->pwd);
	/* to a source that may be forged, never more than it sent */
	if (!ref->pwd && res->len > chk->len)
		res->len = 0;
}

static void answer(const struct lite_check *chk, const struct lite_stun *st,
		   const char *pwd, struct lite_result *res)
{
	struct lite_stun_out out = {.msg = res->reply, .cap = LITE_REPLY_MAX};

	lite_stun_begin(&out, LITE_STUN_SUCCESS, st->tid);
	lite_stun_mapped(&out, &chk->src);
	res->len = lite_stun_end(&out, pwd);
}

/* The credentials that a check names, NULL: none of ours. */
static const struct lite_gen *generation(const struct lite *lite,
					 const struct lite_stun *st)
{
	const struct lite_gen *gens[] = {&lite->cur, &lite->old};
	struct pl local, remote;

	if (lite_stun_user(st, &local, &remote))
		return NULL;
	for (unsigned i = 0; i < 2; i++) {
		const struct lite_gen *gen = gens[i];

		if (!gen->local.ufrag[0] || pl_strcmp(&local, gen->local.ufrag))
			continue;
		/* a check may come before the far SDP does (RFC 8445, 7.3) */
		if (gen->remote[0] && pl_strcmp(&remote, gen->remote))
			return NULL;
		return gen;
	}
	return NULL;
}

/* RFC 8489, 6.3.1 and 9.1.3; RFC 8445, 7.3. False: refused. */
static bool judge(const struct lite_check *chk, const struct lite_stun *st,
		  const struct lite_gen *gen, struct refusal *ref)
{
	if (!st->username.p || !st->mi) {
		*ref = (struct refusal){400, "Bad Request", NULL};
		return false;
	}
	if (!gen || !lite_stun_authentic(st, chk->msg, gen->local.pwd)) {
		*ref = (struct refusal){401, "Unauthenticated", NULL};
		return false;
	}
	if (st->nunknown) {
		*ref = (struct refusal){420, "Unknown Attribute",
					gen->local.pwd};
		return false;
	}
	/* a lite agent is always controlled (RFC 8445, 6.1.1): the peer has to
	 * take the other role (7.3.1.1) */
	if (st->controlled) {
		*ref = (struct refusal){487, "Role Conflict", gen->local.pwd};
		return false;
	}
	return true;
}

void lite_recv(struct lite *lite, const struct lite_check *chk,
	       struct lite_result *res)
{
	const struct lite_gen *gen;
	struct lite_stun st;
	struct refusal ref;

	memset(res, 0, sizeof(*res));
	if (lite_stun_read(&st, chk->msg, chk->len) ||
	    st.type != LITE_STUN_REQUEST)
		return;

	gen = generation(lite, &st);
	if (!judge(chk, &st, gen, &ref)) {
		refuse(lite, chk, &st, &ref, res);
		return;
	}
	answer(chk, &st, gen->local.pwd, res);
	learn(lite, chk, &st, gen == &lite->cur, res);
}

void lite_confirm(struct lite *lite, const struct lite_check *chk,
		  bool nominated, struct lite_result *res)
{
	const struct lite_stun st = {.use_candidate = nominated};

	memset(res, 0, sizeof(*res));
	learn(lite, chk, &st, true, res);
}

int lite_route(struct pl *ufrag, const uint8_t *msg, size_t len)
{
	struct lite_stun st;
	struct pl remote;

	if (lite_stun_read(&st, msg, len))
		return EBADMSG;
	if (st.type == LITE_STUN_SUCCESS) {
		ufrag->p = (const char *)st.tid;
		ufrag->l = LITE_STUN_TID;
		return 0;
	}
	return st.type != LITE_STUN_REQUEST ? EBADMSG : lite_stun_user(&st, ufrag, &remote);
}

/* --- queries ----------------------------------------------------------------- */

bool lite_is_valid(const struct lite *lite, const struct sa *src, uint8_t sock)
{
	return pair_find(lite, src, sock) >= 0;
}

bool lite_pair(const struct lite *lite, unsigned i, struct sa *peer,
	       uint8_t *sock)
{
	if (i >= LITE_PAIRS_MAX || !lite->pairs[i].used)
		return false;
	*peer = lite->pairs[i].addr;
	*sock = lite->pairs[i].sock;
	return true;
}

bool lite_selected(const struct lite *lite, struct sa *peer, uint8_t *sock)
{
	return lite->selected >= 0 &&
	       lite_pair(lite, (unsigned)lite->selected, peer, sock);
}

bool lite_settled(const struct lite *lite)
{
	return lite->selected >= 0 && lite->cur_selected;
}

uint64_t lite_heard_ms(const struct lite *lite)
{
	return lite->heard_ms;
}
