/*
 * reg_request.c  What a REGISTER asks for, checked
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <re.h>

#include "common/redis_link.h"
#include "sigd/registrar/reg_request.h"
#include "sigd/sip/smsg.h"

/* Up to which interval a registrar may call it too brief. */
enum { BRIEF_MAX_S = 3600 };

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

/* A REGISTER while it is read. */
struct reading {
	struct reg_request *req;
	const struct smsg *msg;
	const struct reg_limits *limits;
	unsigned binds; /* Contacts that do not only remove */
	bool reg_id;    /* one of all has a reg-id that is honoured */
};

/* The interval of one Contact: its own, else the message's, else ours. */
static enum status interval(uint32_t *sec, const struct reading *rd,
			    const struct shdr_addr *contact)
{
	const struct reg_limits *limits = rd->limits;
	struct pl val;

	*sec = limits->expires_default;
	if (shdr_param(&contact->params, "expires", &val) ||
	    smsg_val(rd->msg, SHDR_EXPIRES, &val)) {
		/* malformed counts as the default (RFC 3261 10.2.1.1) */
		if (shdr_seconds(sec, &val))
			*sec = limits->expires_default;
	}
	/* 0 removes; an hour is never too brief (RFC 3261 10.3 step 7) */
	if (*sec && *sec < limits->expires_min && *sec < BRIEF_MAX_S)
		return STATUS_BRIEF_INTERVAL;
	if (*sec > limits->expires_max)
		*sec = limits->expires_max;
	return STATUS_OK;
}

/* The reg-id of a Contact with an instance, "0" when it has none or none that
 * counts here (RFC 5626 section 6). */
static enum status reg_id(struct pl *id, struct reading *rd,
			  const struct shdr_addr *contact)
{
	struct pl val;
	uint32_t num;

	pl_set_str(id, "0");
	if (!shdr_param(&contact->params, "reg-id", &val))
		return STATUS_OK;
	if (shdr_number(&num, &val, INT32_MAX) || !num)
		return STATUS_BAD_REQUEST;
	/* the flow that we see is not that of the device */
	if (smsg_count(rd->msg, SHDR_VIA) > 1)
		return smsg_has_token(rd->msg, SHDR_SUPPORTED, "outbound")
			       ? STATUS_NO_OUTBOUND
			       : STATUS_OK;
	*id = val;
	rd->reg_id = true;
	return STATUS_OK;
}

/* The URI without headers: those of a Contact are none in a Request-URI
 * (RFC 3261 19.1.1). */
static struct pl target(const struct suri *uri)
{
	struct pl text = uri->text;

	if (uri->headers.p)
		text.l = (size_t)(uri->headers.p - 1 - text.p);
	return text;
}

/* With an instance, a device has one binding per reg-id (RFC 5626 6): a page
 * that was loaded anew replaces itself. Without, the Contact is the device. */
static enum status device_name(struct reg_contact *to, struct reading *rd,
			       const struct shdr_addr *contact)
{
	struct pl instance, id, uri = target(&contact->uri);
	enum status code;
	int n;

	if (!shdr_param(&contact->params, "+sip.instance", &instance)) {
		n = re_snprintf(to->device, sizeof(to->device), "c:%H",
				redis_key_part, &uri);
		return n < 0 ? STATUS_TOO_LARGE : STATUS_OK;
	}
	code = reg_id(&id, rd, contact);
	if (code != STATUS_OK)
		return code;

	n = re_snprintf(to->device, sizeof(to->device), "i:%H:%H",
			redis_key_part, &instance, redis_key_part, &id);
	return n < 0 ? STATUS_TOO_LARGE : STATUS_OK;
}

void reg_request_from(struct reg_request *req, const struct sa *remote)
{
	for (size_t i = 0; i < req->nc; i++)
		req->contacts[i].binding.remote = *remote;
}

uint32_t reg_first_device(const struct reg_request *req)
{
	for (size_t i = 0; i < req->nc; i++) {
		struct pl field;

		pl_set_str(&field, req->contacts[i].device);
		if (req->contacts[i].expires)
			return binding_device(&field);
	}
	return 0;
}

int reg_contact_device(uint32_t *device, const struct shdr_addr *contact)
{
	char field[BINDING_DEVICE_MAX + 1];
	struct pl instance, uri = target(&contact->uri), text;
	int n;

	if (shdr_param(&contact->params, "+sip.instance", &instance))
		n = re_snprintf(field, sizeof(field), "i:%H:0",
				redis_key_part, &instance);
	else
		n = re_snprintf(field, sizeof(field), "c:%H", redis_key_part,
				&uri);
	if (n < 0)
		return EOVERFLOW;

	pl_set_str(&text, field);
	*device = binding_device(&text);
	return 0;
}

uint32_t reg_instance_device(const struct pl *instance)
{
	char text[BINDING_DEVICE_MAX + 1], field[BINDING_DEVICE_MAX + 1];
	struct pl pl;

	if (re_snprintf(text, sizeof(text), "<%r>", instance) < 0)
		return UINT32_MAX;
	pl_set_str(&pl, text);
	if (re_snprintf(field, sizeof(field), "i:%H:0", redis_key_part, &pl) <
	    0)
		return UINT32_MAX;
	pl_set_str(&pl, field);
	return binding_device(&pl);
}

