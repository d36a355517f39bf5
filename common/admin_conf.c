/*
 * admin_conf.c  The `admin` of sigd.yaml and mediad.yaml
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/admin_conf.h"
#include "common/bearer.h"

static bool is_hash(const char *text, char *why, size_t size)
{
	uint8_t hash[BEARER_HASH_LEN];

	if (!bearer_hash_read(hash, text))
		return true;
	str_ncpy(why,
		 "the SHA-256 of a token, 64 digits of lower-case hex "
		 "(`cordctl token` makes both)",
		 size);
	return false;
}

static bool is_date(const char *text, char *why, size_t size)
{
	if (bearer_until(text))
		return true;
	str_ncpy(why, "a date such as 2027-01-31", size);
	return false;
}

static bool is_name(const char *text, char *why, size_t size)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._@-";

	if (strspn(text, chars) == strlen(text))
		return true;
	str_ncpy(why, "letters, digits, and . _ @ -", size);
	return false;
}

static const struct cfg_choice scopes[] = {
	{"read", ADMIN_CONF_READ, "changes nothing"},
	{"write", ADMIN_CONF_WRITE, "may change what can be changed, too"},
	{NULL, 0, NULL},
};

static const struct cfg_choice metrics[] = {
	{"auto", ADMIN_CONF_AUTO,
	 "by everybody when `bind` is loopback, else with a token"},
	{"open", ADMIN_CONF_OPEN, "by everybody"},
	{"token", ADMIN_CONF_TOKEN, "with a token that is not of one tenant"},
	{NULL, 0, NULL},
};

#define TOKEN(member) CFG_AT(struct admin_conf_token, member)
static const struct cfg_field token_fields[] = {
	{.type = CFG_POS, TOKEN(pos)},
	{"hash", CFG_STRING, TOKEN(hash),
	 .flags = CFG_F_REQUIRED | CFG_F_SECRET, .check = is_hash,
	 .help = "SHA-256 of the token, in hex."},
	{"scope", CFG_ENUM, TOKEN(scope), .choices = scopes, .def = "read",
	 .help = "What it opens."},
	{"tenant", CFG_STRING, TOKEN(tenant), .min = 1, .max = 64,
	 .help = "The one tenant that it sees and touches; none: all, and what "
		 "is of the cluster."},
	{"until", CFG_STRING, TOKEN(until), .check = is_date,
	 .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
	 .help = "Its last day, in UTC; none: no end."},
	CFG_END,
};

static const struct cfg_table token_table = {
	sizeof(struct admin_conf_token), "a token", token_fields,
	"Who may ask, known by a token. Read again at SIGHUP.", 0};
static const struct cfg_field token_item = {
	.type = CFG_TABLE, .size = sizeof(struct admin_conf_token),
	.table = &token_table};
static const struct cfg_field host_item = {.type = CFG_STRING, .max = 253};

/* clang-format off */
#define ADMIN(member) CFG_AT(struct admin_conf, member)
#define FIELDS(at)                                                            \
	{.type = CFG_POS, ADMIN(pos)},                                        \
	{"bind", CFG_ADDR, ADMIN(bind), .def = at,                            \
	 .help = "Address and port of health, metrics and REST."},            \
	{"certificate", CFG_STRING, ADMIN(certificate),                       \
	 .help = "PEM file with the certificate chain: TLS, then. Read again "\
		 "at SIGHUP."},                                               \
	{"private_key", CFG_STRING, ADMIN(key),                               \
	 .help = "PEM file with its key."},                                   \
	{"plain", CFG_BOOL, ADMIN(plain), .def = "false",                     \
	 .help = "Without TLS on another address than loopback, too: what "   \
		 "stands before it encrypts."},                               \
	{"hosts", CFG_LIST, CFG_ITEMS(struct admin_conf, hosts, nhosts),      \
	 .max = 16, .item = &host_item,                                       \
	 .help = "Names by which it is asked without TLS, besides addresses " \
		 "and localhost; others are refused, as a page that has its " \
		 "name lead here would ask by one."},                         \
	{"tokens", CFG_MAP, CFG_ITEMS(struct admin_conf, tokens, ntokens),    \
	 CFG_KEY(struct admin_conf_token, name), .max = BEARER_MAX,           \
	 .item = &token_item, .check = is_name,                               \
	 .help = "Who may ask for what is not health; the name is in the "    \
		 "log of each change. None: nobody."},                        \
	{"metrics", CFG_ENUM, ADMIN(metrics), .choices = metrics,             \
	 .def = "auto", .help = "How /metrics can be read."},                 \
	{"requests_per_second", CFG_INT, ADMIN(per_s), .min = 1,              \
	 .max = 1000000, .def = "50",                                         \
	 .help = "Of one token, and of one source without a known one: what " \
		 "is over it is answered by 429."},                          \
	{"requests_burst", CFG_INT, ADMIN(burst), .min = 1, .max = 1000000,   \
	 .def = "100", .help = "So many at once after a silence."}
