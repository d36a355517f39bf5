/*
 * control.c  A worker's tie to Redis: epoch, commands, news, heartbeat
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <re.h>

#include "common/control/ctl_event.h"
#include "common/control/ctl_node.h"
#include "common/control/ctl_server.h"
#include "common/epoch.h"
#include "common/fault.h"
#include "common/keyring.h"
#include "common/log.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "mediad/control/command.h"
#include "mediad/control/control.h"
#include "mediad/control/diary.h"
#include "mediad/control/fence.h"
#include "mediad/control/news.h"
#include "mediad/control/sheet.h"
#include "mediad/control/strain.h"
#include "mediad/session/session.h"

enum {
	FIRST_SAY_MS = 1000,  /* Redis is away: said after so long */
	SAY_AGAIN_MS = 30000, /* and again */
	STEP_MS = 20,         /* is the command stream ready? */
};

/* What a heartbeat tells of this process. */
struct gauge {
	struct wheel_timer timer;
	uint64_t due_ms;
	uint32_t lag_ms; /* worst since the last heartbeat */
	struct strain strain;
	uint64_t busy_us; /* of this thread, at the last sample */
	uint64_t cpu_us, at_ms;
};

struct control {
	char addr[NODE_ADDR_MAX + 1];
	char ip[CTL_NODE_IP_MAX + 1];
	char where[128]; /* of Redis, for the log */
	struct redis_cfg redis;
	struct wheel *wheel;
	struct wheel_timer say, step;
	struct session_table *table;
	struct news *news;
	uint32_t max_sessions;
	bool draining;
	bool leaving; /* its calls are to go elsewhere, now */
	bool leaves;  /* ... whenever it drains for good */
	bool fenced; /* and said so */

	struct redis_link *link;
	struct keyring *ring;
	struct command *command;
	struct fence *fence;
	control_checked_h *checkedh;
	control_failed_h *failedh;
	void *arg;

	struct epoch *asked;
	uint32_t epoch;
	struct ctl_server *server;
	struct ctl_reporter *reporter;
	struct ctl_beat *beat;
	struct sheet *sheet;
	struct diary *diary;
	struct gauge gauge;
};

static void destructor(void *arg)
{
	struct control *control = arg;

	wheel_stop(&control->say);
	wheel_stop(&control->step);
	wheel_stop(&control->gauge.timer);
	if (control->news) {
		news_attach(control->news, NULL);
		news_diary(control->news, NULL);
	}
	mem_deref(control->fence);
	mem_deref(control->sheet);
	mem_deref(control->diary);
	mem_deref(control->beat);
	mem_deref(control->reporter);
	mem_deref(control->server);
	mem_deref(control->asked);
	mem_deref(control->command);
	if (control->link)
		redis_link_forget(control->link, control);
	mem_deref(control->link);
	mem_deref(control->ring);
}

/* --- heartbeat --------------------------------------------------------------- */

static void strain_changed(struct control *control)
{
	const struct strain *strain = &control->gauge.strain;
	const uint32_t share = strain_share(strain) / 10;
	const uint32_t often = strain_often(strain) / 10;

	session_strain(control->table, strain->on);
	if (strain->on)
		log_warn(NULL, "late for the calls there are: no new ones",
			 "percent_of_time=%u percent_of_deadlines=%u "
			 "busy_percent=%u sessions=%zu",
			 share, often, strain_busy(strain) / 10,
			 session_count(control->table));
	else if (strain->starved)
		log_warn(NULL, "late, though it does little: it lacks "
			 "processor time, and takes new calls",
			 "percent_of_time=%u percent_of_deadlines=%u "
			 "busy_percent=%u sessions=%zu",
			 share, often, strain_busy(strain) / 10,
			 session_count(control->table));
	else
		log_info(NULL, "in time again",
			 "percent_of_time=%u percent_of_deadlines=%u", share,
			 often);
}

static uint64_t thread_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts))
		return 0;

	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000;
}

static void on_lag(void *arg)
{
	struct control *control = arg;
	struct gauge *gauge = &control->gauge;
	uint64_t now = wheel_now(control->wheel);
	uint64_t late = now > gauge->due_ms ? now - gauge->due_ms : 0;
	const uint64_t busy = thread_us();

	if (late > gauge->lag_ms)
		gauge->lag_ms = late < UINT32_MAX ? (uint32_t)late : UINT32_MAX;
	if (strain_sample(&gauge->strain, late, busy - gauge->busy_us))
		strain_changed(control);
	gauge->busy_us = busy;
	session_ease(control->table, strain_ease(&gauge->strain));
	gauge->due_ms = now + STRAIN_SAMPLE_MS;
	wheel_start(control->wheel, &gauge->timer, STRAIN_SAMPLE_MS, on_lag,
		    control);
}

