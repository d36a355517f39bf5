/*
 * talk_bed.h  alice in a call with a PBX: what was said, and what is said next
 *
 * Upon proxy_bed.h: what belongs together comes to different workers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_TALK_BED_H
#define TESTS_LIB_TALK_BED_H

#include "tests/lib/proxy_bed.h"

#define PBX_2XX                                                              \
	"Contact: <sip:pbx@127.0.0.1:1>\r\nContent-Type: application/sdp\r\n" \
	"Content-Length: 5\r\n\r\nv=0\r\n"

/* More keys of the connection: ", name: value". */
static const char *talk_more = "";

static inline void routes_dialog(const struct fixture *fix, char *text,
				 size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, probe: 0s%s}\n"
		 "    routes:\n"
		 "      - {name: echo, match: {callee: '^echo$'}, "
		 "to: {service: echo}}\n"
		 "      - {name: dear, match: {callee: '0900'}, to: "
		 "{reject: {code: 403}}}\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connection: one}}\n",
		 sa_port(&fix->pbx[0].addr), talk_more);
}

/* What was said to make the call; who was called, by whom. */
struct talk {
	struct fixture fix;
	struct ua *far;
	char invite[TEXT_MAX], resp[TEXT_MAX];
};

static inline bool start_talk(struct talk *talk, uint32_t t1)
{
	const struct fixture_cfg cfg = {.t1 = t1, .routes = routes_dialog};

	memset(talk, 0, sizeof(*talk));
	return start_cfg(&talk->fix, &cfg);
}

/* alice with PBX one; lines: further headers of her INVITE. */
static inline bool talk_pbx_lines(struct talk *talk, uint32_t t1,
				  const char *lines)
{
	struct fixture *fix = &talk->fix;

	if (!start_talk(talk, t1))
		return false;
	talk->far = &fix->pbx[0];
	call_lines(fix, "0123", lines);
	if (!CHECK(expect(fix, talk->far, "INVITE")))
		return false;
	strcpy(talk->invite, talk->far->req);
	ua_answers(fix, talk->far, 200, PBX_2XX);
	CHECK_INT(answer(fix, &fix->alice), 200);
	strcpy(talk->resp, fix->alice.resp);
	put_in_dialog(fix, talk->resp, "ACK", 2, 1);
	return CHECK(expect(fix, talk->far, "ACK"));
}

static inline bool talk_pbx(struct talk *talk, uint32_t t1)
{
	return talk_pbx_lines(talk, t1, "");
}

/* The same request again is another one by its branch. */
struct say {
	const char *method, *branch, *lines, *body;
	const char *type; /* of the body; NULL: application/sdp */
	unsigned cseq, worker;
};

static inline void say(struct talk *talk, struct ua *ua,
		       const struct say *say, const char *head)
{
	const char *body = say->body ? say->body : "";

	put(&talk->fix, ua, say->worker,
	    "%sVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s%u%s;rport\r\n"
	    "Max-Forwards: 70\r\nCSeq: %u %s\r\n"
	    "Contact: <sip:new@127.0.0.1:%u>\r\n%s"
	    "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
	    head, sa_port(&ua->addr), say->method, say->cseq,
	    say->branch ? say->branch : "", say->cseq, say->method,
	    sa_port(&ua->addr), say->lines ? say->lines : "",
	    say->type ? say->type : "application/sdp", strlen(body), body);
}

static inline void near_says(struct talk *talk, const struct say *what)
{
	char to[512], rr[512], contact[512], head[TEXT_MAX], route[600] = "";

	header(talk->resp, "To", to);
	header(talk->resp, "Contact", contact);
	if (*header(talk->resp, "Record-Route", rr))
		snprintf(route, sizeof(route), "Route: %s\r\n", rr);
	contact[strcspn(contact, ">")] = '\0';
	snprintf(head, sizeof(head),
		 "%s %s SIP/2.0\r\n%sFrom: <sip:alice@demo.test>;tag=af\r\n"
		 "To: %s\r\nCall-ID: call-1\r\n",
		 what->method, contact + 1, route, to);
	say(talk, &talk->fix.alice, what, head);
}

static inline void far_says(struct talk *talk, const struct say *what)
{
	char from[512], to[512], rr[512], contact[512], head[TEXT_MAX];

	header(talk->invite, "To", from);
	header(talk->invite, "From", to);
	header(talk->invite, "Record-Route", rr);
	header(talk->invite, "Contact", contact);
	contact[strcspn(contact, ">")] = '\0';
	snprintf(head, sizeof(head),
		 "%s %s SIP/2.0\r\nRoute: %s\r\nFrom: %s;tag=%s\r\nTo: %s\r\n"
		 "Call-ID: call-1\r\n",
		 what->method, contact + 1, rr, from,
		 talk->far->tag ? talk->far->tag : "bt", to);
	say(talk, talk->far, what, head);
}

static inline void offer(struct talk *talk, unsigned cseq, const char *branch)
{
	near_says(talk, &(struct say){.method = "INVITE", .cseq = cseq,
				      .branch = branch, .body = SDP_OFFER});
}

static inline const char *cseq_of(const char *text)
{
	static char val[256];

	return header(text, "CSeq", val);
}

static inline bool is_open(const struct talk *talk)
{
	for (unsigned i = 1; i <= CTL_LEG_MAX; i++) {
		if (talk->fix.media.leg[i].open_local ||
		    talk->fix.media.leg[i].open_remote)
			return true;
	}
	return false;
}

/* The PBX rings: its 180 gave both sides a dialog. */
static inline bool talk_rings(struct talk *talk)
{
	struct fixture *fix = &talk->fix;

	if (!start_talk(talk, 500))
		return false;
	talk->far = &fix->pbx[0];
	call(fix, "0123");
	if (!CHECK(expect(fix, talk->far, "INVITE")))
		return false;
	strcpy(talk->invite, talk->far->req);
	ua_answers(fix, talk->far, 180,
		   "Contact: <sip:pbx@127.0.0.1:1>\r\n");
	if (!CHECK(rings(fix, &fix->alice)))
		return false;
	strcpy(talk->resp, fix->alice.prov);
	return true;
}

#endif
