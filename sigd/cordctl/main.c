/*
 * main.c  cordctl: the command line tool
 *
 * SPDX-License-Identifier: MIT
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/countof.h"
#include "sigd/cordctl/cordctl.h"

static const char usage_text[] =
	"usage: cordctl route check [--json] [--strict] FILE...\n"
	"       cordctl route explain [--json] FILE QUESTION\n"
	"       cordctl route diff [--json] OLD NEW [CALLS]\n"
	"       cordctl route bench [--json] FILE [CALLS | QUESTION]\n"
	"       cordctl -V | --help\n"
	"QUESTION: --callee NUMBER [--caller WHO] [--tenant ID]\n"
	"          [--from CONNECTION] [--method NAME]\n"
	"FILE is a routing.yaml; CALLS has JSON lines, or CSV with a first "
	"line of names.\n"
	"--color WHEN: always, never, auto (the default: on a terminal).\n";

static const struct {
	const char *name;
	cordctl_run_h *run;
} commands[] = {
	{"check", cordctl_check},
	{"explain", cordctl_explain},
	{"diff", cordctl_diff},
	{"bench", cordctl_bench},
};

enum { OPT_JSON = 256, OPT_STRICT, OPT_COLOR, OPT_ASK };

/* One of the question's keys. */
static int add(struct mbuf *ask, const char *key, const char *value)
{
	return mbuf_printf(ask, "%s%H: %H", ask->end ? ", " : "{",
			   cfg_print_json, key, cfg_print_json, value);
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

static bool parse(struct cordctl_opts *opts, int argc, char **argv)
{
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
		{NULL, 0, NULL, 0}};
	int c, which;

	while ((c = getopt_long(argc, argv, "", options, &which)) != -1) {
		if (c == OPT_JSON)
			opts->json = true;
		else if (c == OPT_STRICT)
			opts->strict = true;
		else if (c == OPT_COLOR && set_colour(opts, optarg))
			continue;
		else if (c != OPT_ASK ||
			 add(opts->ask, options[which].name, optarg))
			return false;
	}
	if (opts->ask->end && mbuf_write_str(opts->ask, "}"))
		return false;
	opts->files = argv + optind;
	opts->nfiles = argc - optind;
	return opts->nfiles > 0;
}

static int usage(FILE *to, int code)
{
	fputs(usage_text, to);
	return code;
}

static cordctl_run_h *command(int argc, char **argv)
{
	if (argc < 3 || strcmp(argv[1], "route"))
		return NULL;
	for (size_t i = 0; i < COUNTOF(commands); i++) {
		if (!strcmp(argv[2], commands[i].name))
			return commands[i].run;
	}
	return NULL;
}

static int run(int argc, char **argv)
{
	struct cordctl_opts opts = {.colour = isatty(STDOUT_FILENO) &&
					      !getenv("NO_COLOR")};
	cordctl_run_h *runh = command(argc, argv);
	int code = CORDCTL_USAGE;

	opts.ask = mbuf_alloc(256);
	if (!opts.ask)
		return CORDCTL_SYSTEM;
	if (runh && parse(&opts, argc - 2, argv + 2))
		code = runh(&opts);
	mem_deref(opts.ask);
	return code == CORDCTL_USAGE ? usage(stderr, code) : code;
}

int main(int argc, char **argv)
{
	int code;

	if (argc == 2 && (!strcmp(argv[1], "-V") ||
			  !strcmp(argv[1], "--version"))) {
		puts("cordctl " VERSION);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout, 0);
	if (libre_init())
		return CORDCTL_SYSTEM;
	code = run(argc, argv);
	libre_close();
	return code;
}
