/*
 * codec_set.c  The codecs of this process: those that are built in, and those
 *              that were loaded
 *
 * SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <errno.h>
#include <strings.h>
#include <re.h>

#include "mediad/sound/codec_module.h"
#include "mediad/sound/codec_set.h"

struct codec_set {
	size_t n;
	const struct codec *codecs[CODEC_MODULES_MAX];
};

int codec_set_alloc(struct codec_set **setp)
{
	struct codec_set *set = mem_zalloc(sizeof(*set), NULL);

	if (!set)
		return ENOMEM;
	*setp = set;
	return 0;
}

const struct codec *codec_set_find(const struct codec_set *set,
				   const char *name)
{
	for (size_t i = 0; set && i < set->n; i++)
		if (!strcasecmp(set->codecs[i]->name, name))
			return set->codecs[i];
	return codec_find(name);
}

const struct codec *codec_set_nth(const struct codec_set *set, size_t i)
{
	if (i < CODEC_BUILT_IN)
		return codec_nth(i);
	i -= CODEC_BUILT_IN;
	return set && i < set->n ? set->codecs[i] : NULL;
}

/* All that is called without being looked at. */
static bool is_whole(const struct codec *codec)
{
	return codec && codec->name && codec->clock && codec->rate &&
	       (codec->voice_rate == CODEC_VOICE_RATE ||
		codec->voice_rate == CODEC_WIDE_RATE) &&
	       codec->enc_alloc && codec->encode && codec->dec_alloc &&
	       codec->decode && codec->voice_enc_alloc &&
	       codec->voice_dec_alloc && codec->voice_frame &&
	       codec->voice_span && codec->voice_pauses &&
	       codec->voice_repairs && codec->voice_conceal &&
	       codec->voice_loss;
}

/* Its codec, when it is one for us. */
static int look(const struct codec **codecp, void *handle, char *why,
		size_t size)
{
	const struct codec_module *module = dlsym(handle, CODEC_MODULE_SYMBOL);

	if (!module) {
		str_ncpy(why, "it is no codec module", size);
		return EBADMSG;
	}
	if (module->abi != CODEC_MODULE_ABI ||
	    module->sizes != CODEC_MODULE_SIZES) {
		re_snprintf(why, size,
			    "it was built for another version (ABI %u, we "
			    "have %u)",
			    module->abi, CODEC_MODULE_ABI);
		return EBADMSG;
	}
	if (!is_whole(module->codec)) {
		str_ncpy(why, "its codec is not whole", size);
		return EBADMSG;
	}
	*codecp = module->codec;
	return 0;
}

static int add(struct codec_set *set, const struct codec *codec, char *why,
	       size_t size)
{
	if (codec_set_find(set, codec->name)) {
		re_snprintf(why, size, "there is a %s already", codec->name);
		return EEXIST;
	}
	if (set->n == CODEC_MODULES_MAX) {
		str_ncpy(why, "there are too many", size);
		return ENOSPC;
	}
	set->codecs[set->n++] = codec;
	return 0;
}

int codec_set_load(struct codec_set *set, const char *path, char *why,
		   size_t size)
{
	const struct codec *codec = NULL;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int err;

	if (!handle) {
		str_ncpy(why, dlerror(), size);
		return ENOENT;
	}
	err = look(&codec, handle, why, size);
	if (!err)
		err = add(set, codec, why, size);
	if (err)
		dlclose(handle);
	return err;
}
