/*
 * rest_media.c  The media of a call, from the hash that mediad wrote
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/rest_priv.h"
#include "common/pairs.h"

enum { LEGS_MAX = 16, VALUE_MAX = 512 };

enum form { TEXT, NUMBER, SIGNED, US_AS_MS, MOS };

struct item {
	const char *key;    /* of mediad, docs/redis.md */
	const char *member; /* in JSON */
	enum form form;
};

/* Members of a leg, then of the objects in it. */
static const struct item leg_items[] = {
	{"profile", "profile", TEXT}, {"age", "age_ms", NUMBER},
	{"srtp", "srtp", TEXT},
	{"peer", "joined_with_leg", NUMBER}, {"service", "service", TEXT},
	{"silent", "silent_ms", NUMBER}, {"rtt-us", "rtt_ms", US_AS_MS},
	{"resumes", "resumes", NUMBER},
	{"recording", "recording", TEXT}, {"fork", "fork", TEXT},
};
static const struct item codec_items[] = {
	{"offered", "offered", TEXT}, {"chosen", "chosen", TEXT},
	{"why", "why", TEXT}, {"way", "way", TEXT},
};
static const struct item ladder_items[] = {
	{"remote", "remote_sdp", NUMBER}, {"local", "local_sdp", NUMBER},
	{"stun", "stun_seen", NUMBER}, {"nominated", "pair_nominated", NUMBER},
	{"dtls", "dtls_done", NUMBER}, {"rtp-in", "first_packet_in", NUMBER},
	{"rtp-out", "first_packet_out", NUMBER},
};
static const struct item in_items[] = {
	{"in-packets", "packets", NUMBER}, {"in-octets", "octets", NUMBER},
	{"in-lost", "lost", NUMBER}, {"in-refused", "refused", NUMBER},
	{"late", "late", NUMBER}, {"reordered", "reordered", NUMBER},
	{"repaired", "repaired", NUMBER}, {"concealed", "concealed", NUMBER},
	{"restored", "restored", NUMBER},
	{"in-jitter-us", "jitter_ms", US_AS_MS}, {"in-mos", "mos", MOS},
};
static const struct item voice_items[] = {
	{"quiet", "unheard", TEXT}, {"quiet-ms", "unheard_ms", NUMBER},
	{"level", "level_dbov", SIGNED}, {"peak", "peak_dbov", SIGNED},
	{"clipped", "clipped", NUMBER},
};
static const struct item out_items[] = {
	{"out-packets", "packets", NUMBER}, {"out-octets", "octets", NUMBER},
	{"far-lost", "lost", SIGNED}, {"far-jitter-us", "jitter_ms", US_AS_MS},
	{"far-mos", "mos", MOS}, {"heard-mos", "mos_whole_way", MOS},
	{"xr-mos", "mos_by_far_side", MOS},
	{"xr-lost", "lost_by_far_side_256", NUMBER},
	{"xr-discarded", "discarded_by_far_side_256", NUMBER},
};

static const struct item video_items[] = {
	{"video", "codec", TEXT}, {"video-in", "received", NUMBER},
	{"video-in-lost", "lost", NUMBER}, {"video-out", "sent", NUMBER},
	{"video-resent", "sent_again", NUMBER},
	{"video-asked", "pictures_asked_for", NUMBER},
};

/* RTCP's count of lost packets may be negative (RFC 3550 6.4.1). */
static int64_t number(const char *text)
{
	const bool minus = text[0] == '-';
	struct pl digits;

	pl_set_str(&digits, text + minus);
	return minus ? -(int64_t)pl_u64(&digits) : (int64_t)pl_u64(&digits);
}

static void put(struct jsonw *json, const struct item *item, const char *text)
{
	const int64_t num = item->form == TEXT ? 0 : number(text);

	switch (item->form) {

	case TEXT:
		jsonw_str(json, item->member, text);
		break;

	case NUMBER:
		jsonw_uint(json, item->member, (uint64_t)num);
		break;

	case SIGNED:
		jsonw_int(json, item->member, num);
		break;

	case US_AS_MS:
		jsonw_fixed(json, item->member, num, 3);
		break;

	case MOS:
		if (num)
			jsonw_fixed(json, item->member, num, 2);
		else
			jsonw_null(json, item->member);
		break;
	}
}

static void put_all(struct jsonw *json, const struct pairs *pairs,
		    const struct item *items, size_t n)
{
	char value[VALUE_MAX];

	for (size_t i = 0; i < n; i++) {
		if (!pairs_get(value, sizeof(value), pairs, items[i].key))
			put(json, &items[i], value);
	}
}

static bool has(const struct pairs *pairs, const char *key)
{
	char value[VALUE_MAX];

	return !pairs_get(value, sizeof(value), pairs, key);
}

static void group(struct jsonw *json, const char *name,
		  const struct pairs *pairs, const struct item *items,
		  size_t n)
{
	jsonw_object(json, name);
	put_all(json, pairs, items, n);
	jsonw_end(json);
}

static void leg(struct jsonw *json, unsigned nr, const char *text)
{
	struct pairs pairs;
	struct pl all;

	pl_set_str(&all, text);
	pairs_split(&pairs, &all);
	jsonw_object(json, NULL);
	jsonw_uint(json, "leg", nr);
	put_all(json, &pairs, leg_items, COUNTOF(leg_items));
	group(json, "codec", &pairs, codec_items, COUNTOF(codec_items));
	group(json, "ladder_ms", &pairs, ladder_items, COUNTOF(ladder_items));
	group(json, "voice", &pairs, voice_items, COUNTOF(voice_items));
	group(json, "received", &pairs, in_items, COUNTOF(in_items));
	group(json, "sent", &pairs, out_items, COUNTOF(out_items));
	if (has(&pairs, "video"))
		group(json, "video", &pairs, video_items, COUNTOF(video_items));
	jsonw_end(json);
}

/* By their numbers, however they come. */
static void legs_find(const char *legs[LEGS_MAX + 1],
		      const struct redis_val *flat)
{
	for (size_t i = 0; i + 1 < flat->len; i += 2) {
		const struct redis_val *name = &flat->el[i];
		const struct redis_val *val = &flat->el[i + 1];
		struct pl nr;

		if (name->type != REDIS_STR || val->type != REDIS_STR ||
		    strncmp(name->str, "leg.", 4))
			continue;
		pl_set_str(&nr, name->str + 4);
		if (pl_u32(&nr) <= LEGS_MAX)
			legs[pl_u32(&nr)] = val->str;
	}
}

void rest_media(struct jsonw *json, const struct redis_val *flat)
{
	const char *legs[LEGS_MAX + 1] = {NULL};
	uint64_t time = 0;

	/* one field: of a call that has ended before mediad wrote anything */
	if (flat->type != REDIS_ARRAY || flat->len <= 2) {
		jsonw_null(json, "media");
		return;
	}
	jsonw_object(json, "media");
	jsonw_str(json, "session", rest_text(flat, "session"));
	jsonw_str(json, "worker", rest_text(flat, "at"));
	jsonw_str(json, "state", rest_text(flat, "state"));
	(void)redis_num(redis_field(flat, "time"), &time);
	rest_time(json, "updated", time);
	legs_find(legs, flat);
	jsonw_array(json, "legs");
	for (unsigned nr = 1; nr <= LEGS_MAX; nr++) {
		if (legs[nr])
			leg(json, nr, legs[nr]);
	}
	jsonw_end(json);
	jsonw_end(json);
}
