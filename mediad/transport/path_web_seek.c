/*
 * path_web_seek.c  A browser's path whose far side is ICE-lite: our checks
 *
 * Two lite agents would wait for each other, so where the far side is one we
 * are the full and controlling one (RFC 8445, 6.1.1): its candidates are
 * checked from each socket, one check each TA_MS, best first; the first that
 * answers is nominated (regular nomination, 8.1.1) and then checked on, to keep
 * its consent and ours (RFC 7675, 5.1). A transaction id is a name at the mux
 * as our ufrags are, by which the answer comes here; it counts when it is
 * authentic and from where the check went (7.2.5.2.1).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/transport/lite_stun.h"
#include "mediad/transport/path_web_priv.h"

enum {
	TA_MS = 50,      /* between two checks (RFC 8445, 14.2) */
	RTO_MS = 500,    /* a check is sent again after that, and twice that, */
	TRIES_MAX = 7,   /* so often (RFC 8489, 6.2.1) */
	CONSENT_MS = 5000, /* by 0.8 to 1.2, each drawn (RFC 7675, 5.1) */
	PAIRS_MAX = 2 * LITE_PAIRS_MAX, /* all candidates from two interfaces */
	CHECK_MAX = 700,
	PWD_MAX = 256, /* RFC 8839, 5.4 */
};

/* Where the far side may be, and a socket of ours. */
struct seek_pair {
	struct sa addr;
	uint64_t due_ms;
	struct mux_name ask; /* the latest check's transaction id */
	uint8_t sock, tries;
	bool nominating; /* that check had USE-CANDIDATE */
	bool valid;
};

struct path_seek {
	struct path_web *pw;
	struct wheel_timer timer;
	uint64_t tie;
	char ufrag[LITE_REMOTE_MAX + 1], pwd[PWD_MAX + 1];
	struct seek_pair pairs[PAIRS_MAX];
	unsigned npairs;
	int chosen; /* of pairs; -1: none yet */
};

static void destructor(void *arg)
{
	struct path_seek *seek = arg;

	wheel_stop(&seek->timer);
	for (unsigned i = 0; i < seek->npairs; i++)
		mux_name_del(&seek->pairs[i].ask);
}

/* --- checks out --------------------------------------------------------------- */

/* The type preference of what the far side sees: peer-reflexive. */
static const uint8_t priority[4] = {0x6e, 0x7f, 0x1e, 0xff};

static size_t check_write(const struct path_seek *seek,
			  const struct seek_pair *pair, uint8_t *msg,
			  size_t cap)
{
	struct lite_stun_out out = {.msg = msg, .cap = cap};
	char user[LITE_REMOTE_MAX + LITE_UFRAG_LEN + 2];

	(void)re_snprintf(user, sizeof(user), "%s:%s", seek->ufrag,
			  lite_local(seek->pw->lite)->ufrag);
	lite_stun_begin(&out, LITE_STUN_REQUEST,
			(const uint8_t *)pair->ask.ufrag);
	lite_stun_attr(&out, LITE_STUN_USERNAME, user, strlen(user));
	lite_stun_attr(&out, LITE_STUN_PRIORITY, priority, sizeof(priority));
	lite_stun_attr(&out, LITE_STUN_CONTROLLING, &seek->tie,
		       sizeof(seek->tie));
	if (pair->nominating)
		lite_stun_attr(&out, LITE_STUN_USE_CANDIDATE, NULL, 0);
	return lite_stun_end(&out, seek->pwd);
}

static void check_send(struct path_seek *seek, struct seek_pair *pair)
{
	struct path_web *pw = seek->pw;
	struct mux *mux = pw->env->mux;
	uint8_t *out;
	size_t cap, len;

	mux_name_del(&pair->ask);
	rand_str(pair->ask.ufrag, LITE_STUN_TID + 1);
	pair->ask.recvh = path_web_recv;
	pair->ask.arg = pw;
	if (mux_name_add(mux, &pair->ask))
		return; /* the next one has another */
	out = mux_slot(mux, &cap);
	len = check_write(seek, pair, out, cap < CHECK_MAX ? cap : CHECK_MAX);
	if (len)
		mux_push(mux, pair->sock, &pair->addr, len);
}

