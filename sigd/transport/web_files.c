/*
 * web_files.c  The files of a folder in memory
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <re.h>

#include "sigd/transport/web_files.h"

struct web_files {
	struct web_file *v;
	size_t n, size;
};

/* What a page is made of; what is not named here is not served, so notes,
 * package lists and backups in the folder stay private. */
static const struct {
	const char *suffix, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".wav", "audio/wav"},
	{".mp3", "audio/mpeg"},
	{".ogg", "audio/ogg"},
	{".webmanifest", "application/manifest+json"},
	{".wasm", "application/wasm"},
};

static const char *type_of(const char *name)
{
	size_t len = strlen(name);

	if (name[0] == '.')
		return NULL;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t n = strlen(types[i].suffix);

		if (len > n && !strcasecmp(name + len - n, types[i].suffix))
			return types[i].type;
	}
	return NULL;
}

static void files_destructor(void *data)
{
	struct web_files *files = data;

	for (size_t i = 0; i < files->n; i++) {
		mem_deref(files->v[i].path);
		mem_deref(files->v[i].data);
	}
	mem_deref(files->v);
}

static int read_all(int fd, uint8_t *data, size_t len)
{
	for (size_t pos = 0; pos < len;) {
		ssize_t n = read(fd, data + pos, len - pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;
		pos += (size_t)n;
	}
	return 0;
}

static int etag_make(struct web_file *file)
{
	uint8_t sum[EVP_MAX_MD_SIZE];

	if (!EVP_Digest(file->data, file->len, sum, NULL, EVP_sha256(), NULL))
		return ENOMEM;

	re_snprintf(file->etag, sizeof(file->etag), "\"%w\"", sum, (size_t)8);
	return 0;
}

static int file_load(struct web_file *file, int fd, const char *name)
{
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return errno;
	if (st.st_size > WEB_FILE_SIZE_MAX)
		return EFBIG;

	file->len = (size_t)st.st_size;
	file->data = mem_alloc(file->len ? file->len : 1, NULL);
	if (!file->data)
		return ENOMEM;

	err = read_all(fd, file->data, file->len);
	if (!err)
		err = re_sdprintf(&file->path, "/%s", name);
	return err ? err : etag_make(file);
}

static int grow(struct web_files *files)
{
	size_t size = files->size ? files->size * 2 : 8;
	struct web_file *v;

	if (files->n < files->size)
		return 0;
	if (files->n >= WEB_FILES_MAX)
		return ENFILE;

	v = mem_zalloc(size * sizeof(*v), NULL);
	if (!v)
		return ENOMEM;

	if (files->n)
		memcpy(v, files->v, files->n * sizeof(*v));
	mem_deref(files->v);
	files->v = v;
	files->size = size;
	return 0;
}

static int add(struct web_files *files, int folder, const char *name,
	       const char *type)
{
	struct stat st;
	int fd, err;

	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return 0;
	}
	err = grow(files);
	if (!err) {
		struct web_file *file = &files->v[files->n++];

		file->type = type;
		err = file_load(file, fd, name);
	}
	close(fd);
	return err;
}

int web_files_load(struct web_files **filesp, const char *folder, char *errbuf,
		   size_t errlen)
{
	struct web_files *files;
	struct dirent *entry;
	DIR *dir;
	int err = 0;

	if (!filesp || !folder)
		return EINVAL;

	dir = opendir(folder);
	if (!dir) {
		err = errno;
		snprintf(errbuf, errlen, "web_root %s: %s", folder,
			 strerror(err));
		return err;
	}
	files = mem_zalloc(sizeof(*files), files_destructor);
	if (!files)
		err = ENOMEM;

	while (!err && (entry = readdir(dir))) {
		const char *type = type_of(entry->d_name);

		if (type)
			err = add(files, dirfd(dir), entry->d_name, type);
		if (err)
			snprintf(errbuf, errlen, "web_root %s: %s: %s", folder,
				 entry->d_name, strerror(err));
	}
	closedir(dir);
	if (err)
		mem_deref(files);
	else
		*filesp = files;
	return err;
}

const struct web_file *web_files_find(const struct web_files *files,
				      const char *path)
{
	if (!files || !path)
		return NULL;
	if (!strcmp(path, "/"))
		path = "/index.html";

	for (size_t i = 0; i < files->n; i++) {
		if (!strcmp(files->v[i].path, path))
			return &files->v[i];
	}
	return NULL;
}
