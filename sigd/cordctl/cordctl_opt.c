/*
 * cordctl_opt.c  Options by their whole names, and what may have been meant
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "common/cfg_tree.h"
#include "sigd/cordctl/cordctl.h"
#include "sigd/cordctl/cordctl_shown.h"

enum { OPTIONS_MAX = 48 };

static const struct option *option_of(const struct option *options,
				      const char *name, size_t len)
{
	for (const struct option *opt = options; opt->name; opt++) {
		if (strlen(opt->name) == len && !strncmp(opt->name, name, len))
			return opt;
	}
	return NULL;
}

void cordctl_unknown(const char *what, const char *name,
		     const char *const *names, size_t n)
{
	const char *meant = cfg_nearest(name, names, n);

	cordctl_print(stderr, "cordctl: there is no %s %s%s%s%s\n", what,
			 name, meant ? ", did you mean " : "",
			 meant ? meant : "", meant ? "?" : "");
}

static void say_option(const struct option *options, const char *name,
		       size_t len)
{
	const char *names[OPTIONS_MAX];
	char text[64];
	size_t n = 0;

	while (n < OPTIONS_MAX && options[n].name) {
		names[n] = options[n].name;
		++n;
	}
	re_snprintf(text, sizeof(text), "%b", name, len);
	cordctl_unknown("option", text, names, n);
}

bool cordctl_whole(const struct option *options, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		const char *name = argv[i] + 2;
		const size_t len = strcspn(name, "=");
		const struct option *opt;

		if (strncmp(argv[i], "--", 2))
			continue;
		opt = option_of(options, name, len);
		if (!opt) {
			say_option(options, name, len);
			return false;
		}
		/* what stands behind it is its value */
		i += opt->has_arg == required_argument && !name[len];
	}
	return true;
}

bool cordctl_among(const char *name, const char *list)
{
	const size_t len = strlen(name);

	for (; *list; list += strspn(list, " ")) {
		const size_t n = strcspn(list, " ");

		if (n == len && !strncmp(list, name, len))
			return true;
		list += n;
	}
	return false;
}