/* Until the next check of the chosen pair. */
static uint64_t consent_ms(void)
{
	return CONSENT_MS * 4 / 5 + rand_u32() % (CONSENT_MS * 2 / 5);
}

/* RFC 8445, 14.3: none is sent again before all were sent once. */
static uint64_t rto_ms(const struct path_seek *seek)
{
	const uint64_t all = (uint64_t)TA_MS * seek->npairs;

	return all > RTO_MS ? all : RTO_MS;
}

static void check_again(struct path_seek *seek, struct seek_pair *pair,
			uint64_t now_ms)
{
	if (seek->chosen >= 0)
		pair->due_ms = now_ms + consent_ms();
	else
		pair->due_ms = now_ms + (rto_ms(seek) << pair->tries);
	++pair->tries;
	pair->nominating = pair->valid;
	check_send(seek, pair);
}

static void on_time(void *arg);

static void arm(struct path_seek *seek, uint64_t ms)
{
	wheel_start(seek->pw->env->wheel, &seek->timer, ms, on_time, seek);
}

/* The next one whose time has come; NULL: none has. *more: some time it will
 * be one's. */
static struct seek_pair *due(struct path_seek *seek, uint64_t now_ms,
			     bool *more)
{
	struct seek_pair *found = NULL;

	*more = false;
	for (unsigned i = 0; i < seek->npairs; i++) {
		struct seek_pair *pair = &seek->pairs[i];

		if (pair->tries >= TRIES_MAX)
			continue;
		*more = true;
		if (pair->due_ms <= now_ms && !found)
			found = pair;
	}
	return found;
}

static void on_time(void *arg)
{
	struct path_seek *seek = arg;
	const uint64_t now_ms = wheel_now(seek->pw->env->wheel);
	struct seek_pair *pair;
	bool more;

	if (seek->pw->lost)
		return;
	if (seek->chosen >= 0) {
		pair = &seek->pairs[seek->chosen];
		check_again(seek, pair, now_ms);
		pair->tries = 0;
		arm(seek, pair->due_ms - now_ms);
		return;
	}
	pair = due(seek, now_ms, &more);
	if (pair)
		check_again(seek, pair, now_ms);
	if (more)
		arm(seek, TA_MS);
}

/* --- answers in --------------------------------------------------------------------- */

static struct seek_pair *asked(struct path_seek *seek,
			       const struct mux_packet *packet,
			       const struct lite_stun *st)
{
	for (unsigned i = 0; i < seek->npairs; i++) {
		struct seek_pair *pair = &seek->pairs[i];

		if (!memcmp(pair->ask.ufrag, st->tid, LITE_STUN_TID) &&
		    pair->sock == packet->sock &&
		    sa_cmp(&pair->addr, &packet->src, SA_ALL))
			return pair;
	}
	return NULL;
}

static bool is_chosen(const struct path_seek *seek,
		      const struct seek_pair *pair)
{
	return seek->chosen == (int)(pair - seek->pairs);
}

/* The first answer of a pair asks for its nomination; that one's chooses it. */
static void advance(struct path_seek *seek, struct seek_pair *pair,
		    uint64_t now_ms)
{
	const bool open = seek->chosen < 0, first = open && !pair->valid;

	pair->valid = true;
	if (open && pair->nominating)
		seek->chosen = (int)(pair - seek->pairs);
	if (first) {
		/* the others wait for what becomes of it */
		pair->tries = 0;
		check_again(seek, pair, now_ms);
		/* the clock has stopped when all had their last check */
		arm(seek, TA_MS);
	} else if (open && is_chosen(seek, pair)) {
		/* later answers leave the time that was drawn for the next */
		arm(seek, consent_ms());
	}
}

