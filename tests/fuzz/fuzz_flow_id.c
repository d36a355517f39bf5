/*
 * fuzz_flow_id.c  Names of flows, packed and as text, and what workers tell
 *                 each other with them
 *
 * The first byte chooses the reader. What is read must be written the same.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>
#include <re.h>

#include "sigd/transport/transport_pack.h"
#include "tests/lib/fuzz.h"

static void packed(const uint8_t *data, size_t size)
{
	struct flow_id id, again;
	uint8_t buf[FLOW_PACK_MAX];
	char text[FLOW_TEXT_MAX + 1];
	size_t len;

	if (flow_id_unpack(&id, data, size))
		return;

	assert(!flow_id_pack(&id, buf, &len));
	assert(len == size && !memcmp(buf, data, size));
	flow_id_text(text, &id);
	/* an IPv4 address in IPv6 has two texts: ours reads back as IPv4 */
	if (!flow_id_parse(&again, text, strlen(text)))
		assert(again.slot == id.slot && again.kind == id.kind);
}

static void text(const uint8_t *data, size_t size)
{
	char again[FLOW_TEXT_MAX + 1];
	struct flow_id id;

	if (flow_id_parse(&id, (const char *)data, size))
		return;

	flow_id_text(again, &id);
	assert(strlen(again) == size && !memcmp(again, data, size));
}

static void response(const uint8_t *data, size_t size)
{
	uint8_t buf[TRANSPORT_PACK_MAX];
	struct transport_src src;
	struct sa addr[2];
	size_t used, len;

	if (transport_unpack_response(&src, addr, &used, data, size))
		return;

	assert(used <= size && used <= TRANSPORT_PACK_MAX);
	assert(!transport_pack_response(buf, &len, &src));
	assert(len == used && !memcmp(buf, data, used));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;

	switch (data[0] & 3) {
	case 0:
		packed(data + 1, size - 1);
		break;
	case 1:
		text(data + 1, size - 1);
		break;
	default:
		response(data + 1, size - 1);
		break;
	}
	return 0;
}
