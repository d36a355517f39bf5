/*
 * shdr.h  Header names, and the values of headers one by one
 *
 * RFC 3261 sections 7.3, 20 and 25. All decoders are zero-copy and pure: each
 * pl points into the caller's text. Folded lines must have been unfolded (the
 * message view does it). Numbers out of range are errors, never wrapped.
 *
 * The *_next() decoders take one value of a comma separated list from *rest
 * and step behind its comma: 0, ENOENT at the end of the list, EBADMSG. The
 * *_decode() ones want exactly one value.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SHDR_H
#define SIGD_SIP_SHDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "sigd/sip/suri.h"

/* id, name, compact form or 0, more than one field line is an error */
#define SHDR_LIST(X)                                                \
	X(ACCEPT, "Accept", 0, false)                               \
	X(ACCEPT_CONTACT, "Accept-Contact", 'a', false)             \
	X(ALERT_INFO, "Alert-Info", 0, false)                       \
	X(ALLOW, "Allow", 0, false)                                 \
	X(ALLOW_EVENTS, "Allow-Events", 'u', false)                 \
	X(AUTHORIZATION, "Authorization", 0, false)                 \
	X(CALL_ID, "Call-ID", 'i', true)                            \
	X(CALL_INFO, "Call-Info", 0, false)                         \
	X(CONTACT, "Contact", 'm', false)                           \
	X(CONTENT_DISPOSITION, "Content-Disposition", 0, true)      \
	X(CONTENT_ENCODING, "Content-Encoding", 'e', false)         \
	X(CONTENT_LENGTH, "Content-Length", 'l', true)              \
	X(CONTENT_TYPE, "Content-Type", 'c', true)                  \
	X(CSEQ, "CSeq", 0, true)                                    \
	X(DATE, "Date", 0, false)                                   \
	X(DIVERSION, "Diversion", 0, false)                         \
	X(EVENT, "Event", 'o', true)                                \
	X(EXPIRES, "Expires", 0, true)                              \
	X(FLOW_TIMER, "Flow-Timer", 0, true)                        \
	X(FROM, "From", 'f', true)                                  \
	X(HISTORY_INFO, "History-Info", 0, false)                   \
	X(IDENTITY, "Identity", 'y', false)                         \
	X(JOIN, "Join", 0, true)                                    \
	X(MAX_FORWARDS, "Max-Forwards", 0, true)                    \
	X(MIN_EXPIRES, "Min-Expires", 0, true)                      \
	X(MIN_SE, "Min-SE", 0, true)                                \
	X(P_ACCESS_NETWORK_INFO, "P-Access-Network-Info", 0, false) \
	X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0, false)     \
	X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, false)   \
	X(PATH, "Path", 0, false)                                   \
	X(PRIVACY, "Privacy", 0, false)                             \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, false)       \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0, false)     \
	X(PROXY_REQUIRE, "Proxy-Require", 0, false)                 \
	X(RACK, "RAck", 0, true)                                    \
	X(REASON, "Reason", 0, false)                               \
	X(RECORD_ROUTE, "Record-Route", 0, false)                   \
	X(REFER_SUB, "Refer-Sub", 0, true)                          \
	X(REFER_TO, "Refer-To", 'r', true)                          \
	X(REFERRED_BY, "Referred-By", 'b', true)                    \
	X(REJECT_CONTACT, "Reject-Contact", 'j', false)             \
	X(REMOTE_PARTY_ID, "Remote-Party-ID", 0, false)             \
	X(REPLACES, "Replaces", 0, true)                            \
	X(REQUEST_DISPOSITION, "Request-Disposition", 'd', false)   \
	X(REQUIRE, "Require", 0, false)                             \
	X(RETRY_AFTER, "Retry-After", 0, true)                      \
	X(ROUTE, "Route", 0, false)                                 \
	X(RSEQ, "RSeq", 0, true)                                    \
	X(SERVER, "Server", 0, false)                               \
	X(SERVICE_ROUTE, "Service-Route", 0, false)                 \
	X(SESSION_EXPIRES, "Session-Expires", 'x', true)            \
	X(SIP_ETAG, "SIP-ETag", 0, true)                            \
	X(SIP_IF_MATCH, "SIP-If-Match", 0, true)                    \
	X(SUBJECT, "Subject", 's', false)                           \
	X(SUBSCRIPTION_STATE, "Subscription-State", 0, true)        \
	X(SUPPORTED, "Supported", 'k', false)                       \
	X(TIMESTAMP, "Timestamp", 0, false)                         \
	X(TO, "To", 't', true)                                      \
	X(UNSUPPORTED, "Unsupported", 0, false)                     \
	X(USER_AGENT, "User-Agent", 0, false)                       \
	X(VIA, "Via", 'v', false)                                   \
	X(WARNING, "Warning", 0, false)                             \
	X(WWW_AUTHENTICATE, "WWW-Authenticate", 0, false)

