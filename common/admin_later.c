/*
 * admin_later.c  An answer of the admin's HTTP server that is not known yet
 *
 * The request owns what waits for it, and libmicrohttpd ends the request: so
 * nothing is left of either, however the connection ends. When the answer is
 * there the connection goes on, and libmicrohttpd asks for the request once
 * more.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/admin_http_priv.h"
#include "common/admin_park_priv.h"
#include "common/bucket.h"

struct admin_later {
	struct le le; /* of those that wait */
	struct admin_laters *laters;
	struct admin_req *req; /* our owner */
	struct admin_resp resp;
	struct admin_park park;
	struct admin_later_cfg cfg;
	struct wheel_timer timer;
	uint64_t end_ms;
	void *state;
	bool answered;
};

static void destructor(void *data)
{
	struct admin_later *later = data;

	list_unlink(&later->le);
	list_unlink(&later->park.le);
	wheel_stop(&later->timer);
	mem_deref(later->state);
	mem_deref(later->resp.mb);
}

void admin_later(struct admin_resp *resp, const struct admin_later_cfg *cfg,
		 void *state)
{
	struct admin_later *later = mem_zalloc(sizeof(*later), destructor);

	if (!later) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	later->cfg = *cfg;
	later->state = mem_ref(state);
	mem_deref(resp->later);
	resp->later = later;
}

static void over(struct admin_later *later)
{
	struct admin_laters *laters = later->laters;

	later->answered = true;
	later->state = mem_deref(later->state);
	list_unlink(&later->le);
	wheel_stop(&later->timer);
	laters->overh(later->req, &later->resp, laters->arg);
	admin_park_wake(&later->park);
}

static void look(void *arg);

static void look_again(struct admin_later *later, uint64_t now_ms)
{
	const uint64_t left = later->end_ms - now_ms;

	wheel_start(later->laters->wheel, &later->timer,
		    min(left, later->cfg.every_ms), look, later);
}

static void look(void *arg)
{
	struct admin_later *later = arg;
	const uint64_t now = wheel_now(later->laters->wheel);
	const bool late = now >= later->end_ms;

	if (!later->cfg.lookh(later->req, &later->resp, late, later->state)) {
		if (!late) {
			look_again(later, now);
			return;
		}
		admin_resp_problem(&later->resp, 504, "It takes too long.");
	}
	over(later);
}

/* --- for the server ------------------------------------------------------------- */

bool admin_laters_full(const struct admin_laters *laters,
		       const struct admin_req *req)
{
	uint32_t n = 0, of_source = 0;

	for (const struct le *le = laters->list.head; le; le = le->next) {
		const struct admin_later *later = le->data;

		++n;
		of_source += bucket_same_source(&later->req->source,
						&req->source);
	}
	return n >= laters->max || of_source >= laters->max_per_source;
}

bool admin_later_begin(struct admin_laters *laters, struct admin_req *req,
		       struct admin_resp *resp)
{
	struct admin_later *later = resp->later;
	const uint64_t now = wheel_now(laters->wheel);

	if (!admin_engine_rest(req, &later->park))
		return false;
	later->laters = laters;
	later->req = req;
	later->end_ms = now + later->cfg.most_ms;
	req->later = later;
	resp->later = NULL;
	later->resp = *resp;
	resp->mb = NULL;
	list_append(&laters->list, &later->le, later);
	look_again(later, now);
	return true;
}

const struct admin_resp *admin_later_answer(const struct admin_later *later)
{
	return later->answered ? &later->resp : NULL;
}

void admin_laters_end(struct admin_laters *laters,
		      const struct admin_engine *engine)
{
	struct le *next;

	for (struct le *le = laters->list.head; le; le = next) {
		struct admin_later *later = le->data;

		next = le->next;
		if (!admin_engine_has(engine, later->req))
			continue;
		admin_resp_problem(&later->resp, 503,
				   "The server ends before it is known what "
				   "came of it.");
		admin_resp_header(&later->resp, "Retry-After", "1");
		over(later);
	}
}
