/*
 * mediad_cfg_reach.c  Where media may be sent: what mediad.yaml says of it
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/mediad_cfg.h"
#include "mediad/sdp/sdp_model.h"
#include "mediad/transport/reach.h"

static const struct cfg_choice types[] = {
	{"host", SDPM_HOST, "an address of its own"},
	{"srflx", SDPM_SRFLX, "what a STUN server has seen"},
	{"prflx", SDPM_PRFLX, "what somebody else has seen"},
	{"relay", SDPM_RELAY, "of a TURN server"},
	{.name = NULL},
};

static const struct cfg_field type_item = {
	.type = CFG_ENUM,
	.size = sizeof(int),
	.choices = types,
};

static const struct cfg_field net_item = {
	.type = CFG_CIDR,
	.size = sizeof(struct cfg_cidr),
};

static const struct cfg_field fields[] = {
	{.key = "deny",
	 .type = CFG_LIST,
	 CFG_ITEMS(struct mediad_reach_cfg, deny, ndeny),
	 .max = REACH_NETS_MAX,
	 .item = &net_item,
	 .help = "No packet goes there because an SDP or a candidate says so, "
		 "and who checks from there gets no answer: networks of your "
		 "own in which no telephone is. Multicast, broadcast, "
		 "unspecified and link-local addresses need not be named.",
	 .example = "[10.0.0.0/8, 172.16.0.0/12]"},
	{.key = "allow",
	 .type = CFG_LIST,
	 CFG_ITEMS(struct mediad_reach_cfg, allow, nallow),
	 .max = REACH_NETS_MAX,
	 .item = &net_item,
	 .help = "... but there, also within `deny`, and link-local ones, too.",
	 .example = "[10.1.2.0/24]"},
	{.key = "candidates",
	 .type = CFG_LIST,
	 CFG_ITEMS(struct mediad_reach_cfg, types, ntypes),
	 .min = 1,
	 .max = 4,
	 .item = &type_item,
	 .help = "Kinds of candidates that are checked, where the far side "
		 "is an ICE-lite one and the checks are ours: from each "
		 "interface of their family, at most sixteen pairs, best "
		 "first. Names (mDNS) are never looked up. All kinds when absent.",
	 .example = "[host, srflx]"},
	CFG_END,
};

const struct cfg_table mediad_reach_table = {
	.size = sizeof(struct mediad_reach_cfg),
	.name = "networks",
	.fields = fields,
	.help = "Where media may be sent because a far side says so.",
};

const struct reach *mediad_cfg_reach(struct reach *reach,
				     const struct mediad_reach_cfg *cfg)
{
	memset(reach, 0, sizeof(*reach));
	for (; reach->ndeny < cfg->ndeny; reach->ndeny++)
		reach->deny[reach->ndeny] = cfg->deny[reach->ndeny];
	for (; reach->nallow < cfg->nallow; reach->nallow++)
		reach->allow[reach->nallow] = cfg->allow[reach->nallow];
	reach->no_types = cfg->ntypes ? 0xff : 0;
	for (uint32_t i = 0; i < cfg->ntypes; i++)
		reach->no_types &= (uint8_t)~(1u << cfg->types[i]);
	return reach;
}
