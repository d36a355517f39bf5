/*
 * test_ctl_codec.c  Messages come out as they went in, and nothing else does
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_codec.h"
#include "common/control/ctl_priv.h"
#include "common/keyring.h"
#include "common/seal.h"
#include "tests/lib/ctl_sample.h"
#include "tests/lib/test.h"

/* One message through the codec and what came out of it. */
struct trip {
	struct keyring *ring;
	struct ctl_wire *wire;
	struct redis_val vals[2 * CTL_FIELDS_MAX + 4];
	struct redis_val entry;
	struct ctl_msg out;
};

static int there(struct trip *trip, const struct ctl_msg *msg)
{
	int err;

	memset(trip, 0, sizeof(*trip));
	trip->ring = ctl_sample_keys();
	if (!trip->ring)
		return ENOMEM;

	err = ctl_encode(&trip->wire, msg, trip->ring);
	if (!err)
		trip->entry = ctl_sample_entry(trip->vals, trip->wire);
	return err;
}

static enum ctl_refusal back(struct trip *trip)
{
	return ctl_decode(&trip->out, &trip->entry, trip->ring);
}

static void done(struct trip *trip)
{
	mem_deref(trip->wire);
	mem_deref(trip->ring);
}

static struct redis_val *field(struct trip *trip, const char *name)
{
	return ctl_sample_field(trip->vals, trip->entry.len, name);
}

static void set(struct trip *trip, const char *name, const char *value)
{
	struct redis_val *val = field(trip, name);

	if (CHECK(val != NULL))
		*val = (struct redis_val){.type = REDIS_STR,
					  .str = value,
					  .len = strlen(value)};
}

/* Takes one field out. */
static void drop(struct trip *trip, const char *name)
{
	struct redis_val *val = field(trip, name);
	struct redis_val *last = &trip->vals[trip->entry.len - 2];

	if (!CHECK(val != NULL))
		return;
	memmove(val - 1, last, 2 * sizeof(*last));
	trip->entry.len -= 2;
}

static void add(struct trip *trip, const char *name, const char *value)
{
	struct redis_val *val = &trip->vals[trip->entry.len];

	val[0] = (struct redis_val){.type = REDIS_STR,
				    .str = name,
				    .len = strlen(name)};
	val[1] = (struct redis_val){.type = REDIS_STR,
				    .str = value,
				    .len = strlen(value)};
	trip->entry.len += 2;
}

/* The MAC that a holder of the key would give to what stands there now. */
static void sign(struct trip *trip)
{
	static char hex[2 * CTL_MAC_LEN + 1];
	uint8_t mac[CTL_MAC_LEN];
	const uint8_t *key = NULL;
	struct ctl_view view = {.n = 0};

	for (size_t i = 0; i < trip->entry.len; i += 2) {
		const struct redis_val *el = &trip->vals[i];
		const struct pl name = {el[0].str, el[0].len};
		const struct pl value = {el[1].str, el[1].len};

		CHECK(ctl_view_add(&view, &name, &value));
	}
	CHECK(!keyring_key(trip->ring, 1, SEAL_CTL, &key));
	CHECK(key && !ctl_view_mac(mac, &view, key));
	(void)re_snprintf(hex, sizeof(hex), "%w", mac, sizeof(mac));
	set(trip, "mac", hex);
}

static void a_request_comes_out_as_it_went_in(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK_INT(trip.out.type, CTL_REQ);
	CHECK_STR(trip.out.env.id, msg.env.id);
	CHECK_STR(trip.out.env.from, "a1/1");
	CHECK_STR(trip.out.env.to, "m1/2");
	CHECK_INT(trip.out.env.from_epoch, msg.env.from_epoch);
	CHECK_INT(trip.out.env.to_epoch, msg.env.to_epoch);
	CHECK_INT(trip.out.env.at_ms, msg.env.at_ms);
	CHECK_INT(trip.out.env.ttl_ms, 1500);
	CHECK_INT(trip.out.req.verb, CTL_LEG_REMOTE);
	CHECK_STR(trip.out.req.session, msg.req.session);
	CHECK_STR(trip.out.req.remote.call, msg.req.remote.call);
	CHECK_INT(trip.out.req.remote.leg, 1);
	CHECK_INT(trip.out.req.remote.kind, CTL_OFFER);
	CHECK_INT(trip.out.req.remote.profile, CTL_BROWSER);
	CHECK(trip.out.req.remote.create);
	CHECK(!pl_strcmp(&trip.out.req.remote.tenant, "acme"));
	CHECK(!pl_strcmp(&trip.out.req.remote.sdp, CTL_SAMPLE_SDP));
	done(&trip);
}

