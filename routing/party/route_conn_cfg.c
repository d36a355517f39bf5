/*
 * route_conn_cfg.c  The description of a connection in routing.yaml
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"

static bool check_address(const char *text, char *why, size_t size)
{
	struct route_conn_peer peer;
	char host[ROUTE_HOST_MAX + 1];

	if (route_address_parse(&peer, host, text))
		return true;
	str_ncpy(why, "a host name or IP address, with or without a port",
		 size);
	return false;
}

static bool check_interface(const char *text, char *why, size_t size)
{
	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")]) {
		str_ncpy(why, "of a-z, 0-9 and -", size);
		return false;
	}
	return true;
}

/* clang-format off */
static const struct cfg_choice kinds[] = {
	{"trunk", ROUTE_TRUNK, "At a fixed address."},
	{"register", ROUTE_REGISTER, "We register there with `username`, and "
	 "users do with their `upstream`."},
	{"inbound", ROUTE_INBOUND, "It registers here with `username`."},
	{NULL, 0, NULL},
};

static const struct cfg_choice transports[] = {
	{"udp", ROUTE_UDP, NULL},
	{"tcp", ROUTE_TCP, NULL},
	{"tls", ROUTE_TLS, NULL},
	{"auto", ROUTE_AUTO,
	 "What NAPTR records of the name say, else SRV records, of what we have "
	 "a listener for; without any, or for an IP address or a port, `udp`. "
	 "Instead of udp, what is more than 1300 bytes and begins a dialog, or "
	 "belongs to none or to a subscription, goes over tcp, and over udp "
	 "after all when that is refused."},
	{NULL, 0, NULL},
};

static const struct cfg_choice profiles[] = {
	{"rtp", ROUTE_MEDIA_RTP, "RTP without encryption."},
	{"sdes", ROUTE_MEDIA_SDES,
	 "Encrypted (RTP/SAVP) with keys in the SDP (RFC 4568), or no call: "
	 "for transport tls, unless `sdes` has `in_clear: true`."},
	{"opportunistic", ROUTE_MEDIA_OSRTP,
	 "RTP/AVP with keys that it may take or leave (RFC 8643); what it "
	 "offers as RTP/SAVP, or with a fingerprint and no key, is encrypted. "
	 "The same transport."},
	{"dtls", ROUTE_MEDIA_DTLS,
	 "Encrypted (UDP/TLS/RTP/SAVP) with keys that DTLS makes, without ICE "
	 "(RFC 5763), or no call. No key stands in the SDP; but over another "
	 "transport than tls who can change it may put himself between."},
	{NULL, 0, NULL},
};

static const struct cfg_choice media_sources[] = {
	{"strict", ROUTE_SOURCE_STRICT,
	 "RTP from the address in its SDP, and from no other."},
	{"learn-once", ROUTE_SOURCE_LEARN,
	 "From the first that sends, at the address in its SDP (from whatever "
	 "port) or within `media_networks`, and then from no other: for a PBX "
	 "behind NAT, whose public addresses belong into `media_networks`."},
	{"network", ROUTE_SOURCE_NETWORK,
	 "From any address within `media_networks`."},
	{NULL, 0, NULL},
};

static const struct cfg_choice dtmf_ways[] = {
	{"rfc4733", ROUTE_DTMF_RFC4733,
	 "Telephone-events in its RTP, or tones when it takes none."},
	{"info", ROUTE_DTMF_INFO, "SIP INFO (`application/dtmf-relay`)."},
	{"auto", ROUTE_DTMF_AUTO,
	 "Telephone-events when it takes them, else SIP INFO."},
	{"inband", ROUTE_DTMF_INBAND,
	 "Tones in its audio, and no telephone-events at all."},
	{NULL, 0, NULL},
};

static const struct cfg_field network_item = {
	.type = CFG_CIDR, .size = sizeof(struct cfg_cidr),
};

