/*
 * media_codecs.c  The codecs of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/log.h"
#include "mediad/media_codecs.h"
#include "mediad/mediad_cfg.h"
#include "mediad/sound/codec_set.h"

int media_codecs_alloc(struct codec_set **setp, const struct mediad_cfg *cfg)
{
	char why[256];
	int err = codec_set_alloc(setp);

	for (uint32_t i = 0; i < cfg->nmodules && !err; i++)
		if (codec_set_load(*setp, cfg->modules[i], why, sizeof(why)))
			log_warn(NULL, "a codec module is left out",
				 "path=%s why=\"%s\"", cfg->modules[i], why);
	return err;
}
