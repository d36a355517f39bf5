/*
 * mediad_cfg_priv.h  Parts of the description of mediad.yaml
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIAD_CFG_PRIV_H
#define MEDIAD_MEDIAD_CFG_PRIV_H

#include "mediad/mediad_cfg.h"
#include "mediad/sound/codec_set.h"

/* mediad_cfg_iface.c: what its fields alone cannot say, beside those before it;
 * adds to errs. */
void mediad_iface_finish(struct mediad_cfg *cfg, size_t i,
			 struct cfg_errors *errs);

/* mediad_cfg_sound.c */
extern const struct cfg_table mediad_opus_table;
extern const struct cfg_field mediad_module_item;

#endif
