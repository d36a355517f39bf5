/*
 * shdr_id.c  Names of headers and methods
 *
 * A name is found by its length and first letter, then compared in full: no
 * other name can ever be taken for it (a hash can be made to collide).
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/sip/shdr.h"

struct name {
	const char *name;
	uint8_t len;
	char compact;
	bool single;
};

static const struct name namev[SHDR_COUNT] = {
#define X(id, text, compact, single) \
	[SHDR_##id] = {text, sizeof(text) - 1, compact, single},
	SHDR_LIST(X)
#undef X
};

static const char *const methodv[] = {
	[SMSG_OTHER] = "?",
	[SMSG_INVITE] = "INVITE",
	[SMSG_ACK] = "ACK",
	[SMSG_BYE] = "BYE",
	[SMSG_CANCEL] = "CANCEL",
	[SMSG_REGISTER] = "REGISTER",
	[SMSG_OPTIONS] = "OPTIONS",
	[SMSG_PRACK] = "PRACK",
	[SMSG_UPDATE] = "UPDATE",
	[SMSG_INFO] = "INFO",
	[SMSG_SUBSCRIBE] = "SUBSCRIBE",
	[SMSG_NOTIFY] = "NOTIFY",
	[SMSG_REFER] = "REFER",
	[SMSG_MESSAGE] = "MESSAGE",
	[SMSG_PUBLISH] = "PUBLISH",
};

/* One letter is a compact form (RFC 3261 7.3.3 and the IANA table). */
/* clang-format off */
static enum shdr_id compact_id(char c)
{
	switch (c | 0x20) {
	case 'a': return SHDR_ACCEPT_CONTACT;
	case 'b': return SHDR_REFERRED_BY;
	case 'c': return SHDR_CONTENT_TYPE;
	case 'd': return SHDR_REQUEST_DISPOSITION;
	case 'e': return SHDR_CONTENT_ENCODING;
	case 'f': return SHDR_FROM;
	case 'i': return SHDR_CALL_ID;
	case 'j': return SHDR_REJECT_CONTACT;
	case 'k': return SHDR_SUPPORTED;
	case 'l': return SHDR_CONTENT_LENGTH;
	case 'm': return SHDR_CONTACT;
	case 'o': return SHDR_EVENT;
	case 'r': return SHDR_REFER_TO;
	case 's': return SHDR_SUBJECT;
	case 't': return SHDR_TO;
	case 'u': return SHDR_ALLOW_EVENTS;
	case 'v': return SHDR_VIA;
	case 'x': return SHDR_SESSION_EXPIRES;
	case 'y': return SHDR_IDENTITY;
	default: return SHDR_OTHER;
	}
}
/* clang-format on */

static bool is(const char *name, enum shdr_id id)
{
	const struct name *n = &namev[id];

	return !strncasecmp(name, n->name, n->len);
}

/* The one or two that share length and first letter. */
static enum shdr_id pick(const char *name, enum shdr_id a, enum shdr_id b)
{
	if (is(name, a))
		return a;
	return b && is(name, b) ? b : SHDR_OTHER;
}

