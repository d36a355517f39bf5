/*
 * web_files.h  The files of a folder in memory, served over HTTP
 *
 * Read once, at start: a fixed table, so no request can name a file outside
 * it. Regular files of known types directly in the folder; others are left
 * out. index.html is "/", too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_WEB_FILES_H
#define SIGD_TRANSPORT_WEB_FILES_H

#include <stddef.h>
#include <stdint.h>

struct web_files;

enum {
	WEB_FILES_MAX = 256,
	WEB_FILE_SIZE_MAX = 8 << 20,
	WEB_ETAG_LEN = 18
};

struct web_file {
	char *path;                  /* "/name" */
	const char *type;            /* Content-Type */
	char etag[WEB_ETAG_LEN + 1]; /* quoted: "0123456789abcdef" */
	uint8_t *data;
	size_t len;
};

/* ENOENT: no such folder; EFBIG: a file is too big; ENFILE: too many; or the
 * error of reading, with a sentence in errbuf. */
int web_files_load(struct web_files **filesp, const char *folder, char *errbuf,
		   size_t errlen);
/* path: decoded, without query. NULL: none. */
const struct web_file *web_files_find(const struct web_files *files,
				      const char *path);

#endif
