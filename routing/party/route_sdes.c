/*
 * route_sdes.c  Keys of SRTP in the SDP of a connection or of telephones
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "routing/party/route_party.h"

/* clang-format off */
static const struct cfg_choice suites[] = {
	{"AES_CM_128_HMAC_SHA1_80", ROUTE_AES_CM_128_80,
	 "What everybody has (RFC 4568)."},
	{"AES_CM_128_HMAC_SHA1_32", ROUTE_AES_CM_128_32,
	 "With a shorter tag: six bytes less a packet, forged one time in "
	 "four thousand millions."},
	{"AES_256_CM_HMAC_SHA1_80", ROUTE_AES_256_CM_80, "RFC 6188."},
	{"AES_256_CM_HMAC_SHA1_32", ROUTE_AES_256_CM_32, "RFC 6188."},
	{"AEAD_AES_128_GCM", ROUTE_AEAD_128_GCM,
	 "RFC 7714. Some take it and cannot do it (baresip 1.0): not for them."},
	{"AEAD_AES_256_GCM", ROUTE_AEAD_256_GCM, "RFC 7714, as the one above."},
	{NULL, 0, NULL},
};

static const struct cfg_field suite_item = {
	.type = CFG_ENUM, .size = sizeof(enum route_suite), .choices = suites,
};

#define SDES(member) CFG_AT(struct route_sdes, member)
static const struct cfg_field fields[] = {
	{"suites", CFG_LIST, CFG_ITEMS(struct route_sdes, suites, nsuites),
	 .item = &suite_item, .min = 1, .max = ROUTE_SUITES_MAX,
	 .flags = CFG_F_ALONE,
	 .help = "What is offered, best first, and what is taken: of an offer "
		 "the first that is among these. None: "
		 "AES_CM_128_HMAC_SHA1_80 and AES_256_CM_HMAC_SHA1_80.",
	 .example = "AES_CM_128_HMAC_SHA1_80"},
	{"in_clear", CFG_BOOL, SDES(in_clear), .def = "false",
	 .help = "Keys go also over udp and tcp, where whoever sees the "
		 "signalling can read them and hear the calls: for a network "
		 "that is protected otherwise."},
	CFG_END,
};
/* clang-format on */

const struct cfg_table route_sdes_table = {
	sizeof(struct route_sdes), "sdes", fields,
	"Keys of SRTP in SDP (RFC 4568): who reads the signalling has them.",
	0};

static const char *name_of(enum route_suite suite)
{
	for (const struct cfg_choice *choice = suites; choice->name; choice++)
		if (choice->value == (int)suite)
			return choice->name;
	return "none";
}

int route_sdes_load(struct route_sdes *sdes)
{
	size_t n = 0;

	for (uint32_t i = 0; i < sdes->nsuites; i++) {
		for (uint32_t k = 0; k < i; k++)
			if (sdes->suites[i] == sdes->suites[k])
				return EEXIST;
		n += (size_t)re_snprintf(sdes->list + n,
					 sizeof(sdes->list) - n, "%s%s",
					 i ? "," : "",
					 name_of(sdes->suites[i]));
	}
	return 0;
}