enum shdr_id {
	SHDR_OTHER, /* a name that is not in the table */
#define X(id, name, compact, single) SHDR_##id,
	SHDR_LIST(X)
#undef X
	SHDR_COUNT
};

/* The long or compact name, without case, compared in full. */
enum shdr_id shdr_id(const char *name, size_t len);
/* NULL for SHDR_OTHER. */
const char *shdr_name(enum shdr_id id);
/* 0: no compact form. */
char shdr_compact(enum shdr_id id);
/* A second field line of this name makes the message ambiguous. */
bool shdr_single(enum shdr_id id);

/* --- generic parameters: ";name[=value]" ---------------------------------- */

struct shdr_param {
	struct pl name;
	struct pl val; /* unset: none. Without the quotes when quoted */
	bool quoted;   /* backslashes in val: see shdr_unquote() */
};

/* Take the next parameter of "a=b;c"; 0, ENOENT, EBADMSG. */
int shdr_param_next(struct shdr_param *param, struct pl *rest);
/* First parameter of that name, without case. *val may be NULL. */
bool shdr_param(const struct pl *params, const char *name, struct pl *val);
/* Undo the backslashes of a quoted string; 0-terminates. EOVERFLOW. */
int shdr_unquote(char *dst, size_t size, const struct pl *val);

/* --- lists, tokens, numbers ----------------------------------------------- */

/* Next raw value of a comma separated list; commas in quotes and <> do not
 * separate. Never fails on odd text: 0 or ENOENT. */
int shdr_list_next(struct pl *val, struct pl *rest);
/* A list of tokens such as Supported holds `token`, without case. */
bool shdr_list_has(const struct pl *list, const char *token);
/* Digits only, whole text, no larger than max; EBADMSG, ERANGE. */
int shdr_number(uint32_t *num, const struct pl *text, uint32_t max);
/* Seconds as in Expires: over 2^32-1 counts as 2^32-1 (RFC 3261 20.19). */
int shdr_seconds(uint32_t *sec, const struct pl *text);
/* qvalue in thousandths, 0..1000. */
int shdr_q(uint16_t *q, const struct pl *text);

/* --- Via (RFC 3261 20.42, RFC 3581) --------------------------------------- */

enum shdr_transport {
	SHDR_TP_OTHER,
	SHDR_TP_UDP,
	SHDR_TP_TCP,
	SHDR_TP_TLS,
	SHDR_TP_SCTP,
	SHDR_TP_WS,
	SHDR_TP_WSS,
};

struct shdr_via {
	struct pl val; /* this value alone, trimmed */
	enum shdr_transport tp;
	struct pl transport; /* as written */
	struct pl sentby;    /* "host[:port]" as written */
	struct pl host;      /* without brackets */
	uint16_t port;       /* 0: not given */
	struct pl params;    /* without the first ';' */
	struct pl branch;    /* unset: none */
	struct pl received;  /* without brackets; unset: none */
	bool rport;          /* parameter present */
	uint16_t rport_num;  /* its value, 0: none */
};

