/*
 * fuzz_wav.c  A WAV file of anything, and its samples at another rate
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "mediad/sound/pcm.h"
#include "tests/lib/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pcm_file file = {data, size, 1};
	char why[PCM_WHY_MAX] = "";
	struct pcm pcm = {0}, other = {0};

	if (pcm_read_wav(&pcm, &file, why)) {
		assert(why[0] && !pcm.samples);
		return 0;
	}
	assert(pcm.samples && pcm.count && pcm.count <= pcm.rate);
	if (pcm.count < 2000 && !pcm_convert(&other, &pcm, 16000))
		assert(other.count == pcm.count * 16000 / pcm.rate);
	mem_deref(other.samples);
	mem_deref(pcm.samples);
	return 0;
}
