/*
 * bob_calls.h  Bob calls again and again, at the other worker
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_BOB_CALLS_H
#define TESTS_LIB_BOB_CALLS_H

#include "tests/lib/proxy_bed.h"

/* By bob's telephone, at the other worker. */
static inline void put_as(struct fixture *fix, const char *user,
			  const char *to, unsigned cseq, const char *auth)
{
	put(fix, &fix->bob, 1,
	    "INVITE sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKb%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:%s@demo.test>;tag=bf\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: call-b\r\n"
	    "CSeq: %u INVITE\r\nContact: <sip:bob@127.0.0.1:%u>\r\n%s"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    to, sa_port(&fix->bob.addr), cseq, user, to, cseq,
	    sa_port(&fix->bob.addr), auth, strlen(SDP_OFFER), SDP_OFFER);
}

/* Each time another CSeq, from 2 on; the password is "<user>-secret". */
static inline void calls_as(struct fixture *fix, const char *user,
			    const char *to, unsigned cseq)
{
	char uri[64], password[64], auth[1024];

	put_as(fix, user, to, cseq - 1, "");
	CHECK_INT(answer(fix, &fix->bob), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	snprintf(password, sizeof(password), "%s-secret", user);
	credentials(&fix->bob, "INVITE", uri, password, auth);
	put_as(fix, user, to, cseq, auth);
}

static inline void bob_calls(struct fixture *fix, const char *to, unsigned cseq)
{
	calls_as(fix, "bob", to, cseq);
}

#endif
