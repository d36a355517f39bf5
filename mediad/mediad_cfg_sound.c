/*
 * mediad_cfg_sound.c  What mediad.yaml says of codecs
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/mediad_cfg_priv.h"

static const struct cfg_field opus_fields[] = {
	{.key = "complexity",
	 .type = CFG_INT,
	 CFG_AT(struct mediad_opus, complexity),
	 .min = 0,
	 .max = 10,
	 .def = "0",
	 .help = "How hard libopus tries. Of a voice at 8 or 16 kHz more than "
		 "0 is hardly heard, and costs up to four times the CPU time. "
		 "A worker that is late for its calls tries less hard before "
		 "it refuses new ones; a `media_policy` of routing.yaml may "
		 "ask for another."},
	{.key = "bitrate",
	 .type = CFG_INT,
	 CFG_AT(struct mediad_opus, bitrate),
	 .min = 6000,
	 .max = 64000,
	 .def = "24000",
	 .help = "Bits a second, at most; less when the far side asks for "
		 "less. A `media_policy` may ask for another."},
	CFG_END,
};

const struct cfg_table mediad_opus_table = {
	.size = sizeof(struct mediad_opus),
	.name = "opus",
	.fields = opus_fields,
	.help = "The Opus that is made of other codecs.",
};

/* It is loaded, and stays so: who forks from us has it, too. */
static bool check_module(const char *text, char *why, size_t size)
{
	struct codec_set *set = NULL;
	char said[200] = "no memory";
	int err;

	if (text[0] != '/') {
		str_ncpy(why, "a path that begins with /", size);
		return false;
	}
	err = codec_set_alloc(&set);
	if (!err)
		err = codec_set_load(set, text, said, sizeof(said));
	if (err)
		re_snprintf(why, size, "a codec module: %s", said);
	mem_deref(set);
	return !err;
}

const struct cfg_field mediad_module_item = {
	.type = CFG_STRING,
	.size = sizeof(char *),
	.min = 1,
	.max = 500,
	.check = check_module,
};
