/*
 * route_device_cfg.c  The description of `devices` in routing.yaml
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/route_priv.h"

/* clang-format off */
static const struct cfg_choice sources[] = {
	{"auto", ROUTE_DEVICE_AUTO,
	 "`learn-once` for one behind NAT (its Contact, or its Via, names "
	 "another host than its messages come from), `strict` for the others."},
	{"strict", ROUTE_DEVICE_STRICT,
	 "RTP from the address in its SDP, and from no other."},
	{"learn-once", ROUTE_DEVICE_LEARN,
	 "From the first port that sends, at the address that its SIP comes "
	 "from or that its SDP names, and then from no other; RTP goes there, "
	 "too."},
	{NULL, 0, NULL},
};

static const struct cfg_choice rings[] = {
	{"by-q", ROUTE_RING_Q,
	 "Those with the highest `q` together; when none of them answers, the "
	 "next ones."},
	{"all", ROUTE_RING_ALL, "All together, whatever their `q`."},
	{NULL, 0, NULL},
};

#define DEVICES(member) CFG_AT(struct route_devices, member)
static const struct cfg_field fields[] = {
	{"media_source", CFG_ENUM, DEVICES(media_source), .choices = sources,
	 .def = "auto",
	 .help = "Whose RTP is taken for that of a telephone. A page is known "
		 "by ICE and DTLS whatever stands here. A telephone that sends "
		 "RTP from another port than it receives on is heard with "
		 "`learn-once` alone, and hears nothing: that needs a "
		 "telephone with symmetric RTP (RFC 4961)."},
	{"ring", CFG_ENUM, DEVICES(ring), .choices = rings, .def = "by-q",
	 .help = "Which devices of a user ring."},
	CFG_END,
};
/* clang-format on */

const struct cfg_table route_device_table = {
	sizeof(struct route_devices), "devices", fields,
	"What holds for all devices of the tenant's users.", 0};

static const char *name_of(const struct cfg_choice *choice, int value)
{
	for (; choice->name; choice++) {
		if (choice->value == value)
			return choice->name;
	}
	return "none";
}

const char *route_device_source_name(enum route_device_source source)
{
	return name_of(sources, (int)source);
}

const char *route_ring_name(enum route_ring ring)
{
	return name_of(rings, (int)ring);
}
