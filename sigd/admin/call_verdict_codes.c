/*
 * call_verdict_codes.c  The table of what may have come of a call
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/admin/call_verdict.h"

/* clang-format off */
static const struct callv_info table[CALLV_CODES] = {
	[CALLV_OK] = {"ok",
		"It was answered, both sides were heard, and one of them ended "
		"it.", ""},
	[CALLV_IN_PROGRESS] = {"in-progress",
		"It rings, or is up with nothing wrong so far.", ""},
	[CALLV_UNKNOWN] = {"unknown",
		"What is kept of it does not say.",
		"Its log is gone (`call_log.keep`, `call_log.size`), or Redis "
		"was away: look at the SIP messages, and at the logs of the "
		"workers."},

	[CALLV_NO_ROUTE] = {"no-route",
		"No route of the tenant matches, so nobody was asked.",
		"Read the decision: each rule says why it did not match. "
		"`cordctl route explain` tries a number without a call."},
	[CALLV_ROUTE_REJECTED] = {"route-rejected",
		"A route says that such a call is refused.",
		"It is meant to be so; else change the rule that the decision "
		"names."},
	[CALLV_REDIRECTED] = {"redirected",
		"A route sent the caller elsewhere.",
		"What became of it is another call, maybe not through here."},
	[CALLV_AUTH_FAILED] = {"auth-failed",
		"Who called did not show the right password or token.",
		"Compare the password of the device with the user's; too many "
		"wrong ones lock it for a while (`/v1/alarms`)."},
	[CALLV_FORBIDDEN] = {"forbidden",
		"Who called may not do that.",
		"Look at the limits of the user or connection."},
	[CALLV_LIMITED] = {"limit-reached",
		"The tenant, user or connection had all its calls, or called "
		"too often.",
		"Raise `max_calls` or `calls_per_second`, or see who calls so "
		"much."},
	[CALLV_OVERLOAD] = {"overload",
		"The workers had more to do than they could.",
		"Add workers or nodes; `/metrics` tells which are loaded."},
	[CALLV_NO_MEDIA_NODE] = {"no-media-node",
		"No media worker was there with room for it.",
		"See which nodes are up (`/v1/nodes`), and their ports."},
	[CALLV_REDIS_DOWN] = {"redis-down",
		"The shared state could not be reached.",
		"Look after Redis."},
	[CALLV_REFUSED] = {"refused",
		"We refused it ourselves, for a reason that the sentence "
		"names.",
		"The reasons are in docs/errors.md."},

	[CALLV_CANCELLED] = {"cancelled",
		"The caller gave up before an answer.", ""},
	[CALLV_BUSY] = {"busy", "Who was called is busy.", ""},
	[CALLV_DECLINED] = {"declined", "Who was called declined.",
		"A PBX that says 403 may not allow the number, or the "
		"caller's."},
	[CALLV_NO_ANSWER] = {"no-answer", "It rang, and nobody answered in "
		"time.", ""},
	[CALLV_NOT_REGISTERED] = {"not-registered",
		"Who was called has no device that is registered.",
		"See `/v1/registrations` of the user, and why the last one "
		"went."},
	[CALLV_NUMBER_UNKNOWN] = {"number-unknown",
		"The PBX does not know the number.",
		"Compare the number as it was sent with what the PBX expects; a "
		"route may rewrite it."},
	[CALLV_CODEC_REFUSED_BY_PBX] = {"codec-refused-by-pbx",
		"The PBX takes none of the codecs, or not the encryption, that "
		"it was offered (488).",
		"Give its connection a `media` policy with codecs that it has; "
		"the offer is in the SIP messages."},
	[CALLV_CODEC_REFUSED_BY_DEVICE] = {"codec-refused-by-device",
		"The device takes nothing of what it was offered (488).",
		"See what the device can do, and the tenant's policy of "
		"codecs."},
	[CALLV_NO_COMMON_CODEC] = {"no-common-codec",
		"What was offered to us we cannot serve: no codec in common, "
		"or no encryption where it must be.",
		"The decision of the leg says what was offered, and by which "
		"policy it was refused."},
	[CALLV_PBX_CREDENTIALS] = {"credentials-refused-by-pbx",
		"The PBX did not take our login (401, 407).",
		"Compare username, password and realm of the connection with "
		"the PBX's."},
	[CALLV_REFUSED_BY_TARGET] = {"refused-by-target",
		"Who was called refused it, with a code that the sentence "
		"names.",
		"The PBX's own log says why."},
	[CALLV_ALL_TARGETS_FAILED] = {"all-targets-failed",
		"Each target was silent, could not be reached, or failed.",
		"See the state of the connections (`/v1/connections`), and "
		"whether the addresses are right."},

	[CALLV_FLOW_LOST] = {"flow-lost",
		"A device lost its connection and did not come back in time.",
		"The network of the device, or it was closed; "
		"`sip.flow_grace` is how long it is waited for."},
	[CALLV_MEDIA_NODE_LOST] = {"media-node-lost",
		"Its media worker was gone, and no other one could take it.",
		"See why the node went, and that there is another one with "
		"room."},
	[CALLV_WORKER_DIED] = {"worker-died",
		"The worker that set it up died, and its set-up was ended.",
		"The log of the node says why it died."},
	[CALLV_MEDIA_LOST] = {"media-lost",
		"No media came for the time allowed, so the call was ended.",
		"See which leg was quiet last, and why."},
	[CALLV_SIDE_GONE] = {"side-gone",
		"One side did not know the call any more, or did not answer.",
		"A PBX or device that was started anew, or that cannot be "
		"reached from here."},
	[CALLV_SESSION_EXPIRED] = {"session-expired",
		"The session timer ran out: nobody refreshed it.",
		"The side that is to refresh it (RFC 4028) has gone, or what it "
		"sent did not get here."},
	[CALLV_CALL_EXPIRED] = {"call-expired",
		"It lasted as long as a call may.",
		"`sip.call` is that limit."},
	[CALLV_NO_ACK] = {"no-ack",
		"The answer was never acknowledged.",
		"The caller did not get the 200, or its ACK went elsewhere."},
	[CALLV_BY_OPERATOR] = {"ended-by-operator",
		"An operator ended it, or its worker was emptied.", ""},
	[CALLV_ENDED] = {"ended",
		"It was ended for a reason that the sentence names.",
		"The reasons are in docs/errors.md."},

	[CALLV_FINGERPRINT_MISMATCH] = {"fingerprint-mismatch",
		"The certificate that the browser showed is not the one of its "
		"SDP.",
		"Something between changes the SDP, or somebody is in the "
		"middle: its media was refused."},
	[CALLV_ICE_NO_CHECKS] = {"ice-no-checks",
		"No ICE check of the browser has come, so there is no way for "
		"media.",
		"Its network blocks UDP, or our advertised address is wrong: "
		"see `interfaces` of mediad, and ICE over TCP or TURN."},
	[CALLV_DTLS_FAILED] = {"dtls-failed",
		"ICE found a way, but there are no keys: the DTLS handshake "
		"did not end.",
		"See the reason; something between may drop large packets, or "
		"the page's certificate be of another kind."},
	[CALLV_ICE_LOST] = {"ice-lost",
		"Packets and checks of the browser came, and then no more.",
		"Its network went, or changed without an ICE restart."},
	[CALLV_NOT_AUTHENTIC] = {"srtp-not-authentic",
		"Packets come, but are not encrypted with the keys agreed on.",
		"The far side uses other keys than those of its SDP, or plain "
		"RTP; often a PBX after a re-INVITE."},
	[CALLV_WRONG_SOURCE] = {"rtp-from-elsewhere",
		"Packets come from another address than the SDP names, and are "
		"refused.",
		"A PBX behind NAT: set `media_source` of the connection to "
		"learn the source, or its external address there."},
	[CALLV_WRONG_PAYLOAD_TYPE] = {"wrong-payload-type",
		"Packets come, of a codec that was not agreed on.",
		"The far side does not keep to its own answer."},
	[CALLV_MALFORMED_RTP] = {"malformed-rtp",
		"What comes is no RTP.",
		"The far side sends something else to that port."},
	[CALLV_NO_MEDIA] = {"no-media-either-way",
		"Neither side sends anything, although there is a way.",
		"Often each waits for the other: a PBX may send nothing before "
		"it has heard the browser."},
	[CALLV_NO_RTP_FROM_PBX] = {"no-rtp-from-pbx",
		"Nothing comes from the PBX; the other side is heard.",
		"A firewall before our RTP ports, or the PBX sends to another "
		"address than our SDP names."},
	[CALLV_NO_RTP_FROM_PHONE] = {"no-rtp-from-phone",
		"Nothing comes from the telephone; the other side is heard.",
		"NAT or a firewall before the telephone, or it has a wrong "
		"address in its SDP."},
	[CALLV_ONE_WAY_FROM_BROWSER] = {"one-way-from-browser",
		"One way only: the browser is connected and hears, but sends no "
		"audio.",
		"Its page has no microphone, or no track that is sent: look at "
		"the page's permissions."},
	[CALLV_SILENCE] = {"silence",
		"Packets come all the time, and there is nothing in them.",
		"A microphone that is muted or none at all."},
	[CALLV_POOR_QUALITY] = {"poor-quality",
		"It was heard, but badly: loss or jitter.",
		"See the figures over time: the network on the side that the "
		"sentence names."},

	[CALLV_MEDIA_MOVED] = {"media-moved",
		"It went well; its media went from one worker to another "
		"meanwhile.", ""},
	[CALLV_RECONNECTED] = {"reconnected",
		"It went well; a device had lost its connection, and came "
		"back.", ""},
	[CALLV_TRANSFERRED] = {"transferred",
		"It went well, until another call took its place.", ""},
};
/* clang-format on */

const struct callv_info *callv_info(enum callv_code code)
{
	return &table[(unsigned)code < CALLV_CODES ? code : CALLV_UNKNOWN];
}

int callv_print_doc(struct re_printf *pf, void *arg)
{
	int err = re_hprintf(pf, "| Code | It means | What to do |\n"
				 "|---|---|---|\n");
	(void)arg;

	for (unsigned i = 0; i < CALLV_CODES && !err; i++)
		err = re_hprintf(pf, "| `%s` | %s | %s |\n", table[i].text,
				 table[i].meaning, table[i].advice);
	return err;
}
