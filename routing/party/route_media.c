/*
 * route_media.c  Named choices of codecs: their description, those that are
 *                always there, and who has which
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "routing/party/route_party.h"
#include "routing/route_media.h"
#include "routing/text/route_ref.h"

static const struct route_media_policy built_in[] = {
	{.name = "usual",
	 .order = ROUTE_ORDER_USUAL,
	 .opus = {0, ROUTE_EFFORT_SERVER, false, ROUTE_DTX_ASKED}},
	{.name = "prefer-passthrough",
	 .order = ROUTE_ORDER_PASSTHROUGH,
	 .opus = {0, ROUTE_EFFORT_SERVER, false, ROUTE_DTX_ASKED}},
	{.name = "best-quality",
	 .order = ROUTE_ORDER_QUALITY,
	 .opus = {40000, ROUTE_EFFORT_MEDIUM, false, ROUTE_DTX_NEVER}},
	{.name = "low-cost",
	 .order = ROUTE_ORDER_COST,
	 .noise = true,
	 .opus = {16000, ROUTE_EFFORT_LOW, true, ROUTE_DTX_ALWAYS}},
};

static const struct route_media_policy *built_in_find(const char *name)
{
	for (size_t i = 0; i < COUNTOF(built_in); i++)
		if (!strcmp(built_in[i].name, name))
			return &built_in[i];
	return NULL;
}

static bool is_built_in(const char *text)
{
	return built_in_find(text) != NULL;
}

const struct cfg_ref route_ref_media = {.what = "media policy",
					.maps = {"media_policies"},
					.other = is_built_in};

bool route_check_media(const char *text, char *why, size_t size)
{
	if (is_built_in(text)) {
		str_ncpy(why, "another name: this one is always there", size);
		return false;
	}
	return route_check_connection(text, why, size);
}

/* clang-format off */
static const struct cfg_choice codecs[] = {
	{"PCMU", ROUTE_PCMU, NULL},
	{"PCMA", ROUTE_PCMA, NULL},
	{"opus", ROUTE_OPUS, NULL},
	{"G722", ROUTE_G722, "Wide band: with a browser the sound is of 7 kHz."},
	{"L16", ROUTE_L16, "Samples as they are, 16 kHz, mono: 256 kbit/s."},
	{"G729", ROUTE_G729, "8 kbit/s. Only where mediad has loaded a module "
	 "for it (`codec_modules` of mediad.yaml); elsewhere it is left out."},
	{"red", ROUTE_RED, "Redundant audio (RFC 2198) of the codec that is "
	 "chosen: each packet repeats those before it. For networks that lose "
	 "much: it takes twice the bandwidth and more."},
	{NULL, 0, NULL},
};

const struct cfg_field route_codec_item = {
	.type = CFG_ENUM, .size = sizeof(enum route_codec), .choices = codecs,
};

static const struct cfg_choice orders[] = {
	{"usual", ROUTE_ORDER_USUAL,
	 "Pages have Opus, which stands losses best; a connection is offered "
	 "first what the other side has, then `codecs` in their order."},
	{"passthrough", ROUTE_ORDER_PASSTHROUGH,
	 "What the other side has goes first, to pages too: nothing is "
	 "transcoded where both have a codec in common."},
	{"quality", ROUTE_ORDER_QUALITY,
	 "Opus first, then wide band, then the others, each part in the order "
	 "of `codecs`: at the price of transcoding."},
	{"cost", ROUTE_ORDER_COST,
	 "What the other side has goes first, then what takes least of our "
	 "time: G.711, L16, G.722, Opus, G.729."},
	{"listed", ROUTE_ORDER_LISTED,
	 "`codecs` in their order, whatever the other side has."},
	{NULL, 0, NULL},
};

static const struct cfg_choice efforts[] = {
	{"server", ROUTE_EFFORT_SERVER, "`opus.complexity` of mediad.yaml."},
	{"low", ROUTE_EFFORT_LOW, "Complexity 0."},
	{"medium", ROUTE_EFFORT_MEDIUM, "Complexity 5."},
	{"high", ROUTE_EFFORT_HIGH, "Complexity 10: up to four times the CPU "
	 "time of the lowest."},
	{NULL, 0, NULL},
};

static const struct cfg_choice dtxs[] = {
	{"asked", ROUTE_DTX_ASKED, "When its SDP prefers it (`usedtx=1`)."},
	{"always", ROUTE_DTX_ALWAYS, "Any receiver of Opus copes with it."},
	{"never", ROUTE_DTX_NEVER, "Silence is sent like speech."},
	{NULL, 0, NULL},
};

