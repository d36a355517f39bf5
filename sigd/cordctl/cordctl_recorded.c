/*
 * cordctl_recorded.c  Calls as `GET /v1/calls` and CDRs have them, made
 *                     questions
 *
 * From where a device called, and with which headers, neither of them tells.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_tree.h"
#include "sigd/cordctl/cordctl.h"

/* The text at a key, or at a key of the map there; NULL: none, or empty. */
static const char *text_at(const struct cfg_node *map, const char *key,
			   const char *within)
{
	const struct cfg_node *node = cfg_node_get(map, key);

	if (node && within)
		node = cfg_node_get(node, within);
	return node && node->kind == CFG_SCALAR && *node->text ? node->text
								: NULL;
}

static int put(struct mbuf *out, const char *key, const char *text)
{
	if (!text)
		return 0;
	return mbuf_printf(out, "%s%H: %H", out->end ? ", " : "{",
			   cfg_print_json, key, cfg_print_json, text);
}

/* Of sip:user;params:password@host; NULL: it has none. */
static int put_user(struct mbuf *out, const char *key, const char *uri)
{
	const char *at = uri ? strchr(uri, '@') : NULL;
	const char *begin = at ? memchr(uri, ':', (size_t)(at - uri)) : NULL;
	char user[256];

	if (!begin || at - begin > (ptrdiff_t)sizeof(user))
		return EBADMSG;
	re_snprintf(user, sizeof(user), "%b", begin + 1,
		    (size_t)(at - begin - 1));
	user[strcspn(user, ";:")] = '\0';
	return put(out, key, user);
}

/* Unix milliseconds */
static int put_time(struct mbuf *out, const char *ms)
{
	const time_t s = ms ? (time_t)(strtoull(ms, NULL, 10) / 1000) : 0;
	char text[32];
	struct tm tm;

	if (!s || !gmtime_r(&s, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return 0;
	return put(out, "time", text);
}

static int of_rest(struct mbuf *out, const struct cfg_node *call)
{
	int err = put(out, "tenant", text_at(call, "tenant", NULL));

	err = err ? err : put(out, "caller", text_at(call, "caller", "user"));
	err = err ? err
		  : put(out, "from", text_at(call, "caller", "connection"));
	err = err ? err : put(out, "time", text_at(call, "started", NULL));
	return err ? err
		   : put_user(out, "callee", text_at(call, "callee", "uri"));
}

static int of_cdr(struct mbuf *out, const struct cfg_node *cdr)
{
	int err = put(out, "tenant", text_at(cdr, "tenant", NULL));

	err = err ? err : put(out, "caller", text_at(cdr, "a.user", NULL));
	err = err ? err : put(out, "from", text_at(cdr, "a.conn", NULL));
	err = err ? err : put_time(out, text_at(cdr, "start", NULL));
	return err ? err : put_user(out, "callee", text_at(cdr, "b.uri", NULL));
}

static bool is_rest(const struct cfg_node *node)
{
	return cfg_node_get(node, "call_id") && cfg_node_get(node, "caller");
}

static int one(const struct cfg_node *node, cordctl_text_h *texth, void *arg)
{
	struct mbuf *out = mbuf_alloc(512);
	int err;

	if (!out)
		return ENOMEM;
	err = is_rest(node) ? of_rest(out, node) : of_cdr(out, node);
	err = err ? err : mbuf_write_str(out, "}");
	err = err ? err : texth((const char *)out->buf, out->end, arg);
	mem_deref(out);
	return err;
}

int cordctl_recorded(const struct cfg_node *root, cordctl_text_h *texth,
		     void *arg)
{
	const struct cfg_node *calls = cfg_node_get(root, "calls");
	int err = 0;

	if (is_rest(root) || cfg_node_get(root, "b.uri"))
		return one(root, texth, arg);
	if (!calls || calls->kind != CFG_LIST_NODE)
		return ENOENT;
	for (calls = calls->first; calls && !err; calls = calls->next)
		err = is_rest(calls) ? one(calls, texth, arg) : EBADMSG;
	return err;
}