/* clang-format on */

static const struct cfg_field sigd_fields[] = {
	FIELDS("127.0.0.1:8080"),
	{"dashboard", CFG_STRING, ADMIN(dashboard),
	 .help = "Folder with the dashboard, served at /dashboard/.",
	 .example = "/usr/local/share/cordboard/dashboard"},
	{"streams_per_token", CFG_INT, ADMIN(streams_token), .min = 1,
	 .max = 64, .def = "16",
	 .help = "So many look on at once (`GET /v1/stream`) with one token; a "
		 "node serves 64. What is over it is answered by 429."},
	{"streams_per_tenant", CFG_INT, ADMIN(streams_tenant), .min = 1,
	 .max = 64, .def = "24",
	 .help = "... with all the tokens of one tenant."},
	{"streams_per_address", CFG_INT, ADMIN(streams_source), .min = 1,
	 .max = 64, .def = "24",
	 .help = "... from one address (of IPv6 a /64). Raise it behind a "
		 "proxy, for which all are one; of one address (of IPv6 a "
		 "/64, too) there are 32 connections."},
	CFG_END,
};
static const struct cfg_field mediad_fields[] = {
	FIELDS("127.0.0.1:8081"),
	CFG_END,
};

const struct cfg_table admin_conf_sigd = {sizeof(struct admin_conf), "admin",
					  sigd_fields, "The admin process.", 0};
const struct cfg_table admin_conf_mediad = {sizeof(struct admin_conf), "admin",
					    mediad_fields, "The admin process.",
					    0};

bool admin_conf_is_local(const struct admin_conf *conf)
{
	return sa_is_loopback(&conf->bind);
}

/* The same token twice would have two scopes. */
static void check_tokens(const struct admin_conf *conf, struct cfg_errors *errs)
{
	for (uint32_t i = 0; i < conf->ntokens; i++) {
		const struct admin_conf_token *token = &conf->tokens[i];

		if (strlen(token->name) > BEARER_NAME_MAX)
			cfg_errors_add(errs, &token->pos,
				       "admin.tokens: a name has at most %u "
				       "characters",
				       BEARER_NAME_MAX);
		for (uint32_t k = 0; k < i; k++) {
			if (!strcmp(conf->tokens[k].hash, token->hash))
				cfg_errors_add(errs, &token->pos,
					       "admin.tokens: %s is the same "
					       "as %s",
					       token->name,
					       conf->tokens[k].name);
		}
	}
}

void admin_conf_check(const struct admin_conf *conf, const char *file,
		      struct cfg_errors *errs)
{
	const struct cfg_pos whole = {.file = file};
	const struct cfg_pos *pos = conf->pos.file ? &conf->pos : &whole;

	if (!sa_port(&conf->bind))
		cfg_errors_add(errs, pos, "admin: a port is needed");
	if (!conf->certificate != !conf->key)
		cfg_errors_add(errs, pos,
			       "admin: certificate and private_key go "
			       "together");
	if (!conf->certificate && !conf->plain && !admin_conf_is_local(conf))
		cfg_errors_add(errs, pos,
			       "admin: tokens would cross the network in the "
			       "clear: certificate and private_key are needed, "
			       "or `plain: true` when something before it "
			       "encrypts");
	check_tokens(conf, errs);
}
