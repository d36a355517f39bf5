/*
 * sound_load.c  The files of a folder as sounds
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "mediad/sound/ringtone.h"
#include "mediad/sound/sound_load.h"

enum {
	PATH_LEN = 512,
	FILES_MAX = 4096, /* of a folder that are looked at */
};

static void entry_destructor(void *data)
{
	struct sound_entry *entry = data;

	list_unlink(&entry->le);
	mem_deref(entry->sound);
}

static void problem_destructor(void *data)
{
	struct sound_problem *problem = data;

	list_unlink(&problem->le);
}

static void load_destructor(void *data)
{
	struct sound_load *load = data;

	list_flush(&load->entries);
	list_flush(&load->problems);
	mem_deref(load->dir);
}

/* --- what there is ---------------------------------------------------------------- */

int sound_entry_add(struct sound_entry **entryp, struct list *entries,
		    const char *name)
{
	struct sound_entry *entry =
		mem_zalloc(sizeof(*entry), entry_destructor);

	if (!entry)
		return ENOMEM;
	str_ncpy(entry->name, name, sizeof(entry->name));
	list_append(entries, &entry->le, entry);
	*entryp = entry;
	return 0;
}

struct sound_entry *sound_entry_find(const struct list *entries,
				     const char *name)
{
	struct le *le;

	for (le = list_head(entries); le; le = le->next) {
		struct sound_entry *entry = le->data;

		if (!strcmp(entry->name, name))
			return entry;
	}
	return NULL;
}

static void complain(struct sound_load *load, const char *file, const char *why)
{
	struct sound_problem *problem =
		mem_zalloc(sizeof(*problem), problem_destructor);

	load->figures.bad++;
	if (!problem)
		return;
	str_ncpy(problem->file, file, sizeof(problem->file));
	str_ncpy(problem->why, why, sizeof(problem->why));
	list_append(&load->problems, &problem->le, problem);
}

/* sound: its reference is taken over. */
static int add(struct sound_load *load, const char *name, struct sound *sound)
{
	struct sound_entry *entry;
	int err = sound_entry_add(&entry, &load->entries, name);

	if (err)
		mem_deref(sound);
	else
		entry->sound = sound;
	return err;
}

/* --- files ------------------------------------------------------------------------ */

typedef int(read_h)(struct pcm *pcm, const struct pcm_file *file,
		    char why[PCM_WHY_MAX]);

static read_h *reader_of(const char *suffix)
{
	if (!strcmp(suffix, ".wav"))
		return pcm_read_wav;
	return strcmp(suffix, ".ogg") && strcmp(suffix, ".opus")
		       ? NULL
		       : pcm_read_ogg;
}

static int slurp_fd(uint8_t **datap, size_t *len, int fd, uint32_t max_bytes,
		    char why[PCM_WHY_MAX])
{
	struct stat st;
	size_t used = 0;
	ssize_t n = 1;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > max_bytes) {
		str_ncpy(why, "no file, empty or too large", PCM_WHY_MAX);
		return EFBIG;
	}
	*datap = mem_alloc((size_t)st.st_size, NULL);
	while (*datap && n > 0 && used < (size_t)st.st_size) {
		n = read(fd, *datap + used, (size_t)st.st_size - used);
		used += n > 0 ? (size_t)n : 0;
	}
	*len = used;
	if (used)
		return 0;
	*datap = mem_deref(*datap);
	str_ncpy(why, "cannot be read", PCM_WHY_MAX);
	return EIO;
}

static int slurp(uint8_t **datap, size_t *len, const char *path,
		 uint32_t max_bytes, char why[PCM_WHY_MAX])
{
	/* a FIFO would be waited for (open(2)) */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0) {
		err = errno;
		str_ncpy(why, strerror(err), PCM_WHY_MAX);
		return err;
	}
	err = slurp_fd(datap, len, fd, max_bytes, why);
	close(fd);
	return err;
}

static int read_file(struct pcm *pcm, const struct sound_load *load,
		     const char *file, read_h *readh, char why[PCM_WHY_MAX])
{
	struct pcm_file in = {.max_s = load->cfg.max_s};
	char path[PATH_LEN];
	uint8_t *data = NULL;
	int err;

	if (re_snprintf(path, sizeof(path), "%s/%s", load->dir, file) < 0) {
		str_ncpy(why, "its path is too long", PCM_WHY_MAX);
		return ENAMETOOLONG;
	}
	err = slurp(&data, &in.len, path, load->cfg.max_bytes, why);
	if (err)
		return err;
	in.data = data;
	*pcm = (struct pcm){0};
	err = readh(pcm, &in, why);
	mem_deref(data);
	return err;
}

static bool fits(struct sound_load *load, const struct sound *sound)
{
	const size_t size = sound_size(sound);

	if (load->files_bytes + size > load->cfg.max_memory)
		return false;
	load->files_bytes += size;
	load->figures.bytes += size;
	load->figures.sounds++;
	return true;
}

static void add_file(struct sound_load *load, const char *file)
{
	char name[SOUND_NAME_MAX + 1] = "", why[PCM_WHY_MAX] = "";
	const char *suffix = strrchr(file, '.');
	read_h *readh = suffix ? reader_of(suffix) : NULL;
	struct sound *sound = NULL;
	struct pcm pcm;
	int err;

	if (!readh || file[0] == '.')
		return; /* whatever it is, it is no sound */
	if (!jukebox_name_valid(file, (size_t)(suffix - file))) {
		complain(load, file, "its name is not of a-z, 0-9, _ and -");
		return;
	}
	memcpy(name, file, (size_t)(suffix - file));
	if (ringtone_of(name) || sound_entry_find(&load->entries, name)) {
		complain(load, file, "there is a sound of this name already");
		return;
	}
	err = read_file(&pcm, load, file, readh, why);
	if (!err) {
		err = sound_make(&sound, &pcm, load->codecs);
		mem_deref(pcm.samples);
	}
	if (!err && !fits(load, sound)) {
		sound = mem_deref(sound);
		str_ncpy(why, "there is no memory left for it", sizeof(why));
	}
	if (!sound || add(load, name, sound))
		complain(load, file, why[0] ? why : strerror(err));
}

void sound_load_run(struct sound_load *load)
{
	struct dirent **names = NULL;
	int n = load->dir ? scandir(load->dir, &names, NULL, alphasort) : 0;

	if (n < 0)
		complain(load, load->dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (i < FILES_MAX)
			add_file(load, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

int sound_load_alloc(struct sound_load **loadp, const struct codec_set *codecs,
		     const struct jukebox_cfg *cfg)
{
	struct sound_load *load = mem_zalloc(sizeof(*load), load_destructor);

	if (!load)
		return ENOMEM;
	load->cfg = *cfg;
	load->codecs = codecs;
	if (cfg->dir && str_dup(&load->dir, cfg->dir)) {
		mem_deref(load);
		return ENOMEM;
	}
	*loadp = load;
	return 0;
}
