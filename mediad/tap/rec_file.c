/*
 * rec_file.c  A recording on disk
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <re.h>

#include "common/fault.h"
#include "mediad/sound/ogg_file.h"
#include "mediad/tap/rec_file.h"

enum {
	WAV_HEAD = 44,
	BUFFER = 32768,
	LOOK_BYTES = 1 << 20, /* the space left is looked at that often, */
	LOOK_S = 10,          /* and that often */
	MODE = 0640,
	DIR_MODE = 0750,
	SILENCE = 1600,
};

struct rec_file {
	struct rec_file_params params; /* its texts are not kept */
	char part[REC_PATH_MAX + 6];
	int fd;
	struct oggfile *ogg;
	uint8_t buf[BUFFER];
	size_t fill;
	uint64_t bytes, samples; /* written, */
	uint64_t looked, looked_samples; /* ... when space was seen last */
	enum rec_end end;
};

const char *rec_end_name(enum rec_end end)
{
	static const char *const names[REC_ENDS] = {
		[REC_WHOLE] = "whole",	       [REC_TOO_SLOW] = "too-slow",
		[REC_DISK_FULL] = "disk-full", [REC_TOO_LONG] = "too-long",
		[REC_TOO_LARGE] = "too-large", [REC_FAILED] = "failed",
	};

	return names[end];
}

static void destructor(void *data)
{
	struct rec_file *file = data;

	mem_deref(file->ogg);
	if (file->fd >= 0)
		close(file->fd);
}

/* --- bytes ---------------------------------------------------------------------- */