int shdr_via_next(struct shdr_via *via, struct pl *rest);
int shdr_via_decode(struct shdr_via *via, const struct pl *val);
/* Branch begins with the magic cookie and has something behind it. */
bool shdr_via_rfc3261(const struct shdr_via *via);

/* --- name-addr and addr-spec: From, To, Contact, Route ... ---------------- */

struct shdr_addr {
	struct pl val;   /* this value alone, trimmed */
	bool star;       /* Contact: * */
	bool angle;      /* the URI stood in <> */
	bool quoted;     /* dname stood in quotes: see shdr_unquote() */
	struct pl dname; /* display name, without quotes; may be unset */
	struct suri uri;
	struct pl params; /* of the header, without the first ';' */
	struct pl tag;    /* From and To; unset: none */
};

int shdr_addr_next(struct shdr_addr *addr, struct pl *rest);
int shdr_addr_decode(struct shdr_addr *addr, const struct pl *val);

/* --- CSeq, RAck ----------------------------------------------------------- */

enum smsg_method {
	SMSG_OTHER,
	SMSG_INVITE,
	SMSG_ACK,
	SMSG_BYE,
	SMSG_CANCEL,
	SMSG_REGISTER,
	SMSG_OPTIONS,
	SMSG_PRACK,
	SMSG_UPDATE,
	SMSG_INFO,
	SMSG_SUBSCRIBE,
	SMSG_NOTIFY,
	SMSG_REFER,
	SMSG_MESSAGE,
	SMSG_PUBLISH,
};

/* Case counts (RFC 3261 7.1). SMSG_OTHER when unknown. */
enum smsg_method smsg_method_id(const struct pl *name);
/* "?" for SMSG_OTHER. */
const char *smsg_method_name(enum smsg_method method);

struct shdr_cseq {
	uint32_t num;
	enum smsg_method method;
	struct pl name; /* of the method */
};

int shdr_cseq_decode(struct shdr_cseq *cseq, const struct pl *val);

struct shdr_rack {
	uint32_t rseq;
	struct shdr_cseq cseq;
};

int shdr_rack_decode(struct shdr_rack *rack, const struct pl *val);

/* --- Replaces (RFC 3891 6.1) ----------------------------------------------- */

struct shdr_replaces {
	struct pl callid;
	struct pl to_tag;   /* of who gets it */
	struct pl from_tag; /* of the other party */
	bool early_only;
};

int shdr_replaces_decode(struct shdr_replaces *rep, const struct pl *val);
/* The same as it stands in a URI ("?Replaces=..", RFC 3261 19.1.1): unescaped
 * into text, size bytes. ENOENT: there is none. */
int shdr_replaces_of_uri(struct shdr_replaces *rep, char *text, size_t size,
			 const struct pl *headers);

/* --- Authorization and challenges (RFC 3261 25.1, 7616, 8760, 8898) ------- */

struct shdr_auth {
	struct pl scheme; /* "Digest", "Bearer", ... */
	struct pl params; /* "a=b, c=d"; for Bearer the token itself */
};

int shdr_auth_decode(struct shdr_auth *auth, const struct pl *val);
/* Next "name=value" of auth.params; 0, ENOENT, EBADMSG. */
int shdr_auth_next(struct shdr_param *param, struct pl *rest);

/* The parameters of a Digest challenge or response; unset when absent. Quoted
 * values come without their quotes, backslashes as they are. */
struct shdr_digest {
	struct pl realm, nonce, opaque, algorithm, qop;
	struct pl username, username_star, userhash, uri, response, cnonce, nc;
	struct pl domain, stale;
};

/* EPROTO when the scheme is not Digest, EBADMSG, also for a parameter that
 * comes twice. */
int shdr_digest_decode(struct shdr_digest *digest, const struct pl *val);

#endif