static void terms_of_a_leg_make_the_trip(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	const struct ctl_terms *terms;
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	terms = &trip.out.req.remote.terms;
	CHECK_INT(terms->codecs.l, 0);
	CHECK_INT(terms->source, CTL_STRICT);
	CHECK_INT(terms->networks.l, 0);
	CHECK_INT(terms->ptime, 0);
	CHECK_INT(terms->family, CTL_ANY_FAMILY);
	CHECK(!terms->video);
	CHECK_INT(terms->order, CTL_NO_ORDER);
	CHECK(!terms->noise && !terms->opus.narrow);
	CHECK_INT(terms->opus.dtx, CTL_DTX_ASKED);
	done(&trip);

	msg.req.verb = CTL_LEG_LOCAL;
	msg.req.local = (struct ctl_leg_local){
		.leg = 2,
		.profile = CTL_RTP,
		.terms = {.source = CTL_NETWORK,
			  .ptime = 30,
			  .video = true,
			  .family = CTL_IP6,
			  .policy = PL("low-cost"),
			  .order = CTL_COST,
			  .noise = true,
			  .opus = {.bitrate = 16000,
				   .effort = 1,
				   .narrow = true,
				   .dtx = CTL_DTX_ALWAYS}},
	};
	pl_set_str(&msg.req.local.terms.codecs, "PCMU,opus");
	pl_set_str(&msg.req.local.terms.networks, "192.0.2.0/24,2001:db8::/32");
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	terms = &trip.out.req.local.terms;
	CHECK(!pl_strcmp(&terms->codecs, "PCMU,opus"));
	CHECK_INT(terms->source, CTL_NETWORK);
	CHECK(!pl_strcmp(&terms->networks, "192.0.2.0/24,2001:db8::/32"));
	CHECK_INT(terms->ptime, 30);
	CHECK(terms->video);
	CHECK_INT(terms->family, CTL_IP6);
	CHECK(!pl_strcmp(&terms->policy, "low-cost"));
	CHECK_INT(terms->order, CTL_COST);
	CHECK(terms->noise && terms->opus.narrow);
	CHECK_INT(terms->opus.bitrate, 16000);
	CHECK_INT(terms->opus.effort, 1);
	CHECK_INT(terms->opus.dtx, CTL_DTX_ALWAYS);
	done(&trip);
}

/* A session may be made by either message that makes a leg. */
static void an_offer_that_makes_a_session_names_its_call(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;

	msg.req.verb = CTL_LEG_LOCAL;
	msg.req.local = (struct ctl_leg_local){
		.leg = 1, .want = CTL_OFFER, .create = true,
		.call = "0123456789abcdef"};
	pl_set_str(&msg.req.local.tenant, "acme");
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK(trip.out.req.local.create);
	CHECK_STR(trip.out.req.local.call, "0123456789abcdef");
	CHECK(!pl_strcmp(&trip.out.req.local.tenant, "acme"));
	done(&trip);

	msg.req.local.want = CTL_ANSWER;
	CHECK_INT(there(&trip, &msg), EINVAL);
	done(&trip);
	msg.req.local.want = CTL_OFFER;
	msg.req.local.create = false;
	CHECK_INT(there(&trip, &msg), EINVAL);
	done(&trip);
	msg.req.local.create = true;
	msg.req.local.call[0] = '\0';
	CHECK_INT(there(&trip, &msg), EINVAL);
	done(&trip);
}

