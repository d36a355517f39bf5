/*
 * cordctl_remote.c  The commands that ask a running Cordboard, and their
 *                   options
 *
 * SPDX-License-Identifier: MIT
 */
#include <getopt.h>
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
	{"trace", cordctl_remote_trace, 0},
	{"registrations", cordctl_remote_registrations, 0},
	{"connections", cordctl_remote_connections, 0},
	{"log", cordctl_remote_log, 0},
	{"latency", cordctl_remote_latency, 0},
	{"nodes", cordctl_remote_nodes, 0},
	{"drain", cordctl_remote_drain, 1},
	{"undrain", cordctl_remote_undrain, 1},
};

static const struct option options[] = {
	{"url", required_argument, NULL, 'u'},
	{"token-file", required_argument, NULL, 't'},
	{"ca", required_argument, NULL, 'c'},
	{"json", no_argument, NULL, 'j'},
	{"follow", no_argument, NULL, 'f'},
	{"tenant", required_argument, NULL, 'T'},
	{"user", required_argument, NULL, 'U'},
	{"device", required_argument, NULL, 'D'},
	{"connection", required_argument, NULL, 'C'},
	{"call", required_argument, NULL, 'I'},
	{"limit", required_argument, NULL, 'l'},
	{"daemon", required_argument, NULL, 'd'},
	{"move", required_argument, NULL, 'm'},
	{"keep", no_argument, NULL, 'k'},
	{"recent", no_argument, NULL, 'r'},
	{"search", required_argument, NULL, 'S'},
	{"state", required_argument, NULL, 's'},
	{"since", required_argument, NULL, 'a'},
	{"until", required_argument, NULL, 'b'},
	{"mos-below", required_argument, NULL, 'M'},
	{NULL, 0, NULL, 0},
};

const char *cordctl_remote_name(size_t i)
{
	return i < COUNTOF(commands) ? commands[i].name : NULL;
}

/* Where the value of an option goes; NULL: it has none. */
static const char **text_of(struct cordctl_remote *remote, int c)
{
	switch (c) {
	case 'u':
		return &remote->url;
	case 't':
		return &remote->token_file;
	case 'c':
		return &remote->ca;
	case 'T':
		return &remote->tenant;
	case 'U':
		return &remote->user;
	case 'D':
		return &remote->device;
	case 'C':
		return &remote->connection;
	case 'I':
		return &remote->call;
	case 'l':
		return &remote->limit;
	case 'd':
		return &remote->daemon;
	case 'm':
		return &remote->move;
	case 'S':
		return &remote->search;
	case 's':
		return &remote->state;
	case 'a':
		return &remote->since;
	case 'b':
		return &remote->until;
	case 'M':
		return &remote->mos_below;
	default:
		return NULL;
	}
}

static bool parse(struct cordctl_remote *remote, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "f", options, NULL)) != -1) {
		const char **text = text_of(remote, c);

		if (text)
			*text = optarg;
		else if (c == 'j')
			remote->json = true;
		else if (c == 'f')
			remote->follow = true;
		else if (c == 'k')
			remote->keep = true;
		else if (c == 'r')
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
