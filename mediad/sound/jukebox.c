/*
 * jukebox.c  The sounds of a worker, by name
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "common/aside.h"
#include "mediad/sound/jukebox.h"
#include "mediad/sound/ringtone.h"

enum {
	PATH_LEN = 512,
	FILES_MAX = 4096, /* of a folder that are looked at */
};

static const char tone_prefix[] = "ring-";

struct entry {
	struct le le;
	char name[SOUND_NAME_MAX + 1];
	struct sound *sound;
	bool done; /* of a tone: it is made, or cannot be */
};

struct problem {
	struct le le;
	char file[NAME_MAX + 1];
	char why[PCM_WHY_MAX];
};

/* A load: the thread's until it has ended. */
struct load {
	struct jukebox_cfg cfg;
	const struct codec_set *codecs;
	char *dir;
	struct list entries, problems;
	struct jukebox_figures figures;
	uint64_t files_bytes;
};

struct jukebox {
	struct jukebox_handlers handlers;
	const struct codec_set *codecs; /* const: threads read it, too */
	struct aside *aside;
	struct load *load; /* under way; NULL: none */
	struct load *next; /* to begin behind it; NULL: none */
	struct list entries;
	struct aside *tone_aside;
	struct list tones;    /* that were asked for; without a sound: not made
				 yet, or it cannot be */
	struct entry *making; /* the one that is: its country, and */
	struct sound *made;   /* what came of it, are the thread's */
	struct jukebox_figures figures;
	bool ready;
};

static void entry_destructor(void *data)
{
	struct entry *entry = data;

	list_unlink(&entry->le);
	mem_deref(entry->sound);
}

static void problem_destructor(void *data)
{
	struct problem *problem = data;

	list_unlink(&problem->le);
}

static void load_destructor(void *data)
{
	struct load *load = data;

	list_flush(&load->entries);
	list_flush(&load->problems);
	mem_deref(load->dir);
}

static void jukebox_destructor(void *data)
{
	struct jukebox *jb = data;

	mem_deref(jb->aside);
	mem_deref(jb->tone_aside);
	mem_deref(jb->load);
	mem_deref(jb->next);
	mem_deref(jb->made);
	list_flush(&jb->tones);
	list_flush(&jb->entries);
}

bool jukebox_name_valid(const char *name, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return len && len <= SOUND_NAME_MAX && strspn(name, allowed) >= len;
}

/* --- a load ---------------------------------------------------------------------- */

static struct sound *list_find(const struct list *entries, const char *name)
{
	struct le *le;

	for (le = list_head(entries); le; le = le->next) {
		const struct entry *entry = le->data;

		if (!strcmp(entry->name, name))
			return entry->sound;
	}
	return NULL;
}

static void complain(struct load *load, const char *file, const char *why)
{
	struct problem *problem =
		mem_zalloc(sizeof(*problem), problem_destructor);

	load->figures.bad++;
	if (!problem)
		return;
	str_ncpy(problem->file, file, sizeof(problem->file));
	str_ncpy(problem->why, why, sizeof(problem->why));
	list_append(&load->problems, &problem->le, problem);
}

/* sound: its reference is taken over. */
static int add(struct load *load, const char *name, struct sound *sound)
{
	struct entry *entry = mem_zalloc(sizeof(*entry), entry_destructor);

	if (!entry) {
		mem_deref(sound);
		return ENOMEM;
	}
	str_ncpy(entry->name, name, sizeof(entry->name));
	entry->sound = sound;
	list_append(&load->entries, &entry->le, entry);
	return 0;
}

