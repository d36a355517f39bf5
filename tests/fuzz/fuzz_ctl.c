/*
 * fuzz_ctl.c  The codec of the control protocol
 *
 * The input is names and values, separated by 0 bytes. Its first byte says
 * whether it gets a good MAC (as from a peer of another version, or one gone
 * mad) or keeps what it has (as from somebody who can only reach Redis).
 * What is accepted must be possible to send, and come out the same.
 *
 * SPDX-License-Identifier: MIT
 */
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
#include "tests/lib/fuzz.h"

enum {
	VALS_MAX = 2 * CTL_FIELDS_MAX + 8
};

static size_t split(struct redis_val *vals, const uint8_t *data, size_t size)
{
	size_t n = 0;

	while (size && n < VALS_MAX) {
		const uint8_t *end = memchr(data, 0, size);
		size_t len = end ? (size_t)(end - data) : size;

		vals[n++] = (struct redis_val){.type = REDIS_STR,
					       .str = (const char *)data,
					       .len = len};
		data += len + (end ? 1 : 0);
		size -= len + (end ? 1 : 0);
	}
	return n & ~(size_t)1;
}

/* The MAC is put in the place of a field that is there. */
static void sign(struct redis_val *vals, size_t n, char *hex,
		 const struct keyring *ring)
{
	struct redis_val *mac = ctl_sample_field(vals, n, "mac");
	uint8_t bytes[CTL_MAC_LEN];
	struct ctl_view view = {.n = 0};
	const uint8_t *key;

	if (!mac || keyring_key(ring, 1, SEAL_CTL, &key))
		return;

	for (size_t i = 0; i < n; i += 2) {
		const struct pl name = {vals[i].str, vals[i].len};
		const struct pl value = {vals[i + 1].str, vals[i + 1].len};

		if (!ctl_view_add(&view, &name, &value))
			return;
	}
	if (ctl_view_mac(bytes, &view, key))
		return;
	(void)re_snprintf(hex, 2 * CTL_MAC_LEN + 1, "%w", bytes, sizeof(bytes));
	*mac = (struct redis_val){.type = REDIS_STR,
				  .str = hex,
				  .len = 2 * CTL_MAC_LEN};
}

static void same(bool is)
{
	if (!is)
		abort();
}

/* Send it again: it must go, arrive, and say the same. */
static void send_on(const struct ctl_msg *msg, const struct keyring *ring)
{
	struct redis_val vals[2 * CTL_FIELDS_MAX], entry;
	struct ctl_wire *wire = NULL, *again = NULL;
	struct ctl_msg out;

	same(!ctl_encode(&wire, msg, ring));
	entry = ctl_sample_entry(vals, wire);
	same(ctl_decode(&out, &entry, ring) == CTL_ACCEPTED);
	same(!ctl_encode(&again, &out, ring));
	same(wire->count == again->count);
	for (size_t i = 0; i < wire->count; i++)
		same(wire->fields[i].len == again->fields[i].len &&
		     !memcmp(wire->fields[i].data, again->fields[i].data,
			     wire->fields[i].len));
	mem_deref(wire);
	mem_deref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keyring *ring = ctl_sample_keys();
	struct redis_val vals[VALS_MAX];
	struct redis_val entry = {.type = REDIS_ARRAY, .el = vals};
	struct ctl_receiver us = {"m1/2", 1700000002, 1700000100000};
	char hex[2 * CTL_MAC_LEN + 1];
	struct ctl_msg msg;

	if (size && ring) {
		entry.len = split(vals, data + 1, size - 1);
		if (data[0] & 1)
			sign(vals, entry.len, hex, ring);
		if (ctl_decode(&msg, &entry, ring) == CTL_ACCEPTED) {
			(void)ctl_check(&msg, &us);
			send_on(&msg, ring);
		}
	}
	mem_deref(ring);
	return 0;
}
