/*
 * shdr_param.h  Taking a header value apart, for the files of this folder
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SHDR_PARAM_H
#define SIGD_SIP_SHDR_PARAM_H

#include "sigd/sip/shdr.h"

/*
 * One "name [= value]" from p; the end of it, white space behind it included,
 * or NULL.
 */
const char *shdr_param_scan(struct shdr_param *param, const char *p,
			    const char *end);

/*
 * "*( ; name [= value] )" from p, up to a comma or the end; calls visit for
 * each. params gets the text without the first ';'. Behind it, or NULL when
 * the text or visit objects.
 */
typedef bool(shdr_visit_h)(const struct shdr_param *param, void *arg);
const char *shdr_params_scan(struct pl *params, const char *p, const char *end,
			     shdr_visit_h *visit, void *arg);

/* Takes what was read of `rest` up to p: at the end or at a comma with
 * something behind it; false otherwise. val gets the value without the white
 * space around it. */
bool shdr_take(struct pl *val, struct pl *rest, const char *start,
	       const char *p);

#endif
