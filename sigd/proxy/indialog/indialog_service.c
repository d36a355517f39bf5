/*
 * indialog_service.c  A request within a dialog with ourselves
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/proxy/indialog/indialog_priv.h"

static void end(struct indialog *in)
{
	indialog_end(in, STATUS_HANGUP);
	indialog_fail(in, STATUS_OK);
}

void indialog_service(struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);
	const struct pl none = PL("");
	bool offer = msg->body.l && (msg->method == SMSG_INVITE ||
				     msg->method == SMSG_UPDATE);

	if (msg->method == SMSG_BYE)
		end(in);
	else if ((offer || msg->method == SMSG_INVITE) && !in->rec)
		indialog_fail(in, STATUS_REDIS_DOWN);
	else if (offer)
		indialog_offer(in);
	else if (msg->method == SMSG_INVITE)
		indialog_own_offer(in);
	else if (msg->method == SMSG_UPDATE)
		indialog_own_answer(in, &none); /* refreshes the session */
	else if (msg->method == SMSG_INFO || msg->method == SMSG_OPTIONS)
		indialog_fail(in, STATUS_OK);
	else
		indialog_fail(in, STATUS_METHOD_NOT_ALLOWED);
}
