/*
 * fuzz_call_log.c  Entries of call logs from Redis: read, refused, or written
 *                  again
 *
 * The input is fields, each ended by a line feed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/call_log.h"
#include "tests/lib/fuzz.h"

enum {
	FIELDS = 32
};

static size_t split(struct redis_val *vals, const uint8_t *data, size_t size)
{
	size_t n = 0;

	for (size_t at = 0; at < size && n < FIELDS; n++) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		const size_t len = end ? (size_t)(end - data) - at : size - at;

		vals[n] = (struct redis_val){
			.type = REDIS_STR,
			.str = (const char *)data + at,
			.len = len,
		};
		at += len + 1;
	}
	return n;
}

/* What can be read of the data can be written, and is the same. */
static void rewrite(const struct call_log_entry *entry)
{
	struct call_log_pair pair, again;
	struct call_log_data data;
	struct pl rest = entry->data;
	int err;

	while ((err = call_log_next(&pair, &rest)) != ENOENT) {
		struct pl back;

		if (err || !pair.value[0] ||
		    strlen(pair.value) > CALL_LOG_VALUE_MAX)
			continue;
		call_log_begin(&data);
		call_log_text(&data, pair.name, pair.value);
		if (data.cut)
			continue;
		back = (struct pl){data.text, data.len};
		assert(!call_log_next(&again, &back));
		assert(!strcmp(again.name, pair.name));
		assert(!strcmp(again.value, pair.value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct redis_val vals[FIELDS], back[CALL_LOG_FIELDS];
	struct redis_val fields = {.type = REDIS_ARRAY, .el = vals};
	struct call_log_entry entry, again;
	struct call_log_args args;

	fields.len = split(vals, data, size);
	if (call_log_read(&entry, &fields))
		return 0;
	rewrite(&entry);
	call_log_args(&args, &entry);
	for (size_t i = 0; i < CALL_LOG_FIELDS; i++)
		back[i] = (struct redis_val){
			.type = REDIS_STR,
			.str = args.argv[i].data,
			.len = args.argv[i].len,
		};
	fields = (struct redis_val){.type = REDIS_ARRAY,
				    .len = CALL_LOG_FIELDS,
				    .el = back};
	assert(!call_log_read(&again, &fields));
	assert(!strcmp(again.by, entry.by) && again.ms == entry.ms);
	assert(!strcmp(again.kind, entry.kind) && again.leg == entry.leg);
	assert(!strcmp(again.session, entry.session));
	return 0;
}
