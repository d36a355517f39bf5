/*
 * cordctl_remote.c  The commands that ask a running Cordboard, and their
 *                   options
 *
 * SPDX-License-Identifier: MIT
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/countof.h"
#include "sigd/cordctl/cordctl_api.h"

static const struct {
	const char *name;
	cordctl_remote_h *run;
	int words; /* that it may have */
} commands[] = {
	{"calls", cordctl_remote_calls, 0},
	{"call", cordctl_remote_call, 1},
	{"hangup", cordctl_remote_hangup, 1},
	{"trace", cordctl_remote_trace, 1},
	{"traces", cordctl_remote_traces, 0},
	{"registrations", cordctl_remote_registrations, 0},
	{"connections", cordctl_remote_connections, 0},
	{"log", cordctl_remote_log, 0},
	{"latency", cordctl_remote_latency, 0},
	{"alarms", cordctl_remote_alarms, 0},
	{"refused", cordctl_remote_refused, 0},
	{"tenants", cordctl_remote_tenants, 0},
	{"nodes", cordctl_remote_nodes, 0},
	{"drain", cordctl_remote_drain, 1},
	{"undrain", cordctl_remote_undrain, 1},
	{"reload", cordctl_remote_reload, 1},
	{"levels", cordctl_remote_levels, 1},
	{"force", cordctl_remote_force, 1},
	{"register", cordctl_remote_register, 0},
	{"unregister", cordctl_remote_unregister, 0},
	{"disconnect", cordctl_remote_disconnect, 0},
	{"pause", cordctl_remote_pause, 1},
	{"resume", cordctl_remote_resume, 1},
};

enum {
	OPT_JSON = 256,
	OPT_FOLLOW,
	OPT_KEEP,
	OPT_RECENT,
	OPT_DISCONNECT,
	OPT_AREA,
	OPT_TEXT = 512 /* and where its value goes */
};

#define AT(member) OPT_TEXT + (int)offsetof(struct cordctl_remote, member)

static const struct option options[] = {
	{"url", required_argument, NULL, AT(url)},
	{"token-file", required_argument, NULL, AT(token_file)},
	{"ca", required_argument, NULL, AT(ca)},
	{"json", no_argument, NULL, OPT_JSON},
	{"follow", no_argument, NULL, OPT_FOLLOW},
	{"tenant", required_argument, NULL, AT(tenant)},
	{"user", required_argument, NULL, AT(user)},
	{"device", required_argument, NULL, AT(device)},
	{"connection", required_argument, NULL, AT(connection)},
	{"call", required_argument, NULL, AT(call)},
	{"limit", required_argument, NULL, AT(limit)},
	{"daemon", required_argument, NULL, AT(daemon)},
	{"node", required_argument, NULL, AT(how.node)},
	{"move", required_argument, NULL, AT(how.move)},
	{"keep", no_argument, NULL, OPT_KEEP},
	{"for", required_argument, NULL, AT(how.lasts)},
	{"area", required_argument, NULL, OPT_AREA},
	{"by", required_argument, NULL, AT(how.by)},
	{"disconnect", no_argument, NULL, OPT_DISCONNECT},
	{"recent", no_argument, NULL, OPT_RECENT},
	{"search", required_argument, NULL, AT(filter.search)},
	{"state", required_argument, NULL, AT(filter.state)},
	{"kind", required_argument, NULL, AT(filter.kind)},
	{"since", required_argument, NULL, AT(filter.since)},
	{"until", required_argument, NULL, AT(filter.until)},
	{"mos-below", required_argument, NULL, AT(filter.mos_below)},
	{"caller", required_argument, NULL, AT(filter.caller)},
	{"callee", required_argument, NULL, AT(filter.callee)},
	{"number", required_argument, NULL, AT(filter.number)},
	{"call-id", required_argument, NULL, AT(filter.call_id)},
	{"code", required_argument, NULL, AT(filter.code)},
	{"reason", required_argument, NULL, AT(filter.reason)},
	{"address", required_argument, NULL, AT(filter.address)},
	{"agent", required_argument, NULL, AT(filter.agent)},
	{"name", required_argument, NULL, AT(filter.name)},
	{"source", required_argument, NULL, AT(filter.source)},
	{"worker", required_argument, NULL, AT(filter.worker)},
	{NULL, 0, NULL, 0},
};

const char *cordctl_remote_name(size_t i)
{
	return i < COUNTOF(commands) ? commands[i].name : NULL;
}

static void set_text(struct cordctl_remote *remote, int at, const char *value)
{
	*(const char **)(void *)((char *)remote + at) = value;
}

/* One that is given twice, but for --area, is the last one. */
static bool set_area(struct cordctl_how *how, const char *value)
{
	if (how->nareas == CORDCTL_AREAS_MAX) {
		(void)re_fprintf(stderr, "cordctl: --area may be given %d "
					 "times\n", CORDCTL_AREAS_MAX);
		return false;
	}
	how->area[how->nareas++] = value;
	return true;
}

static bool set_flag(struct cordctl_remote *remote, int c)
{
	bool *flag = c == OPT_JSON		   ? &remote->json
		     : c == OPT_FOLLOW || c == 'f' ? &remote->follow
		     : c == OPT_KEEP		   ? &remote->how.keep
		     : c == OPT_RECENT		   ? &remote->recent
		     : c == OPT_DISCONNECT	   ? &remote->how.disconnect
						   : NULL;

	if (flag)
		*flag = true;
	return flag != NULL;
}

static bool parse(struct cordctl_remote *remote, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "f", options, NULL)) != -1) {
		if (c >= OPT_TEXT)
			set_text(remote, c - OPT_TEXT, optarg);
		else if (c == OPT_AREA && !set_area(&remote->how, optarg))
			return false;
		else if (c != OPT_AREA && !set_flag(remote, c))
			return false;
	}
	for (; optind < argc && remote->nwords < CORDCTL_WORDS_MAX; optind++)
		remote->word[remote->nwords++] = argv[optind];
	return optind == argc;
}

int cordctl_remote(int argc, char **argv)
{
	struct cordctl_remote remote = {.json = false};

	for (size_t i = 0; i < COUNTOF(commands); i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		if (!cordctl_whole(options, argc, argv) ||
		    !parse(&remote, argc, argv))
			return CORDCTL_USAGE;
		if (remote.nwords > commands[i].words) {
			(void)re_fprintf(stderr, "cordctl: what is %s?\n",
					 remote.word[commands[i].words]);
			return CORDCTL_USAGE;
		}
		return commands[i].run(&remote);
	}
	return -1;
}
