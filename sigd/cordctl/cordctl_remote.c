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
#include "sigd/cordctl/cordctl_shown.h"

/* Which options it takes, beside those of all; one that it has no use for would
 * be taken for obeyed. */
static const struct {
	const char *name;
	cordctl_remote_h *run;
	const char *options;
	const char *with; /* a word, an ID or NODE; NULL: it has none */
} commands[] = {
	{"calls", cordctl_remote_calls,
	 "state recent since until mos-below number call-id reason tenant user "
	 "connection limit", NULL},
	{"call", cordctl_remote_call, "", ""},
	{"hangup", cordctl_remote_hangup, "tenant user connection", ""},
	{"trace", cordctl_remote_trace,
	 "follow call tenant user device connection limit", ""},
	{"traces", cordctl_remote_traces,
	 "since until tenant user device connection call call-id limit", NULL},
	{"registrations", cordctl_remote_registrations,
	 "tenant user device search address agent limit", NULL},
	{"connections", cordctl_remote_connections,
	 "tenant kind state search limit", NULL},
	{"log", cordctl_remote_log, "tenant user device connection limit",
	 NULL},
	{"latency", cordctl_remote_latency, "tenant user device connection",
	 NULL},
	{"alarms", cordctl_remote_alarms,
	 "since until tenant kind name source worker limit", NULL},
	{"refused", cordctl_remote_refused,
	 "since until tenant caller callee connection code call-id limit",
	 NULL},
	{"tenants", cordctl_remote_tenants, "limit", NULL},
	{"nodes", cordctl_remote_nodes, "daemon state limit", NULL},
	{"drain", cordctl_remote_drain, "daemon move keep",
	 "daemon move keep"},
	{"undrain", cordctl_remote_undrain, "daemon", "daemon"},
	{"reload", cordctl_remote_reload, "", "daemon"},
	{"levels", cordctl_remote_levels, "", "node daemon for area call"},
	{"force", cordctl_remote_force, "tenant connection reason by",
	 "tenant connection reason by"},
	{"register", cordctl_remote_register, "tenant connection", NULL},
	{"unregister", cordctl_remote_unregister,
	 "tenant user device disconnect", NULL},
	{"disconnect", cordctl_remote_disconnect, "tenant user device", NULL},
	{"pause", cordctl_remote_pause, "", ""},
	{"resume", cordctl_remote_resume, "", ""},
};

#define OF_ALL "url token-file ca json"

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

enum { FOLLOW = 0 }; /* its place, as -f has none */

static const struct option options[] = {
	{"follow", no_argument, NULL, OPT_FOLLOW},
	{"url", required_argument, NULL, AT(url)},
	{"token-file", required_argument, NULL, AT(token_file)},
	{"ca", required_argument, NULL, AT(ca)},
	{"json", no_argument, NULL, OPT_JSON},
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

static bool parse(struct cordctl_remote *remote, bool *given, int argc,
		  char **argv)
{
	int c, which = -1;

	while ((c = getopt_long(argc, argv, "f", options, &which)) != -1) {
		if (c == 'f')
			which = FOLLOW;
		if (c >= OPT_TEXT)
			set_text(remote, c - OPT_TEXT, optarg);
		else if (c == OPT_AREA && !set_area(&remote->how, optarg))
			return false;
		else if (c != OPT_AREA && !set_flag(remote, c))
			return false;
		given[which] = true;
	}
	for (; optind < argc && remote->nwords < CORDCTL_WORDS_MAX; optind++)
		remote->word[remote->nwords++] = argv[optind];
	return optind == argc;
}

/* Whether the command has a use for all that was given. */
static bool fits(size_t command, const struct cordctl_remote *remote,
		 const bool *given)
{
	const char *with = commands[command].with;
	const bool word = remote->nwords && with;

	if (remote->nwords > !!with) {
		cordctl_print(stderr, "cordctl: what is %s?\n",
				 remote->word[!!with]);
		return false;
	}
	for (size_t i = 0; options[i].name; i++) {
		if (!given[i] || cordctl_among(options[i].name, OF_ALL) ||
		    cordctl_among(options[i].name,
				  word ? with : commands[command].options))
			continue;
		cordctl_print(stderr, "cordctl: %s%s%s takes no --%s\n",
				 commands[command].name, word ? " " : "",
				 word ? remote->word[0] : "", options[i].name);
		return false;
	}
	return true;
}

int cordctl_remote(int argc, char **argv)
{
	struct cordctl_remote remote = {.json = false};
	bool given[COUNTOF(options)] = {false};

	for (size_t i = 0; i < COUNTOF(commands); i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		if (!cordctl_whole(options, argc, argv) ||
		    !parse(&remote, given, argc, argv) ||
		    !fits(i, &remote, given))
			return CORDCTL_USAGE;
		return commands[i].run(&remote);
	}
	return -1;
}
