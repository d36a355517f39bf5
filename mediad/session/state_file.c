/*
 * state_file.c  What a worker leaves to its successor: a file on tmpfs
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "mediad/session/state_file.h"

struct state_file {
	int fd;
	void *image; /* NULL or MAP_FAILED: not mapped */
	size_t size;
	uint32_t count, used;
	uint32_t next;  /* where to look for a free record */
	uint8_t *taken; /* by record: 1, and the PAGEs of its long body that
			   are reserved; 0: free */
};

enum {
	PAGE = 4096
};

int state_dir_make(const char *path)
{
	struct stat st;

	if (!mkdir(path, 0700))
		return 0;
	if (errno != EEXIST)
		return errno;
	if (lstat(path, &st))
		return errno;
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	return st.st_uid != geteuid() || (st.st_mode & 022) ? EPERM : 0;
}

static bool is_mapped(const struct state_file *file)
{
	return file->image && file->image != MAP_FAILED;
}

static void file_destructor(void *data)
{
	struct state_file *file = data;

	if (is_mapped(file)) {
		state_image_head(file->image)->serving = 0;
		state_image_head(file->image)->running = 0;
		munmap(file->image, file->size);
	}
	if (file->fd >= 0)
		close(file->fd);
	mem_deref(file->taken);
}

/* A store into a hole of a full tmpfs ends the process by SIGBUS, and even a
 * read makes a page of it: what will be written is reserved first, and holes
 * are not looked at. */
static int reserve(const struct state_file *file, off_t from, off_t len)
{
	int err;

	do {
		err = posix_fallocate(file->fd, from, len);
	} while (err == EINTR);
	return err;
}

static off_t rec_offset(uint32_t nr)
{
	return (off_t)state_image_rec_at(nr);
}

static int open_locked(struct state_file *file, const char *path)
{
	struct stat st;

	file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file->fd < 0)
		return errno == ELOOP ? EPERM : errno;
	if (flock(file->fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? EBUSY : errno;
	if (fstat(file->fd, &st))
		return errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077))
		return EPERM;

	file->size = (size_t)st.st_size;
	return 0;
}

static int map(struct state_file *file)
{
	file->image = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   file->fd, 0);
	return file->image == MAP_FAILED ? errno : 0;
}

static int make_image(struct state_file *file, const struct state_geometry *geo)
{
	int err;

	file->size = state_image_size(geo->count);
	if (ftruncate(file->fd, (off_t)file->size))
		return errno;
	err = reserve(file, 0, rec_offset(0));
	if (!err)
		err = map(file);
	if (!err)
		state_image_make(file->image, geo);
	return err;
}

static void note_death(struct state_file *file)
{
	struct state_head *head = state_image_head(file->image);
	uint32_t nr = head->serving - 1;

	if (!head->running)
		return;
	head->deaths++;
	if (head->serving && nr < file->count)
		state_image_rec(file->image, nr)->hot.blame++;
}

static void find_taken(struct state_file *file)
{
	const uint8_t *data;
	size_t len;
	off_t at;

	for (uint32_t nr = 0; nr < file->count; nr++) {
		at = lseek(file->fd, rec_offset(nr), SEEK_DATA);
		if (at < 0 || at >= rec_offset(file->count))
			return;
		if (at > rec_offset(nr))
			nr = (uint32_t)((at - rec_offset(0)) / STATE_NARROW);
		if (state_image_read(file->image, nr, &data, &len) == ENOENT)
			continue;
		file->taken[nr] = 1;
		file->used++;
	}
}

static int take_over(struct state_file *file, const struct state_geometry *geo)
{
	int err;

	if (file->size != state_image_size(geo->count))
		return EBADMSG;
	err = map(file);
	if (!err)
		err = state_image_check(file->image, file->size, geo);
	if (err) {
		if (is_mapped(file))
			munmap(file->image, file->size);
		file->image = NULL;
		return err;
	}

	state_image_recover(file->image);
	find_taken(file);
	note_death(file);
	return 0;
}

