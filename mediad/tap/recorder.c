/*
 * recorder.c  The recordings of a worker: from its loop to the disk
 *
 * Jobs go to the thread, reports come back, each by a list under one lock that
 * is held for some instructions only; bytes that wait are counted there, too. A
 * file belongs to the thread from its first job on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/fault.h"
#include "common/loop.h"
#include "mediad/tap/rec_part.h"
#include "mediad/tap/recorder.h"

enum job_kind {
	JOB_BEGIN,
	JOB_DATA,
	JOB_END,
	JOB_PAUSE,
	JOB_RESUME,
};

/* What there is of a file. */
enum on_disk {
	NONE,
	PART,
	NAMED,
};

/* Of the thread, but for its making. */
struct target {
	struct rec_file *file; /* NULL: not open, or it could not be */
	struct rec_name name;
	enum on_disk there;
	bool before;
	unsigned told; /* a bit for each reason */
	enum rec_end end;
	uint64_t gap; /* samples */
};

struct job {
	struct job *next;
	enum job_kind kind;
	struct target *target;
	size_t count; /* samples */
	size_t gap;   /* ... that are missing before these */
	int16_t pcm[];
};

struct note {
	struct note *next;
	struct rec_report report;
};

struct recorder {
	struct recorder_cfg cfg;
	char *dir;
	rec_report_h *reporth;
	void *arg;
	pthread_t thread;
	bool running;
	int fd; /* readable: there are reports */
	struct loop_watch *watch;
	struct recorder_figures figures; /* the loop's, but for `waiting` */

	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* under the lock: */
	struct job *first, **last;
	struct note *notes, **last_note;
	size_t waiting; /* bytes */
	bool busy, quit;
};

struct rec {
	struct recorder *recorder; /* a reference */
	struct target *target;     /* to be freed by the thread */
	struct job *last;          /* its end needs no memory */
	size_t gap;                /* samples that did not fit */
};

/* --- the thread -------------------------------------------------------------------- */