#define TLS(member) CFG_AT(struct route_conn_tls, member)
static const struct cfg_field tls_fields[] = {
	{"verify", CFG_BOOL, TLS(verify), .def = "true",
	 .help = "Its certificate must be from `ca` and name it (RFC 5922): "
		 "the host of `address`, or when that is an IP address "
		 "`domain`."},
	{"ca", CFG_STRING, TLS(ca), .min = 1, .max = 1023,
	 .help = "PEM file with who signs its certificate; none: the "
		 "authorities of the system."},
	{"certificate", CFG_STRING, TLS(cert), .min = 1, .max = 1023,
	 .help = "PEM file with the chain that we show when it asks."},
	{"private_key", CFG_STRING, TLS(key), .min = 1, .max = 1023,
	 .help = "PEM file with its key."},
	{"shows_certificate", CFG_BOOL, TLS(shows), .def = "false",
	 .help = "When it calls in it has to show a certificate that names "
		 "it as above, from an authority in `client_ca` of the "
		 "listener (sigd.yaml). Who comes from its `sources` without "
		 "one is not taken for it."},
	CFG_END,
};
static const struct cfg_table tls_table = {
	sizeof(struct route_conn_tls), "tls", tls_fields,
	"TLS 1.2 and 1.3 towards it. Files are relative to the folder of the "
	"file that names them.", 0};

#define BREAKER(member) CFG_AT(struct route_conn_breaker, member)
static const struct cfg_field breaker_fields[] = {
	{"failures", CFG_INT, BREAKER(failures), .min = 0, .max = 1000,
	 .def = "5",
	 .help = "So many calls in a row without an answer, or with 408 or "
		 "5xx; 0: their row does not count."},
	{"percent", CFG_INT, BREAKER(percent), .min = 0, .max = 100,
	 .def = "50",
	 .help = "... or so many of a hundred within `window`; 0: their share "
		 "does not count."},
	{"calls", CFG_INT, BREAKER(calls), .min = 1, .max = 100000,
	 .def = "20", .help = "Fewer calls within `window` tell nothing."},
	{"window", CFG_DURATION, BREAKER(window_ms), .min = 1000,
	 .max = 3600000, .def = "1m", .help = "For `percent`."},
	{"open", CFG_DURATION, BREAKER(open_ms), .min = 100,
	 .max = 600000, .def = "30s",
	 .help = "It then gets no calls for so long, and then a single one, "
		 "which finds out: when that fails too, it is left alone for "
		 "twice as long, up to 16 times and ten minutes."},
	CFG_END,
};
static const struct cfg_table breaker_table = {
	sizeof(struct route_conn_breaker), "a breaker", breaker_fields,
	"When calls have failed there it gets none for a while, so that nobody "
	"waits for what will not come. Each worker counts by itself, and what "
	"one has found all heed within a second.", 0};

