/*
 * route_rewrite_cfg.c  The description of `rewrite` of a route
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "routing/plan/route_rule.h"

/*
 * What SIP itself needs, says what a body is, proves or names who somebody is
 * (that is `caller` and `caller_id`), or is between us and a neighbour.
 */
static const char *const kept[] = {
	"Accept", "Accept-Encoding", "Accept-Language", "Allow",
	"Allow-Events", "Authentication-Info", "Authorization", "Call-ID",
	"Contact", "Content-Disposition", "Content-Encoding",
	"Content-Language", "Content-Length", "Content-Type", "CSeq", "Date",
	"Event", "Expires", "Flow-Timer", "From", "Identity", "In-Reply-To",
	"Join", "Max-Breadth", "Max-Forwards", "MIME-Version", "Min-Expires",
	"Min-SE", "P-Asserted-Identity", "P-Preferred-Identity", "Path",
	"Privacy", "Proxy-Authenticate", "Proxy-Authentication-Info",
	"Proxy-Authorization", "Proxy-Require", "RAck", "Record-Route",
	"Refer-Sub", "Refer-To", "Referred-By", "Reject-Contact",
	"Remote-Party-ID", "Replaces", "Request-Disposition", "Require",
	"Retry-After", "Route", "RSeq", "Security-Client", "Security-Server",
	"Security-Verify", "Service-Route", "Session-Expires", "SIP-ETag",
	"SIP-If-Match", "Subscription-State", "Supported", "Target-Dialog",
	"Timestamp", "To", "Unsupported", "Via", "Warning",
	"WWW-Authenticate",
};

static bool check_edited(const char *text, char *why, size_t size)
{
	/* a single letter is the compact form of one of these */
	bool bad = strlen(text) == 1;

	if (!route_check_header(text, why, size))
		return false;
	for (size_t i = 0; i < COUNTOF(kept) && !bad; i++)
		bad = !strcasecmp(text, kept[i]);
	if (bad)
		re_snprintf(why, size, "a header that SIP itself does not "
				       "need");
	return !bad;
}

/* clang-format off */
static const struct cfg_choice policies[] = {
	{"pass", ROUTE_CALLER_PASS, "The caller is told, as the connection's own "
				"settings say."},
	{"withhold", ROUTE_CALLER_WITHHOLD,
	 "From is anonymous; a connection that is `trusted` is told who calls, "
	 "and that nobody else may be (RFC 3325)."},
	{NULL, 0, NULL},
};

static const struct cfg_choice forms[] = {
	{"e164", ROUTE_FORM_E164, "+4930123."},
	{"plain", ROUTE_FORM_PLAIN, "4930123."},
	{"national", ROUTE_FORM_NATIONAL,
	 "030123, and as `international` when it is of another country."},
	{"international", ROUTE_FORM_INTERNATIONAL, "004930123."},
	{NULL, 0, NULL},
};

#define NUMBER(member) CFG_AT(struct route_renumber, member)
static const struct cfg_field number_fields[] = {
	{"set", CFG_STRING, NUMBER(set), .min = 1, .max = 128,
	 .help = "The number. `\\1` or `${1}` is what the first group of the "
		 "route's pattern for it matched, `\\0` all of it.",
	 .example = "+49${1}"},
	{"strip", CFG_STRING, NUMBER(strip), .min = 1, .max = 64,
	 .help = "Taken away when the number begins with it.",
	 .example = "00"},
	{"cut", CFG_INT, NUMBER(cut), .min = 0, .max = ROUTE_NUMBER_MAX,
	 .def = "0", .help = "So many digits are taken away in front."},
	{"add", CFG_STRING, NUMBER(add), .min = 1, .max = 64,
	 .help = "Put in front.", .example = "+"},
	{"form", CFG_ENUM, NUMBER(form), .choices = forms,
	 .help = "How the number is written that comes of this, as `dialing` "
		 "reads it. What is no number of E.164 (a short code, a "
		 "name) stays as it is; so does one that would be read as "
		 "another.", .example = "e164"},
	CFG_END,
};

static const struct cfg_table number_table = {
	sizeof(struct route_renumber), "a number", number_fields,
	"Carried out in this order.", 0};

static const struct cfg_field value_item = {
	.type = CFG_STRING, CFG_AT(struct route_header_add, value), .min = 1,
	.max = 255,
};

static const struct cfg_field name_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 64,
	.check = check_edited,
};

#define HEADERS(member, count) \
	CFG_ITEMS(struct route_header_edits, member, count)
static const struct cfg_field headers_fields[] = {
	{.type = CFG_POS, CFG_AT(struct route_header_edits, pos)},
	{"remove", CFG_LIST, HEADERS(remove, nremove), .item = &name_item,
	 .min = 1, .max = 8, .flags = CFG_F_ALONE,
	 .help = "Headers that do not go on.", .example = "X-Internal"},
	{"add", CFG_MAP, HEADERS(add, nadd),
	 CFG_KEY(struct route_header_add, name), .item = &value_item,
	 .min = 1, .max = 8, .check = check_edited,
	 .pattern = "^[A-Za-z0-9.!%*_+`'~-]{2,}$",
	 .help = "Headers by name, and the value of each, with captures of "
		 "`callee`. What is there already of that name stays, unless "
		 "it is removed.",
	 .example = "{X-Tenant: demo}"},
	CFG_END,
};

static const struct cfg_table headers_table = {
	sizeof(struct route_header_edits), "headers", headers_fields,
	"Headers of the request that goes out; none that SIP itself needs, "
	"none that says who somebody is.", 0};

#define REWRITE(member) CFG_AT(struct route_rewrite, member)
static const struct cfg_field rewrite_fields[] = {
	{.type = CFG_POS, REWRITE(pos)},
	{"callee", CFG_TABLE, REWRITE(callee), .flags = CFG_F_PTR,
	 .table = &number_table, .help = "The number that is called."},
	{"caller", CFG_TABLE, REWRITE(caller), .flags = CFG_F_PTR,
	 .table = &number_table, .help = "The number that calls."},
	{"display", CFG_STRING, REWRITE(display), .min = 1, .max = 64,
	 .help = "The name of who calls, with captures of `caller`."},
	{"caller_id", CFG_ENUM, REWRITE(caller_id), .choices = policies,
	 .help = "Whether the other side is told who calls."},
	{"headers", CFG_TABLE, REWRITE(headers), .flags = CFG_F_PTR,
	 .table = &headers_table, .help = "Headers added and removed."},
	CFG_END,
};

const struct cfg_table route_rewrite_table = {
	sizeof(struct route_rewrite), "a rewrite", rewrite_fields,
	"As what the request goes on: to the target, or with `continue` to "
	"the next routes, which then match what was rewritten.", 0};
/* clang-format on */
