/*
 * ctl_sample.h  Control messages for tests: keys, samples, wire to entry
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_CTL_SAMPLE_H
#define TESTS_LIB_CTL_SAMPLE_H

#include <string.h>
#include <re.h>

#include "common/control/ctl_codec.h"
#include "common/keyring.h"

#define CTL_SAMPLE_KEYS                        \
	"1 - 000102030405060708090a0b0c0d0e0f" \
	"101112131415161718191a1b1c1d1e1f\n"

#define CTL_SAMPLE_SDP                                                     \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

/* NULL on failure; mem_deref() it. */
static inline struct keyring *ctl_sample_keys(void)
{
	struct keyring *ring = NULL;
	char err[128];

	(void)keyring_parse(&ring, CTL_SAMPLE_KEYS, strlen(CTL_SAMPLE_KEYS),
			    err, sizeof(err));
	return ring;
}

static inline struct ctl_msg ctl_sample(enum ctl_type type)
{
	struct ctl_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.type = type;
	strcpy(msg.env.id, "00000000000000aa");
	strcpy(msg.env.from, "a1/1");
	strcpy(msg.env.to, "m1/2");
	msg.env.from_epoch = 1700000001;
	msg.env.to_epoch = 1700000002;
	msg.env.at_ms = 1700000100000;
	msg.env.ttl_ms = 1500;
	return msg;
}

static inline struct ctl_msg ctl_sample_remote(void)
{
	struct ctl_msg msg = ctl_sample(CTL_REQ);

	msg.req.verb = CTL_LEG_REMOTE;
	strcpy(msg.req.session, "0123456789abcdef");
	strcpy(msg.req.remote.call, "fedcba9876543210");
	msg.req.remote.leg = 1;
	msg.req.remote.kind = CTL_OFFER;
	msg.req.remote.profile = CTL_BROWSER;
	msg.req.remote.create = true;
	pl_set_str(&msg.req.remote.tenant, "acme");
	pl_set_str(&msg.req.remote.sdp, CTL_SAMPLE_SDP);
	return msg;
}

/* An entry's fields as a reader would get them; vals holds 2*CTL_FIELDS_MAX.
 * Borrows from wire; texts are not 0-terminated. */
static inline struct redis_val ctl_sample_entry(struct redis_val *vals,
						const struct ctl_wire *wire)
{
	for (size_t i = 0; i < wire->count; i++)
		vals[i] = (struct redis_val){.type = REDIS_STR,
					     .str = wire->fields[i].data,
					     .len = wire->fields[i].len};
	return (struct redis_val){.type = REDIS_ARRAY,
				  .el = vals,
				  .len = wire->count};
}

/* The value of a field of an entry, to be altered; NULL when absent. */
static inline struct redis_val *ctl_sample_field(struct redis_val *vals,
						 size_t count, const char *name)
{
	for (size_t i = 0; i + 1 < count; i += 2)
		if (redis_is(&vals[i], name))
			return &vals[i + 1];
	return NULL;
}

#endif
