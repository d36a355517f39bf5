/*
 * rest_follow.c  Workers that were told something: until all of them do so
 *
 * Each look costs Redis one worker, or as many as have obeyed since: not all
 * there are.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/admin_later.h"
#include "sigd/admin/rest_follow.h"
#include "sigd/admin/rest_priv.h"

enum { WAIT_MS = 3000, LOOK_MS = 50 };

struct follow {
	struct admin *admin;
	const struct rest_told *told;
	void *arg;
	struct rest_worker *list; /* who was told */
	size_t n, i;		  /* those before i obey */
};

static void destructor(void *data)
{
	struct follow *follow = data;

	mem_deref(follow->arg);
	mem_deref(follow->list);
}

static void answer(const struct follow *follow, struct admin_resp *resp)
{
	struct rest_workers workers;

	if (!rest_workers_load(&workers, follow->admin, resp))
		return;
	follow->told->answerh(follow->arg, &workers, follow->admin, resp);
	mem_deref(workers.list);
}

static void problem_late(const struct rest_worker *worker,
			 struct admin_resp *resp)
{
	char detail[160];

	(void)re_snprintf(detail, sizeof(detail),
			  "%s %s has not answered; it is wanted still.",
			  worker->daemon, worker->addr);
	admin_resp_problem(resp, 504, detail);
}

static bool on_look(const struct admin_req *req, struct admin_resp *resp,
		    bool late, void *arg)
{
	struct follow *follow = arg;

	(void)req;
	for (; follow->i < follow->n; follow->i++) {
		struct rest_worker *worker = &follow->list[follow->i];

		if (!rest_worker_renew(worker, follow->admin, resp))
			return true;
		if (follow->told->obeysh(worker, follow->arg))
			continue;
		if (late)
			problem_late(worker, resp);
		return late;
	}
	answer(follow, resp);
	return true;
}

static int follow_alloc(struct follow **followp,
			const struct rest_workers *workers,
			const struct rest_told *told, void *arg)
{
	struct follow *follow = mem_zalloc(sizeof(*follow), destructor);

	if (!follow)
		return ENOMEM;
	follow->list = mem_zalloc((workers->n + 1) * sizeof(*follow->list),
				  NULL);
	if (!follow->list) {
		mem_deref(follow);
		return ENOMEM;
	}
	follow->told = told;
	follow->arg = mem_ref(arg);
	for (size_t i = 0; i < workers->n; i++) {
		if (workers->list[i].alive &&
		    told->meanth(&workers->list[i], arg))
			follow->list[follow->n++] = workers->list[i];
	}
	*followp = follow;
	return 0;
}

void rest_follow(struct admin_resp *resp, struct admin *admin,
		 const struct rest_workers *workers,
		 const struct rest_told *told, void *arg)
{
	static const struct admin_later_cfg later = {on_look, LOOK_MS, WAIT_MS};
	struct follow *follow;

	if (follow_alloc(&follow, workers, told, arg)) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	follow->admin = admin;
	if (follow->n)
		admin_later(resp, &later, follow);
	else
		answer(follow, resp);
	mem_deref(follow);
}
