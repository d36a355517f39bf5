/*
 * reg_request.c  What a REGISTER asks for, checked
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/redis_link.h"
#include "sigd/registrar/reg_request.h"
#include "sigd/sip/smsg.h"

void reg_limits_default(struct reg_limits *limits)
{
	if (!limits->expires_min)
		limits->expires_min = 60;
	if (!limits->expires_max)
		limits->expires_max = 3600;
	if (!limits->expires_default)
		limits->expires_default = 3600;
	if (!limits->devices_max)
		limits->devices_max = 20;
}

/* The interval of one Contact: its own, else the message's, else ours. */
static enum status interval(uint32_t *sec, const struct smsg *msg,
			    const struct shdr_addr *contact,
			    const struct reg_limits *limits)
{
	struct pl val;

	*sec = limits->expires_default;
	if (shdr_param(&contact->params, "expires", &val) ||
	    smsg_val(msg, SHDR_EXPIRES, &val)) {
		/* malformed counts as the default (RFC 3261 10.2.1.1) */
		if (shdr_seconds(sec, &val))
			*sec = limits->expires_default;
	}
	if (*sec > limits->expires_max)
		*sec = limits->expires_max;
	/* 0 removes; RFC 3261 10.3 step 7 on what is too brief */
	return *sec && *sec < limits->expires_min ? STATUS_BRIEF_INTERVAL
						  : STATUS_OK;
}

/* With an instance, a device has one binding per reg-id (RFC 5626 6): a page
 * that was loaded anew replaces itself. Without, the Contact is the device. */
static int device_name(struct reg_contact *to, bool *outbound,
		       const struct shdr_addr *contact)
{
	struct pl instance, regid = PL("0");
	int n;

	if (!shdr_param(&contact->params, "+sip.instance", &instance)) {
		n = re_snprintf(to->device, sizeof(to->device), "c:%H",
				redis_key_part, &contact->uri.text);
		return n < 0 ? EOVERFLOW : 0;
	}
	if (shdr_param(&contact->params, "reg-id", &regid))
		*outbound = true;
	n = re_snprintf(to->device, sizeof(to->device), "i:%H:%H",
			redis_key_part, &instance, redis_key_part, &regid);
	return n < 0 ? EOVERFLOW : 0;
}

static enum status contact_read(struct reg_contact *to, const struct smsg *msg,
				const struct shdr_addr *contact)
{
	struct binding *b = &to->binding;
	struct pl q, agent;

	if (contact->uri.scheme != SURI_SIP && contact->uri.scheme != SURI_SIPS)
		return STATUS_BAD_URI_SCHEME;

	b->cseq = msg->cseq.num;
	b->q	= 1000;
	if (shdr_param(&contact->params, "q", &q) && shdr_q(&b->q, &q))
		return STATUS_BAD_REQUEST;

	if (!smsg_val(msg, SHDR_USER_AGENT, &agent))
		pl_set_str(&agent, "");
	if (agent.l > BINDING_AGENT_MAX)
		agent.l = BINDING_AGENT_MAX;
	if (pl_strcpy(&agent, b->agent, sizeof(b->agent)) ||
	    pl_strcpy(&msg->callid, b->callid, sizeof(b->callid)) ||
	    pl_strcpy(&contact->uri.text, b->contact, sizeof(b->contact)))
		return STATUS_TOO_LARGE;

	return STATUS_OK;
}

static enum status contact_add(struct reg_request *req, const struct smsg *msg,
			       const struct shdr_addr *contact,
			       const struct reg_limits *limits)
{
	struct reg_contact *to = &req->contacts[req->nc];
	enum status code;

	if (req->nc == REG_CONTACTS_MAX)
		return STATUS_TOO_LARGE;

	code = contact_read(to, msg, contact);
	if (code == STATUS_OK)
		code = interval(&to->expires, msg, contact, limits);
	if (code != STATUS_OK)
		return code;
	if (device_name(to, &req->outbound, contact))
		return STATUS_TOO_LARGE;

	++req->nc;
	return STATUS_OK;
}

/* "*" stands alone, and only with Expires: 0 (RFC 3261 10.3 step 6). */
static enum status all_read(struct reg_request *req, const struct smsg *msg)
{
	struct pl val;

	if (smsg_count(msg, SHDR_CONTACT) != 1 ||
	    !smsg_val(msg, SHDR_EXPIRES, &val) || pl_strcmp(&val, "0"))
		return STATUS_BAD_REQUEST;

	req->all = true;
	return STATUS_OK;
}

enum status reg_request_read(struct reg_request *req, const struct smsg *msg,
			     const struct reg_limits *limits,
			     const uint8_t *flow, size_t flow_len)
{
	struct shdr_addr contact;
	struct smsg_iter it;
	int err;

	memset(req, 0, sizeof(*req));
	req->cseq   = msg->cseq.num;
	req->callid = msg->callid;
	if (flow_len > BINDING_FLOW_MAX)
		return STATUS_INTERNAL;
	if (msg->callid.l > BINDING_CALLID_MAX)
		return STATUS_TOO_LARGE;

	smsg_iter_init(&it, msg, SHDR_CONTACT);
	while (!(err = smsg_iter_addr(&it, &contact))) {
		enum status code = contact.star ?
			all_read(req, msg) :
			contact_add(req, msg, &contact, limits);

		if (code != STATUS_OK)
			return code;
	}
	if (err != ENOENT)
		return STATUS_BAD_REQUEST;

	for (size_t i = 0; i < req->nc; i++) {
		struct binding *b = &req->contacts[i].binding;

		memcpy(b->flow, flow, flow_len);
		b->flow_len = flow_len;
	}
	return STATUS_OK;
}