static void every_verb_makes_the_trip(void)
{
	for (unsigned verb = 0; verb < CTL_VERB_COUNT; verb++) {
		struct ctl_msg msg = ctl_sample_remote();
		struct trip trip;

		msg.req.verb = (enum ctl_verb)verb;
		if (verb == CTL_LEG_LOCAL)
			msg.req.local =
				(struct ctl_leg_local){.leg = 16,
						       .want = CTL_ANSWER,
						       .profile = CTL_RTP};
		if (verb == CTL_LEG_JOIN)
			msg.req.join =
				(struct ctl_leg_join){
					.leg = 1,
					.service = CTL_MILLIWATT,
					.up = true};
		if (verb == CTL_LEG_ROLLBACK)
			msg.req.rollback.leg = 4;
		if (verb == CTL_LEG_DIGIT)
			msg.req.digit = (struct ctl_leg_digit){
				2, CTL_DIGIT_HASH, 160, true};
		if (verb == CTL_LEG_DROP)
			msg.req.drop.leg = 3;
		if (verb == CTL_SESSION_DROP)
			msg.req.end.reason = STATUS_FLOW_LOST;
		if (verb == CTL_SESSION_TAPE)
			msg.req.tape = (struct ctl_session_tape){
				CTL_TAPE_PAUSED, CTL_BY_CALLEE};
		CHECK_INT(there(&trip, &msg), 0);
		CHECK_INT(back(&trip), CTL_ACCEPTED);
		CHECK_INT(trip.out.req.verb, verb);
		if (verb == CTL_LEG_LOCAL)
			CHECK(trip.out.req.local.leg == 16 &&
			      trip.out.req.local.want == CTL_ANSWER &&
			      trip.out.req.local.profile == CTL_RTP);
		if (verb == CTL_LEG_JOIN)
			CHECK(trip.out.req.join.service == CTL_MILLIWATT &&
			      !trip.out.req.join.peer && trip.out.req.join.up);
		if (verb == CTL_LEG_ROLLBACK)
			CHECK_INT(trip.out.req.rollback.leg, 4);
		if (verb == CTL_LEG_DIGIT)
			CHECK(trip.out.req.digit.code == CTL_DIGIT_HASH &&
			      trip.out.req.digit.ms == 160 &&
			      trip.out.req.digit.tones);
		if (verb == CTL_LEG_DROP)
			CHECK_INT(trip.out.req.drop.leg, 3);
		if (verb == CTL_SESSION_DROP)
			CHECK_INT(trip.out.req.end.reason, STATUS_FLOW_LOST);
		if (verb == CTL_SESSION_TAPE)
			CHECK(trip.out.req.tape.tape == CTL_TAPE_PAUSED &&
			      trip.out.req.tape.by == CTL_BY_CALLEE);
		done(&trip);
	}
}

static void a_sound_is_named_and_says_how_long_it_plays(void)
{
	struct ctl_msg msg = ctl_sample(CTL_REQ);
	struct trip trip;

	msg.req.verb = CTL_LEG_JOIN;
	strcpy(msg.req.session, "0123456789abcdef");
	msg.req.join = (struct ctl_leg_join){
		.leg = 1, .service = CTL_SOUND, .times = 3};
	pl_set_str(&msg.req.join.sound, "closed");
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK_INT(trip.out.req.join.service, CTL_SOUND);
	CHECK_INT(trip.out.req.join.times, 3);
	CHECK(!pl_strcmp(&trip.out.req.join.sound, "closed"));
	done(&trip);

	msg = ctl_sample(CTL_ANS);
	msg.ans.ms = 4200;
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK_INT(trip.out.ans.ms, 4200);
	CHECK(!trip.out.ans.paused);
	done(&trip);

	msg.ans.paused = true;
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK(trip.out.ans.paused);
	done(&trip);
}

static void terms_tell_of_music_recording_and_fork(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct ctl_terms *terms = &msg.req.remote.terms;
	struct trip trip;

	pl_set_str(&terms->music, "jazz");
	pl_set_str(&terms->fork, "ears");
	pl_set_str(&terms->interface, "inside");
	pl_set_str(&terms->owner, "branch");
	terms->record = CTL_RECORD_NEVER;
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	terms = &trip.out.req.remote.terms;
	CHECK(!pl_strcmp(&terms->music, "jazz"));
	CHECK(!pl_strcmp(&terms->fork, "ears"));
	CHECK(!pl_strcmp(&terms->interface, "inside"));
	CHECK(!pl_strcmp(&terms->owner, "branch"));
	CHECK_INT(terms->record, CTL_RECORD_NEVER);
	done(&trip);
}

static struct ctl_figures sample_figures(void)
{
	struct ctl_figures figures;

