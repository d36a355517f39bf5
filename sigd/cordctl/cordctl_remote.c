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
};

enum {
	OPT_JSON = 256,
	OPT_FOLLOW,
	OPT_KEEP,
	OPT_RECENT,
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
	{"move", required_argument, NULL, AT(move)},
	{"keep", no_argument, NULL, OPT_KEEP},
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

static bool parse(struct cordctl_remote *remote, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "f", options, NULL)) != -1) {
		if (c >= OPT_TEXT)
			set_text(remote, c - OPT_TEXT, optarg);
		else if (c == OPT_JSON)
			remote->json = true;
		else if (c == OPT_FOLLOW || c == 'f')
			remote->follow = true;
		else if (c == OPT_KEEP)
			remote->keep = true;
		else if (c == OPT_RECENT)
			remote->recent = true;
		else
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
