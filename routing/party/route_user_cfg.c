/*
 * route_user_cfg.c  The description of a user in routing.yaml
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"

static bool say(char *why, size_t size, const char *what)
{
	str_ncpy(why, what, size);
	return false;
}

static bool only(const char *text, const char *allowed)
{
	return text[strspn(text, allowed)] == '\0';
}

static bool check_number(const char *text, char *why, size_t size)
{
	const char *digits = text + (*text == '+');

	if (*digits && only(digits, "0123456789*#"))
		return true;
	return say(why, size, "digits, * and #, with or without a + before");
}

static bool is_hex(const char *text, size_t len)
{
	return only(text, "0123456789abcdefABCDEF") && strlen(text) == len;
}

static bool check_md5(const char *text, char *why, size_t size)
{
	return is_hex(text, ROUTE_HA1_MD5_LEN) ||
	       say(why, size, "32 hex digits: MD5 of name:realm:password");
}

static bool check_sha256(const char *text, char *why, size_t size)
{
	return is_hex(text, ROUTE_HA1_SHA256_LEN) ||
	       say(why, size, "64 hex digits: SHA-256 of name:realm:password");
}

/* clang-format off */
static const struct cfg_field number_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 32,
	.check = check_number,
};

static const struct cfg_field user_fields[] = {
	{.type = CFG_POS, CFG_AT(struct route_user, pos)},
	{"password", CFG_STRING, CFG_AT(struct route_user, password),
	 .min = 1, .max = 128, .flags = CFG_F_SECRET,
	 .help = "For digest with MD5 and SHA-256. Wiped after the load."},
	{"ha1_md5", CFG_STRING, CFG_AT(struct route_user, given_md5),
	 .flags = CFG_F_SECRET, .check = check_md5,
	 .help = "Instead of a password: MD5 of name:realm:password, in hex."},
	{"ha1_sha256", CFG_STRING, CFG_AT(struct route_user, given_sha256),
	 .flags = CFG_F_SECRET, .check = check_sha256,
	 .help = "Instead of a password: SHA-256 of name:realm:password, in "
		 "hex. With only one of the two, only that algorithm works."},
	{"algorithms", CFG_LIST,
	 CFG_ITEMS(struct route_user, given_algs.item, given_algs.count),
	 .item = &route_alg_item, .min = 1, .max = 2, .flags = CFG_F_ALONE,
	 .help = "Of the challenges to this user, instead of the tenant's: "
		 "MD5 alone for a telephone that reads only the first "
		 "challenge and does not know SHA-256.",
	 .example = "MD5"},
	{"display", CFG_STRING, CFG_AT(struct route_user, display),
	 .min = 1, .max = 64, .help = "The name for people."},
	{"max_devices", CFG_INT, CFG_AT(struct route_user, max_devices),
	 .min = 0, .max = ROUTE_DEVICES_MAX, .def = "0",
	 .help = "Devices registered at once; 0: the server's limit."},
	{"max_calls", CFG_INT, CFG_AT(struct route_user, max_calls),
	 .min = 0, .max = 1000, .def = "0",
	 .help = "Calls at once, made and taken, in all workers together: more "
		 "are 403 for who calls, and busy for who is called; 0: no "
		 "limit."},
	ROUTE_RECORD_FIELD(struct route_user, record,
			   "; default: as the tenant says"),
	{"numbers", CFG_LIST, CFG_ITEMS(struct route_user, numbers, nnumbers),
	 .item = &number_item, .min = 1, .max = 100, .flags = CFG_F_ALONE,
	 .help = "Numbers that lead to this user, too.",
	 .example = "+4930123"},
	{"media_policy", CFG_STRING, CFG_AT(struct route_user, media_policy),
	 .min = 1, .max = ROUTE_MEDIA_MAX, .ref = &route_ref_media,
	 .help = "Of this user's devices, instead of that of `devices`.",
	 .example = "low-cost"},
	{"upstream", CFG_TABLE, CFG_AT(struct route_user, line),
	 .flags = CFG_F_PTR, .table = &route_line_table,
	 .help = "The user's own registration at a PBX, held by us."},
	CFG_END,
};

static const struct cfg_table user_table = {
	sizeof(struct route_user), "a user", user_fields,
	"An address of record, sip:NAME@domain. Either `password` or one or "
	"both of `ha1_md5` and `ha1_sha256`; or none of them, where the tenant "
	"has `jwt`.", 0};

const struct cfg_field route_user_item = {
	.type = CFG_TABLE, .table = &user_table};
/* clang-format on */
