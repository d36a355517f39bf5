/*
 * feed_file.c  Events as lines of JSON at the end of a file
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/log.h"
#include "sigd/feed/feed_file.h"

struct feed_file {
	int fd;    /* -1: not open */
	bool told; /* that it cannot be written */
	char path[];
};

static void file_close(struct feed_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}

static void destructor(void *data)
{
	file_close(data);
}

int feed_file_alloc(struct feed_file **filep, const char *path)
{
	struct feed_file *file =
		mem_zalloc(sizeof(*file) + strlen(path) + 1, destructor);

	if (!file)
		return ENOMEM;
	file->fd = -1;
	memcpy(file->path, path, strlen(path));
	*filep = file;
	return 0;
}

/* Another one has its name, or none. */
static bool moved(const struct feed_file *file)
{
	struct stat here, there;

	return fstat(file->fd, &here) || stat(file->path, &there) ||
	       here.st_ino != there.st_ino || here.st_dev != there.st_dev;
}

static int file_open(struct feed_file *file)
{
	if (file->fd >= 0 && moved(file))
		file_close(file);
	if (file->fd < 0)
		file->fd = open(file->path,
				O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
					O_NOCTTY,
				0640);
	return file->fd < 0 ? errno : 0;
}

/* What n bytes have been written of; where it goes on. */
static size_t written(struct iovec *lines, size_t nlines, size_t n)
{
	size_t i = 0;

	for (; i < nlines && n >= lines[i].iov_len; i++)
		n -= lines[i].iov_len;
	if (i < nlines) {
		lines[i].iov_base = (char *)lines[i].iov_base + n;
		lines[i].iov_len -= n;
	}
	return i;
}

static int lines_write(int fd, struct iovec *lines, size_t nlines)
{
	while (nlines) {
		ssize_t n = writev(fd, lines, (int)nlines);
		size_t done;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : ENOSPC;
		done = written(lines, nlines, (size_t)n);
		lines += done;
		nlines -= done;
	}
	return 0;
}

static int batch_write(struct feed_file *file, struct feed_event *const *events,
		       size_t n)
{
	struct iovec lines[FEED_BATCH];
	off_t start;
	int err = file_open(file);

	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		lines[i] = (struct iovec){events[i]->json->buf,
					  events[i]->json->end};
	start = lseek(file->fd, 0, SEEK_END);
	err = lines_write(file->fd, lines, n);
	if (!err && fdatasync(file->fd) && errno != EINVAL && errno != EROFS)
		err = errno;
	if (err && start >= 0 && ftruncate(file->fd, start))
		log_warn(NULL, "half a line stands in the file of events",
			 "file=%s err=%m", file->path);
	return err;
}

void feed_file_deliver(void *sink, struct feed_event *const *events, size_t n,
		       feed_done_h *doneh, void *arg)
{
	struct feed_file *file = sink;
	int err = batch_write(file, events, n);

	if (err && !file->told)
		log_error(NULL, "events cannot be written: they wait in Redis",
			  "file=%s err=%s", file->path, strerror(err));
	else if (!err && file->told)
		log_info(NULL, "events are written again", "file=%s",
			 file->path);
	file->told = err;
	doneh(err ? 0 : n, arg);
}
