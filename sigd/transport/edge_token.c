/*
 * edge_token.c  The token that a WebSocket is opened with
 *
 * In the URL (`?access_token=`, RFC 6750 2.3: browsers cannot set a header) or
 * in an Authorization header. Not as a subprotocol: libwebsockets closes without
 * a word when that list has 127 characters or more. What it says is the upper
 * layers' matter. It stands in no log: of a request neither URL nor headers are
 * written.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <libwebsockets.h>
#include <re.h>

#include "sigd/transport/edge_priv.h"

static const char arg_name[] = "access_token=";
static const char scheme_name[] = "Bearer ";

/* All of a header, in memory of its own; NULL: absent. */
static char *header_copy(struct edge_conn *conn, enum lws_token_indexes id)
{
	const int len = lws_hdr_total_length(conn->wsi, id);
	char *text;

	if (len <= 0)
		return NULL;
	text = mem_zalloc((size_t)len + 1, NULL);
	if (text && lws_hdr_copy(conn->wsi, text, len + 1, id) < 0)
		text = mem_deref(text);
	return text;
}

/* Arguments are fragments of one header: "name=value", unescaped. */
static char *from_url(struct edge_conn *conn)
{
	const size_t skip = strlen(arg_name);

	for (int i = 0;; i++) {
		const int len = lws_hdr_fragment_length(
			conn->wsi, WSI_TOKEN_HTTP_URI_ARGS, i);
		char *text;

		if (len <= 0)
			return NULL;
		text = mem_zalloc((size_t)len + 1, NULL);
		if (!text)
			return NULL;
		if (lws_hdr_copy_fragment(conn->wsi, text, len + 1,
					  WSI_TOKEN_HTTP_URI_ARGS, i) > 0 &&
		    !strncmp(text, arg_name, skip)) {
			memmove(text, text + skip, strlen(text + skip) + 1);
			return text;
		}
		mem_deref(text);
	}
}

static char *from_header(struct edge_conn *conn)
{
	char *text = header_copy(conn, WSI_TOKEN_HTTP_AUTHORIZATION);
	const size_t skip = strlen(scheme_name);

	if (!text || strncasecmp(text, scheme_name, skip))
		return mem_deref(text);
	memmove(text, text + skip, strlen(text + skip) + 1);
	return text;
}

int edge_token_check(struct edge_conn *conn)
{
	const struct edge_params *p = &conn->on->edge->p;
	char *text = NULL;
	struct pl token;
	int err = 0;

	if (!p->tokenh)
		return 0;
	text = from_header(conn);
	text = text ? text : from_url(conn);
	if (!text)
		return 0;
	pl_set_str(&token, text);
	err = p->tokenh(&conn->flow, &token, p->tokenarg);
	/* it is as good as a password */
	explicit_bzero(text, token.l);
	mem_deref(text);
	return err;
}