#define CONN(member) CFG_AT(struct route_connection, member)
static const struct cfg_field conn_fields[] = {
	{.type = CFG_POS, CONN(pos)},
	{"kind", CFG_ENUM, CONN(kind), .choices = kinds,
	 .flags = CFG_F_REQUIRED, .help = "Who comes to whom."},
	{"address", CFG_STRING, CONN(peer.address), .min = 1,
	 .max = ROUTE_HOST_MAX + 6, .check = check_address,
	 .help = "Where it is, `host[:port]`. A name without port is looked "
		 "up as RFC 3263 says: SRV, else its addresses with port "
		 "5060, of tls 5061; all addresses are tried in order. Not for `inbound`: "
		 "that tells it when it registers.",
	 .example = "192.0.2.10:5060"},
	{"transport", CFG_ENUM, CONN(peer.transport), .choices = transports,
	 .def = "udp",
	 .help = "What is spoken. Over tcp and tls its calls come from any "
		 "port: they are known by `sources` alone, but for those over "
		 "a connection that we have made."},
	{"tls", CFG_TABLE, CONN(tls), .table = &tls_table,
	 .help = "Of transport tls."},
	{"listener", CFG_STRING, CONN(peer.listener), .min = 1, .max = 32,
	 .help = "The listener of sigd.yaml that speaks to it, and on which "
		 "alone it may come; none: the first of the transport."},
	{"domain", CFG_STRING, CONN(peer.domain), .min = 1,
	 .max = ROUTE_HOST_MAX, .check = route_check_host,
	 .help = "The host in Request-URI, To and From towards it; none: its "
		 "address.",
	 .example = "pbx.example.com"},
	{"username", CFG_STRING, CONN(login.username), .min = 1, .max = 64,
	 .check = route_check_user,
	 .help = "For its challenges; of `register` also the address of "
		 "record, of `inbound` the name it registers with, which no "
		 "user of the tenant has."},
	{"password", CFG_STRING, CONN(login.password), .min = 1, .max = 128,
	 .flags = CFG_F_SECRET, .help = "The password to `username`."},
	{"realm", CFG_STRING, CONN(login.realm), .min = 1, .max = 64,
	 .check = route_check_realm, .pattern = "^[^\"\\\\]*$",
	 .help = "Only challenges of this realm are answered; none: of that "
		 "with which it challenged first."},
	{"algorithms", CFG_LIST,
	 CFG_ITEMS(struct route_connection, login.given_algs.item,
		   login.given_algs.count),
	 .item = &route_alg_item, .min = 1, .max = 2, .flags = CFG_F_ALONE,
	 .help = "`inbound`: of our challenges to it, instead of the "
		 "tenant's.",
	 .example = "MD5"},
	{"trusted", CFG_BOOL, CONN(trusted), .def = "false",
	 .help = "Whether it is of our trust domain (RFC 3325): its "
		 "P-Asserted-Identity goes on to users, and it is told with "
		 "one who calls, also who wants privacy. Others get and say "
		 "none."},
	{"from_user", CFG_STRING, CONN(from_user), .min = 1, .max = 64,
	 .check = route_check_user,
	 .help = "The user of From towards it; none: the caller's."},
	{"caller_id", CFG_TABLE, CONN(caller_id),
	 .table = &route_caller_id_table,
	 .help = "Whom it is shown as the caller."},
	{"sources", CFG_LIST,
	 CFG_ITEMS(struct route_connection, sources, nsources),
	 .item = &network_item, .min = 1, .max = ROUTE_NETWORKS_MAX,
	 .flags = CFG_F_ALONE,
	 .help = "Who may call in as this connection, from any port and "
		 "without a password; none: its address with its port, when "
		 "that is an IP address. `inbound` may register from here "
		 "alone; none: from anywhere, and its calls show its "
		 "password.",
	 .example = "192.0.2.0/24"},
	{"methods", CFG_LIST,
	 CFG_ITEMS(struct route_connection, sends, nsends),
	 .item = &route_send_item, .min = 1, .max = 16, .flags = CFG_F_ALONE,
	 .help = "What it may send us, beside ACK, BYE, CANCEL and PRACK; "
		 "anything else gets 405. None: all of these.",
	 .example = "INVITE, UPDATE, OPTIONS"},
	{"media", CFG_ENUM, CONN(media.profile), .choices = profiles,
	 .def = "rtp", .help = "How its media is carried."},
	{"sdes", CFG_TABLE, CONN(media.sdes), .table = &route_sdes_table,
	 .help = "Of media sdes and opportunistic."},
	{"codecs", CFG_LIST,
	 CFG_ITEMS(struct route_connection, media.codec, media.ncodec),
	 .item = &route_codec_item, .min = 1, .max = 8,
	 .flags = CFG_F_ALONE,
	 .help = "What it is offered, best first, in the order that its "
		 "`media_policy` makes of that; none: those of the policy, "
		 "else the media server's choice.",
	 .example = "PCMU, PCMA"},
	{"media_policy", CFG_STRING, CONN(media.policy_name), .min = 1,
	 .max = ROUTE_MEDIA_MAX, .ref = &route_ref_media,
	 .help = "One of `media_policies`, or `usual`, `prefer-passthrough`, "
		 "`best-quality`, `low-cost`; none: that of the other side of "
		 "the call, else `usual`.",
	 .example = "prefer-passthrough"},
	{"media_source", CFG_ENUM, CONN(media.source),
	 .choices = media_sources, .def = "strict",
	 .help = "Whose RTP is taken for its own."},
	{"media_networks", CFG_LIST,
	 CFG_ITEMS(struct route_connection, media.networks, media.nnetworks),
	 .item = &network_item, .min = 1, .max = ROUTE_NETWORKS_MAX,
	 .flags = CFG_F_ALONE, .help = "For `media_source`."},
	{"interface", CFG_STRING, CONN(media.interface), .min = 1,
	 .max = ROUTE_IFACE_MAX, .pattern = "^[a-z0-9-]+$",
	 .check = check_interface,
	 .help = "The interface of mediad.yaml that its media goes by; none: "
		 "the first of the address family. A media server without one "
		 "of this name has no port for it.",
	 .example = "inside"},
	{"video", CFG_BOOL, CONN(media.video), .def = "false",
	 .help = "It is offered video, and may offer some: what a device has, "
		 "passed on as it comes, on ports of its own (no BUNDLE). false: "
		 "it gets calls of audio alone."},
	{"dtmf", CFG_ENUM, CONN(media.dtmf), .choices = dtmf_ways,
	 .def = "rfc4733", .help = "How it hears of the keys of others. Of its own, in "
		 "whatever way they come: one without telephone-events (by "
		 "its SDP, or as `info` and `inband` say) is listened to for "
		 "tones, too, when the other side hears of keys otherwise."},
	{"answer_within", CFG_DURATION, CONN(times.answer), .min = 100,
	 .max = 32000, .def = "4s",
	 .help = "When nothing at all is heard of a call for so long, the "
		 "next address of its name, or the next target, is tried."},
	{"ring_within", CFG_DURATION, CONN(times.ring), .min = 100,
	 .max = 600000, .def = "60s",
	 .help = "When a call is neither answered nor refused for so long, "
		 "the next target is tried."},
	{"expires", CFG_DURATION, CONN(times.expires), .min = 10000,
	 .max = 86400000, .def = "10m",
	 .help = "`register`: how long a registration shall last."},
	{"probe", CFG_DURATION, CONN(times.probe), .max = 3600000,
	 .def = "30s",
	 .help = "Time between two OPTIONS that ask whether it is there; 0s: "
		 "none are sent."},
	{"probe_down", CFG_INT, CONN(probe.down), .min = 1, .max = 100,
	 .def = "2",
	 .help = "So many OPTIONS in a row without an answer (or with 408 or "
		 "503): it is down."},
	{"probe_up", CFG_INT, CONN(probe.up), .min = 1, .max = 100,
	 .def = "1", .help = "So many answers in a row: it is up again."},
	{"breaker", CFG_TABLE, CONN(breaker), .table = &breaker_table,
	 .help = "When calls that fail there take it out."},
	{"failover", CFG_TABLE, CONN(failover),
	 .table = &route_failover_table,
	 .help = "When the next target behind it is tried."},
	ROUTE_SERVICES_FIELDS(struct route_connection, services,
			      "; absent: as its tenant says"),
	{"calls_per_second", CFG_INT, CONN(calls_s), .min = 0,
	 .max = 100000, .def = "0",
	 .help = "New calls a second, both ways and in all workers together: "
		 "over it the next target is tried, and what comes in gets "
		 "503; 0: no limit."},
	{"max_calls", CFG_INT, CONN(max_calls), .min = 0, .max = 1000000,
	 .def = "0", .help = "Calls at once, both ways and in all workers "
			     "together: over it the next target is tried; 0: "
			     "no limit."},
	CFG_END,
};

static const struct cfg_table conn_table = {
	sizeof(struct route_connection), "a connection", conn_fields,
	"A PBX or carrier of this tenant. Only the tenant's own routes lead "
	"to it.", 0};

const struct cfg_field route_conn_item = {
	.type = CFG_TABLE, .table = &conn_table};
/* clang-format on */

static const char *name_of(const struct cfg_choice *choice, int value)
{
	for (; choice->name; choice++) {
		if (choice->value == value)
			return choice->name;
	}
	return "none";
}

const char *route_conn_kind_name(enum route_conn_kind kind)
{
	return name_of(kinds, (int)kind);
}

const char *route_media_source_name(enum route_media_source source)
{
	return name_of(media_sources, (int)source);
}
