/*
 * jsonr.c  Reading JSON: jansson behind a few questions
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <jansson.h>
#include <re_types.h>
#include <re_mem.h> /* not re.h: its JSON_STRING and JSON_NULL are others */

#include "common/jsonr.h"

struct jsonr {
	json_t *root;
};

/* jansson's values under our name; a borrowed pointer is never changed. */
static const json_t *in(const struct jsonr_val *val)
{
	return (const json_t *)(const void *)val;
}

static const struct jsonr_val *out(const json_t *json)
{
	return (const struct jsonr_val *)(const void *)json;
}

static void destructor(void *data)
{
	struct jsonr *doc = data;

	json_decref(doc->root);
}

int jsonr_parse(struct jsonr **docp, const char *text, size_t len)
{
	struct jsonr_place place;

	return jsonr_parse_at(docp, text, len, &place);
}

/* jansson counts from 0 where it has read nothing. */
static unsigned counted(int n)
{
	return n > 0 ? (unsigned)n : 1;
}

int jsonr_parse_at(struct jsonr **docp, const char *text, size_t len,
		   struct jsonr_place *place)
{
	struct jsonr *doc = mem_zalloc(sizeof(*doc), destructor);
	json_error_t error;

	if (!doc)
		return ENOMEM;
	doc->root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!doc->root) {
		mem_deref(doc);
		*place = (struct jsonr_place){counted(error.line),
					      counted(error.column)};
		return EBADMSG;
	}
	*docp = doc;
	return 0;
}

const struct jsonr_val *jsonr_root(const struct jsonr *doc)
{
	return doc ? out(doc->root) : NULL;
}

const struct jsonr_val *jsonr_get(const struct jsonr_val *object,
				  const char *name)
{
	return out(json_object_get(in(object), name));
}

static bool is_among(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (!strcmp(name, *names))
			return true;
	}
	return false;
}

const char *jsonr_other(const struct jsonr_val *object,
			const char *const *names)
{
	const char *name;
	json_t *val;

	json_object_foreach((json_t *)in(object), name, val)
	{
		if (!is_among(name, names))
			return name;
	}
	return NULL;
}

const char *jsonr_str(const struct jsonr_val *val)
{
	return json_string_value(in(val));
}

bool jsonr_num(const struct jsonr_val *val, double *num)
{
	if (!json_is_number(in(val)))
		return false;
	*num = json_number_value(in(val));
	return true;
}

bool jsonr_bool(const struct jsonr_val *val, bool *yes)
{
	if (!json_is_boolean(in(val)))
		return false;
	*yes = json_is_true(in(val));
	return true;
}

bool jsonr_is_object(const struct jsonr_val *val)
{
	return json_is_object(in(val));
}

void jsonr_each(const struct jsonr_val *object, jsonr_member_h *memberh,
		void *arg)
{
	const char *name;
	json_t *val;

	json_object_foreach((json_t *)in(object), name, val)
		memberh(name, out(val), arg);
}

size_t jsonr_count(const struct jsonr_val *val)
{
	return json_array_size(in(val));
}

const struct jsonr_val *jsonr_at(const struct jsonr_val *array, size_t i)
{
	return out(json_array_get(in(array), i));
}