	memset(&figures, 0, sizeof(figures));
	figures.age_ms = 61000;
	figures.resumes = 1;
	figures.nlegs = 2;
	figures.legs[0] = (struct ctl_leg_figures){.leg = 1,
						   .profile = CTL_BROWSER,
						   .codec = "opus",
						   .rx_packets = 3000,
						   .rx_bytes = UINT64_MAX,
						   .rx_lost = 2,
						   .silent_ms = 20};
	figures.legs[1] = (struct ctl_leg_figures){.leg = 16,
						   .profile = CTL_RTP,
						   .far_jitter_us = 7,
						   .rx_mos = 441,
						   .quiet_ms = 3000};
	return figures;
}

static void an_answer_brings_its_figures(void)
{
	struct ctl_figures figures = sample_figures();
	struct ctl_msg msg = ctl_sample(CTL_ANS);
	struct trip trip;

	msg.ans.status = STATUS_OK;
	msg.ans.figures = &figures;
	pl_set_str(&msg.ans.text, "two legs");
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK_INT(trip.out.ans.status, STATUS_OK);
	CHECK(!pl_strcmp(&trip.out.ans.text, "two legs"));
	CHECK_INT(trip.out.ans.sdp.l, 0);
	CHECK(trip.out.ans.figures == &trip.out.figures);
	CHECK_INT(trip.out.figures.age_ms, 61000);
	CHECK_INT(trip.out.figures.resumes, 1);
	CHECK_INT(trip.out.figures.nlegs, 2);
	for (int i = 0; i < 2; i++)
		CHECK(!memcmp(&trip.out.figures.legs[i], &figures.legs[i],
			      sizeof(figures.legs[i])));
	done(&trip);
}

static void an_event_makes_the_trip(void)
{
	struct ctl_msg msg = ctl_sample(CTL_EVENT);
	struct trip trip;

	strcpy(msg.env.to, "events");
	msg.env.to_epoch = 0;
	msg.env.ttl_ms = CTL_EVENT_TTL_MS;
	strcpy(msg.event.session, "0123456789abcdef");
	strcpy(msg.event.call, "fedcba9876543210");
	pl_set_str(&msg.event.tenant, "acme");
	msg.event.leg = 2;
	msg.event.why = STATUS_MEDIA_LOST;
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK_INT(trip.out.type, CTL_EVENT);
	CHECK_INT(trip.out.event.kind, CTL_EV_LEG_LOST);
	CHECK_INT(trip.out.event.leg, 2);
	CHECK_INT(trip.out.event.why, STATUS_MEDIA_LOST);
	CHECK(!trip.out.event.figures);
	CHECK(!trip.out.event.there.l);
	done(&trip);

	pl_set_str(&msg.event.there, "branch");
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK(!pl_strcmp(&trip.out.event.there, "branch"));
	done(&trip);

	msg.event.kind = CTL_EV_SESSION_LOST; /* has no leg */
	CHECK_INT(there(&trip, &msg), EINVAL);
	done(&trip);
}