int state_file_open(struct state_file **filep, const char *path,
		    const char *owner, uint32_t count)
{
	struct state_geometry geo = {owner, count, state_layout()};
	struct state_file *file;
	int err;

	if (!count || count > STATE_COUNT_MAX ||
	    strlen(owner) > STATE_OWNER_MAX)
		return EINVAL;
	file = mem_zalloc(sizeof(*file), file_destructor);
	if (!file)
		return ENOMEM;

	file->fd = -1;
	file->count = count;
	file->taken = mem_zalloc(count, NULL);
	err = file->taken ? open_locked(file, path) : ENOMEM;
	if (!err)
		err = file->size ? take_over(file, &geo)
				 : make_image(file, &geo);
	if (err) {
		mem_deref(file);
		return err;
	}
	state_image_head(file->image)->serving = 0;
	state_image_head(file->image)->running = 1;
	*filep = file;
	return 0;
}

int state_file_aside(const char *path)
{
	char bad[512];

	if ((size_t)snprintf(bad, sizeof(bad), "%s.bad", path) >= sizeof(bad))
		return ENAMETOOLONG;
	return rename(path, bad) ? errno : 0;
}

uint32_t state_file_deaths(const struct state_file *file)
{
	return state_image_head(file->image)->deaths;
}

void state_file_survived(struct state_file *file)
{
	state_image_head(file->image)->deaths = 0;
	for (uint32_t nr = 0; nr < file->count; nr++)
		if (file->taken[nr])
			state_image_rec(file->image, nr)->hot.blame = 0;
}

void state_file_alive(struct state_file *file, uint64_t now_ms)
{
	state_image_head(file->image)->alive_ms = now_ms;
}

uint64_t state_file_silent(const struct state_file *file, uint64_t now_ms)
{
	const uint64_t alive_ms = state_image_head(file->image)->alive_ms;

	return alive_ms && alive_ms < now_ms ? now_ms - alive_ms : 0;
}

uint32_t *state_file_serving(struct state_file *file)
{
	return &state_image_head(file->image)->serving;
}

uint32_t state_file_used(const struct state_file *file)
{
	return file->used;
}

int state_rec_take(struct state_file *file, uint32_t *nrp)
{
	uint32_t nr = file->next;
	int err;

	if (file->used == file->count)
		return ENOSPC;
	while (file->taken[nr])
		nr = (nr + 1) % file->count;

	err = reserve(file, rec_offset(nr), STATE_NARROW);
	if (err)
		return err;
	memset(state_rec_hot(file, nr), 0, sizeof(struct state_hot));
	file->taken[nr] = 1;
	file->used++;
	/* the lowest first: fewer pages, and those are warm */
	file->next = nr;
	*nrp = nr;
	return 0;
}

void state_rec_free(struct state_file *file, uint32_t nr)
{
	assert(file->taken[nr]);
	state_image_write(file->image, nr, NULL, 0);
	file->taken[nr] = 0;
	file->used--;
	if (nr < file->next)
		file->next = nr;
}

struct state_hot *state_rec_hot(struct state_file *file, uint32_t nr)
{
	return &state_image_rec(file->image, nr)->hot;
}

int state_rec_write(struct state_file *file, uint32_t nr, const void *data,
		    size_t len)
{
	size_t pages = len > STATE_SHORT_MAX ? (len + PAGE - 1) / PAGE : 0;
	int err;

	assert(file->taken[nr] && len);
	if (pages + 1 > file->taken[nr]) {
		err = reserve(file, (off_t)state_image_long_at(file->count, nr),
			      (off_t)pages * PAGE);
		if (err)
			return err;
		file->taken[nr] = (uint8_t)(pages + 1);
	}
	state_image_write(file->image, nr, data, len);
	return 0;
}

int state_rec_next(const struct state_file *file, uint32_t *nr)
{
	for (; *nr < file->count; ++*nr)
		if (file->taken[*nr])
			return 0;

	return ENOENT;
}

int state_rec_read(struct state_file *file, uint32_t nr, const uint8_t **data,
		   size_t *len)
{
	return state_image_read(file->image, nr, data, len);
}
