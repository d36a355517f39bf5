/*
 * fuzz_journal.c  What Redis says of a log, and of round trips: what is taken
 *                 is printed and read back the same
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/journal/journal_row.h"
#include "sigd/journal/rtt_fold.h"
#include "tests/lib/fuzz.h"

static void row(const struct pl *text)
{
	struct journal_row row, back;
	char out[4 * JOURNAL_ROW_MAX];
	struct pl pl;

	if (journal_row_parse(&row, text))
		return;
	if (journal_row_print(out, sizeof(out), &row))
		abort();
	pl_set_str(&pl, out);
	/* encoded, names of any bytes may be longer than what is read */
	if (pl.l > JOURNAL_ROW_MAX)
		return;
	if (journal_row_parse(&back, &pl) || back.at_ms != row.at_ms ||
	    back.count != row.count || back.event != row.event ||
	    back.code != row.code || back.expires != row.expires ||
	    strcmp(back.device, row.device) || strcmp(back.why, row.why) ||
	    strcmp(back.agent, row.agent) || strcmp(back.flow, row.flow))
		abort();
}

static void rtt(const uint8_t *data, size_t size)
{
	uint8_t buf[RTT_ROW_LEN];
	struct rtt_row row, back;

	if (rtt_row_unpack(&row, data, size))
		return;
	rtt_row_pack(buf, &row);
	if (memcmp(buf, data, sizeof(buf)))
		abort();
	back = row;
	rtt_row_add(&back, &row);
	if (back.count != 2 * row.count || back.mean_us != row.mean_us)
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
	row(&text);
	rtt(buf, size);
	free(buf);
	return 0;
}