#define OPUS(member) CFG_AT(struct route_opus, member)
static const struct cfg_field opus_fields[] = {
	{"bitrate", CFG_INT, OPUS(bitrate), .min = 0, .max = 128000,
	 .def = "0",
	 .help = "Bits a second, at most; less when the far side asks for "
		 "less. 0: `opus.bitrate` of mediad.yaml."},
	{"effort", CFG_ENUM, OPUS(effort), .choices = efforts,
	 .def = "server",
	 .help = "How hard the encoder tries; less when mediad is late."},
	{"narrow", CFG_BOOL, OPUS(narrow), .def = "false",
	 .help = "8 kHz, also where both sides could use 16."},
	{"dtx", CFG_ENUM, OPUS(dtx), .choices = dtxs, .def = "asked",
	 .help = "Whether packets stop in silence (RFC 7587, 3.1.3)."},
	CFG_END,
};

static const struct cfg_table opus_table = {
	sizeof(struct route_opus), "opus", opus_fields,
	"The Opus that mediad makes.", 0};

#define POLICY(member) CFG_AT(struct route_media_policy, member)
static const struct cfg_field fields[] = {
	{.type = CFG_POS, POLICY(pos)},
	{"order", CFG_ENUM, POLICY(order), .choices = orders,
	 .def = "usual", .help = "Which codec goes first."},
	{"codecs", CFG_LIST,
	 CFG_ITEMS(struct route_media_policy, codec, ncodec),
	 .item = &route_codec_item, .min = 1, .max = 8, .flags = CFG_F_ALONE,
	 .help = "Those that may be, best first; none: the media server's "
		 "choice. A connection's own `codecs` go before these.",
	 .example = "opus, G722, PCMA"},
	{"ptime", CFG_INT, POLICY(ptime), .min = 10, .max = 60,
	 .def = "20", .help = "The packet time that we ask for, ms."},
	{"comfort_noise", CFG_BOOL, POLICY(noise), .def = "false",
	 .help = "Comfort noise (RFC 3389) is offered and taken: pauses cost "
		 "next to nothing."},
	{"opus", CFG_TABLE, POLICY(opus), .table = &opus_table,
	 .help = "The Opus that mediad makes."},
	CFG_END,
};

static const struct cfg_table policy_table = {
	sizeof(struct route_media_policy), "a media policy", fields,
	"Which codecs, in which order, and how what is made sounds.", 0};

const struct cfg_field route_media_item = {
	.type = CFG_TABLE, .table = &policy_table};
/* clang-format on */

const char *route_codec_name(enum route_codec codec)
{
	for (const struct cfg_choice *choice = codecs; choice->name; choice++)
		if (choice->value == (int)codec)
			return choice->name;
	return "none";
}

int route_codecs_load(char text[ROUTE_CODECS_MAX],
		      const enum route_codec *codec, uint32_t n)
{
	size_t len = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < i; k++)
			if (codec[i] == codec[k])
				return EEXIST;
		len += (size_t)re_snprintf(text + len, ROUTE_CODECS_MAX - len,
					   "%s%s", i ? "," : "",
					   route_codec_name(codec[i]));
	}
	return 0;
}

int route_media_load(struct route_tenant *tenant, struct cfg_errors *errs)
{
	int err = 0;

	for (uint32_t i = 0; i < tenant->npolicies; i++) {
		struct route_media_policy *policy = &tenant->policies[i];

		if (!route_codecs_load(policy->codecs, policy->codec,
				       policy->ncodec))
			continue;
		cfg_errors_add(errs, &policy->pos,
			       "media policy \"%s\" has a codec twice",
			       policy->name);
		err = EINVAL;
	}
	return err;
}

const struct route_media_policy *
route_media_policy_find(const struct route_tenant *tenant, const char *name)
{
	if (!name)
		return NULL;
	for (uint32_t i = 0; i < tenant->npolicies; i++)
		if (!strcmp(tenant->policies[i].name, name))
			return &tenant->policies[i];
	return built_in_find(name);
}

const struct route_media_policy *
route_media_policy_of(const struct route_tenant *tenant, const char *user)
{
	const struct route_user *who;
	struct pl name;

	pl_set_str(&name, user);
	who = route_user_find(tenant, &name);
	return route_media_policy_find(tenant,
				       who && who->media_policy
					       ? who->media_policy
					       : tenant->devices.media_policy);
}
