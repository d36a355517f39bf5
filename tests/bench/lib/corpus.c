/*
 * corpus.c  Speech to measure with
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/halfband.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/corpus.h"

#define SOUNDS "/usr/share/asterisk/sounds/"

enum {
	VOICES = 4,
	EACH = CORPUS_WIDE / VOICES,
	WAV_HEADER = 44,
	LOUD = 2600 /* rms of what is speech: -22 dBov */
};

static const char text[] =
	"The little boat went out to sea at five in the morning, and nobody "
	"had told the keeper of the lighthouse. He looked at the weather, then "
	"at his watch, and made up his mind.";

static void install(void)
{
	bench_die("there is no speech: apt-get install flite "
		  "asterisk-core-sounds-en-g722 asterisk-core-sounds-fr-g722");
}

static void from_g722(int16_t *pcm, const char *name)
{
	static uint8_t bytes[EACH / 2];
	struct codec_dec *dec = NULL;
	FILE *file = fopen(name, "rb");
	size_t n = file ? fread(bytes, 1, sizeof(bytes), file) : 0, count;

	if (n < sizeof(bytes) || codec_g722.dec_alloc(&dec))
		install();
	fclose(file);
	for (size_t at = 0; at < n; at += 160, pcm += 320)
		(void)codec_g722.decode(dec, bytes + at, 160, pcm, &count);
	mem_deref(dec);
}

static void from_flite(int16_t *pcm, const char *voice)
{
	char name[64], command[512];
	FILE *file;
	size_t n = 0;

	snprintf(name, sizeof(name), "/tmp/cordboard-%d.wav", (int)getpid());
	snprintf(command, sizeof(command), "flite -voice %s -t '%s' -o %s",
		 voice, text, name);
	if (system(command))
		install();
	file = fopen(name, "rb");
	if (file && !fseek(file, WAV_HEADER, SEEK_SET))
		n = fread(pcm, sizeof(*pcm), EACH, file);
	if (n < EACH)
		install();
	fclose(file);
	(void)unlink(name);
}

static void loudness(int16_t *pcm)
{
	double power = 0, by;
	size_t n = 1;

	for (size_t i = 0; i < EACH; i++) {
		if (abs(pcm[i]) < 300)
			continue;
		power += (double)pcm[i] * pcm[i];
		n++;
	}
	by = LOUD / sqrt(power / (double)n);
	for (size_t i = 0; i < EACH; i++)
		pcm[i] = (int16_t)fmax(-32000, fmin(32000, pcm[i] * by));
}

void corpus_load(struct corpus *corpus)
{
	struct halfband half;

	from_g722(corpus->wide, SOUNDS "en_US_f_Allison/demo-congrats.g722");
	from_flite(corpus->wide + EACH, "rms");
	from_g722(corpus->wide + 2 * EACH, SOUNDS "fr_CA_f_June/demo-congrats.g722");
	from_flite(corpus->wide + 3 * EACH, "awb");
	for (unsigned i = 0; i < VOICES; i++)
		loudness(corpus->wide + i * EACH);
	memset(&half, 0, sizeof(half));
	halfband_down(&half, corpus->narrow, corpus->wide, CORPUS_NARROW);
}
