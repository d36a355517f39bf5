/*
 * shdr_auth.c  Credentials and challenges
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <string.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/shdr_param.h"

/* clang-format off */
#define FIELD(name, member) {name, offsetof(struct shdr_digest, member)}
/* clang-format on */

static const struct {
	const char *name;
	size_t offset;
} fieldv[] = {
	FIELD("realm", realm),       FIELD("nonce", nonce),
	FIELD("opaque", opaque),     FIELD("algorithm", algorithm),
	FIELD("qop", qop),           FIELD("username", username),
	FIELD("uri", uri),           FIELD("response", response),
	FIELD("cnonce", cnonce),     FIELD("nc", nc),
	FIELD("domain", domain),     FIELD("stale", stale),
	FIELD("userhash", userhash), FIELD("username*", username_star),
};

int shdr_auth_decode(struct shdr_auth *auth, const struct pl *val)
{
	const char *end = schar_end(val), *p;

	if (!val->l)
		return EBADMSG;
	p = schar_span(val->p, end, SCHAR_TOKEN);
	schar_set(&auth->scheme, val->p, p);
	if (!auth->scheme.l || p == end || (*p != ' ' && *p != '\t'))
		return EBADMSG;

	schar_set(&auth->params, schar_lws(p, end), end);
	return auth->params.l ? 0 : EBADMSG;
}

int shdr_auth_next(struct shdr_param *param, struct pl *rest)
{
	const char *end = schar_end(rest), *p;
	struct pl val;

	if (!rest->l)
		return ENOENT;
	p = shdr_param_scan(param, rest->p, end);
	if (!p || !param->val.p || !shdr_take(&val, rest, rest->p, p))
		return EBADMSG;
	return 0;
}

static int digest_set(struct shdr_digest *digest,
		      const struct shdr_param *param)
{
	for (size_t i = 0; i < ARRAY_SIZE(fieldv); i++) {
		struct pl *pl = (void *)((char *)digest + fieldv[i].offset);

		if (pl_strcasecmp(&param->name, fieldv[i].name))
			continue;
		/* which of two would count is anybody's guess */
		if (pl->p)
			return EBADMSG;
		*pl = param->val;
		return 0;
	}
	return 0;
}

int shdr_digest_decode(struct shdr_digest *digest, const struct pl *val)
{
	struct shdr_auth auth;
	struct shdr_param param;
	int err;

	memset(digest, 0, sizeof(*digest));
	err = shdr_auth_decode(&auth, val);
	if (err)
		return err;
	if (pl_strcasecmp(&auth.scheme, "Digest"))
		return EPROTO;

	while (!(err = shdr_auth_next(&param, &auth.params))) {
		err = digest_set(digest, &param);
		if (err)
			return err;
	}
	return err == ENOENT ? 0 : err;
}