static uint64_t cpu_us(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return 0;

	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		       1000000u +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void say_fenced(struct control *control)
{
	bool fenced = control->beat && ctl_beat_fenced(control->beat);

	if (fenced && !control->fenced)
		log_error(NULL,
			  "another worker has this address: no new calls come "
			  "here; is the node's name used twice?",
			  "addr=%s epoch=%u", control->addr, control->epoch);
	control->fenced = fenced;
}

static void on_beat(struct ctl_node *node, void *arg)
{
	struct control *control = arg;
	struct gauge *gauge = &control->gauge;
	uint64_t now = wheel_now(control->wheel), cpu = cpu_us();

	say_fenced(control);

	node->sessions = (uint32_t)session_count(control->table);
	if (control->draining)
		node->state = CTL_NODE_DRAIN;
	else if (gauge->strain.on || node->sessions >= control->max_sessions)
		node->state = CTL_NODE_FULL;
	else
		node->state = CTL_NODE_UP;
	node->leaves = control->draining && control->leaving;
	node->lag_ms = gauge->lag_ms;
	if (gauge->at_ms && now > gauge->at_ms)
		node->load = (uint32_t)((cpu - gauge->cpu_us) /
					(now - gauge->at_ms));
	str_ncpy(node->ip, control->ip, sizeof(node->ip));

	gauge->lag_ms = 0;
	gauge->cpu_us = cpu;
	gauge->at_ms = now;
}

/* --- commands ---------------------------------------------------------------- */

static void on_request(struct ctl_job *job, const struct ctl_req *req,
		       void *arg)
{
	struct control *control = arg;
	struct ctl_ans ans;

	(void)FAULT("mediad.command.taken");
	command_serve(control->command, req, &ans);
	(void)FAULT("mediad.command.served");
	if (ans.status != STATUS_OK)
		log_info(req->verb == CTL_LEG_REMOTE
				 ? req->remote.call
				 : session_call(control->table, req->session),
			 "command refused",
			 "session=%s verb=%s status=%s why=%.*s", req->session,
			 ctl_verb_name(req->verb), status_text(ans.status),
			 (int)ans.text.l, ans.text.p ? ans.text.p : "");
	ctl_answer(job, &ans);
}

static void on_ended(const struct session_figures *found,
		     const struct ctl_figures *figures, enum status reason,
		     void *arg)
{
	struct control *control = arg;
	struct ctl_event event;

	if (control->sheet)
		sheet_ended(control->sheet, found);
	memset(&event, 0, sizeof(event));
	event.kind = CTL_FACT_SESSION_ENDED;
	event.why = reason;
	event.figures = figures;
	str_ncpy(event.session, found->session, sizeof(event.session));
	str_ncpy(event.call, found->call, sizeof(event.call));
	pl_set_str(&event.tenant, found->tenant);
	news_event(control->news, &event);
	log_info(found->call, "session ended", "session=%s reason=%s",
		 found->session, status_text(reason));
}

/* --- the way up ---------------------------------------------------------------- */

static int start(struct control *control)
{
	const struct ctl_peer peer = {
		.addr = control->addr,
		.epoch = control->epoch,
		.link = control->link,
		.cfg = &control->redis,
		.ring = control->ring,
		.wheel = control->wheel,
	};
	int err;

	err = ctl_server_alloc(&control->server, &peer, on_request, control);
	if (!err)
		err = ctl_reporter_alloc(&control->reporter, &peer);
	if (!err)
		news_attach(control->news, control->reporter);

	return err;
}

/* With each heartbeat as long as there are some. */
static void on_moved(void *arg)
{
	struct control *control = arg;

	fence_ask(control->fence, NULL, NULL);
}

static void on_step(void *arg)
{
	struct control *control = arg;
	const struct ctl_peer peer = {
		.addr = control->addr,
		.epoch = control->epoch,
		.link = control->link,
		.cfg = &control->redis,
		.ring = control->ring,
		.wheel = control->wheel,
	};

	if (ctl_server_ready(control->server) &&
	    !ctl_beat_alloc(&control->beat, &peer, on_beat, control)) {
		ctl_beat_on_moved(control->beat, on_moved);
		log_info(NULL, "ready", "addr=%s epoch=%u sessions=%zu",
			 control->addr, control->epoch,
			 session_count(control->table));
		return;
	}
	wheel_start(control->wheel, &control->step, STEP_MS, on_step, control);
}

static void on_checked(void *arg)
{
	struct control *control = arg;

	if (start(control)) {
		log_error(NULL, "control not started", NULL);
		control->failedh(control->arg);
		return;
	}
	wheel_start(control->wheel, &control->step, 0, on_step, control);
}

static void on_known(void *arg)
{
	struct control *control = arg;

	if (control->checkedh)
		control->checkedh(control->arg);
}

/* Nobody asks us for anything yet. */
static void on_epoch(uint32_t epoch, void *arg)
{
	struct control *control = arg;
	const struct fence_steps steps = {on_known, on_checked};

	control->epoch = epoch;
	fence_ask(control->fence, &steps, control);
}

static void on_say(void *arg)
{
	struct control *control = arg;

	if (redis_link_up(control->link))
		return;

	log_warn(NULL, "redis cannot be used: retrying", "redis=%s why=%s",
		 control->where, redis_link_why(control->link));
	wheel_start(control->wheel, &control->say, SAY_AGAIN_MS, on_say,
		    control);
}

static void on_link(bool up, void *arg)
{
	struct control *control = arg;

	if (up)
		log_info(NULL, "redis reached", "redis=%s", control->where);
	else
		log_warn(NULL, "redis lost: media goes on", "redis=%s why=%s",
			 control->where, redis_link_why(control->link));
	if (up)
		wheel_stop(&control->say);
	else
		wheel_start(control->wheel, &control->say, SAY_AGAIN_MS, on_say,
			    control);
}

static int link_make(struct control *control)
{
	const struct redis_cfg *redis = &control->redis;

	if (redis->path)
		str_ncpy(control->where, redis->path, sizeof(control->where));
	else
		re_snprintf(control->where, sizeof(control->where), "%s:%u",
			    redis->host, redis->port);

	return redis_link_alloc(&control->link, redis, control->wheel, on_link,
				control);
}

static int diary_make(struct control *control, uint32_t keep_s)
{
	const struct diary_params params = {
		.link = control->link,
		.wheel = control->wheel,
		.table = control->table,
		.addr = control->addr,
		.keep_s = keep_s,
	};
	int err;

	if (!keep_s)
		return 0;
	err = diary_alloc(&control->diary, &params);
	if (!err && control->news)
		news_diary(control->news, control->diary);
	return err;
}

int control_alloc(struct control **controlp,
		  const struct control_params *params)
{
	struct control *control = mem_zalloc(sizeof(*control), destructor);
	int err;

	if (!control)
		return ENOMEM;

	str_ncpy(control->addr, params->addr, sizeof(control->addr));
	str_ncpy(control->ip, params->ip, sizeof(control->ip));
	control->redis = *params->redis;
	control->wheel = params->wheel;
	control->table = params->table;
	control->news = params->news;
	control->max_sessions = params->max_sessions;
	control->leaves = params->leaves;
	control->ring = mem_ref(params->ring);
	control->failedh = params->failedh;
	control->checkedh = params->checkedh;
	control->arg = params->arg;

	err = command_alloc(&control->command, params->table, params->wheel,
			    on_ended, control);
	if (!err)
		err = link_make(control);
	if (!err)
		err = fence_alloc(&control->fence,
				  &(struct fence_params){
					  .link = control->link,
					  .wheel = control->wheel,
					  .table = control->table,
					  .addr = control->addr,
				  });
	if (!err)
		err = epoch_alloc(&control->asked, control->link,
				  control->wheel, on_epoch, control);
	if (!err)
		err = sheet_alloc(&control->sheet, control->link,
				  control->wheel, control->table,
				  control->addr);
	if (!err)
		err = diary_make(control, params->log_keep_s);
	if (err) {
		mem_deref(control);
		return err;
	}
	control->gauge.due_ms = wheel_now(control->wheel) + STRAIN_SAMPLE_MS;
	wheel_start(control->wheel, &control->gauge.timer, STRAIN_SAMPLE_MS, on_lag,
		    control);
	wheel_start(control->wheel, &control->say, FIRST_SAY_MS, on_say,
		    control);
	*controlp = control;
	return 0;
}

static void draining_set(struct control *control, bool drain, bool leaving)
{
	control->draining = drain;
	control->leaving = leaving;
	command_drain(control->command, drain);
	if (control->beat)
		ctl_beat_now(control->beat);
}

void control_drain(struct control *control)
{
	draining_set(control, true, control->leaves || control->leaving);
}

void control_withdraw(struct control *control, bool leaves)
{
	draining_set(control, true, leaves);
}

void control_resume(struct control *control)
{
	draining_set(control, false, false);
}

void control_leave(struct control *control)
{
	wheel_stop(&control->step);
	control->beat = mem_deref(control->beat);
}

void control_keys(struct control *control, struct keyring *ring)
{
	mem_ref(ring);
	mem_deref(control->ring);
	control->ring = ring;
	if (control->server)
		ctl_server_keys(control->server, ring);
	if (control->reporter)
		ctl_reporter_keys(control->reporter, ring);
}

uint32_t control_epoch(const struct control *control)
{
	return control->epoch;
}

uint32_t control_late(const struct control *control)
{
	return strain_share(&control->gauge.strain);
}

uint32_t control_busy(const struct control *control)
{
	return strain_busy(&control->gauge.strain);
}

uint32_t control_missed(const struct control *control)
{
	return strain_often(&control->gauge.strain);
}

bool control_ready(const struct control *control)
{
	return control->beat && redis_link_up(control->link);
}

bool control_quiet(const struct control *control)
{
	return !news_stats(control->news)->kept &&
	       (!control->reporter || !ctl_reporter_kept(control->reporter)) &&
	       (!control->server || !ctl_server_open(control->server));
}

struct redis_link *control_link(const struct control *control)
{
	return control->link;
}

const struct command_stats *control_commands(const struct control *control)
{
	return command_stats(control->command);
}

const struct call_log_counts *control_logged(const struct control *control)
{
	return control->diary ? diary_counts(control->diary) : NULL;
}

const struct ctl_counts *control_counts(const struct control *control)
{
	return control->server ? ctl_server_counts(control->server) : NULL;
}