#define KEY(len, letter) ((unsigned)(len) << 8 | (letter))
#define ONE(len, letter, id)   \
	case KEY(len, letter): \
		return pick(name, SHDR_##id, SHDR_OTHER);
#define TWO(len, letter, id, id2) \
	case KEY(len, letter):    \
		return pick(name, SHDR_##id, SHDR_##id2);

/* clang-format off */
static enum shdr_id short_id(const char *name, unsigned key)
{
	switch (key) {
	ONE(2, 't', TO)
	ONE(3, 'v', VIA)
	ONE(4, 'c', CSEQ)
	ONE(4, 'd', DATE)
	ONE(4, 'f', FROM)
	ONE(4, 'j', JOIN)
	ONE(4, 'p', PATH)
	TWO(4, 'r', RACK, RSEQ)
	ONE(5, 'a', ALLOW)
	ONE(5, 'e', EVENT)
	ONE(5, 'r', ROUTE)
	ONE(6, 'a', ACCEPT)
	ONE(6, 'm', MIN_SE)
	ONE(6, 'r', REASON)
	ONE(6, 's', SERVER)
	TWO(7, 'c', CALL_ID, CONTACT)
	ONE(7, 'e', EXPIRES)
	ONE(7, 'p', PRIVACY)
	ONE(7, 'r', REQUIRE)
	ONE(7, 's', SUBJECT)
	ONE(7, 'w', WARNING)
	ONE(8, 'i', IDENTITY)
	TWO(8, 'r', REFER_TO, REPLACES)
	ONE(8, 's', SIP_ETAG)
	ONE(9, 'c', CALL_INFO)
	ONE(9, 'd', DIVERSION)
	ONE(9, 'r', REFER_SUB)
	ONE(9, 's', SUPPORTED)
	ONE(9, 't', TIMESTAMP)
	default: return SHDR_OTHER;
	}
}

static enum shdr_id long_id(const char *name, unsigned key)
{
	switch (key) {
	ONE(10, 'a', ALERT_INFO)
	ONE(10, 'f', FLOW_TIMER)
	ONE(10, 'u', USER_AGENT)
	ONE(11, 'm', MIN_EXPIRES)
	TWO(11, 'r', REFERRED_BY, RETRY_AFTER)
	ONE(11, 'u', UNSUPPORTED)
	ONE(12, 'a', ALLOW_EVENTS)
	ONE(12, 'c', CONTENT_TYPE)
	ONE(12, 'h', HISTORY_INFO)
	ONE(12, 'm', MAX_FORWARDS)
	ONE(12, 'r', RECORD_ROUTE)
	ONE(12, 's', SIP_IF_MATCH)
	ONE(13, 'a', AUTHORIZATION)
	ONE(13, 'p', PROXY_REQUIRE)
	ONE(13, 's', SERVICE_ROUTE)
	ONE(14, 'a', ACCEPT_CONTACT)
	ONE(14, 'c', CONTENT_LENGTH)
	ONE(14, 'r', REJECT_CONTACT)
	ONE(15, 'r', REMOTE_PARTY_ID)
	ONE(15, 's', SESSION_EXPIRES)
	ONE(16, 'c', CONTENT_ENCODING)
	ONE(16, 'w', WWW_AUTHENTICATE)
	ONE(18, 'p', PROXY_AUTHENTICATE)
	ONE(18, 's', SUBSCRIPTION_STATE)
	ONE(19, 'c', CONTENT_DISPOSITION)
	TWO(19, 'p', PROXY_AUTHORIZATION, P_ASSERTED_IDENTITY)
	ONE(19, 'r', REQUEST_DISPOSITION)
	ONE(20, 'p', P_PREFERRED_IDENTITY)
	ONE(21, 'p', P_ACCESS_NETWORK_INFO)
	default: return SHDR_OTHER;
	}
}
/* clang-format on */

enum shdr_id shdr_id(const char *name, size_t len)
{
	unsigned key;

	if (len == 1)
		return compact_id(*name);
	if (len < 1 || len > 255)
		return SHDR_OTHER;

	key = KEY(len, (uint8_t)*name | 0x20);
	return len < 10 ? short_id(name, key) : long_id(name, key);
}

const char *shdr_name(enum shdr_id id)
{
	return id > SHDR_OTHER && id < SHDR_COUNT ? namev[id].name : NULL;
}

char shdr_compact(enum shdr_id id)
{
	return id < SHDR_COUNT ? namev[id].compact : 0;
}

bool shdr_single(enum shdr_id id)
{
	return id < SHDR_COUNT && namev[id].single;
}

enum smsg_method smsg_method_id(const struct pl *name)
{
	for (unsigned i = SMSG_INVITE; i < ARRAY_SIZE(methodv); i++) {
		const char *m = methodv[i];

		if (name->l && *m == *name->p && !pl_strcmp(name, m))
			return i;
	}
	return SMSG_OTHER;
}

const char *smsg_method_name(enum smsg_method method)
{
	return method < ARRAY_SIZE(methodv) ? methodv[method] : "?";
}
