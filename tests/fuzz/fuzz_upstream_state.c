/*
 * fuzz_upstream_state.c  What Redis says of a registration or of a probe: what
 *                        is taken is printed and read back the same
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/upstream/probe_state.h"
#include "sigd/upstream/trunk_state.h"
#include "tests/lib/fuzz.h"

static void trunk(const struct pl *text)
{
	struct trunk_state state, back;
	char out[TRUNK_STATE_MAX];
	struct pl pl;

	if (trunk_state_parse(&state, text) ||
	    trunk_state_print(out, &state, "a1/2"))
		return;
	pl_set_str(&pl, out);
	if (trunk_state_parse(&back, &pl) || strcmp(back.why, state.why) ||
	    strcmp(back.callid, state.callid) || back.cseq != state.cseq ||
	    back.phase != state.phase || back.ends_ms != state.ends_ms)
		abort();
}

static void probe(const struct pl *text)
{
	struct probe_state state, back;
	char out[PROBE_STATE_MAX];
	struct pl pl;

	if (probe_state_parse(&state, text))
		return;
	if (probe_state_print(out, &state, "a1/2"))
		abort();
	pl_set_str(&pl, out);
	if (probe_state_parse(&back, &pl) || strcmp(back.why, state.why) ||
	    back.phase != state.phase || back.code != state.code ||
	    back.last_ms != state.last_ms || back.print != state.print)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *buf = malloc(size ? size : 1);
	struct pl text;

	if (!buf)
		return 0;
	memcpy(buf, data, size);
	text = (struct pl){(const char *)buf, size};
	trunk(&text);
	probe(&text);
	free(buf);
	return 0;
}
