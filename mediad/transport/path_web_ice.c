/*
 * path_web_ice.c  A browser's path: checks, addresses, consent
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/transport/path_web_priv.h"
#include "mediad/transport/reach.h"

enum {
	CONSENT_MS = 30000
};

/* --- what the mux knows of us -------------------------------------------------- */

int path_web_name_add(struct path_web *pw, const struct lite_creds *creds)
{
	struct mux_name *name = &pw->names[pw->names[0].le.list ? 1 : 0];

	mux_name_del(name);
	str_ncpy(name->ufrag, creds->ufrag, sizeof(name->ufrag));
	name->recvh = path_web_recv;
	name->arg = pw;
	return mux_name_add(pw->env->mux, name);
}

void path_web_name_del(struct path_web *pw, const struct lite_creds *creds)
{
	for (unsigned i = 0; i < 2; i++) {
		if (creds->ufrag[0] &&
		    !strcmp(pw->names[i].ufrag, creds->ufrag))
			mux_name_del(&pw->names[i]);
	}
}

static void on_tuple_gone(void *arg)
{
	mux_tuple_del(arg);
}

/* Without memory its packets are those of nobody. */
void path_web_tuple_add(struct path_web *pw, const struct sa *src, uint8_t sock)
{
	struct mux_tuple *tuple = mem_zalloc(sizeof(*tuple), on_tuple_gone);
	unsigned i = 0;

	while (i < LITE_PAIRS_MAX && pw->tuples[i])
		i++;
	if (!tuple || i == LITE_PAIRS_MAX) {
		mem_deref(tuple);
		return;
	}
	tuple->src = *src;
	tuple->sock = sock;
	tuple->recvh = path_web_recv;
	tuple->arg = pw;
	pw->tuples[i] = tuple;
	mux_tuple_add(pw->env->mux, tuple);
}

/* Where it is kept; NULL: it is not. */
static struct mux_tuple **tuple_of(struct path_web *pw, const struct sa *src,
				   uint8_t sock)
{
	for (unsigned i = 0; i < LITE_PAIRS_MAX; i++) {
		const struct mux_tuple *tuple = pw->tuples[i];

		if (tuple && tuple->sock == sock &&
		    sa_cmp(&tuple->src, src, SA_ALL))
			return &pw->tuples[i];
	}
	return NULL;
}

void path_web_unlink(struct path_web *pw)
{
	wheel_stop(&pw->consent);
	for (unsigned i = 0; i < LITE_PAIRS_MAX; i++)
		pw->tuples[i] = mem_deref(pw->tuples[i]);
	mux_name_del(&pw->names[0]);
	mux_name_del(&pw->names[1]);
}

/* --- consent ---------------------------------------------------------------------- */

static uint32_t consent_ms(const struct path_web *pw)
{
	return pw->env->consent_ms ? pw->env->consent_ms : CONSENT_MS;
}

/* A lite agent sends no checks: the peer's own, which it has to send to keep
 * its consent, are the sign that it wants to hear us (RFC 7675, 4). The timer
 * looks at their time only when it ends, so a check costs nothing. */
static void on_consent(void *arg)
{
	struct path_web *pw = arg;
	uint64_t silent = wheel_now(pw->env->wheel) - lite_heard_ms(pw->lite);

	if (silent >= consent_ms(pw))
		path_web_lose(pw, PATH_LOST_CONSENT);
	else
		wheel_start(pw->env->wheel, &pw->consent,
			    consent_ms(pw) - silent, on_consent, pw);
}

void path_web_consent_start(struct path_web *pw)
{
	if (!wheel_runs(&pw->consent))
		wheel_start(pw->env->wheel, &pw->consent, consent_ms(pw),
			    on_consent, pw);
}

/* --- checks ------------------------------------------------------------------------ */

static void send_reply(struct path_web *pw, const struct mux_packet *packet,
		       const struct lite_result *res)
{
	size_t cap;
	uint8_t *out;

	if (!res->len)
		return;
	out = mux_slot(pw->env->mux, &cap);
	memcpy(out, res->reply, res->len);
	mux_push(pw->env->mux, packet->sock, &packet->src, res->len);
}