static enum status contact_read(struct reg_contact *to, const struct smsg *msg,
				const struct shdr_addr *contact)
{
	struct binding *b = &to->binding;
	struct pl q, agent, uri = target(&contact->uri);

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
	    pl_strcpy(&uri, b->contact, sizeof(b->contact)))
		return STATUS_TOO_LARGE;

	return STATUS_OK;
}

/* A device that is named twice is one: what binds it counts, not that an old
 * address of it goes. */
static void keep(struct reg_request *req)
{
	struct reg_contact *last = &req->contacts[req->nc];

	for (size_t i = 0; i < req->nc; i++) {
		if (strcmp(req->contacts[i].device, last->device))
			continue;
		if (last->expires)
			req->contacts[i] = *last;
		return;
	}
	++req->nc;
}

static enum status contact_add(struct reading *rd,
			       const struct shdr_addr *contact)
{
	struct reg_request *req = rd->req;
	struct reg_contact *to = &req->contacts[req->nc];
	enum status code;

	if (req->nc == REG_CONTACTS_MAX)
		return STATUS_TOO_LARGE;

	memset(to, 0, sizeof(*to));
	code = contact_read(to, rd->msg, contact);
	if (code == STATUS_OK)
		code = interval(&to->expires, rd, contact);
	if (code == STATUS_OK)
		code = device_name(to, rd, contact);
	if (code != STATUS_OK)
		return code;

	rd->binds += to->expires > 0;
	keep(req);
	return STATUS_OK;
}

/* "*" stands alone, and only with Expires: 0 (RFC 3261 10.3 step 6). */
static enum status all_read(struct reg_request *req, const struct smsg *msg)
{
	struct pl val;
	uint32_t sec;

	if (smsg_count(msg, SHDR_CONTACT) != 1 ||
	    !smsg_val(msg, SHDR_EXPIRES, &val) || shdr_seconds(&sec, &val) ||
	    sec)
		return STATUS_BAD_REQUEST;

	req->all = true;
	return STATUS_OK;
}

/* RFC 3261 10.3 step 2, 8.2.2.3: all that we do not know is named. */
static enum status require_read(struct reg_request *req, const struct smsg *msg)
{
	size_t len = 0, size = sizeof(req->unsupported);
	struct smsg_iter it;
	struct pl tag;

	smsg_iter_init(&it, msg, SHDR_REQUIRE);
	while (!smsg_iter_value(&it, &tag)) {
		if (!pl_strcasecmp(&tag, "outbound"))
			continue;
		if (len + 2 + tag.l >= size)
			return len ? STATUS_BAD_EXTENSION : STATUS_TOO_LARGE;
		(void)re_snprintf(req->unsupported + len, size - len, "%s%r",
				  len ? ", " : "", &tag);
		len = strlen(req->unsupported);
	}
	return len ? STATUS_BAD_EXTENSION : STATUS_OK;
}

static enum status contacts_read(struct reading *rd)
{
	struct shdr_addr contact;
	struct smsg_iter it;
	int err;

	smsg_iter_init(&it, rd->msg, SHDR_CONTACT);
	while (!(err = smsg_iter_addr(&it, &contact))) {
		enum status code = contact.star ? all_read(rd->req, rd->msg)
						: contact_add(rd, &contact);

		if (code != STATUS_OK)
			return code;
	}
	/* one flow is for one binding */
	return err != ENOENT || (rd->reg_id && rd->binds > 1)
		       ? STATUS_BAD_REQUEST
		       : STATUS_OK;
}

enum status reg_request_read(struct reg_request *req, const struct smsg *msg,
			     const struct reg_limits *limits,
			     const uint8_t *flow, size_t flow_len)
{
	struct reading rd = {.req = req, .msg = msg, .limits = limits};
	enum status code;

	/* contacts are 10 kB, of which most often one is used */
	memset(req, 0, offsetof(struct reg_request, contacts));
	req->cseq	    = msg->cseq.num;
	req->callid	    = msg->callid;
	req->outbound	    = false;
	req->unsupported[0] = '\0';
	if (flow_len > BINDING_FLOW_MAX)
		return STATUS_INTERNAL;
	if (msg->callid.l > BINDING_CALLID_MAX)
		return STATUS_TOO_LARGE;

	code = require_read(req, msg);
	if (code == STATUS_OK)
		code = contacts_read(&rd);
	if (code != STATUS_OK)
		return code;

	req->outbound = rd.reg_id &&
			smsg_has_token(msg, SHDR_SUPPORTED, "outbound");
	for (size_t i = 0; i < req->nc; i++) {
		struct binding *b = &req->contacts[i].binding;

		memcpy(b->flow, flow, flow_len);
		b->flow_len = flow_len;
	}
	return STATUS_OK;
}
