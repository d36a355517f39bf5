/*
 * ringtone.c  The ringing tones of countries
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sound/ringtone.h"

enum {
	RATE = 16000,
	STEPS = 4, /* of a cadence: tone, silence, tone, silence */
	FADE = RATE / 200,
};

#define LEVEL_DB -16.0 /* of each tone, below full scale */

struct cadence {
	const char *country;
	uint16_t hz[2]; /* together; 0: one alone */
	uint16_t ms[STEPS];
};

/* ITU-T, "Various tones used in national networks" (annex to OB 781). */
static const struct cadence cadences[] = {
	{"at", {420}, {1000, 5000}},
	{"au", {413, 438}, {400, 200, 400, 2000}},
	{"be", {425}, {1000, 3000}},
	{"br", {425}, {1000, 4000}},
	{"ca", {440, 480}, {2000, 4000}},
	{"ch", {425}, {1000, 4000}},
	{"cn", {450}, {1000, 4000}},
	{"cz", {425}, {1000, 4000}},
	{"de", {425}, {1000, 4000}},
	{"dk", {425}, {1000, 4000}},
	{"es", {425}, {1500, 3000}},
	{"fi", {425}, {1000, 4000}},
	{"fr", {440}, {1500, 3500}},
	{"gb", {400, 450}, {400, 200, 400, 2000}},
	{"ie", {400, 450}, {400, 200, 400, 2000}},
	{"in", {400, 425}, {400, 200, 400, 2000}},
	{"it", {425}, {1000, 4000}},
	{"jp", {384, 416}, {1000, 2000}},
	{"nl", {425}, {1000, 4000}},
	{"no", {425}, {1000, 4000}},
	{"nz", {400, 450}, {400, 200, 400, 2000}},
	{"pl", {425}, {1000, 4000}},
	{"pt", {425}, {1000, 5000}},
	{"ru", {425}, {800, 3200}},
	{"se", {425}, {1000, 5000}},
	{"us", {440, 480}, {2000, 4000}},
};

const char *ringtone_country(size_t i)
{
	return i < COUNTOF(cadences) ? cadences[i].country : NULL;
}

static const struct cadence *find(const char *country)
{
	for (size_t i = 0; i < COUNTOF(cadences); i++)
		if (!strcmp(cadences[i].country, country))
			return &cadences[i];
	return NULL;
}

const char *ringtone_of(const char *name)
{
	static const char prefix[] = "ring-";
	const size_t len = sizeof(prefix) - 1;

	return !strncmp(name, prefix, len) && find(name + len) ? name + len
							       : NULL;
}

static void tone(int16_t *to, size_t count, const struct cadence *cadence)
{
	const double peak = 32767 * pow(10, LEVEL_DB / 20);

	for (size_t i = 0; i < count; i++) {
		const size_t edge = min(i, count - 1 - i);
		double sum = 0;

		for (unsigned t = 0; t < COUNTOF(cadence->hz); t++)
			sum += sin(2 * M_PI * cadence->hz[t] * (double)i /
				   RATE);
		/* no click where it begins and ends */
		if (edge < FADE)
			sum *= (double)edge / FADE;
		to[i] = (int16_t)lrint(peak * sum);
	}
}

int ringtone_make(struct pcm *pcm, const char *country)
{
	const struct cadence *cadence = find(country);
	size_t at = 0;

	if (!cadence)
		return ENOENT;
	*pcm = (struct pcm){.rate = RATE};
	for (unsigned i = 0; i < STEPS; i++)
		pcm->count += (size_t)cadence->ms[i] * (RATE / 1000);
	pcm->samples =
		mem_zalloc(pcm->count * sizeof(pcm->samples[0]), NULL);
	if (!pcm->samples)
		return ENOMEM;
	for (unsigned i = 0; i < STEPS; i++) {
		const size_t n = (size_t)cadence->ms[i] * (RATE / 1000);

		if (!(i & 1))
			tone(pcm->samples + at, n, cadence);
		at += n;
	}
	return 0;
}
