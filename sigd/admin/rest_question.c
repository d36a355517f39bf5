/*
 * rest_question.c  What is wrong with a question of routes/explain
 *
 * The errors know where in the text something stands; who asks by a program
 * wants to know which of its fields that is.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/cfg_tree.h"
#include "sigd/admin/rest_question.h"

enum { FIELD_MAX = 256, NAME_MAX = 64 };

static bool is_at(const struct cfg_pos *a, const struct cfg_pos *b)
{
	return a->line && a->line == b->line && a->col == b->col;
}

/* One more part of a JSON pointer (RFC 6901, section 3), or none of it: half of
 * it may end amid a character. */
static size_t part_add(char *field, size_t len, const char *key)
{
	const size_t begin = len;

	if (len + 1 < FIELD_MAX)
		field[len++] = '/';
	for (; *key && len + 2 < FIELD_MAX; key++) {
		if (*key == '~' || *key == '/')
			field[len++] = '~';
		field[len++] = *key == '~' ? '0' : *key == '/' ? '1' : *key;
	}
	if (*key)
		len = begin;
	field[len] = '\0';
	return len;
}

/* The member that stands there, or has its name there. */
static bool find(char *field, size_t len, const struct cfg_node *map,
		 const struct cfg_pos *pos)
{
	for (const struct cfg_node *node = map ? map->first : NULL; node;
	     node = node->next) {
		const size_t end = part_add(field, len,
					    node->key ? node->key : "-");

		if (is_at(&node->pos, pos) || is_at(&node->key_pos, pos) ||
		    find(field, end, node, pos))
			return true;
	}
	field[len] = '\0';
	return false;
}

/* What has no place of its own begins with its name: from: there is no ..., or
 * "callee" is missing. */
static void field_by_name(char *field, size_t len, const char *text)
{
	const char *name = text + (*text == '"');
	const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz_");
	char key[NAME_MAX];

	if (!n || n >= sizeof(key) || name[n] != (*text == '"' ? '"' : ':'))
		return;
	memcpy(key, name, n);
	key[n] = '\0';
	(void)part_add(field, len, key);
}

int rest_question_json(struct re_printf *pf,
		       const struct rest_question *question)
{
	struct cfg_problem problem;
	char field[FIELD_MAX];
	int err = re_hprintf(pf, "[");

	for (size_t i = 0; cfg_errors_at(question->errs, i, &problem); i++) {
		str_ncpy(field, "#", sizeof(field));
		if (!find(field, 1, question->root, &problem.pos))
			field_by_name(field, 1, problem.text);
		problem.field = field;
		err |= re_hprintf(pf, "%s%H", i ? "," : "", cfg_problem_json,
				  &problem);
	}
	return err | re_hprintf(pf, "]");
}
