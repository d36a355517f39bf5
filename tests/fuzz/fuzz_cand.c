/*
 * fuzz_cand.c  Candidate lines: what is taken may be sent to
 *
 * Input: the values of a=candidate lines, parted by line ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "mediad/sdp/sdp_cand.h"
#include "tests/lib/fuzz.h"

static bool is_within(const struct pl *part, const struct pl *whole)
{
	return part->p >= whole->p && part->p + part->l <= whole->p + whole->l;
}

static void judge(const struct pl *text)
{
	struct sdpm_cand cand;

	memset(&cand, 0, sizeof(cand));
	if (!sdpm_cand_read(&cand, text))
		return;
	assert(is_within(&cand.foundation, text));
	assert(cand.component == 1 || cand.component == 2);
	assert(cand.type <= SDPM_RELAY);
	assert(sa_port(&cand.addr));
	assert(cand.loopback || sdpm_addr_usable(&cand.addr));
	assert(!cand.loopback || sa_in(&cand.addr) >> 24 == 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl rest = {(const char *)data, size};

	while (rest.l) {
		const char *end = memchr(rest.p, '\n', rest.l);
		struct pl line = {rest.p,
				  end ? (size_t)(end - rest.p) : rest.l};

		judge(&line);
		pl_advance(&rest, (ssize_t)(line.l + (end != NULL)));
	}
	return 0;
}
