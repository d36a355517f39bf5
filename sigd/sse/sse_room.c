/*
 * sse_room.c  Whether there is room for one more who looks on
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/admin_conf.h"
#include "sigd/sse/sse_priv.h"

void sse_who_set(struct sse_who *who, const char *by, const char *tenant,
		 const struct sa *source)
{
	struct pl name;

	str_ncpy(who->by, by ? by : "", sizeof(who->by));
	str_ncpy(who->tenant, tenant ? tenant : "", sizeof(who->tenant));
	bucket_source(&name, who->source, source);
	who->source_len = name.l;
}

void sse_caps_set(struct sse_caps *caps, const struct admin_conf *conf)
{
	caps->token = conf->streams_token;
	caps->tenant = conf->streams_tenant;
	caps->source = conf->streams_source;
}

void sse_tally_add(struct sse_tally *tally, const struct sse_who *is,
		   const struct sse_who *comes)
{
	++tally->all;
	tally->token += !strcmp(is->by, comes->by);
	tally->tenant += comes->tenant[0] && !strcmp(is->tenant, comes->tenant);
	tally->source += is->source_len == comes->source_len &&
			 !memcmp(is->source, comes->source, is->source_len);
}

const char *sse_tally_over(const struct sse_tally *tally,
			   const struct sse_caps *caps)
{
	if (tally->token >= caps->token)
		return "Too many look on with this token.";
	if (tally->tenant >= caps->tenant)
		return "Too many look on of this tenant.";
	if (tally->source >= caps->source)
		return "Too many look on from this address.";
	return NULL;
}
