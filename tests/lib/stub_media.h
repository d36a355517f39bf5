/*
 * stub_media.h  mediad played by a test, as far as sigd sees it
 *
 * Defines the functions of sigd/media/media_client.h: for one file of a test
 * program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_STUB_MEDIA_H
#define TESTS_LIB_STUB_MEDIA_H

#include <re.h>

#include "common/wheel.h"
#include "sigd/media/media_client.h"
#include "tests/lib/test.h"

struct media_client {
	struct wheel *wheel;
	enum status refuse; /* answer of leg.remote */
	enum status drop;   /* of the first session.drop */
	bool away;
	enum status no_digit; /* answer of leg.digit */
	char digits[64];      /* that were pressed: leg, key */
	uint32_t sound_ms;    /* how long a sound plays; 0: there is none */
	bool spare;         /* there is another worker, that refuses nothing */
	uint8_t slow_leg;   /* its offer takes 100 ms */
	uint8_t refuse_leg; /* refused is this one's alone */
	uint8_t no_offer;   /* of this leg none can be made */
	bool leaving;     /* m1/1 wants its sessions moved */
	char session[17]; /* that was asked for last */
	char at[32];      /* ... and where */
	unsigned pending;
	unsigned asked[CTL_VERB_COUNT];
	/* what was said of each leg, last */
	struct {
		enum ctl_profile profile;
		enum ctl_source source;
		enum ctl_digits digits;
		char codecs[64];
		char networks[64];
		char sdp[256]; /* of its far side */
		char form[64]; /* that it was to be made like */
		bool dropped;
		uint8_t peer;
		char sound[40]; /* joined with it: "name*times" */
		char music[40], fork[40];
		char owner[40];
		enum ctl_recording record;
		/* RFC 3264: whose offer is open */
		bool open_local, open_remote;
	} leg[CTL_LEG_MAX + 1];
};

struct media_ask {
	struct wheel_timer timer;
	struct media_client *client;
	struct ctl_req req;
	bool spare;
	media_answer_h *h;
	void *arg;
};