/* ring-de */
static bool is_tone(const char *name)
{
	const size_t len = sizeof(tone_prefix) - 1;

	if (strncmp(name, tone_prefix, len))
		return false;
	for (size_t i = 0; ringtone_country(i); i++)
		if (!strcmp(ringtone_country(i), name + len))
			return true;
	return false;
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

static int read_file(struct pcm *pcm, const struct load *load,
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

static bool fits(struct load *load, const struct sound *sound)
{
	const size_t size = sound_size(sound);

	if (load->files_bytes + size > load->cfg.max_memory)
		return false;
	load->files_bytes += size;
	load->figures.bytes += size;
	load->figures.sounds++;
	return true;
}

static void add_file(struct load *load, const char *file)
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
	if (is_tone(name) || list_find(&load->entries, name)) {
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

static void add_files(struct load *load)
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

/* Of the jukebox nothing but its load, which the loop leaves alone. */
static void on_work(void *arg)
{
	struct jukebox *jb = arg;

	add_files(jb->load);
}

/* --- what is played ------------------------------------------------------------------ */

static void take_over(struct jukebox *jb)
{
	struct load *load = jb->load;
	struct le *le;

	jb->load = NULL;
	list_flush(&jb->entries);
	while ((le = list_head(&load->entries))) {
		list_unlink(le);
		list_append(&jb->entries, le, le->data);
	}
	load->figures.tones = jb->figures.tones;
	jb->figures = load->figures;
	jb->ready = true;
	for (le = list_head(&load->problems); le; le = le->next) {
		const struct problem *problem = le->data;

		if (jb->handlers.sayh)
			jb->handlers.sayh(problem->file, problem->why,
					  jb->handlers.arg);
	}
	mem_deref(load);
	if (jb->handlers.loadedh)
		jb->handlers.loadedh(&jb->figures, jb->handlers.arg);
}

static void on_done(void *arg);

/* load: its reference is taken over. */
static int begin(struct jukebox *jb, struct load *load)
{
	int err;

	jb->load = load;
	err = aside_alloc(&jb->aside, on_work, on_done, jb);
	if (err)
		jb->load = mem_deref(jb->load);
	return err;
}

static void begin_next(struct jukebox *jb)
{
	struct load *load = jb->next;
	int err;

	jb->next = NULL;
	err = begin(jb, load);
	if (err && jb->handlers.sayh)
		jb->handlers.sayh("(all)", strerror(err), jb->handlers.arg);
}

static void on_done(void *arg)
{
	struct jukebox *jb = arg;

	jb->aside = mem_deref(jb->aside);
	take_over(jb);
	if (jb->next && !jb->aside)
		begin_next(jb);
}

int jukebox_alloc(struct jukebox **jbp,
		  const struct jukebox_handlers *handlers,
		  const struct codec_set *codecs)
{
	struct jukebox *jb = mem_zalloc(sizeof(*jb), jukebox_destructor);

	if (!jb)
		return ENOMEM;
	if (handlers)
		jb->handlers = *handlers;
	jb->codecs = codecs;
	*jbp = jb;
	return 0;
}

static int load_alloc(struct load **loadp, const struct jukebox *jb,
		      const struct jukebox_cfg *cfg)
{
	struct load *load = mem_zalloc(sizeof(*load), load_destructor);

	if (!load)
		return ENOMEM;
	load->cfg = *cfg;
	load->codecs = jb->codecs;
	if (cfg->dir && str_dup(&load->dir, cfg->dir)) {
		mem_deref(load);
		return ENOMEM;
	}
	*loadp = load;
	return 0;
}

int jukebox_load(struct jukebox *jb, const struct jukebox_cfg *cfg)
{
	struct load *load;
	int err = load_alloc(&load, jb, cfg);

	if (err)
		return err;
	if (!jb->aside)
		return begin(jb, load);
	/* to wait for its thread would stop the loop for seconds */
	mem_deref(jb->next);
	jb->next = load;
	return 0;
}

int jukebox_load_now(struct jukebox *jb, const struct jukebox_cfg *cfg)
{
	struct load *load;
	int err = load_alloc(&load, jb, cfg);

	if (err)
		return err;
	jb->aside = mem_deref(jb->aside);
	jb->next = mem_deref(jb->next);
	mem_deref(jb->load);
	jb->load = load;
	add_files(jb->load);
	take_over(jb);
	return 0;
}

/* --- tones --------------------------------------------------------------------------- */

static void on_tone_work(void *arg)
{
	struct jukebox *jb = arg;
	const char *country = jb->making->name + sizeof(tone_prefix) - 1;
	struct pcm pcm = {0};

	if (!ringtone_make(&pcm, country))
		(void)sound_make(&jb->made, &pcm, jb->codecs);
	mem_deref(pcm.samples);
}

static void tones_go_on(struct jukebox *jb);

static void tone_there(struct jukebox *jb)
{
	jb->making->sound = jb->made;
	jb->making->done = true;
	if (jb->made)
		jb->figures.tones += sound_size(jb->made);
	jb->made = NULL;
	jb->making = NULL;
	if (jb->handlers.loadedh)
		jb->handlers.loadedh(&jb->figures, jb->handlers.arg);
}

static void on_tone_done(void *arg)
{
	struct jukebox *jb = arg;

	jb->tone_aside = mem_deref(jb->tone_aside);
	tone_there(jb);
	tones_go_on(jb);
}

/* One after the other. */
static void tones_go_on(struct jukebox *jb)
{
	struct le *le;

	for (le = list_head(&jb->tones); le && !jb->making; le = le->next) {
		struct entry *entry = le->data;

		if (!entry->done)
			jb->making = entry;
	}
	if (jb->making && !jb->tone_aside &&
	    aside_alloc(&jb->tone_aside, on_tone_work, on_tone_done, jb)) {
		jb->making->done = true;
		jb->making = NULL;
	}
}

static struct entry *tone_entry(struct jukebox *jb, const char *name)
{
	struct entry *entry;
	struct le *le;

	for (le = list_head(&jb->tones); le; le = le->next) {
		entry = le->data;
		if (!strcmp(entry->name, name))
			return entry;
	}
	entry = mem_zalloc(sizeof(*entry), entry_destructor);
	if (!entry)
		return NULL;
	str_ncpy(entry->name, name, sizeof(entry->name));
	list_append(&jb->tones, &entry->le, entry);
	return entry;
}

bool jukebox_tone(struct jukebox *jb, const char *name)
{
	if (!jb || !is_tone(name))
		return false;
	if (tone_entry(jb, name) && !jb->making)
		tones_go_on(jb);
	return true;
}

void jukebox_tone_now(struct jukebox *jb, const char *name)
{
	struct entry *entry = is_tone(name) ? tone_entry(jb, name) : NULL;

	/* another one may be under way, in its thread, or this very one */
	if (jb->tone_aside) {
		jb->tone_aside = mem_deref(jb->tone_aside);
		tone_there(jb);
	}
	if (entry && !entry->done) {
		jb->making = entry;
		on_tone_work(jb);
		tone_there(jb);
	}
	/* those that waited behind it */
	tones_go_on(jb);
}

struct sound *jukebox_find(const struct jukebox *jb, const char *name)
{
	struct sound *tone;

	if (!jb || !name)
		return NULL;
	tone = list_find(&jb->tones, name);
	return tone ? tone : list_find(&jb->entries, name);
}

bool jukebox_ready(const struct jukebox *jb)
{
	return jb && jb->ready;
}

const struct jukebox_figures *jukebox_figures(const struct jukebox *jb)
{
	return &jb->figures;
}
