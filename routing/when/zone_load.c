/*
 * zone_load.c  Time zones from the system's zoneinfo, and the name that
 *              somebody may have meant
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/cfg_path.h"
#include "common/cfg_tree.h"
#include "common/fingerprint.h"
#include "routing/when/zone.h"

enum {
	NAMES_MAX = 2000, /* that are looked at for the nearest one */
	DEPTH_MAX = 3     /* America/Argentina/Ushuaia */
};

const char zone_dir[] = "/usr/share/zoneinfo";

struct names {
	char *name[NAMES_MAX];
	size_t count;
};

static void names_destructor(void *arg)
{
	struct names *names = arg;

	for (size_t i = 0; i < names->count; i++)
		mem_deref(names->name[i]);
}

/* Zones and their folders begin with a capital letter; lists, scripts and
 * the variants posix/ and right/ do not. */
static bool is_wanted(const struct dirent *entry)
{
	return entry->d_name[0] >= 'A' && entry->d_name[0] <= 'Z' &&
	       !strchr(entry->d_name, '.');
}

static void add_names(struct names *names, const char *dir, const char *below,
		      unsigned depth);

static void add_name(struct names *names, const char *dir, const char *below,
		     const char *entry, unsigned depth)
{
	char *name = NULL, *path = NULL;

	if (re_sdprintf(&name, "%s%s%s", below, *below ? "/" : "", entry) ||
	    re_sdprintf(&path, "%s/%s", dir, entry)) {
		mem_deref(name);
		return;
	}
	add_names(names, path, name, depth + 1);
	mem_deref(path);
	if (names->count < NAMES_MAX)
		names->name[names->count++] = name;
	else
		mem_deref(name);
}

/* A zone is no folder: then nothing is added. */
static void add_names(struct names *names, const char *dir, const char *below,
		      unsigned depth)
{
	DIR *d = depth <= DEPTH_MAX ? opendir(dir) : NULL;
	const struct dirent *entry;

	while (d && (entry = readdir(d))) {
		if (is_wanted(entry))
			add_name(names, dir, below, entry->d_name, depth);
	}
	if (d)
		closedir(d);
}

static void say_unknown(const char *dir, const char *name, char *why,
			size_t size)
{
	struct names *names = mem_zalloc(sizeof(*names), names_destructor);
	const char *meant = NULL;

	if (names) {
		add_names(names, dir, "", 1);
		meant = cfg_nearest(name, (const char *const *)names->name,
				    names->count);
	}
	(void)re_snprintf(why, size,
			  "a time zone of %s, like Europe/Berlin%s%s%s", dir,
			  meant ? "; did you mean \"" : "", meant ? meant : "",
			  meant ? "\"?" : "");
	mem_deref(names);
}

static bool is_name(const char *name)
{
	const size_t len = strlen(name);

	return len && len <= ZONE_NAME_MAX &&
	       strspn(name,
		      "abcdefghijklmnopqrstuvwxyz"
		      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") == len &&
	       name[0] != '/' && name[len - 1] != '/' && !strstr(name, "//");
}

int zone_load(struct zone **zonep, const char *dir, const char *name,
	      struct fingerprint *print, char *why, size_t size)
{
	char *path = NULL, *data = NULL;
	const char *wrong;
	size_t len;
	int err;

	if (!is_name(name)) {
		say_unknown(dir, name, why, size);
		return EINVAL;
	}
	err = re_sdprintf(&path, "%s/%s", dir, name);
	err = err ? err : cfg_read_file(&data, &len, path, ZONE_FILE_MAX);
	mem_deref(path);
	if (err == ENOMEM)
		return err;
	if (err) {
		say_unknown(dir, name, why, size);
		return EINVAL;
	}
	fingerprint_add(print, data, len);
	err = zone_read(zonep, name, data, len, &wrong);
	if (err == EINVAL)
		(void)re_snprintf(why, size,
				  "a time zone; the file of this one is "
				  "damaged: %s",
				  wrong);
	mem_deref(data);
	return err;
}
