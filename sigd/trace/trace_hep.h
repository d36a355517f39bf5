/*
 * trace_hep.h  HEP version 3: SIP messages for a capture server (Homer)
 *
 * Encoder of a message as a HEP3 packet: "HEP3", its length, and chunks of
 * vendor 0 (the generic ones of the specification, section 5.2). Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_HEP_H
#define SIGD_TRACE_TRACE_HEP_H

#include "sigd/trace/trace_msg.h"

/* Who captures; the key is borrowed. */
struct trace_hep_agent {
	uint32_t id;     /* chunk 12 */
	const char *key; /* chunk 14; NULL: none */
};

/* Appends one packet. correlation: chunk 17, the Call-ID; may be empty.
 * EINVAL: no address of the far side, or too long for a packet; ENOMEM. */
int trace_hep_write(struct mbuf *mb, const struct trace_hep_agent *agent,
		    const struct trace_msg *msg, const struct pl *correlation);

#endif
