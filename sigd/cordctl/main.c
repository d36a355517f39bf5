/*
 * main.c  cordctl: the command line tool
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/countof.h"
#include "sigd/cordctl/cordctl.h"
#include "sigd/cordctl/cordctl_api.h"

static const char usage_text[] =
	"usage: cordctl route check [--json] [--strict] FILE...\n"
	"       cordctl route explain [--json] FILE QUESTION\n"
	"       cordctl route diff [--json] OLD NEW [CALLS]\n"
	"       cordctl route bench [--json] FILE [CALLS | QUESTION]\n"
	"       cordctl token [--json]\n"
	"       cordctl route explain --api QUESTION\n"
	"       cordctl calls | registrations | connections | nodes | tenants\n"
	"       cordctl traces | alarms | refused\n"
	"       cordctl call ID | hangup [ID] | pause ID | resume ID\n"
	"       cordctl trace [-f | ID] | log | latency\n"
	"       cordctl drain NODE | undrain NODE | reload [NODE] | levels "
	"[LEVEL]\n"
	"       cordctl force up|down|drain|auto | register\n"
	"       cordctl unregister | disconnect\n"
	"       cordctl -V | --help\n"
	"QUESTION: --callee NUMBER [--caller WHO] [--tenant ID]\n"
	"          [--from CONNECTION] [--method NAME] [--source ADDRESS]\n"
	"          [--time RFC3339] [--header 'NAME: VALUE']...\n"
	"          [--health CONNECTION=STATE]... [--seed NUMBER]\n"
	"FILE is a routing.yaml; CALLS has JSON lines, or CSV with a first "
	"line of names.\n"
	"What asks a running Cordboard takes --url URL, --token-file FILE, --ca "
	"FILE, --json,\n"
	"--tenant, --user, --device, --connection, --call, --limit; see "
	"cordctl(1). And:\n"
	"  calls          --state NAME, --recent, --since TIME, --until TIME, "
	"--number,\n"
	"                 --call-id, --reason, --mos-below NUMBER\n"
	"  registrations  --search TEXT, --address, --agent\n"
	"  connections    --kind, --state, --search TEXT\n"
	"  traces         --since TIME, --until TIME, --call-id\n"
	"  alarms         --since TIME, --until TIME, --kind, --name, --source, "
	"--worker\n"
	"  refused        --since TIME, --until TIME, --caller, --callee, --code, "
	"--call-id\n"
	"  nodes          --daemon, --state\n"
	"  drain          --daemon, --move now|idle, --keep\n"
	"  levels         --node, --daemon, --for TIME, --area AREA=LEVEL, "
	"--call\n"
	"  force          --reason TEXT, --by WHOM\n"
	"  unregister     --disconnect\n"
	"  trace          --follow\n"
	"--color WHEN: always, never, auto (the default: on a terminal).\n";

#define QUESTION "tenant from method caller callee source time seed header health"

static const struct command {
	const char *name;
	cordctl_run_h *run;
	const char *options; /* that it takes */
} commands[] = {
	{"check", cordctl_check, "json strict color colour"},
	{"explain", cordctl_explain,
	 "json color colour api url token-file ca " QUESTION},
	{"diff", cordctl_diff, "json color colour"},
	{"bench", cordctl_bench, "json color colour " QUESTION},
};

enum {
	OPT_JSON = 256,
	OPT_STRICT,
	OPT_COLOR,
	OPT_ASK,
	OPT_HEADER,
	OPT_HEALTH,
	OPT_API,
	OPT_URL,
	OPT_TOKEN,
	OPT_CA
};

/* The question, as JSON. */
struct question {
	struct mbuf *ask, *headers, *health;
};


/* One of the question's keys. */
static int add(struct mbuf *ask, const char *key, const char *value)
{
	return mbuf_printf(ask, "%s%H: %H", ask->end ? ", " : "{",
			   cfg_print_json, key, cfg_print_json, value);
}

/* "name: value", "name=value" */
static int add_pair(struct mbuf *map, const char *text, char between)
{
	const char *end = strchr(text, between);
	char name[128];

	if (!end || end == text || end - text >= (ptrdiff_t)sizeof(name))
		return EINVAL;
	memcpy(name, text, (size_t)(end - text));
	name[end - text] = '\0';
	return add(map, name, end + 1 + strspn(end + 1, " "));
}

/* ... into the question's own. */
static int add_map(struct mbuf *ask, const char *key, const struct mbuf *map)
{
	if (!map->end)
		return 0;
	return mbuf_printf(ask, "%s\"%s\": %b}", ask->end ? ", " : "{", key,
			   map->buf, map->end);
}

static bool set_colour(struct cordctl_opts *opts, const char *when)
{
	if (!strcmp(when, "always"))
		opts->colour = true;
	else if (!strcmp(when, "never"))
		opts->colour = false;
	else
		return !strcmp(when, "auto");
	return true;
}

static const struct option options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"strict", no_argument, NULL, OPT_STRICT},
	{"color", required_argument, NULL, OPT_COLOR},
	{"colour", required_argument, NULL, OPT_COLOR},
	{"tenant", required_argument, NULL, OPT_ASK},
	{"from", required_argument, NULL, OPT_ASK},
	{"method", required_argument, NULL, OPT_ASK},
	{"caller", required_argument, NULL, OPT_ASK},
	{"callee", required_argument, NULL, OPT_ASK},
	{"source", required_argument, NULL, OPT_ASK},
	{"time", required_argument, NULL, OPT_ASK},
	{"seed", required_argument, NULL, OPT_ASK},
	{"header", required_argument, NULL, OPT_HEADER},
	{"health", required_argument, NULL, OPT_HEALTH},
	{"api", no_argument, NULL, OPT_API},
	{"url", required_argument, NULL, OPT_URL},
	{"token-file", required_argument, NULL, OPT_TOKEN},
	{"ca", required_argument, NULL, OPT_CA},
	{NULL, 0, NULL, 0},
};