static void file_name(char *text, size_t size, const struct recorder *recorder,
		      const struct rec_name *name, unsigned part)
{
	char tenant[REC_TENANT_MAX + 1];
	struct tm tm;
	time_t at = (time_t)name->unix_s;

	str_ncpy(tenant, name->tenant, sizeof(tenant));
	/* it is no path */
	for (char *p = tenant; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", *p))
			*p = '_';
	gmtime_r(&at, &tm);
	re_snprintf(text, size, "%s/%04d-%02d-%02d/%s-%s-%u.%s", tenant,
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, name->call,
		    name->session, part,
		    recorder->cfg.format == REC_OGG ? "ogg" : "wav");
}

static void report(struct recorder *recorder, const struct target *target,
		   enum rec_news news, uint64_t ms)
{
	const uint64_t one = 1;
	struct note *note = calloc(1, sizeof(*note));
	struct rec_report *r;

	if (!note)
		return;
	r = &note->report;
	r->name = target->name;
	r->end = target->end;
	r->news = news;
	r->again = news == REC_LOST && target->told;
	r->ms = ms;
	r->gap_ms = target->gap * 1000 / recorder->cfg.rate;
	if (target->there != NONE)
		file_name(r->file, sizeof(r->file), recorder, &target->name,
			  target->name.part);
	if (target->there == PART)
		strcat(r->file, ".part");
	pthread_mutex_lock(&recorder->lock);
	*recorder->last_note = note;
	recorder->last_note = &note->next;
	pthread_mutex_unlock(&recorder->lock);
	(void)!write(recorder->fd, &one, sizeof(one));
}

/* Each reason once. */
static void tell_lost(struct recorder *recorder, struct target *target,
		      enum rec_end why)
{
	target->end = why;
	if (!(target->told & 1u << why))
		report(recorder, target, REC_LOST, 0);
	target->told |= 1u << why;
}

/* What a process which died has left of the part before. */
static void salvage(struct recorder *recorder, struct rec_name next)
{
	struct target target = {.name = next, .end = REC_CUT};
	char file[REC_PATH_MAX + 1];
	uint64_t ms = 0;
	bool named;
	int err;

	target.name.part--;
	file_name(file, sizeof(file), recorder, &target.name,
		  target.name.part);
	err = rec_part_salvage(recorder->dir, file, &ms, &named);
	target.there = named ? NAMED : PART;
	if (err != ENOENT)
		report(recorder, &target, REC_ENDED, ms);
}

static void do_begin(struct recorder *recorder, struct target *target)
{
	const struct recorder_cfg *cfg = &recorder->cfg;
	char file[REC_PATH_MAX + 1];
	struct rec_file_params params = {
		.dir = recorder->dir,
		.name = file,
		.title = target->name.call,
		.format = cfg->format,
		.rate = cfg->rate,
		.bitrate = cfg->bitrate,
		.max_bytes = cfg->max_bytes,
		.min_free = cfg->min_free,
		.max_samples = (uint64_t)cfg->max_s * cfg->rate,
	};
	int err;

	if (target->before && target->name.part > 1)
		salvage(recorder, target->name);
	file_name(file, sizeof(file), recorder, &target->name,
		  target->name.part);
	err = rec_file_open(&target->file, &params);
	target->there = err ? NONE : PART;
	if (err)
		tell_lost(recorder, target,
			  err == ENOSPC || err == EDQUOT ? REC_DISK_FULL
							 : REC_FAILED);
}

static void do_data(struct recorder *recorder, const struct job *job)
{
	struct target *target = job->target;

	/* what comes behind its end is no gap of it */
	if (!target->file || rec_file_why(target->file) != REC_WHOLE)
		return;
	if (job->gap) {
		target->gap += job->gap;
		tell_lost(recorder, target, REC_TOO_SLOW);
		(void)rec_file_put(target->file, NULL, job->gap);
	}
	if (job->count)
		(void)rec_file_put(target->file, job->pcm, job->count);
	if (rec_file_why(target->file) != REC_WHOLE)
		tell_lost(recorder, target, rec_file_why(target->file));
}

static void do_end(struct recorder *recorder, const struct job *job)
{
	struct target *target = job->target;
	uint64_t samples = 0;
	enum rec_end end;
	bool named;

	do_data(recorder, job);
	if (target->file) {
		end = rec_file_close(target->file, &samples, &named);
		target->there = named ? NAMED : PART;
		if (end != REC_WHOLE)
			tell_lost(recorder, target, end);
	}
	report(recorder, target, REC_ENDED,
	       samples * 1000 / recorder->cfg.rate);
	free(target);
}

/* Nothing is told of what is behind the end of a file. */
static void do_hush(struct recorder *recorder, const struct job *job)
{
	const struct target *target = job->target;

	do_data(recorder, job);
	if (target->file && rec_file_why(target->file) == REC_WHOLE)
		report(recorder, target,
		       job->kind == JOB_PAUSE ? REC_PAUSED : REC_RESUMED,
		       rec_file_samples(target->file) * 1000 /
			       recorder->cfg.rate);
}

/* NULL: all is done, and no more will come. */
static struct job *job_next(struct recorder *recorder)
{
	struct job *job;

	pthread_mutex_lock(&recorder->lock);
	recorder->busy = false;
	while (!recorder->first && !recorder->quit)
		pthread_cond_wait(&recorder->wake, &recorder->lock);
	job = recorder->first;
	if (job) {
		recorder->first = job->next;
		recorder->busy = true;
	}
	if (!recorder->first)
		recorder->last = &recorder->first;
	pthread_mutex_unlock(&recorder->lock);
	return job;
}

static size_t size_of(const struct job *job)
{
	return sizeof(*job) + job->count * REC_CHANNELS * sizeof(int16_t);
}

static void *run(void *data)
{
	struct recorder *recorder = data;
	struct job *job;

	while ((job = job_next(recorder)) != NULL) {
		if (job->kind == JOB_BEGIN)
			do_begin(recorder, job->target);
		else if (job->kind == JOB_DATA)
			do_data(recorder, job);
		else if (job->kind == JOB_END)
			do_end(recorder, job);
		else
			do_hush(recorder, job);
		/* only now is there room for more */
		pthread_mutex_lock(&recorder->lock);
		recorder->waiting -= size_of(job);
		pthread_mutex_unlock(&recorder->lock);
		free(job);
	}
	return NULL;
}

/* --- the loop ------------------------------------------------------------------------ */

/* Data beyond the bound does not go; the rest is small, and does. */
static bool job_give(struct recorder *recorder, struct job *job)
{
	const size_t size = size_of(job);
	bool fits;

	pthread_mutex_lock(&recorder->lock);
	fits = job->kind != JOB_DATA ||
	       recorder->waiting + size <= recorder->cfg.memory;
	if (fits) {
		*recorder->last = job;
		recorder->last = &job->next;
		recorder->waiting += size;
		pthread_cond_signal(&recorder->wake);
	}
	pthread_mutex_unlock(&recorder->lock);
	return fits;
}

static struct job *job_make(enum job_kind kind, struct target *target,
			    size_t count)
{
	const size_t size =
		sizeof(struct job) + count * REC_CHANNELS * sizeof(int16_t);
	struct job *job = FAULT("tap.job") ? NULL : malloc(size);

	if (job)
		*job = (struct job){
			.kind = kind, .target = target, .count = count};
	return job;
}

static struct note *notes_take(struct recorder *recorder)
{
	struct note *notes;

	pthread_mutex_lock(&recorder->lock);
	notes = recorder->notes;
	recorder->notes = NULL;
	recorder->last_note = &recorder->notes;
	pthread_mutex_unlock(&recorder->lock);
	return notes;
}

static void tell(struct recorder *recorder)
{
	struct note *note = notes_take(recorder);

	while (note) {
		struct note *next = note->next;

		if (note->report.news == REC_LOST)
			recorder->figures.failed += !note->report.again;
		else if (note->report.news == REC_ENDED)
			recorder->figures.ended++;
		if (recorder->reporth)
			recorder->reporth(&note->report, recorder->arg);
		free(note);
		note = next;
	}
}

static void on_notes(int flags, void *arg)
{
	struct recorder *recorder = arg;
	uint64_t count;

	(void)flags;
	(void)!read(recorder->fd, &count, sizeof(count));
	tell(recorder);
}

static void thread_stop(struct recorder *recorder)
{
	pthread_mutex_lock(&recorder->lock);
	recorder->quit = true;
	pthread_cond_signal(&recorder->wake);
	pthread_mutex_unlock(&recorder->lock);
	(void)pthread_join(recorder->thread, NULL);
}

static void recorder_destructor(void *data)
{
	struct recorder *recorder = data;

	mem_deref(recorder->watch);
	if (recorder->running)
		thread_stop(recorder);
	tell(recorder);
	if (recorder->fd >= 0)
		close(recorder->fd);
	pthread_cond_destroy(&recorder->wake);
	pthread_mutex_destroy(&recorder->lock);
	mem_deref(recorder->dir);
}

/* No signal is the thread's matter. */
static int thread_start(struct recorder *recorder)
{
	sigset_t all, was;
	int err;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	err = pthread_create(&recorder->thread, NULL, run, recorder);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	recorder->running = !err;
	return err;
}

int recorder_alloc(struct recorder **recorderp, const struct recorder_cfg *cfg,
		   rec_report_h *reporth, void *arg)
{
	struct recorder *recorder =
		mem_zalloc(sizeof(*recorder), recorder_destructor);
	int err;

	if (!recorder)
		return ENOMEM;
	recorder->cfg = *cfg;
	recorder->reporth = reporth;
	recorder->arg = arg;
	recorder->last = &recorder->first;
	recorder->last_note = &recorder->notes;
	recorder->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&recorder->lock, NULL);
	pthread_cond_init(&recorder->wake, NULL);
	err = recorder->fd < 0 ? errno : str_dup(&recorder->dir, cfg->dir);
	if (!err)
		err = loop_watch_alloc(&recorder->watch, recorder->fd,
				       LOOP_READ, on_notes, recorder);
	if (!err)
		err = thread_start(recorder);
	if (err)
		mem_deref(recorder);
	else
		*recorderp = recorder;
	return err;
}

