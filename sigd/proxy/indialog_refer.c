/*
 * indialog_refer.c  Whom a REFER names, as its receiver can reach them
 *
 * RFC 3515. Who transfers a call knows the other party of a call of its own by
 * the Contact that we showed: a token. Its receiver gets what it can reach: the
 * remote target, if it is the PBX that has that party; a number at us, if it is
 * another PBX; the party's address of record, if it is a device. A name in the
 * tenant's domain is shown to a PBX in the domain of its own. Replaces (RFC
 * 3891) holds Call-ID and tags, which are the same on both sides: it stays.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "routing/route.h"
#include "sigd/call/contact_token.h"
#include "sigd/proxy/indialog.h"
#include "sigd/proxy/side.h"

/* Instead of its URI; "?Replaces=.." stays. */
static void refer_set(struct indialog *in, const char *uri)
{
	struct shdr_addr addr;
	const struct pl *headers = &addr.uri.headers;

	if (smsg_addr(indialog_request(in), SHDR_REFER_TO, 0, &addr))
		return;
	in->refer_to = mem_deref(in->refer_to);
	(void)re_sdprintf(&in->refer_to, "<%s%s%r>", uri,
			  headers->l ? "?" : "", headers);
}

static const struct call_side *receiver(const struct indialog *in)
{
	return &in->rec->side[!indialog_side(in)];
}

/* A party of that call, of the same tenant. */
static void refer_party(struct indialog *in, const struct call_record *rec,
			unsigned side)
{
	const struct call_side *party = &rec->side[side];
	const struct call_side *to = receiver(in);
	char uri[CALL_URI_MAX + 64];
	struct suri su;
	struct pl pl;

	pl_set_str(&pl, party->uri);
	if (strcmp(rec->tenant, in->rec->tenant) || suri_decode(&su, &pl))
		return;
	if (!to->conn[0]) {
		refer_set(in, party->uri);
	} else if (!strcmp(to->conn, party->conn)) {
		refer_set(in, party->target);
	} else if (re_snprintf(uri, sizeof(uri), "sip:%r@%s", &su.user,
			       hop_host(in->px, &in->to)) > 0) {
		refer_set(in, uri);
	}
}

static void on_party(enum status code, const struct call_record *rec,
		     void *arg)
{
	struct indialog *in = arg;
	struct contact_token token;
	struct shdr_addr addr;

	in->ask = mem_deref(in->ask);
	if (code == STATUS_OK && rec->state == CALL_UP &&
	    !smsg_addr(indialog_request(in), SHDR_REFER_TO, 0, &addr) &&
	    !contact_token_open(&token, in->px->deps.keyring, &addr.uri.user))
		refer_party(in, rec, token.side);
	indialog_forward(in, NULL);
}

static void refer_name(struct indialog *in, const struct suri *uri)
{
	const struct route_connection *conn = indialog_connection(in);
	char text[CALL_URI_MAX];

	if (conn && uri->user.l &&
	    route_tenant_by_domain(in->px->deps.routes, &uri->host) ==
		    conn->tenant &&
	    re_snprintf(text, sizeof(text), "sip:%r@%s", &uri->user,
			conn->peer.domain) > 0)
		refer_set(in, text);
}

void indialog_refer(struct indialog *in)
{
	struct contact_token token;
	struct shdr_addr addr;

	if (smsg_addr(indialog_request(in), SHDR_REFER_TO, 0, &addr)) {
		indialog_fail(in, STATUS_BAD_REQUEST);
		return;
	}
	if (contact_token_open(&token, in->px->deps.keyring, &addr.uri.user)) {
		refer_name(in, &addr.uri);
		indialog_forward(in, NULL);
	} else if (call_record_load(&in->ask, in->px->deps.redis, token.call,
				    on_party, in)) {
		indialog_forward(in, NULL);
	}
}