static const char sdp_answer[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n";

const char *media_client_pick(struct media_client *client, const char *but)
{
	if (but)
		return client->spare ? "m2/1" : NULL;
	return client->away ? NULL : "m1/1";
}

const char *media_client_leaving(const struct media_client *client, size_t *at)
{
	return client->leaving && !(*at)++ ? "m1/1" : NULL;
}

static inline void ask_destructor(void *data)
{
	struct media_ask *ask = data;

	ask->client->pending--;
	wheel_stop(&ask->timer);
}

/* One offer of a leg at a time; the far side may replace its own. */
static inline enum status media_turn(struct media_client *client,
				     const struct ctl_req *req)
{
	const bool remote = req->verb == CTL_LEG_REMOTE;
	const uint8_t nr = remote ? req->remote.leg : req->local.leg;
	bool *mine = remote ? &client->leg[nr].open_remote
			    : &client->leg[nr].open_local;
	bool *other = remote ? &client->leg[nr].open_local
			     : &client->leg[nr].open_remote;

	if ((remote ? req->remote.kind : req->local.want) == CTL_ANSWER)
		*other = false;
	else if (*other)
		return STATUS_OFFER_PENDING;
	else
		*mine = true;
	return STATUS_OK;
}

static inline void on_ask(void *arg)
{
	struct media_ask *ask = arg;
	struct ctl_ans ans = {.status = STATUS_OK};
	char sdp[128];

	if (ask->req.verb == CTL_LEG_REMOTE && !ask->spare &&
	    (!ask->client->refuse_leg ||
	     ask->client->refuse_leg == ask->req.remote.leg))
		ans.status = ask->client->refuse;
	if (ans.status == STATUS_OK &&
	    (ask->req.verb == CTL_LEG_REMOTE || ask->req.verb == CTL_LEG_LOCAL))
		ans.status = media_turn(ask->client, &ask->req);
	if (ask->req.verb == CTL_LEG_JOIN && ask->req.join.sound.l) {
		ans.ms = ask->req.join.times * ask->client->sound_ms;
		if (!ask->client->sound_ms)
			ans.status = STATUS_UNKNOWN_SERVICE;
	}
	if (ask->req.verb == CTL_LEG_DIGIT)
		ans.status = ask->client->no_digit;
	if (ask->req.verb == CTL_SESSION_DROP) {
		ans.status = ask->client->drop;
		ask->client->drop = STATUS_OK;
	}
	if (ask->req.verb == CTL_LEG_LOCAL && ask->client->no_offer &&
	    ask->req.local.leg == ask->client->no_offer) {
		ans.status = STATUS_NO_PORT;
	} else if (ask->req.verb == CTL_LEG_LOCAL && ans.status == STATUS_OK) {
		/* unlike the real one it never says the same twice: who needs
		 * the same bytes keeps them */
		re_snprintf(sdp, sizeof(sdp), "%ss=leg %u\r\ni=%u\r\n",
			    sdp_answer, ask->req.local.leg,
			    ask->client->asked[CTL_LEG_LOCAL]);
		pl_set_str(&ans.sdp, sdp);
	}
	ask->h(&ans, ask->arg);
}

static inline void media_terms(struct media_client *client, uint8_t leg,
			       const struct ctl_terms *terms)
{
	client->leg[leg].source = terms->source;
	client->leg[leg].digits = terms->digits;
	client->leg[leg].record = terms->record;
	if (terms->music.p)
		(void)pl_strcpy(&terms->music, client->leg[leg].music, 40);
	if (terms->fork.p)
		(void)pl_strcpy(&terms->fork, client->leg[leg].fork, 40);
	if (terms->owner.p)
		(void)pl_strcpy(&terms->owner, client->leg[leg].owner, 40);
	if (terms->codecs.p)
		(void)pl_strcpy(&terms->codecs, client->leg[leg].codecs,
				sizeof(client->leg[0].codecs));
	if (terms->networks.p)
		(void)pl_strcpy(&terms->networks, client->leg[leg].networks,
				sizeof(client->leg[0].networks));
}

static inline void media_note(struct media_client *client,
			      const struct ctl_req *req)
{
	client->asked[req->verb]++;
	if (req->verb == CTL_LEG_REMOTE) {
		client->leg[req->remote.leg].profile = req->remote.profile;
		if (req->remote.kind == CTL_OFFER)
			media_terms(client, req->remote.leg,
				    &req->remote.terms);
		(void)pl_strcpy(&req->remote.sdp,
				client->leg[req->remote.leg].sdp,
				sizeof(client->leg[0].sdp));
	} else if (req->verb == CTL_LEG_LOCAL) {
		client->leg[req->local.leg].profile = req->local.profile;
		if (req->local.want == CTL_OFFER)
			media_terms(client, req->local.leg, &req->local.terms);
		(void)pl_strcpy(&req->local.form,
				client->leg[req->local.leg].form,
				sizeof(client->leg[0].form));
	} else if (req->verb == CTL_LEG_JOIN) {
		client->leg[req->join.leg].peer = req->join.peer;
		client->leg[req->join.leg].sound[0] = '\0';
		if (req->join.sound.l)
			re_snprintf(client->leg[req->join.leg].sound, 40,
				    "%r*%u", &req->join.sound,
				    req->join.times);
	} else if (req->verb == CTL_LEG_DIGIT) {
		size_t len = strlen(client->digits);

		re_snprintf(client->digits + len, sizeof(client->digits) - len,
			    "%u:%u/%u%s ", req->digit.leg, req->digit.code,
			    req->digit.ms, req->digit.tones ? "t" : "");
	} else if (req->verb == CTL_LEG_ROLLBACK) {
		client->leg[req->rollback.leg].open_local = false;
		client->leg[req->rollback.leg].open_remote = false;
	} else if (req->verb == CTL_LEG_DROP) {
		client->leg[req->drop.leg].dropped = true;
	}
}

int media_client_ask(struct media_ask **askp, struct media_client *client,
		     const char *at, const struct ctl_req *req,
		     media_answer_h *h, void *arg)
{
	struct media_ask *ask = mem_zalloc(sizeof(*ask), ask_destructor);

	CHECK(!strcmp(at, "m1/1") ||
	      (client->spare && !strcmp(at, "m2/1")));
	media_note(client, req);
	str_ncpy(client->session, req->session, sizeof(client->session));
	str_ncpy(client->at, at, sizeof(client->at));
	*ask = (struct media_ask){.client = client,
				  .req = *req,
				  .spare = !strcmp(at, "m2/1"),
				  .h = h,
				  .arg = arg};
	client->pending++;
	wheel_start(client->wheel, &ask->timer,
		    req->verb == CTL_LEG_LOCAL && client->slow_leg &&
				    req->local.leg == client->slow_leg
			    ? 100
			    : 1,
		    on_ask, ask);
	*askp = ask;
	return 0;
}

int media_client_tell(struct media_client *client, const char *at,
		      const struct ctl_req *req)
{
	(void)at;
	media_note(client, req);
	return 0;
}

#endif