static void every_altered_byte_is_noticed(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;
	int accepted = 0;
	uint8_t *byte;

	CHECK_INT(there(&trip, &msg), 0);
	for (size_t i = 0; i < trip.entry.len; i++) {
		for (size_t k = 0; k < trip.vals[i].len; k++) {
			byte = (uint8_t *)trip.wire->fields[i].data + k;
			*byte ^= 1;
			accepted += back(&trip) == CTL_ACCEPTED;
			*byte ^= 1;
		}
	}
	CHECK_INT(accepted, 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	done(&trip);
}

/* Bytes that move from one field to its neighbour change the MAC. */
static void fields_cannot_be_cut_elsewhere(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;
	struct redis_val *val;

	CHECK_INT(there(&trip, &msg), 0);
	for (size_t i = 0; i < trip.entry.len; i += 2) {
		val = &trip.vals[i];
		val[0].len--;
		val[1].str--;
		val[1].len++;
		CHECK(back(&trip) != CTL_ACCEPTED);
		val[0].len++;
		val[1].str++;
		val[1].len--;
	}
	done(&trip);
}

/* A value that looks like the end of itself and the next field. */
static void a_value_cannot_become_two_fields(void)
{
	static const char sdp[] = "v=0\0\0\0\3sdqx";
	struct ctl_msg msg = ctl_sample_remote();
	struct redis_val *val;
	struct trip trip;

	msg.req.remote.sdp = (struct pl){sdp, 11};
	CHECK_INT(there(&trip, &msg), 0);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	val = field(&trip, "sdp");
	REQUIRE(val != NULL);
	val->len = 3;
	add(&trip, "sdq", "x");
	CHECK_INT(back(&trip), CTL_BAD_MAC);
	done(&trip);
}

static void the_order_of_fields_does_not_matter(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct redis_val swap[2];
	struct trip trip;
	size_t last;

	CHECK_INT(there(&trip, &msg), 0);
	last = trip.entry.len - 2;
	memcpy(swap, &trip.vals[0], sizeof(swap));
	memcpy(&trip.vals[0], &trip.vals[last], sizeof(swap));
	memcpy(&trip.vals[last], swap, sizeof(swap));
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	done(&trip);
}

static void a_missing_or_added_field_breaks_the_mac(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	trip.vals[trip.entry.len] =
		(struct redis_val){.type = REDIS_STR, .str = "x", .len = 1};
	trip.vals[trip.entry.len + 1] = trip.vals[trip.entry.len];
	trip.entry.len += 2;
	CHECK_INT(back(&trip), CTL_BAD_MAC);
	trip.entry.len -= 4;
	CHECK_INT(back(&trip), CTL_BAD_MAC);
	done(&trip);
}

static void a_field_twice_is_refused(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	memcpy(&trip.vals[trip.entry.len], &trip.vals[4],
	       2 * sizeof(trip.vals[0]));
	trip.entry.len += 2;
	CHECK_INT(back(&trip), CTL_BAD_ENTRY);
	done(&trip);
}

static void what_is_not_pairs_of_strings_is_refused(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	const struct redis_val nil = {.type = REDIS_NIL};
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	trip.entry.len--;
	CHECK_INT(back(&trip), CTL_BAD_ENTRY);
	trip.entry.len++;
	trip.vals[3] = nil;
	CHECK_INT(back(&trip), CTL_BAD_ENTRY);
	CHECK_INT(ctl_decode(&trip.out, &nil, trip.ring), CTL_BAD_ENTRY);
	CHECK_INT(ctl_decode(&trip.out, NULL, trip.ring), CTL_BAD_ENTRY);
	trip.entry.len = 0;
	CHECK_INT(back(&trip), CTL_BAD_VERSION);
	done(&trip);
}

static void an_entry_over_the_limit_is_refused(void)
{
	static struct redis_val many[2 * CTL_FIELDS_MAX + 2];
	struct ctl_msg msg = ctl_sample_remote();
	char *big = mem_zalloc(CTL_ENTRY_MAX, NULL);
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	if (big && field(&trip, "sdp")) {
		field(&trip, "sdp")->str = big;
		field(&trip, "sdp")->len = CTL_ENTRY_MAX;
		CHECK_INT(back(&trip), CTL_TOO_LARGE);
	}
	trip.entry = (struct redis_val){.type = REDIS_ARRAY,
					.el = many,
					.len = 2 * CTL_FIELDS_MAX + 2};
	for (size_t i = 0; i < trip.entry.len; i++)
		many[i] = (struct redis_val){.type = REDIS_STR, .str = ""};
	CHECK_INT(back(&trip), CTL_TOO_LARGE);
	mem_deref(big);
	done(&trip);
}

static void another_version_is_refused(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	set(&trip, "v", "2");
	CHECK_INT(back(&trip), CTL_BAD_VERSION);
	set(&trip, "v", "");
	CHECK_INT(back(&trip), CTL_BAD_VERSION);
	done(&trip);
}

static void a_key_that_is_not_loaded_opens_nothing(void)
{
	static const char other[] = "1 - 100102030405060708090a0b0c0d0e0f\n"
				    "2 - 000102030405060708090a0b0c0d0e0f"
				    "101112131415161718191a1b1c1d1e1f\n";
	struct ctl_msg msg = ctl_sample_remote();
	struct keyring *ring = NULL;
	struct trip trip;
	char err[100];

	CHECK_INT(there(&trip, &msg), 0);
	CHECK(!keyring_parse(&ring, other, strlen(other), err, sizeof(err)));
	if (ring)
		CHECK_INT(ctl_decode(&trip.out, &trip.entry, ring),
			  CTL_BAD_MAC);
	set(&trip, "key", "9");
	CHECK_INT(back(&trip), CTL_NO_KEY);
	set(&trip, "key", "256");
	CHECK_INT(back(&trip), CTL_BAD_MAC);
	set(&trip, "key", "");
	CHECK_INT(back(&trip), CTL_BAD_MAC);
	mem_deref(ring);
	done(&trip);
}

static void unknown_fields_are_passed_over(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	add(&trip, "colour", "blue");
	add(&trip, "a", "");
	sign(&trip);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK_INT(trip.out.req.remote.leg, 1);
	done(&trip);
}

static void an_unknown_verb_can_be_answered(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	set(&trip, "verb", "leg.paint");
	sign(&trip);
	CHECK_INT(back(&trip), CTL_BAD_VERB);
	CHECK_STR(trip.out.env.from, "a1/1");
	CHECK_STR(trip.out.env.id, msg.env.id);
	drop(&trip, "verb");
	sign(&trip);
	CHECK_INT(back(&trip), CTL_BAD_VERB);
	done(&trip);
}

static void field_is(const char *name, const char *value, enum ctl_refusal want)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	if (value)
		set(&trip, name, value);
	else
		drop(&trip, name);
	sign(&trip);
	if (!CHECK_INT(back(&trip), want))
		re_printf("# %s=%s\n", name, value ? value : "(absent)");
	done(&trip);
}

