/*
 * cordctl_levels.c  What the logs of a running Cordboard say
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "common/countof.h"
#include "common/jsonr.h"
#include "common/jsonw.h"
#include "sigd/cordctl/cordctl_api.h"

static void word_add(char cell[CORDCTL_CELL_MAX], const char *word)
{
	const size_t len = strlen(cell);

	if (re_snprintf(cell + len, CORDCTL_CELL_MAX - len, "%s%s",
			len ? " " : "", word) < 0)
		cell[len] = '\0';
}

static void level_cells(char cells[][CORDCTL_CELL_MAX],
			const struct jsonr_val *node)
{
	const struct jsonr_val *workers = jsonr_get(node, "workers");
	const struct jsonr_val *areas = jsonr_get(node, "areas");
	char area[CORDCTL_CELL_MAX], level[CORDCTL_CELL_MAX];
	char word[2 * CORDCTL_CELL_MAX];

	(void)cordctl_text(cells[0], node, "node");
	(void)cordctl_text(cells[1], node, "daemon");
	*cells[2] = *cells[5] = '\0';
	for (size_t i = 0; i < jsonr_count(workers); i++) {
		(void)cordctl_text(level, jsonr_at(workers, i), "level");
		if (!strstr(cells[2], level)) /* as most are alike */
			word_add(cells[2], level);
	}
	(void)cordctl_text(cells[3], node, "forced");
	(void)cordctl_time(cells[4], node, "until");
	for (size_t i = 0; i < jsonr_count(areas); i++) {
		const struct jsonr_val *one = jsonr_at(areas, i);

		re_snprintf(word, sizeof(word), "%s=%s",
			    cordctl_text(area, one, "area"),
			    cordctl_text(level, one, "level"));
		word_add(cells[5], word);
	}
	(void)cordctl_text(cells[6], node, "call");
}

static const char *const heads[] = {"NODE",  "DAEMON", "LEVEL", "FORCED",
				    "UNTIL", "AREAS",  "CALL"};
static const struct cordctl_form form = {"nodes", heads, COUNTOF(heads),
					 level_cells};

/* "sigd/proxy=debug"; what is wrong with the words the other side shall say. */
static void areas_write(struct jsonw *json, const struct cordctl_how *how)
{
	if (!how->nareas)
		return;
	jsonw_array(json, "areas");
	for (size_t i = 0; i < how->nareas; i++) {
		const size_t len = strcspn(how->area[i], "=");

		jsonw_object(json, NULL);
		jsonw_strn(json, "area", how->area[i], len);
		jsonw_str(json, "level",
			  how->area[i] + len + (how->area[i][len] == '='));
		jsonw_end(json);
	}
	jsonw_end(json);
}

static int wish_write(struct mbuf *body, const struct cordctl_remote *remote)
{
	const struct {
		const char *name, *value;
	} texts[] = {{"level", remote->word[0]},
		     {"node", remote->how.node},
		     {"daemon", remote->daemon},
		     {"for", remote->how.lasts},
		     {"call", remote->call}};
	struct jsonw json;

	jsonw_init(&json, body);
	jsonw_object(&json, NULL);
	for (size_t i = 0; i < COUNTOF(texts); i++) {
		if (texts[i].value)
			jsonw_str(&json, texts[i].name, texts[i].value);
	}
	areas_write(&json, &remote->how);
	jsonw_end(&json);
	return jsonw_done(&json) ? ENOMEM : mbuf_write_u8(body, 0);
}

int cordctl_remote_levels(const struct cordctl_remote *remote)
{
	struct mbuf *body;
	int code = CORDCTL_SYSTEM;

	if (!remote->nwords)
		return cordctl_do(remote, "GET", "/v1/log-levels", NULL, &form);
	body = mbuf_alloc(256);
	if (body && !wish_write(body, remote))
		code = cordctl_do(remote, "PUT", "/v1/log-levels",
				  (const char *)body->buf, &form);
	mem_deref(body);
	return code;
}
