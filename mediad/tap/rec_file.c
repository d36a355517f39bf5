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
#include "mediad/tap/rec_part.h"

enum {
	BUFFER = 32768,
	LOOK_BYTES = 1 << 20, /* the space left is looked at that often, */
	LOOK_S = 10,          /* and that often */
	KEEP_S = 2,           /* no longer does sound wait in memory */
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
	uint64_t flushed_samples;
	enum rec_end end;
};

const char *rec_end_name(enum rec_end end)
{
	static const char *const names[REC_ENDS] = {
		[REC_WHOLE] = "whole",	       [REC_TOO_SLOW] = "too-slow",
		[REC_DISK_FULL] = "disk-full", [REC_TOO_LONG] = "too-long",
		[REC_TOO_LARGE] = "too-large", [REC_FAILED] = "failed",
		[REC_CUT] = "cut",
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
	file->flushed_samples = file->samples;
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

static void wav_head(uint8_t head[REC_WAV_HEAD], uint32_t rate, uint64_t bytes)
{
	memcpy(head, "RIFF....WAVEfmt ", 16);
	memset(head + 16, 0, REC_WAV_HEAD - 16);
	rec_part_le32(head + 4, bytes + REC_WAV_HEAD - 8);
	head[16] = 16;
	head[20] = 1;
	head[22] = REC_CHANNELS;
	rec_part_le32(head + 24, rate);
	rec_part_le32(head + 28, (uint64_t)rate * REC_CHANNELS * 2);
	head[32] = REC_CHANNELS * 2;
	head[34] = 16;
	memcpy(head + 36, "data", 4);
	rec_part_le32(head + 40, bytes);
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
	uint8_t head[REC_WAV_HEAD];

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
	if (!err && file->samples - file->flushed_samples >=
			    (uint64_t)KEEP_S * file->params.rate)
		err = flush(file);
	if (err)
		file->end = end_of(err);
	return file->end == REC_WHOLE;
}

enum rec_end rec_file_why(const struct rec_file *file)
{
	return file->end;
}

uint64_t rec_file_samples(const struct rec_file *file)
{
	return file->samples;
}

/* --- the end ------------------------------------------------------------------------ */

/* More than a head of a WAV file. */
static bool has_some(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_size > REC_WAV_HEAD;
}

static int finish(struct rec_file *file)
{
	int err = FAULT("tap.close"), mended = 0;

	/* a piece is missing of it, though what follows may fit again */
	if (!err && file->end == REC_FAILED)
		err = EIO;
	if (!err && file->ogg)
		err = oggfile_end(file->ogg);
	if (!err)
		err = flush(file);
	/* what fits is played, though the disk is full */
	if (!file->ogg)
		mended = rec_part_mend(file->fd);
	if (!err)
		err = mended;
	if (fsync(file->fd) && !err)
		err = errno;
	return err;
}

enum rec_end rec_file_close(struct rec_file *file, uint64_t *samples,
			    bool *named)
{
	int err = finish(file);
	enum rec_end end;

	*samples = file->samples;
	*named = false;
	if (err)
		file->end = end_of(err);
	if ((!err || (file->end == REC_DISK_FULL && has_some(file->fd))) &&
	    rec_part_name(file->part, named))
		file->end = REC_FAILED;
	end = file->end;
	mem_deref(file);
	return end;
}
