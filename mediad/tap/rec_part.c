/*
 * rec_part.c  A recording that is still called NAME.part: its sizes, its length
 *             and its name
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "mediad/tap/rec_file.h"
#include "mediad/tap/rec_part.h"

enum {
	OGG_HEAD = 27,		/* of a page (RFC 3533, 6), without its table */
	OGG_PAGE_MAX = 65307,
	OGG_SKIP_AT = 28 + 10,	/* of the file (RFC 7845, 5.1) */
	OGG_MS = 48,		/* granule positions a millisecond */
};

/* --- WAV ------------------------------------------------------------------------ */

void rec_part_le32(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(min(v, UINT32_MAX) >> (8 * i));
}

int rec_part_mend(int fd)
{
	uint8_t sizes[8];
	struct stat st;

	if (fstat(fd, &st))
		return errno;
	if (st.st_size < REC_WAV_HEAD)
		return EBADMSG;
	rec_part_le32(sizes, (uint64_t)st.st_size - 8);
	rec_part_le32(sizes + 4, (uint64_t)st.st_size - REC_WAV_HEAD);
	return pwrite(fd, sizes, 4, 4) == 4 && pwrite(fd, sizes + 4, 4, 40) == 4
		       ? 0
		       : errno;
}

static uint64_t le(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

static uint64_t wav_ms(int fd, uint64_t size)
{
	uint8_t head[REC_WAV_HEAD];
	uint64_t a_second;

	if (pread(fd, head, sizeof(head), 0) != sizeof(head))
		return 0;
	a_second = le(head + 28, 4);
	return a_second ? (size - REC_WAV_HEAD) * 1000 / a_second : 0;
}

/* --- Ogg ------------------------------------------------------------------------- */

/* Is all of a page there? Its length; 0: no. */
static size_t page_len(const uint8_t *p, size_t left)
{
	size_t len;

	if (left < OGG_HEAD || memcmp(p, "OggS", 4) ||
	    left < OGG_HEAD + (size_t)p[26])
		return 0;
	len = OGG_HEAD + (size_t)p[26];
	for (unsigned i = 0; i < p[26]; i++)
		len += p[OGG_HEAD + i];
	return len <= left ? len : 0;
}

/* By the last page of which all is there. */
static uint64_t ogg_ms(int fd, uint64_t size)
{
	static const size_t most = 2 * OGG_PAGE_MAX;
	const uint64_t from = size > most ? size - most : 0;
	uint8_t *buf = mem_alloc(most, NULL);
	uint64_t last = 0, skip;
	ssize_t n = buf ? pread(fd, buf, 2, OGG_SKIP_AT) : 0;

	skip = n == 2 ? le(buf, 2) : 0;
	n = buf ? pread(fd, buf, most, (off_t)from) : 0;
	for (size_t i = 0, len; n > 0 && i < (size_t)n; i += len ? len : 1) {
		len = page_len(buf + i, (size_t)n - i);
		if (len)
			last = le(buf + i + 6, 8);
	}
	mem_deref(buf);
	return last > skip && last < INT64_MAX ? (last - skip) / OGG_MS : 0;
}

/* --- both ------------------------------------------------------------------------- */

int rec_part_name(const char *part, bool *named)
{
	char name[REC_PATH_MAX + 6];
	char *slash;
	int dir, err = 0;

	str_ncpy(name, part, sizeof(name));
	name[strlen(name) - 5] = '\0';
	*named = !rename(part, name);
	if (!*named)
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

static int mend(int fd, bool wav, uint64_t *ms)
{
	struct stat st;
	int err = wav ? rec_part_mend(fd) : 0;

	if (err)
		return err;
	if (fstat(fd, &st) || fsync(fd))
		return errno;
	*ms = wav ? wav_ms(fd, (uint64_t)st.st_size)
		  : ogg_ms(fd, (uint64_t)st.st_size);
	return *ms ? 0 : EBADMSG;
}

int rec_part_salvage(const char *dir, const char *name, uint64_t *ms,
		     bool *named)
{
	char path[REC_PATH_MAX + 6];
	const char *suffix = strrchr(name, '.');
	int fd, err;

	*named = false;
	if (re_snprintf(path, sizeof(path), "%s/%s.part", dir, name) < 0)
		return ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno;
	err = mend(fd, suffix && !strcmp(suffix, ".wav"), ms);
	if (!err)
		err = rec_part_name(path, named);
	close(fd);
	return err;
}
