/*
 * media_sounds.c  The sounds of a worker: loaded at its start and at reloads
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/log.h"
#include "mediad/media_sounds.h"
#include "mediad/session/session.h"

static void destructor(void *data)
{
	struct media_sounds *sounds = data;

	mem_deref(sounds->jukebox);
}

static void on_loaded(const struct jukebox_figures *figures, void *arg)
{
	struct media_sounds *sounds = arg;

	log_info(NULL, "sounds loaded", "files=%u bad=%u bytes=%llu",
		 figures->sounds, figures->bad,
		 (unsigned long long)figures->bytes);
	if (*sounds->table)
		session_sounds_new(*sounds->table);
}

static void on_say(const char *file, const char *why, void *arg)
{
	(void)arg;
	log_warn(NULL, "a sound cannot be used", "file=%s why=%s", file, why);
}

static struct jukebox_cfg cfg_of(const struct mediad_cfg *cfg)
{
	return (struct jukebox_cfg){
		.dir = cfg->sounds.dir,
		.max_bytes = cfg->sounds.max_bytes,
		.max_s = cfg->sounds.max_ms / 1000,
		.max_memory = cfg->sounds.max_memory,
	};
}

int media_sounds_alloc(struct media_sounds **soundsp,
		       const struct mediad_cfg *cfg,
		       const struct codec_set *codecs,
		       struct session_table *const *tablep)
{
	struct media_sounds *sounds = mem_zalloc(sizeof(*sounds), destructor);
	const struct jukebox_cfg jukebox_cfg = cfg_of(cfg);
	const struct jukebox_handlers handlers = {on_loaded, on_say, sounds};
	int err;

	if (!sounds)
		return ENOMEM;
	sounds->table = tablep;
	err = jukebox_alloc(&sounds->jukebox, &handlers, codecs);
	if (!err)
		err = jukebox_load(sounds->jukebox, &jukebox_cfg);
	if (err)
		mem_deref(sounds);
	else
		*soundsp = sounds;
	return err;
}

void media_sounds_reload(struct media_sounds *sounds,
			 const struct mediad_cfg *cfg)
{
	const struct jukebox_cfg jukebox_cfg = cfg_of(cfg);
	int err = jukebox_load(sounds->jukebox, &jukebox_cfg);

	if (err)
		log_error(NULL, "sounds not loaded, the old ones stay",
			  "why=%s", strerror(err));
}

static void on_check(const char *file, const char *why, void *arg)
{
	unsigned *count = arg;

	++*count;
	(void)re_fprintf(stderr, "sounds: %s: %s\n", file, why);
}

unsigned media_sounds_check(const struct mediad_cfg *cfg)
{
	const struct jukebox_cfg jukebox_cfg = cfg_of(cfg);
	unsigned count = 0;
	const struct jukebox_handlers handlers = {.sayh = on_check,
						  .arg = &count};
	struct jukebox *jukebox;

	if (jukebox_alloc(&jukebox, &handlers, NULL))
		return 1;
	if (jukebox_load_now(jukebox, &jukebox_cfg))
		count++;
	mem_deref(jukebox);
	return count;
}
