/*
 * route_device_cfg.c  The description of `devices` in routing.yaml, and who
 *                     registers them
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"

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

static const struct cfg_choice medias[] = {
	{"auto", ROUTE_DEVICE_MEDIA_AUTO,
	 "Of one whose SIP comes over TLS: encrypted when it can be (RTP/AVP "
	 "with keys that it may take or leave, RFC 8643; an offer of RTP/SAVP "
	 "is taken), else plain. Plain RTP over udp and tcp, where everybody "
	 "could read the keys."},
	{"sdes", ROUTE_DEVICE_MEDIA_SDES,
	 "Over TLS encrypted (RTP/SAVP, RFC 4568), or no call (488). Plain RTP "
	 "over udp and tcp, unless `sdes` has `in_clear: true`: then they have "
	 "keys, too."},
	{"rtp", ROUTE_DEVICE_MEDIA_RTP, "RTP without encryption."},
	{NULL, 0, NULL},
};

static const struct cfg_choice rings[] = {
	{"by-q", ROUTE_RING_Q,
	 "Those with the highest `q` together; when none of them answers, the "
	 "next ones."},
	{"all", ROUTE_RING_ALL, "All together, whatever their `q`."},
	{NULL, 0, NULL},
};

const struct cfg_choice route_reg_modes[] = {
	{"local", ROUTE_REG_LOCAL,
	 "Here: the users below with their passwords."},
	{"forwarded", ROUTE_REG_FORWARDED,
	 "At the PBX that `registrar` names. It challenges the devices under "
	 "its own realm and sees each of them as an extension; what they call "
	 "goes to it unless a route says otherwise."},
	{NULL, 0, NULL},
};

#define DEVICES(member) CFG_AT(struct route_devices, member)
static const struct cfg_field fields[] = {
	{"media", CFG_ENUM, DEVICES(media), .choices = medias, .def = "auto",
	 .help = "How the media of telephones is carried. That of a page is "
		 "encrypted (DTLS-SRTP) whatever stands here."},
	{"sdes", CFG_TABLE, DEVICES(sdes), .table = &route_sdes_table,
	 .help = "Of media auto and sdes."},
	{"video", CFG_BOOL, DEVICES(video), .def = "true",
	 .help = "Pages and telephones may have video: VP8, VP9, H.264 and "
		 "AV1, passed on as it comes. false: their calls are of audio "
		 "alone."},
	{"media_source", CFG_ENUM, DEVICES(media_source), .choices = sources,
	 .def = "auto",
	 .help = "Whose RTP is taken for that of a telephone. A page is known "
		 "by ICE and DTLS whatever stands here. A telephone that sends "
		 "RTP from another port than it receives on is heard with "
		 "`learn-once` alone, and hears nothing: that needs a "
		 "telephone with symmetric RTP (RFC 4961)."},
	{"media_policy", CFG_STRING, DEVICES(media_policy), .min = 1,
	 .max = ROUTE_MEDIA_MAX, .ref = &route_ref_media,
	 .help = "One of `media_policies`, or `usual`, `prefer-passthrough`, "
		 "`best-quality`, `low-cost`; none: that of the other side of "
		 "the call, else `usual`.",
	 .example = "best-quality"},
	{"ring", CFG_ENUM, DEVICES(ring), .choices = rings, .def = "by-q",
	 .help = "Which devices of a user ring."},
	{"ring_within", CFG_DURATION, DEVICES(ring_ms), .min = 100,
	 .max = 600000, .def = "20s",
	 .help = "When none of them has answered for so long, those of the "
		 "next lower `q` ring instead."},
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

const char *route_reg_mode_name(enum route_reg_mode mode)
{
	return name_of(route_reg_modes, (int)mode);
}

const char *route_ring_name(enum route_ring ring)
{
	return name_of(rings, (int)ring);
}

bool route_forwards_to(const struct route_tenant *tenant,
		       const struct route_connection *conn)
{
	return conn && tenant->registration.mode == ROUTE_REG_FORWARDED &&
	       tenant->registration.pbx == conn;
}

static int refuse(const struct route_tenant *tenant, const char *why,
		  struct cfg_errors *errs)
{
	cfg_errors_add(errs, &tenant->pos, "registrar of tenant \"%s\" %s",
		       tenant->id, why);
	return EINVAL;
}

int route_registration_load(struct route_tenant *tenant,
			    struct cfg_errors *errs)
{
	struct route_registration *reg = &tenant->registration;
	struct pl name;

	if (route_sdes_load(&tenant->devices.sdes)) {
		cfg_errors_add(errs, &tenant->pos,
			       "devices of tenant \"%s\" have a suite twice",
			       tenant->id);
		return EINVAL;
	}
	if (reg->mode != ROUTE_REG_FORWARDED)
		return reg->registrar
			       ? refuse(tenant, "is for `registration: "
						"forwarded` alone", errs)
			       : 0;
	if (!reg->registrar)
		return refuse(tenant, "is missing, expected the name of a "
				      "connection", errs);
	pl_set_str(&name, reg->registrar);
	reg->pbx = route_connection_find(tenant, &name);
	return reg->pbx->kind == ROUTE_TRUNK
		       ? 0
		       : refuse(tenant, "is not of kind trunk", errs);
}
