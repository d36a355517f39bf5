/*
 * indialog_info.c  Keys that come in an INFO
 *
 * What a connection hears of keys is its `dtmf`: as they came (info), in its
 * RTP (rfc4733, inband), or in its RTP when it takes telephone-events, else as
 * they came (auto). Then mediad makes them, and the INFO has its answer from us. A
 * device gets them as they came: a page hears of keys in no other way.
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route_conn.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/sip/sdtmf.h"

static void on_pressed(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;

	in->asks[0] = mem_deref(in->asks[0]);
	/* there is no other way but the one that it came */
	if (ans->status == STATUS_NOT_ACCEPTABLE ||
	    ans->status == STATUS_UNKNOWN_VERB)
		indialog_forward(in, NULL);
	else
		indialog_fail(in, ans->status);
}

bool indialog_key(struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);
	const struct route_connection *conn = indialog_connection(in);
	struct ctl_req req = {.verb = CTL_LEG_DIGIT};
	struct sdtmf key;

	if (msg->method != SMSG_INFO || !conn ||
	    conn->media.dtmf == ROUTE_DTMF_INFO || sdtmf_read(&key, msg))
		return false;
	req.digit.leg = indialog_leg(in, true);
	req.digit.code = (enum ctl_digit)key.code;
	req.digit.ms = key.ms;
	req.digit.tones = conn->media.dtmf == ROUTE_DTMF_RFC4733 ||
			  conn->media.dtmf == ROUTE_DTMF_INBAND;
	return !indialog_ask(in, 0, &req, on_pressed);
}