bool path_web_answered(struct path_web *pw, const struct mux_packet *packet)
{
	struct lite_check chk = {.src = packet->src,
				 .sock = packet->sock,
				 .now_ms = wheel_now(pw->env->wheel)};
	struct path_seek *seek = pw->seek;
	struct seek_pair *pair;
	struct lite_result res;
	struct lite_stun st;
	bool asked_to, nominated;

	if (!seek || pw->lost || lite_stun_read(&st, packet->pkt, packet->len))
		return false;
	pair = asked(seek, packet, &st);
	if (!pair || st.type != LITE_STUN_SUCCESS ||
	    !lite_stun_authentic(&st, packet->pkt, seek->pwd)) {
		++pw->base.stats.bad_checks;
		return false;
	}
	asked_to = pair->nominating;
	mux_name_del(&pair->ask);
	pair->ask.ufrag[0] = '\0'; /* once */
	advance(seek, pair, chk.now_ms);
	/* another one's nomination may have been on its way, too */
	nominated = asked_to && is_chosen(seek, pair);
	lite_confirm(pw->lite, &chk, nominated, &res);
	path_web_learnt(pw, packet, &res);
	return true;
}

/* --- whom to seek ---------------------------------------------------------------------- */

static void pair_add(struct path_seek *seek, const struct sa *addr,
		     uint8_t sock)
{
	struct seek_pair *pair;

	if (seek->npairs == PAIRS_MAX)
		return;
	for (unsigned i = 0; i < seek->npairs; i++)
		if (seek->pairs[i].sock == sock &&
		    sa_cmp(&seek->pairs[i].addr, addr, SA_ALL))
			return;
	pair = &seek->pairs[seek->npairs++];
	pair->addr = *addr;
	pair->sock = sock;
}

/* Which interface leads there nobody knows. There may be more pairs than
 * room: one is as good as its candidate's place and its socket's together. */
static void pairs_add(struct path_seek *seek, const struct mux *mux,
		      const struct path_web_remote *rem)
{
	for (size_t sum = 0; sum < rem->ncands + MUX_SOCKS_MAX; sum++) {
		for (size_t i = 0; i <= sum && i < rem->ncands; i++) {
			const struct sa *addr = &rem->cands[i];
			uint8_t sock;

			if (!mux_sock_of(mux, sa_af(addr), (unsigned)(sum - i),
					 &sock))
				pair_add(seek, addr, sock);
		}
	}
}

static int seek_make(struct path_seek **seekp, struct path_web *pw,
		     const struct path_web_remote *rem)
{
	struct path_seek *seek;

	if (!rem->pwd.l || rem->pwd.l > PWD_MAX)
		return EINVAL;
	seek = mem_zalloc(sizeof(*seek), destructor);
	if (!seek)
		return ENOMEM;
	seek->pw = pw;
	seek->chosen = -1;
	seek->tie = rand_u64();
	(void)pl_strcpy(&rem->ufrag, seek->ufrag, sizeof(seek->ufrag));
	(void)pl_strcpy(&rem->pwd, seek->pwd, sizeof(seek->pwd));
	*seekp = seek;
	return 0;
}

int path_web_keep(struct path *path, const struct path_web_remote *remote)
{
	return path_web_seek(path_web_self(path), remote);
}

int path_web_seek(struct path_web *pw, const struct path_web_remote *rem)
{
	struct path_seek *seek;
	struct sa addr;
	uint8_t sock;
	int err;

	if (!rem->lite) {
		pw->seek = mem_deref(pw->seek);
		return 0;
	}
	if (pw->seek && !pl_strcmp(&rem->ufrag, pw->seek->ufrag) &&
	    !pl_strcmp(&rem->pwd, pw->seek->pwd))
		return 0;
	err = seek_make(&seek, pw, rem);
	if (err)
		return err;
	/* with these credentials there was one before: a process has died */
	if (lite_selected(pw->lite, &addr, &sock) && !pw->seek && !rem->ncands) {
		pair_add(seek, &addr, sock);
		seek->pairs[0].valid = true;
		seek->chosen = 0;
	}
	pairs_add(seek, pw->env->mux, rem);
	mem_deref(pw->seek);
	pw->seek = seek;
	if (seek->npairs)
		arm(seek, 0);
	return 0;
}