static void a_field_out_of_its_range_is_refused(void)
{
	static const char *const legs[] = {
		"0",  "17", "",
		"01", "+1", "1 ",
		"-1", "1x", "99999999999999999999999",
		NULL};

	for (size_t i = 0; i < sizeof(legs) / sizeof(legs[0]); i++)
		field_is("leg", legs[i], CTL_BAD_FIELD);
	field_is("leg", "16", CTL_ACCEPTED);
	field_is("create", "2", CTL_BAD_FIELD);
	field_is("create", "0", CTL_ACCEPTED);
	field_is("create", NULL, CTL_ACCEPTED);
	field_is("kind", "Offer", CTL_BAD_FIELD);
	field_is("kind", "", CTL_BAD_FIELD);
	field_is("profile", "zrtp", CTL_BAD_FIELD);
	field_is("session", "0123456789ABCDEF", CTL_BAD_FIELD);
	field_is("session", "0123456789abcde", CTL_BAD_FIELD);
	field_is("call", NULL, CTL_BAD_FIELD);
	field_is("tenant", "", CTL_BAD_FIELD);
	field_is("tenant", "a\r\nb", CTL_BAD_FIELD);
	field_is("sdp", "", CTL_BAD_FIELD);
	field_is("sdp", NULL, CTL_BAD_FIELD);
}

static void an_envelope_must_be_whole(void)
{
	field_is("from", "nowhere", CTL_BAD_ENVELOPE);
	field_is("from", NULL, CTL_BAD_ENVELOPE);
	field_is("id", "1", CTL_BAD_ENVELOPE);
	field_is("from-epoch", "4294967296", CTL_BAD_ENVELOPE);
	field_is("ttl", "10001", CTL_BAD_ENVELOPE);
	field_is("at", "18446744073709551616", CTL_BAD_ENVELOPE);
	field_is("at", "", CTL_BAD_ENVELOPE);
	field_is("type", "request", CTL_BAD_ENVELOPE);
	field_is("to", "a1/1a1/1a1/1a1/1a1/1a1/1", CTL_BAD_ENVELOPE);
}

static void a_status_of_a_newer_peer_is_internal(void)
{
	struct ctl_msg msg = ctl_sample(CTL_ANS);
	struct trip trip;

	CHECK_INT(there(&trip, &msg), 0);
	set(&trip, "status", "too-hot");
	sign(&trip);
	CHECK_INT(back(&trip), CTL_ACCEPTED);
	CHECK_INT(trip.out.ans.status, STATUS_INTERNAL);
	done(&trip);
}

static void leg_figures_are(const char *text, enum ctl_refusal want)
{
	struct ctl_figures figures = sample_figures();
	struct ctl_msg msg = ctl_sample(CTL_ANS);
	struct trip trip;

	msg.ans.figures = &figures;
	CHECK_INT(there(&trip, &msg), 0);
	set(&trip, "leg.1", text);
	sign(&trip);
	if (!CHECK_INT(back(&trip), want))
		re_printf("# %s\n", text);
	done(&trip);
}