uint32_t recorder_rate(const struct recorder *recorder)
{
	return recorder->cfg.rate;
}

struct recorder_figures recorder_figures(struct recorder *recorder)
{
	struct recorder_figures figures = recorder->figures;

	pthread_mutex_lock(&recorder->lock);
	figures.waiting = recorder->waiting;
	pthread_mutex_unlock(&recorder->lock);
	return figures;
}

bool recorder_idle(struct recorder *recorder)
{
	bool idle;

	pthread_mutex_lock(&recorder->lock);
	idle = !recorder->first && !recorder->busy && !recorder->notes;
	pthread_mutex_unlock(&recorder->lock);
	return idle;
}

/* --- one recording --------------------------------------------------------------------- */

static void rec_destructor(void *data)
{
	struct rec *rec = data;

	if (rec->last) {
		rec->last->gap = rec->gap;
		(void)job_give(rec->recorder, rec->last);
	}
	mem_deref(rec->recorder);
}

int rec_begin(struct rec **recp, struct recorder *recorder,
	      const struct rec_name *name, bool before)
{
	struct rec *rec = mem_zalloc(sizeof(*rec), rec_destructor);
	struct target *target = calloc(1, sizeof(*target));
	struct job *first = job_make(JOB_BEGIN, target, 0);
	struct job *last = job_make(JOB_END, target, 0);

	if (!rec || !target || !first || !last) {
		free(last);
		free(first);
		free(target);
		mem_deref(rec);
		return ENOMEM;
	}
	target->name = *name;
	target->before = before;
	rec->recorder = mem_ref(recorder);
	rec->target = target;
	rec->last = last;
	recorder->figures.begun++;
	(void)job_give(recorder, first);
	*recp = rec;
	return 0;
}

void rec_hush(struct rec *rec, bool hushed)
{
	struct job *job = job_make(hushed ? JOB_PAUSE : JOB_RESUME,
				   rec->target, 0);

	if (!job)
		return;
	/* what was dropped before it is in its place by then */
	job->gap = rec->gap;
	rec->gap = 0;
	(void)job_give(rec->recorder, job);
}

void rec_put(struct rec *rec, const int16_t *pcm, size_t count)
{
	struct recorder *recorder = rec->recorder;
	struct job *job = job_make(JOB_DATA, rec->target, count);

	recorder->figures.samples += count;
	if (job) {
		memcpy(job->pcm, pcm, count * REC_CHANNELS * sizeof(*pcm));
		job->gap = rec->gap;
		if (job_give(recorder, job)) {
			rec->gap = 0;
			return;
		}
	}
	free(job);
	rec->gap += count;
	recorder->figures.dropped++;
}
