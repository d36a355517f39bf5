/*
 * ctl_figures.c  Figures of a session and its legs as fields
 *
 * `age` and `resumes` of the session; a leg is one field, `leg.<n>`, with
 * space-separated key=value in it; unknown keys are passed over.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_priv.h"
#include "common/countof.h"

enum {
	LEG_TEXT_MAX = 1024
};

const char *const ctl_profile_names[] = {"browser", "rtp", "sdes", "osrtp",
					 "dtls", NULL};

static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
	{"rx-packets", offsetof(struct ctl_leg_figures, rx_packets)},
	{"rx-bytes", offsetof(struct ctl_leg_figures, rx_bytes)},
	{"rx-lost", offsetof(struct ctl_leg_figures, rx_lost)},
	{"rx-bad", offsetof(struct ctl_leg_figures, rx_bad)},
	{"rx-jitter-us", offsetof(struct ctl_leg_figures, rx_jitter_us)},
	{"tx-packets", offsetof(struct ctl_leg_figures, tx_packets)},
	{"tx-bytes", offsetof(struct ctl_leg_figures, tx_bytes)},
	{"far-lost", offsetof(struct ctl_leg_figures, far_lost)},
	{"far-jitter-us", offsetof(struct ctl_leg_figures, far_jitter_us)},
	{"rtt-us", offsetof(struct ctl_leg_figures, rtt_us)},
	{"first-ms", offsetof(struct ctl_leg_figures, first_ms)},
	{"silent-ms", offsetof(struct ctl_leg_figures, silent_ms)},
	{"rx-mos", offsetof(struct ctl_leg_figures, rx_mos)},
	{"tx-mos", offsetof(struct ctl_leg_figures, tx_mos)},
	{"quiet-ms", offsetof(struct ctl_leg_figures, quiet_ms)},
};

static const struct ctl_field session_fields[] = {
	{.name = "age",
	 .kind = CTL_F_U64,
	 .offset = offsetof(struct ctl_figures, age_ms)},
	{.name = "resumes",
	 .kind = CTL_F_U64,
	 .offset = offsetof(struct ctl_figures, resumes)},
	{.name = NULL},
};

static uint64_t *number(struct ctl_leg_figures *leg, size_t i)
{
	return (uint64_t *)(void *)((uint8_t *)leg + numbers[i].offset);
}

static bool is_codec(const struct pl *name)
{
	if (name->l > CTL_CODEC_MAX)
		return false;

	for (size_t i = 0; i < name->l; i++) {
		char c = name->p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '.' || c == '-'))
			return false;
	}
	return true;
}

static int print_leg(struct re_printf *pf, void *arg)
{
	struct ctl_leg_figures *leg = arg;
	int err = re_hprintf(pf, "profile=%s", ctl_profile_names[leg->profile]);

	if (leg->codec[0])
		err |= re_hprintf(pf, " codec=%s", leg->codec);
	for (size_t i = 0; i < COUNTOF(numbers) && !err; i++)
		err = re_hprintf(pf, " %s=%llu", numbers[i].key,
				 (unsigned long long)*number(leg, i));
	return err;
}

static int write_leg(struct ctl_build *build, const struct ctl_leg_figures *leg)
{
	struct ctl_leg_figures copy = *leg;
	char name[CTL_NAME_MAX];
	struct pl codec;

	pl_set_str(&codec, copy.codec);
	if (leg->leg < 1 || leg->leg > CTL_LEG_MAX || leg->profile >= CTL_PROFILES ||
	    !is_codec(&codec))
		return EINVAL;

	(void)re_snprintf(name, sizeof(name), "leg.%u", leg->leg);
	return ctl_build_put(build, name, "%H", print_leg, &copy);
}

int ctl_figures_write(struct ctl_build *build,
		      const struct ctl_figures *figures)
{
	int err = ctl_fields_write(build, session_fields, figures);

	if (figures->nlegs > CTL_LEG_MAX)
		return EINVAL;

	for (size_t i = 0; i < figures->nlegs && !err; i++)
		err = write_leg(build, &figures->legs[i]);
	return err;
}

static bool read_pair(struct ctl_leg_figures *leg, const struct pl *key,
		      const struct pl *value)
{
	unsigned profile;

	if (!pl_strcmp(key, "profile")) {
		if (!ctl_read_name(&profile, ctl_profile_names, value))
			return false;
		leg->profile = (enum ctl_profile)profile;
		return true;
	}
	if (!pl_strcmp(key, "codec"))
		return is_codec(value) &&
		       !pl_strcpy(value, leg->codec, sizeof(leg->codec));

	for (size_t i = 0; i < COUNTOF(numbers); i++)
		if (!pl_strcmp(key, numbers[i].key))
			return ctl_read_u64(number(leg, i), value);
	return true;
}

/* "a=1 b=2": one step further; false when it is not of that form. */
static bool next_pair(struct pl *rest, struct pl *key, struct pl *value)
{
	const char *end = pl_strchr(rest, ' ');
	const char *sign;

	key->p = rest->p;
	key->l = end ? (size_t)(end - rest->p) : rest->l;
	pl_advance(rest, (ssize_t)(key->l + (end ? 1 : 0)));
	sign = pl_strchr(key, '=');
	if (!sign)
		return false;

	value->p = sign + 1;
	value->l = key->l - (size_t)(sign + 1 - key->p);
	key->l = (size_t)(sign - key->p);
	return true;
}

static bool read_leg(struct ctl_leg_figures *leg, const struct pl *text)
{
	struct pl rest = *text, key, value;

	if (text->l > LEG_TEXT_MAX)
		return false;

	while (rest.l)
		if (!next_pair(&rest, &key, &value) ||
		    !read_pair(leg, &key, &value))
			return false;
	return true;
}

bool ctl_figures_read(struct ctl_figures *figures, bool *there,
		      const struct ctl_view *view)
{
	char name[CTL_NAME_MAX];

	*there = ctl_view_find(view, "age") != NULL;
	if (!*there)
		return true;
	if (!ctl_fields_read(figures, session_fields, view))
		return false;

	figures->nlegs = 0;
	for (uint8_t nr = 1; nr <= CTL_LEG_MAX; nr++) {
		struct ctl_leg_figures *leg = &figures->legs[figures->nlegs];
		const struct pl *text;

		(void)re_snprintf(name, sizeof(name), "leg.%u", nr);
		text = ctl_view_find(view, name);
		if (!text)
			continue;
		*leg = (struct ctl_leg_figures){.leg = nr};
		if (!read_leg(leg, text))
			return false;
		figures->nlegs++;
	}
	return true;
}
