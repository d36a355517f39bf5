/*
 * test_web_files.c  The files of a folder in memory
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "sigd/transport/web_files.h"
#include "tests/lib/test.h"

static void put(const char *folder, const char *name, const char *text)
{
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0)
		abort();
	fclose(f);
}

static const char *folder_make(const char *name)
{
	static char folder[400];

	snprintf(folder, sizeof(folder), "%s/%s", test_tmpdir(), name);
	(void)mkdir(folder, 0755);
	return folder;
}

static void known_types_are_served_and_nothing_else(void)
{
	const char *folder = folder_make("types");
	struct web_files *files = NULL;
	const struct web_file *file;
	char err[200] = "", path[500];

	put(folder, "index.html", "<p>");
	put(folder, "a.js", "1");
	put(folder, "A.CSS", "p{}");
	put(folder, "package.json", "{}");
	put(folder, "notes.txt~", "x");
	put(folder, ".env.js", "secret");
	put(folder, "html", "x");
	snprintf(path, sizeof(path), "%s/folder.html", folder);
	(void)mkdir(path, 0755);
	if (web_files_load(&files, folder, err, sizeof(err)))
		return;

	file = web_files_find(files, "/");
	CHECK(file && file == web_files_find(files, "/index.html"));
	CHECK_STR(file->type, "text/html; charset=utf-8");
	CHECK_INT(file->len, 3);
	CHECK(!memcmp(file->data, "<p>", 3));
	CHECK_INT(strlen(file->etag), WEB_ETAG_LEN);
	file = web_files_find(files, "/A.CSS");
	CHECK(file && !strncmp(file->type, "text/css", 8));
	CHECK(web_files_find(files, "/a.js"));
	CHECK(!web_files_find(files, "/package.json"));
	CHECK(!web_files_find(files, "/notes.txt~"));
	CHECK(!web_files_find(files, "/.env.js"));
	CHECK(!web_files_find(files, "/html"));
	CHECK(!web_files_find(files, "/folder.html"));
	CHECK(!web_files_find(files, "a.js"));
	CHECK(!web_files_find(files, ""));
	mem_deref(files);
}

static void the_tag_changes_with_the_content(void)
{
	const char *folder = folder_make("tags");
	struct web_files *one = NULL, *two = NULL;
	char err[200];

	put(folder, "a.js", "one");
	REQUIRE(!web_files_load(&one, folder, err, sizeof(err)));
	put(folder, "a.js", "two");
	REQUIRE(!web_files_load(&two, folder, err, sizeof(err)));
	CHECK(strcmp(web_files_find(one, "/a.js")->etag,
		     web_files_find(two, "/a.js")->etag));
	mem_deref(one);
	mem_deref(two);
}

static void too_much_is_refused_with_its_name(void)
{
	const char *folder = folder_make("big");
	struct web_files *files = NULL;
	char err[200] = "", path[500], name[40];

	put(folder, "big.js", "");
	snprintf(path, sizeof(path), "%s/big.js", folder);
	CHECK(!truncate(path, WEB_FILE_SIZE_MAX + 1));
	CHECK_INT(web_files_load(&files, folder, err, sizeof(err)), EFBIG);
	CHECK(strstr(err, "big.js"));

	folder = folder_make("many");
	for (int i = 0; i <= WEB_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%d.js", i);
		put(folder, name, "");
	}
	CHECK_INT(web_files_load(&files, folder, err, sizeof(err)), ENFILE);
	CHECK(!files);
}

TEST_MAIN(TEST_OOM(known_types_are_served_and_nothing_else),
	  TEST(the_tag_changes_with_the_content),
	  TEST(too_much_is_refused_with_its_name))