static bool set_api(struct cordctl_opts *opts, int c)
{
	if (c == OPT_URL)
		opts->url = optarg;
	else if (c == OPT_TOKEN)
		opts->token_file = optarg;
	else if (c == OPT_CA)
		opts->ca = optarg;
	else if (c != OPT_API)
		return false;
	opts->api = true;
	return true;
}

static bool set(struct cordctl_opts *opts, const struct question *qu, int c,
		const char *name)
{
	int err = 0;

	if (c == OPT_JSON)
		opts->json = true;
	else if (c == OPT_STRICT)
		opts->strict = true;
	else if (c == OPT_COLOR)
		err = set_colour(opts, optarg) ? 0 : EINVAL;
	else if (c == OPT_ASK)
		err = add(qu->ask, name, optarg);
	else if (c == OPT_HEADER)
		err = add_pair(qu->headers, optarg, ':');
	else if (c == OPT_HEALTH)
		err = add_pair(qu->health, optarg, '=');
	else if (!set_api(opts, c))
		err = EINVAL;
	return !err;
}

/* A file, or the table that serves: of both only one would be asked. */
static bool has_table(const struct cordctl_opts *opts)
{
	if (opts->api && opts->nfiles)
		fputs("cordctl: --api asks the table that serves: no FILE\n",
		      stderr);
	else if (!opts->api && !opts->nfiles)
		fputs("cordctl: no FILE is given\n", stderr);
	return opts->api != (opts->nfiles > 0);
}

static bool parse(struct cordctl_opts *opts, const struct question *qu,
		  const struct command *command, int argc, char **argv)
{
	int c, which, err;

	if (!cordctl_whole(options, argc, argv))
		return false;
	while ((c = getopt_long(argc, argv, "", options, &which)) != -1) {
		if (c == '?')
			return false;
		if (!cordctl_among(options[which].name, command->options)) {
			(void)re_fprintf(stderr,
					 "cordctl: route %s takes no --%s\n",
					 command->name, options[which].name);
			return false;
		}
		if (!set(opts, qu, c, options[which].name))
			return false;
	}
	err = add_map(qu->ask, "headers", qu->headers);
	err |= add_map(qu->ask, "health", qu->health);
	if (err || (qu->ask->end && mbuf_write_str(qu->ask, "}")))
		return false;
	opts->files = argv + optind;
	opts->nfiles = argc - optind;
	return has_table(opts);
}

static int usage(FILE *to, int code)
{
	fputs(usage_text, to);
	return code;
}

static int token(int argc, char **argv)
{
	bool json = argc == 3 && !strcmp(argv[2], "--json");

	return argc == 2 || json ? cordctl_token(json)
				 : usage(stderr, CORDCTL_USAGE);
}

static void say_command(const char *name)
{
	const char *names[32] = {"route", "token"};
	size_t n = 2;

	while (n < COUNTOF(names) && cordctl_remote_name(n - 2)) {
		names[n] = cordctl_remote_name(n - 2);
		++n;
	}
	cordctl_unknown("command", name, names, n);
}

static const struct command *command_of(int argc, char **argv)
{
	const char *names[COUNTOF(commands)];

	if (argc > 1 && strcmp(argv[1], "route"))
		say_command(argv[1]);
	if (argc < 3 || strcmp(argv[1], "route"))
		return NULL;
	for (size_t i = 0; i < COUNTOF(commands); i++) {
		names[i] = commands[i].name;
		if (!strcmp(argv[2], names[i]))
			return &commands[i];
	}
	cordctl_unknown("command", argv[2], names, COUNTOF(names));
	return NULL;
}

static int run(int argc, char **argv)
{
	struct cordctl_opts opts = {.colour = isatty(STDOUT_FILENO) &&
					      !getenv("NO_COLOR")};
	const struct command *command = command_of(argc, argv);
	struct question qu = {.headers = mbuf_alloc(256),
			      .health = mbuf_alloc(256)};
	int code = CORDCTL_USAGE;

	qu.ask = opts.ask = mbuf_alloc(256);
	if (!qu.ask || !qu.headers || !qu.health)
		code = CORDCTL_SYSTEM;
	else if (command && parse(&opts, &qu, command, argc - 2, argv + 2))
		code = command->run(&opts);
	mem_deref(qu.ask);
	mem_deref(qu.headers);
	mem_deref(qu.health);
	return code == CORDCTL_USAGE ? usage(stderr, code) : code;
}

static int remote_or_route(int argc, char **argv)
{
	int code;

	if (libre_init())
		return CORDCTL_SYSTEM;
	code = argc > 1 ? cordctl_remote(argc - 1, argv + 1) : -1;
	if (code < 0)
		code = run(argc, argv);
	else if (code == CORDCTL_USAGE)
		(void)usage(stderr, code);
	libre_close();
	return code;
}

static int version(void)
{
	puts("cordctl " VERSION);
	return CORDCTL_OK;
}

int main(int argc, char **argv)
{
	int code;

	if (argc == 2 && (!strcmp(argv[1], "-V") ||
			  !strcmp(argv[1], "--version")))
		code = version();
	else if (argc == 2 && !strcmp(argv[1], "--help"))
		code = usage(stdout, 0);
	else if (argc >= 2 && !strcmp(argv[1], "token"))
		code = token(argc, argv);
	else
		code = remote_or_route(argc, argv);
	return cordctl_out(code);
}