static int write_all(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;
	int err = FAULT("tap.write");

	if (err)
		return err;
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int flush(struct rec_file *file)
{
	int err = write_all(file->fd, file->buf, file->fill);

	file->bytes += file->fill;
	file->fill = 0;
	return err;
}

static int put_bytes(const void *data, size_t len, void *arg)
{
	struct rec_file *file = arg;
	const uint8_t *p = data;
	int err = 0;

	while (len && !err) {
		size_t n = min(len, BUFFER - file->fill);

		memcpy(file->buf + file->fill, p, n);
		file->fill += n;
		p += n;
		len -= n;
		if (file->fill == BUFFER)
			err = flush(file);
	}
	return err;
}

/* --- WAV ------------------------------------------------------------------------- */

static void le32(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(min(v, UINT32_MAX) >> (8 * i));
}

static void wav_head(uint8_t head[WAV_HEAD], uint32_t rate, uint64_t bytes)
{
	memcpy(head, "RIFF....WAVEfmt ", 16);
	memset(head + 16, 0, WAV_HEAD - 16);
	le32(head + 4, bytes + WAV_HEAD - 8);
	head[16] = 16;
	head[20] = 1;
	head[22] = REC_CHANNELS;
	le32(head + 24, rate);
	le32(head + 28, (uint64_t)rate * REC_CHANNELS * 2);
	head[32] = REC_CHANNELS * 2;
	head[34] = 16;
	memcpy(head + 36, "data", 4);
	le32(head + 40, bytes);
}

/* Its sizes, from what there is of it. */
static int wav_mend(int fd)
{
	uint8_t head[WAV_HEAD];
	struct stat st;

	if (fstat(fd, &st))
		return errno;
	if (st.st_size < WAV_HEAD)
		return EBADMSG;
	le32(head, (uint64_t)st.st_size - 8);
	le32(head + 4, (uint64_t)st.st_size - WAV_HEAD);
	return pwrite(fd, head, 4, 4) == 4 && pwrite(fd, head + 4, 4, 40) == 4
		       ? 0
		       : errno;
}

static int put_wav(struct rec_file *file, const int16_t *pcm, size_t count)
{
	uint8_t bytes[SILENCE * REC_CHANNELS * 2];
	const size_t n = count * REC_CHANNELS;

	for (size_t i = 0; i < n; i++) {
		bytes[2 * i] = (uint8_t)pcm[i];
		bytes[2 * i + 1] = (uint8_t)((uint16_t)pcm[i] >> 8);
	}
	return put_bytes(bytes, 2 * n, file);
}

/* --- the begin -------------------------------------------------------------------- */

/* The folders above a file. */
static int make_dirs(char *path, size_t from)
{
	for (char *p = path + from; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (*path && mkdir(path, DIR_MODE) && errno != EEXIST) {
			int err = errno;

			*p = '/';
			return err;
		}
		*p = '/';
	}
	return 0;
}

static bool has_space(const struct rec_file *file)
{
	struct statvfs fs;

	if (FAULT("tap.space"))
		return false;
	if (file->fd < 0 || fstatvfs(file->fd, &fs))
		return true;
	return (uint64_t)fs.f_bavail * fs.f_frsize >= file->params.min_free;
}

static int begin(struct rec_file *file, const char *title)
{
	const struct rec_file_params *params = &file->params;
	const struct oggfile_params ogg = {
		.rate = params->rate,
		.bitrate = params->bitrate,
		.channels = REC_CHANNELS,
		.serial = rand_u32(),
		.title = title,
		.writeh = put_bytes,
		.arg = file,
	};
	uint8_t head[WAV_HEAD];

	if (params->format == REC_OGG)
		return oggfile_alloc(&file->ogg, &ogg);
	wav_head(head, params->rate, 0);
	return put_bytes(head, sizeof(head), file);
}

static int part_open(struct rec_file *file, const char *dir, const char *name)
{
	int err;

	if (re_snprintf(file->part, sizeof(file->part), "%s/%s.part", dir,
			name) < 0)
		return ENAMETOOLONG;
	err = make_dirs(file->part, 1);
	if (err)
		return err;
	file->fd = open(file->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			MODE);
	if (file->fd < 0)
		return errno;
	/* whatever the umask is */
	(void)fchmod(file->fd, MODE);
	return 0;
}

int rec_file_open(struct rec_file **filep,
		  const struct rec_file_params *params)
{
	struct rec_file *file = mem_zalloc(sizeof(*file), destructor);
	int err;

	if (!file)
		return ENOMEM;
	file->fd = -1;
	file->params = *params;
	err = part_open(file, params->dir, params->name);
	if (!err && !has_space(file))
		err = ENOSPC;
	if (!err)
		err = begin(file, params->title);
	file->params.dir = file->params.name = file->params.title = NULL;
	if (err) {
		if (file->fd >= 0)
			unlink(file->part);
		mem_deref(file);
		return err;
	}
	*filep = file;
	return 0;
}

/* --- sound ------------------------------------------------------------------------- */

static enum rec_end limit(struct rec_file *file, size_t count)
{
	if (file->samples + count > file->params.max_samples)
		return REC_TOO_LONG;
	if (file->bytes >= file->params.max_bytes)
		return REC_TOO_LARGE;
	if (file->bytes - file->looked < LOOK_BYTES &&
	    file->samples - file->looked_samples <
		    (uint64_t)LOOK_S * file->params.rate)
		return REC_WHOLE;
	file->looked = file->bytes;
	file->looked_samples = file->samples;
	return has_space(file) ? REC_WHOLE : REC_DISK_FULL;
}

static enum rec_end end_of(int err)
{
	return err == ENOSPC || err == EDQUOT || err == EFBIG ? REC_DISK_FULL
							      : REC_FAILED;
}

static int put_some(struct rec_file *file, const int16_t *pcm, size_t count)
{
	return file->ogg ? oggfile_put(file->ogg, pcm, count)
			 : put_wav(file, pcm, count);
}

bool rec_file_put(struct rec_file *file, const int16_t *pcm, size_t count)
{
	static const int16_t silence[SILENCE * REC_CHANNELS];
	int err = 0;

	if (file->end == REC_WHOLE)
		file->end = limit(file, count);
	while (count && !err && file->end == REC_WHOLE) {
		size_t n = min(count, (size_t)SILENCE);

		err = put_some(file, pcm ? pcm : silence, n);
		if (pcm)
			pcm += n * REC_CHANNELS;
		count -= n;
		if (!err)
			file->samples += n;
	}
	if (err)
		file->end = end_of(err);
	return file->end == REC_WHOLE;
}

enum rec_end rec_file_why(const struct rec_file *file)
{
	return file->end;
}

/* --- the end ------------------------------------------------------------------------ */

/* It has its name, which is synced as well. */
static int give_name(const char *part)
{
	char name[REC_PATH_MAX + 6];
	char *slash;
	int dir, err = 0;

	str_ncpy(name, part, sizeof(name));
	name[strlen(name) - 5] = '\0';
	if (rename(part, name))
		return errno;
	slash = strrchr(name, '/');
	*slash = '\0';
	dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(dir))
		err = errno;
	if (dir >= 0)
		close(dir);
	return err;
}

/* More than a head of a WAV file. */
static bool has_some(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_size > WAV_HEAD;
}

static int finish(struct rec_file *file)
{
	int err = 0, mended = 0;

	if (file->ogg && file->end != REC_FAILED)
		err = oggfile_end(file->ogg);
	if (!err)
		err = flush(file);
	/* what fits is played, though the disk is full */
	if (!file->ogg)
		mended = wav_mend(file->fd);
	if (!err)
		err = mended;
	if (fsync(file->fd) && !err)
		err = errno;
	return err;
}

enum rec_end rec_file_close(struct rec_file *file, uint64_t *samples)
{
	int err = finish(file);
	enum rec_end end;

	*samples = file->samples;
	if (err)
		file->end = end_of(err);
	if ((!err || (file->end == REC_DISK_FULL && has_some(file->fd))) &&
	    give_name(file->part))
		file->end = REC_FAILED;
	end = file->end;
	mem_deref(file);
	return end;
}

int rec_file_salvage(const char *dir, const char *name)
{
	char path[REC_PATH_MAX + 6];
	const char *suffix = strrchr(name, '.');
	int fd, err = 0;

	if (re_snprintf(path, sizeof(path), "%s/%s.part", dir, name) < 0)
		return ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno;
	if (suffix && !strcmp(suffix, ".wav"))
		err = wav_mend(fd);
	if (!err && fsync(fd))
		err = errno;
	if (!err)
		err = give_name(path);
	close(fd);
	return err;
}