static void figures_are_read_with_care(void)
{
	leg_figures_are("profile=rtp", CTL_ACCEPTED);
	leg_figures_are("profile=rtp new-thing=x rx-lost=1", CTL_ACCEPTED);
	leg_figures_are("", CTL_ACCEPTED);
	leg_figures_are("profile", CTL_BAD_FIELD);
	leg_figures_are("profile=fax", CTL_BAD_FIELD);
	leg_figures_are("rx-lost=-1", CTL_BAD_FIELD);
	leg_figures_are("rx-lost=", CTL_BAD_FIELD);
	leg_figures_are("codec=a;b", CTL_BAD_FIELD);
	leg_figures_are("codec=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			CTL_BAD_FIELD);
	leg_figures_are("  ", CTL_BAD_FIELD);
}

static void wrong_values_of_our_own_are_not_sent(void)
{
	struct ctl_msg good = ctl_sample_remote(), msg;
	struct trip trip;

#define REFUSED(change)                        \
	msg = good;                            \
	change;                                \
	CHECK_INT(there(&trip, &msg), EINVAL); \
	done(&trip)

	REFUSED(msg.req.remote.leg = 0);
	REFUSED(msg.req.remote.leg = 17);
	REFUSED(msg.req.session[3] = 'X');
	REFUSED(msg.req.session[3] = '\0');
	REFUSED(msg.req.remote.tenant.l = 0);
	REFUSED(pl_set_str(&msg.req.remote.tenant, "a\nb"));
	REFUSED(msg.req.remote.sdp.l = 0);
	REFUSED(msg.req.remote.kind = (enum ctl_sdp_kind)2);
	REFUSED(msg.req.remote.terms.source = (enum ctl_source)3);
	REFUSED(msg.req.remote.terms.ptime = CTL_PTIME_MIN - 1);
	REFUSED(msg.req.remote.terms.ptime = CTL_PTIME_MAX + 1);
	REFUSED(msg.req.remote.terms.order = (enum ctl_order)6);
	REFUSED(msg.req.remote.terms.opus.dtx = (enum ctl_dtx)3);
	REFUSED(msg.req.remote.terms.opus.effort = CTL_EFFORT_MAX + 1);
	REFUSED(pl_set_str(&msg.req.remote.terms.codecs, "PCMU\n"));
	REFUSED(msg.req.verb = CTL_VERB_COUNT);
	REFUSED(strcpy(msg.env.from, "A1/1"));
	REFUSED(msg.env.id[0] = '\0');
	REFUSED(msg.env.ttl_ms = CTL_TTL_MAX_MS + 1);
	REFUSED(msg.req.verb = CTL_LEG_JOIN; memset(&msg.req.join, 0, sizeof(msg.req.join));
		msg.req.join.leg = 1);
	REFUSED(msg.req.verb = CTL_LEG_JOIN; memset(&msg.req.join, 0, sizeof(msg.req.join));
		msg.req.join = ((struct ctl_leg_join){
			.leg = 1, .peer = 2, .service = CTL_ECHO}));
	REFUSED(msg.req.verb = CTL_LEG_JOIN; memset(&msg.req.join, 0, sizeof(msg.req.join));
		msg.req.join = ((struct ctl_leg_join){.leg = 1, .peer = 1}));
	/* a sound has a name, and nothing else has one */
	REFUSED(msg.req.verb = CTL_LEG_JOIN; msg.req.join = ((
			struct ctl_leg_join){.leg = 1, .service = CTL_SOUND}));
	REFUSED(msg.req.verb = CTL_LEG_JOIN; msg.req.join = ((
			struct ctl_leg_join){.leg = 1, .service = CTL_TONE,
					     .times = 2}));
	REFUSED(msg.req.remote.terms.record = (enum ctl_recording)3);
	REFUSED(pl_set_str(&msg.req.remote.terms.music,
			   "a name that is longer than any of ours"));
}

static struct ctl_msg addressed(void)
{
	return ctl_sample_remote();
}

static void only_what_is_for_us_and_now_is_accepted(void)
{
	struct ctl_msg msg = addressed();
	struct ctl_receiver us = {"m1/2", 1700000002, msg.env.at_ms};

	CHECK_INT(ctl_check(&msg, &us), CTL_ACCEPTED);
	us.now_ms = msg.env.at_ms + 1500;
	CHECK_INT(ctl_check(&msg, &us), CTL_ACCEPTED);
	us.now_ms = msg.env.at_ms + 1501;
	CHECK_INT(ctl_check(&msg, &us), CTL_EXPIRED);
	us.now_ms = msg.env.at_ms - 2001;
	CHECK_INT(ctl_check(&msg, &us), CTL_EXPIRED);
	us.now_ms = msg.env.at_ms - 1999;
	CHECK_INT(ctl_check(&msg, &us), CTL_ACCEPTED);
	us.epoch++;
	CHECK_INT(ctl_check(&msg, &us), CTL_WRONG_EPOCH);
	us.addr = "m1/1";
	CHECK_INT(ctl_check(&msg, &us), CTL_NOT_FOR_US);
	msg.env.at_ms = UINT64_MAX;
	us.addr = "m1/2";
	us.epoch--;
	CHECK_INT(ctl_check(&msg, &us), CTL_EXPIRED);
}

static void an_unknown_epoch_is_for_ends_and_questions_only(void)
{
	static const bool fine[CTL_VERB_COUNT] = {[CTL_LEG_DROP] = true,
						  [CTL_SESSION_DROP] = true,
						  [CTL_SESSION_QUERY] = true,
						  [CTL_SESSION_TAPE] = true};
	struct ctl_msg msg = addressed();
	struct ctl_receiver us = {"m1/2", 1700000002, msg.env.at_ms};

	msg.env.to_epoch = 0;
	for (unsigned verb = 0; verb < CTL_VERB_COUNT; verb++) {
		msg.req.verb = (enum ctl_verb)verb;
		CHECK_INT(ctl_check(&msg, &us),
			  fine[verb] ? CTL_ACCEPTED : CTL_WRONG_EPOCH);
	}
}

static void every_refusal_has_a_name(void)
{
	for (unsigned i = 0; i < CTL_REFUSALS; i++)
		CHECK(ctl_refusal_name((enum ctl_refusal)i) != NULL);
	CHECK_STR(ctl_refusal_name(CTL_REFUSALS), "?");
	CHECK_STR(ctl_verb_name(CTL_VERB_COUNT), "?");
	CHECK_STR(ctl_verb_name(CTL_LEG_REMOTE), "leg.remote");
	CHECK_STR(ctl_event_name(CTL_EV_SESSION_LOST), "session.lost");
}

static void the_codec_survives_without_memory(void)
{
	struct ctl_msg msg = ctl_sample_remote();
	struct trip trip;

	if (!there(&trip, &msg))
		CHECK_INT(back(&trip), CTL_ACCEPTED);
	done(&trip);
}

TEST_MAIN(TEST(a_request_comes_out_as_it_went_in),
	  TEST(terms_of_a_leg_make_the_trip), TEST(an_offer_that_makes_a_session_names_its_call),
	  TEST(every_verb_makes_the_trip),
	  TEST(a_sound_is_named_and_says_how_long_it_plays),
	  TEST(terms_tell_of_music_recording_and_fork),
	  TEST(an_answer_brings_its_figures), TEST(an_event_makes_the_trip),
	  TEST(every_altered_byte_is_noticed),
	  TEST(fields_cannot_be_cut_elsewhere),
	  TEST(a_value_cannot_become_two_fields),
	  TEST(the_order_of_fields_does_not_matter),
	  TEST(a_missing_or_added_field_breaks_the_mac),
	  TEST(a_field_twice_is_refused),
	  TEST(what_is_not_pairs_of_strings_is_refused),
	  TEST(an_entry_over_the_limit_is_refused),
	  TEST(another_version_is_refused),
	  TEST(a_key_that_is_not_loaded_opens_nothing),
	  TEST(unknown_fields_are_passed_over),
	  TEST(an_unknown_verb_can_be_answered),
	  TEST(a_field_out_of_its_range_is_refused),
	  TEST(an_envelope_must_be_whole),
	  TEST(a_status_of_a_newer_peer_is_internal),
	  TEST(figures_are_read_with_care),
	  TEST(wrong_values_of_our_own_are_not_sent),
	  TEST(only_what_is_for_us_and_now_is_accepted),
	  TEST(an_unknown_epoch_is_for_ends_and_questions_only),
	  TEST(every_refusal_has_a_name),
	  TEST_OOM(the_codec_survives_without_memory))
