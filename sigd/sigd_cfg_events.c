/*
 * sigd_cfg_events.c  conf/sigd.yaml: who is told what happens
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/feed/feed.h"
#include "sigd/feed/feed_sign.h"
#include "sigd/sigd_cfg.h"

static bool is_name(const char *text, char *why, size_t size)
{
	if (*text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
					"0123456789-")])
		return true;
	str_ncpy(why, "a-z, 0-9 and -", size);
	return false;
}

static bool is_url(const char *text, char *why, size_t size)
{
	const char *host = strstr(text, "://");
	size_t len = host ? strcspn(host + 3, "/?#") : 0;

	/* who may log in there stands in logs and in what is printed, then */
	if ((!strncmp(text, "https://", 8) || !strncmp(text, "http://", 7)) &&
	    !memchr(host + 3, '@', len))
		return true;
	str_ncpy(why, "https://... or http://..., without a user or password",
		 size);
	return false;
}

static bool is_secret(const char *text, char *why, size_t size)
{
	if (feed_sign_takes(text))
		return true;
	str_ncpy(why, "a text of 16 bytes or more, or whsec_ and base64 of such",
		 size);
	return false;
}

static bool is_type(const char *text, char *why, size_t size)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz-.");

	if (len && (!text[len] || !strcmp(text + len, "*")))
		return true;
	str_ncpy(why, "a type of docs/events.md, or its begin and *", size);
	return false;
}

static const struct cfg_field type_item = {.type = CFG_STRING,
					   .size = sizeof(char *),
					   .check = is_type,
					   .max = 40};

#define HOOK(member) CFG_AT(struct sigd_hook_cfg, member)
static const struct cfg_field hook_fields[] = {
	{.type = CFG_POS, HOOK(pos)},
	{"name", CFG_STRING, HOOK(name), .check = is_name, .max = 32,
	 .flags = CFG_F_REQUIRED,
	 .help = "By which it is known to all nodes, and to Redis."},
	{"url", CFG_STRING, HOOK(url), .check = is_url, .max = 2000,
	 .flags = CFG_F_REQUIRED, .help = "What is posted to.",
	 .example = "https://billing.example.com/events"},
	{"secret", CFG_STRING, HOOK(secret), .check = is_secret, .min = 16,
	 .max = 120,
	 .flags = CFG_F_REQUIRED | CFG_F_SECRET,
	 .help = "What events are signed with; or `whsec_` and base64 of 16 "
		 "bytes or more."},
	{"types", CFG_LIST, CFG_ITEMS(struct sigd_hook_cfg, types, ntypes),
	 .max = 32, .item = &type_item,
	 .help = "Types that it gets, such as `call.ended` or `call.*`; none: "
		 "all."},
	{"batch", CFG_INT, HOOK(batch), .min = 1, .max = FEED_BATCH,
	 .def = "1",
	 .help = "Most events of a POST. 1: the body is the event. More: it is "
		 "an array of those that wait, in their order, which costs a "
		 "tenth at many calls a second."},
	{"batch_size", CFG_SIZE, HOOK(batch_bytes), .min = 4096,
	 .max = 1048576, .def = "256KiB",
	 .help = "Most bytes of such an array; an event that is larger goes "
		 "alone."},
	CFG_END,
};
static const struct cfg_table hook_table = {
	sizeof(struct sigd_hook_cfg), "a hook", hook_fields,
	"A receiver: one of the nodes posts each event to it, signed, at least "
	"once.",
	0};
static const struct cfg_field hook_item = {.type = CFG_TABLE,
					   .table = &hook_table};

#define EVENTS(member) CFG_AT(struct sigd_events_cfg, member)
static const struct cfg_field events_fields[] = {
	{"keep", CFG_DURATION, EVENTS(keep_ms), .max = 2592000000,
	 .def = "168h",
	 .help = "How long CDRs, and what happens to calls and registrations, "
		 "wait in Redis for who is told; of CDRs 20,000 in each of "
		 "sixteen streams at most, of the others some 100,000: what "
		 "a receiver misses by that is counted. 0s: they are not "
		 "written, so "
		 "there are no receivers, no recent calls, and nothing new by "
		 "itself on the dashboard."},
	{"file", CFG_STRING, EVENTS(file),
	 .help = "A file that gets all events of the cluster, a line of JSON "
		 "each; of each node that names one."},
	{"hooks", CFG_LIST, CFG_ITEMS(struct sigd_events_cfg, hooks, nhooks),
	 .max = 16, .item = &hook_item, .help = "Receivers over HTTP."},
	CFG_END,
};
const struct cfg_table sigd_events_table = {
	sizeof(struct sigd_events_cfg), "events", events_fields,
	"Who is told what happens (docs/events.md).", 0};
