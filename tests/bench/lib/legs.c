/*
 * legs.c  Calls through mediad, asked for as sigd asks
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_client.h"
#include "common/control/ctl_node.h"
#include "common/keyring.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/legs.h"
#include "tests/bench/lib/stack.h"

#define WORKER "bench/1"

enum {
	WAIT_MS = 10000,
	TTL_MS = 5000
};

static bool ready(void *arg)
{
	const struct legs *legs = arg;

	return ctl_nodes_find(legs->nodes, WORKER) &&
	       ctl_client_ready(legs->client);
}

void legs_open(struct legs *legs, struct loop_test *lt,
	       const struct stack *stack)
{
	struct ctl_peer peer;
	char keys[128];

	memset(legs, 0, sizeof(*legs));
	legs->lt = lt;
	snprintf(legs->sock, sizeof(legs->sock), "%s/redis.sock", stack->dir);
	snprintf(keys, sizeof(keys), "%s/keys", stack->dir);
	legs->cfg.path = legs->sock;
	if (keyring_load(&legs->ring, keys, NULL, 0) ||
	    redis_link_alloc(&legs->link, &legs->cfg, lt->wheel, NULL, NULL))
		bench_die("no way to Redis");
	peer = (struct ctl_peer){.addr = "legs/1",
				 .epoch = 1,
				 .link = legs->link,
				 .cfg = &legs->cfg,
				 .ring = legs->ring,
				 .wheel = lt->wheel};
	if (ctl_client_alloc(&legs->client, &peer, TTL_MS) ||
	    ctl_nodes_alloc(&legs->nodes, legs->link, lt->wheel) ||
	    !loop_test_until(lt, ready, legs, WAIT_MS))
		bench_die("mediad is not to be asked");
}

void legs_close(struct legs *legs)
{
	mem_deref(legs->client);
	mem_deref(legs->nodes);
	mem_deref(legs->link);
	mem_deref(legs->ring);
}

static void on_answer(int err, const struct ctl_ans *ans, void *arg)
{
	struct legs *legs = arg;

	legs->answered = true;
	legs->status = err ? STATUS_TIMEOUT : ans->status;
	if (!err)
		(void)pl_strcpy(&ans->sdp, legs->sdp, sizeof(legs->sdp));
}

static bool is_answered(void *arg)
{
	const struct legs *legs = arg;

	return legs->answered;
}

static void ask(struct legs *legs, unsigned nr, struct ctl_req *req)
{
	const struct ctl_node *node;

	/* a busy box may have missed its heartbeat */
	if (!loop_test_until(legs->lt, ready, legs, WAIT_MS))
		bench_die("mediad is not to be asked");
	node = ctl_nodes_find(legs->nodes, WORKER);
	snprintf(req->session, sizeof(req->session), "%016x", nr + 1);
	legs->answered = false;
	if (!node ||
	    ctl_call(legs->client, WORKER, node->epoch, req, on_answer, legs))
		bench_die("mediad is not to be asked");
	if (!loop_test_until(legs->lt, is_answered, legs, WAIT_MS) ||
	    legs->status != STATUS_OK)
		bench_die("mediad refuses a call: %u, asked %u",
			  (unsigned)legs->status, (unsigned)req->verb);
}

/* One side of a call, as sigd describes it. */
struct says {
	uint8_t leg;
	enum ctl_profile profile;
	const char *codecs; /* NULL: any */
};

static void far_says(struct legs *legs, unsigned nr, const struct says *side,
		     const char *sdp)
{
	struct ctl_req req = {.verb = CTL_LEG_REMOTE};

	req.remote.leg = side->leg;
	req.remote.kind = side->leg == 1 ? CTL_OFFER : CTL_ANSWER;
	req.remote.profile = side->profile;
	req.remote.create = side->leg == 1;
	strcpy(req.remote.call, "00000000000000ca");
	pl_set_str(&req.remote.tenant, "bench");
	pl_set_str(&req.remote.sdp, sdp);
	if (side->codecs)
		pl_set_str(&req.remote.terms.codecs, side->codecs);
	ask(legs, nr, &req);
}

static void far_is_told(struct legs *legs, unsigned nr,
			const struct says *side, char told[LEGS_SDP])
{
	struct ctl_req req = {.verb = CTL_LEG_LOCAL};

	req.local.leg = side->leg;
	req.local.want = side->leg == 1 ? CTL_ANSWER : CTL_OFFER;
	req.local.profile = side->profile;
	if (side->codecs)
		pl_set_str(&req.local.terms.codecs, side->codecs);
	ask(legs, nr, &req);
	strcpy(told, legs->sdp);
}

static void call_up(struct legs *legs, unsigned nr, const struct says side[2],
		    const char *const sdp[2], char told[2][LEGS_SDP])
{
	struct ctl_req join = {.verb = CTL_LEG_JOIN};

	far_says(legs, nr, &side[0], sdp[0]);
	far_is_told(legs, nr, &side[1], told[1]);
	far_says(legs, nr, &side[1], sdp[1]);
	join.join.leg = 1;
	join.join.peer = 2;
	ask(legs, nr, &join);
	far_is_told(legs, nr, &side[0], told[0]);
}

void legs_transcode(struct legs *legs, unsigned nr, const char *codec,
		    const char *const sdp[2], char told[2][LEGS_SDP])
{
	const struct says side[2] = {{1, CTL_RTP, "opus"}, {2, CTL_RTP, codec}};

	call_up(legs, nr, side, sdp, told);
}

void legs_call(struct legs *legs, unsigned nr, const char *const sdp[2],
	       char told[2][LEGS_SDP])
{
	legs_transcode(legs, nr, "PCMU", sdp, told);
}

void legs_bridge(struct legs *legs, unsigned nr, const char *const sdp[2],
		 char told[2][LEGS_SDP])
{
	static const struct says side[2] = {{1, CTL_BROWSER, NULL},
					    {2, CTL_RTP, "opus"}};

	call_up(legs, nr, side, sdp, told);
}

void legs_end(struct legs *legs, unsigned nr)
{
	struct ctl_req req = {.verb = CTL_SESSION_DROP};

	ask(legs, nr, &req);
}
