/*
 * service_name.c  What a call is joined with that we answer ourselves
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "sigd/proxy/service_name.h"

static const char sound_prefix[] = "sound:";

static const char *const names[] = {
	[CTL_ECHO] = "echo",
	[CTL_TONE] = "tone",
	[CTL_MILLIWATT] = "milliwatt",
};

void service_name_print(char *text, size_t size, enum route_service service,
			const struct route_announcement *announcement)
{
	if (service == ROUTE_ANNOUNCEMENT)
		re_snprintf(text, size, "%s%s*%u", sound_prefix,
			    announcement->sound, announcement->times);
	else
		str_ncpy(text, route_service_name(service), size);
}

static bool read_sound(struct ctl_leg_join *join, const char *text)
{
	struct pl all, name, times;

	pl_set_str(&all, text);
	if (re_regex(all.p, all.l, "[a-z0-9_\\-]+[*]1[0-9]+", &name, NULL,
		     &times) ||
	    name.p != text || name.l > CTL_SOUND_MAX ||
	    pl_u32(&times) > CTL_TIMES_MAX)
		return false;
	join->service = CTL_SOUND;
	join->sound = name;
	join->times = pl_u32(&times);
	return true;
}

bool service_name_read(struct ctl_leg_join *join, const char *text)
{
	const size_t len = sizeof(sound_prefix) - 1;

	if (!strncmp(text, sound_prefix, len))
		return read_sound(join, text + len);
	for (size_t i = 0; i < COUNTOF(names); i++) {
		if (!names[i] || strcmp(names[i], text))
			continue;
		join->service = (enum ctl_service)i;
		return true;
	}
	return false;
}