static void update_mux(struct path_web *pw, const struct mux_packet *packet,
		       const struct lite_result *res)
{
	struct mux_tuple **gone;

	if (res->evicted) {
		gone = tuple_of(pw, &res->gone, res->gone_sock);
		if (gone)
			*gone = mem_deref(*gone);
	}
	if (res->verdict >= LITE_VALID &&
	    !tuple_of(pw, &packet->src, packet->sock))
		path_web_tuple_add(pw, &packet->src, packet->sock);
	if (res->old_ended)
		path_web_name_del(pw, &res->old);
}

/* --- what the call's log is told ------------------------------------------------- */

static const char *over(const struct path_web *pw, uint8_t sock)
{
	return mux_is_tcp(pw->env->mux, sock) ? "tcp" : "udp";
}

static void tell_refused(struct path_web *pw, const struct mux_packet *packet,
			 uint16_t code)
{
	static const struct {
		uint16_t code;
		const char *text;
	} reasons[] = {
		{0, "not allowed from there"},
		{400, "without a name or integrity"},
		{401, "another name or password"},
		{420, "an attribute that nobody knows"},
	};
	struct path_note note = {
		.event = code == 487 ? PATH_EV_CONFLICT : PATH_EV_BAD_CHECK,
		.addr = &packet->src,
		.n = code,
	};

	for (size_t i = 0; i < COUNTOF(reasons); i++)
		if (reasons[i].code == code)
			note.text = reasons[i].text;
	path_tell(&pw->base, &note);
}

static void tell_learnt(struct path_web *pw, const struct mux_packet *packet,
			const struct lite_result *res)
{
	struct path_note note = {
		.event = PATH_EV_CHECK,
		.addr = &packet->src,
		.text = over(pw, packet->sock),
	};
	struct sa local;

	if (res->added)
		path_tell(&pw->base, &note);
	if (res->verdict != LITE_SELECTED)
		return;
	note.event = PATH_EV_SELECTED;
	if (!mux_local(pw->env->mux, packet->sock, &local))
		note.local = &local;
	path_tell(&pw->base, &note);
}

void path_web_check(struct path_web *pw, const struct mux_packet *packet)
{
	struct lite_check chk = {.msg = packet->pkt,
				 .len = packet->len,
				 .src = packet->src,
				 .sock = packet->sock,
				 .now_ms = wheel_now(pw->env->wheel)};
	struct lite_result res;

	if (reach_ask(pw->env->reach, &packet->src) == REACH_DENIED) {
		++pw->base.stats.bad_checks;
		tell_refused(pw, packet, 0);
		return;
	}
	lite_recv(pw->lite, &chk, &res);
	send_reply(pw, packet, &res);
	if (res.verdict < LITE_VALID) {
		++pw->base.stats.bad_checks;
		if (res.verdict == LITE_REFUSED)
			tell_refused(pw, packet, res.code);
		return;
	}
	path_web_learnt(pw, packet, &res);
}

void path_web_learnt(struct path_web *pw, const struct mux_packet *packet,
		     const struct lite_result *res)
{
	const uint64_t now_ms = wheel_now(pw->env->wheel);
	bool stun, pair = false;

	++pw->base.stats.checks;
	update_mux(pw, packet, res);
	if (res->added || res->verdict == LITE_SELECTED)
		tell_learnt(pw, packet, res);
	stun = path_climb(&pw->base, PATH_STUN, now_ms);
	if (res->verdict == LITE_SELECTED) {
		pair = path_climb(&pw->base, PATH_PAIR, now_ms);
		assoc_moved(&pw->assoc);
		pw->base.stats.moves += !pair;
		path_web_consent_start(pw);
	}
	mem_ref(pw); /* until the last report: a handler may free us */
	if (stun)
		path_report(&pw->base, PATH_STUN);
	if (pair && mem_nrefs(pw) > 1)
		path_report(&pw->base, PATH_PAIR);
	if (mem_nrefs(pw) > 1 && (res->added || res->verdict == LITE_SELECTED))
		path_web_changed(pw);
	mem_deref(pw);
}
