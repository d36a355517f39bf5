/*
 * session_timer.c  Session timers (RFC 4028 8)
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/call/session_timer.h"
#include "sigd/sip/smsg.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_edit.h"

enum { MIN_SE = 90 };

/* What a message says. */
struct said {
	uint32_t expires, min; /* 0: nothing */
	bool uas;              /* who answers is to refresh */
};

/* Seconds, then parameters. */
static uint32_t seconds(const struct smsg *msg, enum shdr_id id,
			struct pl *params)
{
	struct pl val, num;
	uint32_t sec;

	*params = (struct pl)PL("");
	if (!smsg_val(msg, id, &val))
		return 0;
	num = val;
	for (num.l = 0; num.l < val.l && val.p[num.l] >= '0' &&
			val.p[num.l] <= '9'; num.l++)
		;
	params->p = num.p + num.l;
	params->l = val.l - num.l;
	return num.l && !shdr_seconds(&sec, &num) ? sec : 0;
}

static struct said said_read(const struct smsg *msg)
{
	struct said said;
	struct pl params, who;

	said.min = seconds(msg, SHDR_MIN_SE, &params);
	said.expires = seconds(msg, SHDR_SESSION_EXPIRES, &params);
	while (params.l && (*params.p == ' ' || *params.p == ';'))
		pl_advance(&params, 1);
	said.uas = params.l && shdr_param(&params, "refresher", &who) &&
		   !pl_strcasecmp(&who, "uas");
	return said;
}

static bool able(const struct smsg *msg)
{
	return smsg_has_token(msg, SHDR_SUPPORTED, "timer") ||
	       smsg_has_token(msg, SHDR_REQUIRE, "timer");
}

bool session_may(const struct smsg *req)
{
	return req->method == SMSG_INVITE || req->method == SMSG_UPDATE;
}

bool session_too_brief(const struct session_limits *limits,
		       const struct smsg *req)
{
	const struct said said = said_read(req);

	return session_may(req) && able(req) && said.expires &&
	       said.expires < limits->min;
}

/* RFC 4028 8.1: lowered, never below what any side can do. */
uint32_t session_offered(const struct session_limits *limits, uint32_t least,
			 const struct smsg *req)
{
	const struct said said = said_read(req);
	uint32_t sec = limits->expires;

	if (!session_may(req))
		return 0;
	if (said.expires && (!sec || said.expires < sec))
		sec = said.expires;
	if (!sec)
		return 0;
	return max(max(sec, limits->min), max(said.min, least));
}

void session_edit(struct smsg_edit *ed, const struct session_limits *limits,
		  uint32_t least)
{
	const uint32_t sec = session_offered(limits, least, ed->msg);
	const struct said said = said_read(ed->msg);
	const uint32_t min = max(max(limits->min, said.min), least);
	struct pl params, text;

	if (!sec)
		return;
	/* with the refresher that it names: none is ours to name */
	if (seconds(ed->msg, SHDR_SESSION_EXPIRES, &params) != sec) {
		text = smsg_edit_text(ed, "%u%r", sec, &params);
		smsg_edit_set(ed, SHDR_SESSION_EXPIRES, &text);
	}
	if (min > MIN_SE && min != said.min) {
		text = smsg_edit_text(ed, "%u", min);
		smsg_edit_set(ed, SHDR_MIN_SE, &text);
	}
}

uint32_t session_least(const struct smsg *req, const struct smsg *resp)
{
	if (resp->scode != 422 || !session_may(req) || said_read(req).expires)
		return 0;
	return said_read(resp).min;
}

struct session_agreed session_agree(const struct session_limits *limits,
				    uint32_t offered, const struct smsg *req,
				    const struct smsg *resp)
{
	struct session_agreed agreed = {.expires = said_read(resp).expires};

	if (agreed.expires) {
		/* nobody can be asked to refresh more often than we allow */
		agreed.expires = max(agreed.expires, limits->min);
	} else if (offered && able(req)) {
		agreed.expires = offered;
		agreed.ours    = true;
	}
	return agreed;
}

struct session_agreed session_answer(const struct session_limits *limits,
				     const struct smsg *req)
{
	struct session_agreed agreed = {.expires = 0};

	/* we do not refresh: who wants us to has no timer */
	if (able(req) && !said_read(req).uas)
		agreed.expires = session_offered(limits, 0, req);
	agreed.ours = agreed.expires != 0;
	return agreed;
}

void session_fields(struct smsg_reply *reply, struct smsg_field *fields,
		    char text[SESSION_TEXT], uint32_t session_s)
{
	if (!session_s)
		return;
	re_snprintf(text, SESSION_TEXT, "%u;refresher=uac", session_s);
	pl_set_str(&fields[reply->fieldc].name, "Session-Expires");
	pl_set_str(&fields[reply->fieldc++].val, text);
	pl_set_str(&fields[reply->fieldc].name, "Require");
	pl_set_str(&fields[reply->fieldc++].val, "timer");
}
