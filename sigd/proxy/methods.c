/*
 * methods.c  What a connection may send us: its `methods`
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/proxy/methods.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/side.h"
#include "sigd/sip/smsg_build.h"

enum { ALLOW_MAX = 128 };

bool methods_refuse(struct proxy *px, struct txn_srv *st,
		    const struct route_connection *conn)
{
	const struct smsg *msg = txn_srv_request(st);
	struct smsg_field field;
	struct smsg_reply reply = {.scode = 405, .fieldv = &field,
				   .fieldc = 1};
	char tag[17], allow[ALLOW_MAX];

	if (!conn || route_connection_may_send(conn, &msg->method_name))
		return false;
	re_snprintf(allow, sizeof(allow), "%H", route_connection_allow, conn);
	pl_set_str(&field.name, "Allow");
	pl_set_str(&field.val, allow);
	reply_tag(tag, px, msg);
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(st, &reply);
	return true;
}

bool methods_refuse_dialog(const struct indialog *in)
{
	return in->st && in->rec &&
	       methods_refuse(in->px, in->st,
			      side_connection(in->px, in->rec,
					      indialog_side(in)));
}
