/*
 * jukebox.c  The sounds of a worker, by name
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/aside.h"
#include "mediad/sound/jukebox.h"
#include "mediad/sound/ringtone.h"
#include "mediad/sound/sound_load.h"

struct jukebox {
	struct jukebox_handlers handlers;
	const struct codec_set *codecs; /* const: threads read it, too */
	struct aside *aside;
	struct sound_load *load; /* under way; NULL: none */
	struct sound_load *next; /* to begin behind it; NULL: none */
	struct list entries;
	struct aside *tone_aside;
	struct list tones;    /* that were asked for; without a sound: not made
				 yet, or it cannot be */
	struct sound_entry *making; /* the one that is: its country, and */
	struct sound *made;   /* what came of it, are the thread's */
	struct jukebox_figures figures;
	bool ready;
};

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

/* Of the jukebox nothing but its load, which the loop leaves alone. */
static void on_work(void *arg)
{
	struct jukebox *jb = arg;

	sound_load_run(jb->load);
}

/* --- what is played ------------------------------------------------------------------ */

static void take_over(struct jukebox *jb)
{
	struct sound_load *load = jb->load;
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
		const struct sound_problem *problem = le->data;

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
static int begin(struct jukebox *jb, struct sound_load *load)
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
	struct sound_load *load = jb->next;
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

int jukebox_load(struct jukebox *jb, const struct jukebox_cfg *cfg)
{
	struct sound_load *load;
	int err = sound_load_alloc(&load, jb->codecs, cfg);

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
	struct sound_load *load;
	int err = sound_load_alloc(&load, jb->codecs, cfg);

	if (err)
		return err;
	jb->aside = mem_deref(jb->aside);
	jb->next = mem_deref(jb->next);
	mem_deref(jb->load);
	jb->load = load;
	sound_load_run(jb->load);
	take_over(jb);
	return 0;
}

/* --- tones --------------------------------------------------------------------------- */

static void on_tone_work(void *arg)
{
	struct jukebox *jb = arg;
	const char *country = ringtone_of(jb->making->name);
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
		struct sound_entry *entry = le->data;

		if (!entry->done)
			jb->making = entry;
	}
	if (jb->making && !jb->tone_aside &&
	    aside_alloc(&jb->tone_aside, on_tone_work, on_tone_done, jb)) {
		jb->making->done = true;
		jb->making = NULL;
	}
}

static struct sound_entry *tone_entry(struct jukebox *jb, const char *name)
{
	struct sound_entry *entry = sound_entry_find(&jb->tones, name);

	if (!entry && sound_entry_add(&entry, &jb->tones, name))
		return NULL;
	return entry;
}

bool jukebox_tone(struct jukebox *jb, const char *name)
{
	if (!jb || !ringtone_of(name))
		return false;
	if (tone_entry(jb, name) && !jb->making)
		tones_go_on(jb);
	return true;
}

void jukebox_tone_now(struct jukebox *jb, const char *name)
{
	struct sound_entry *entry =
		ringtone_of(name) ? tone_entry(jb, name) : NULL;

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
	const struct sound_entry *entry;

	if (!jb || !name)
		return NULL;
	entry = sound_entry_find(&jb->tones, name);
	if (!entry || !entry->sound)
		entry = sound_entry_find(&jb->entries, name);
	return entry ? entry->sound : NULL;
}

bool jukebox_ready(const struct jukebox *jb)
{
	return jb && jb->ready;
}

const struct jukebox_figures *jukebox_figures(const struct jukebox *jb)
{
	return &jb->figures;
}
