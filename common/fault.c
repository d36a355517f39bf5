/*
 * fault.c  Named fault points of test builds
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/fault.h"

enum {
	FAULTS_MAX = 16,
	NAME_LEN = 48,
	PATH_LEN = 200,
	DELAY_MAX_MS = 60000,
	EXIT_BAD = 78
};

enum action {
	ACT_KILL,
	ACT_ABORT,
	ACT_ERRNO,
	ACT_DELAY,
	ACT_BUSY,
	ACT_HOLD
};

struct fault {
	char name[NAME_LEN];
	enum action action;
	unsigned long value; /* the errno, or milliseconds */
	char file[PATH_LEN];
	unsigned long nth;   /* 0: every time */
	unsigned long passed;
};

/* Of test builds alone: fault points stand where no argument could carry
 * this. */
static struct {
	struct fault list[FAULTS_MAX];
	size_t n;
	bool read;
	uint32_t incarnation;
	char proc[NAME_LEN];
} state = {.incarnation = 1};

static const struct {
	const char *name;
	int err;
} errnos[] = {
	{"EACCES", EACCES},
	{"EADDRINUSE", EADDRINUSE},
	{"EAGAIN", EAGAIN},
	{"EBADMSG", EBADMSG},
	{"ECONNREFUSED", ECONNREFUSED},
	{"ECONNRESET", ECONNRESET},
	{"EIO", EIO},
	{"EINVAL", EINVAL},
	{"EMFILE", EMFILE},
	{"EMSGSIZE", EMSGSIZE},
	{"ENETDOWN", ENETDOWN},
	{"ENOBUFS", ENOBUFS},
	{"ENOENT", ENOENT},
	{"ENOMEM", ENOMEM},
	{"ENOSPC", ENOSPC},
	{"ENOTCONN", ENOTCONN},
	{"EPIPE", EPIPE},
	{"EPROTO", EPROTO},
	{"ETIMEDOUT", ETIMEDOUT},
};

static void refuse(const char *spec)
{
	fprintf(stderr, "CORDBOARD_FAULT: cannot read \"%s\"\n", spec);
	_exit(EXIT_BAD);
}

static bool number_read(unsigned long *value, const char *text)
{
	char *end;

	*value = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

static bool errno_read(unsigned long *value, const char *text)
{
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		if (strcmp(errnos[i].name, text))
			continue;
		*value = (unsigned long)errnos[i].err;
		return true;
	}
	return number_read(value, text) && *value > 0;
}

static bool action_read(struct fault *fault, const char *text)
{
	if (!strcmp(text, "kill")) {
		fault->action = ACT_KILL;
		return true;
	}
	if (!strcmp(text, "abort")) {
		fault->action = ACT_ABORT;
		return true;
	}
	if (!strncmp(text, "errno:", 6)) {
		fault->action = ACT_ERRNO;
		return errno_read(&fault->value, text + 6);
	}
	if (!strncmp(text, "delay:", 6)) {
		fault->action = ACT_DELAY;
		return number_read(&fault->value, text + 6) &&
		       fault->value <= DELAY_MAX_MS;
	}
	if (!strncmp(text, "busy:", 5)) {
		fault->action = ACT_BUSY;
		return number_read(&fault->value, text + 5) &&
		       fault->value <= DELAY_MAX_MS;
	}
	if (!strncmp(text, "hold:/", 6)) {
		fault->action = ACT_HOLD;
		return snprintf(fault->file, PATH_LEN, "%s", text + 5) <
		       PATH_LEN;
	}
	return false;
}

/* Takes apart `[proc:]name=action[@n][+]`, writing into spec. False when it
 * is none; *here tells whether it holds in this process. */
static bool spec_read(struct fault *fault, char *spec, bool *here)
{
	char *action = strchr(spec, '='), *name = spec, *p;
	size_t len;

	*here = state.incarnation <= 1;
	if (!action)
		return false;
	*action++ = '\0';
	len = strlen(action);
	if (len && action[len - 1] == '+') {
		action[len - 1] = '\0';
		*here = true;
	}
	p = strchr(action, '@');
	if (p) {
		*p++ = '\0';
		if (!number_read(&fault->nth, p) || !fault->nth)
			return false;
	}
	p = strchr(spec, ':');
	if (p) {
		*p = '\0';
		name = p + 1;
		*here = *here && !strcmp(spec, state.proc);
	}
	len = strlen(name);
	if (!len || len >= sizeof(fault->name))
		return false;

	memcpy(fault->name, name, len + 1);
	return action_read(fault, action);
}

static void environment_read(void)
{
	const char *env = getenv("CORDBOARD_FAULT");
	char text[1024], spec[256], *save = NULL;

	state.read = true;
	state.n = 0;
	if (!env || !env[0])
		return;
	if (strlen(env) >= sizeof(text))
		refuse(env);
	memcpy(text, env, strlen(env) + 1);
	for (char *p = strtok_r(text, ",", &save); p;
	     p = strtok_r(NULL, ",", &save)) {
		struct fault fault = {.nth = 0};
		bool here;

		snprintf(spec, sizeof(spec), "%s", p);
		if (!spec_read(&fault, spec, &here) || state.n == FAULTS_MAX)
			refuse(p);
		if (here)
			state.list[state.n++] = fault;
	}
}

void fault_process(const char *proc, uint32_t incarnation)
{
	snprintf(state.proc, sizeof(state.proc), "%s", proc);
	state.incarnation = incarnation;
	environment_read();
}

static void sleep_ms(unsigned long ms)
{
	struct timespec left = {(time_t)(ms / 1000),
				(long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static uint64_t cpu_ns(void)
{
	struct timespec used;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used))
		abort();
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static void be_busy_ms(unsigned long ms)
{
	const uint64_t until = cpu_ns() + (uint64_t)ms * 1000000u;

	while (cpu_ns() < until)
		;
}

static void wait_for_end_of(const char *file)
{
	for (unsigned ms = 0; ms < DELAY_MAX_MS && !access(file, F_OK); ms++)
		sleep_ms(1);
}

static int act(const struct fault *fault)
{
	switch (fault->action) {
	case ACT_KILL:
		(void)kill(getpid(), SIGKILL);
		break;
	case ACT_ABORT:
		abort();
	case ACT_ERRNO:
		return (int)fault->value;
	case ACT_DELAY:
		sleep_ms(fault->value);
		break;
	case ACT_BUSY:
		be_busy_ms(fault->value);
		break;
	case ACT_HOLD:
		wait_for_end_of(fault->file);
		break;
	}
	return 0;
}

int fault_point(const char *name)
{
	int err = 0;

	if (!state.read)
		environment_read();
	for (size_t i = 0; i < state.n && !err; i++) {
		struct fault *fault = &state.list[i];

		if (strcmp(fault->name, name))
			continue;
		fault->passed++;
		if (!fault->nth || fault->nth == fault->passed)
			err = act(fault);
	}
	return err;
}
