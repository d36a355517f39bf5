/*
 * ctl_field.c  Members of a struct to and from text, by a table
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_priv.h"
#include "common/id.h"

int ctl_build_put(struct ctl_build *build, const char *name, const char *fmt,
		  ...)
{
	size_t begin = build->text->pos;
	size_t len = strlen(name);
	va_list ap;
	int err;

	if (build->n == CTL_FIELDS_MAX)
		return EMSGSIZE;

	err = mbuf_write_mem(build->text, (const uint8_t *)name, len);
	va_start(ap, fmt);
	err |= mbuf_vprintf(build->text, fmt, ap);
	va_end(ap);
	if (err)
		return ENOMEM;

	build->fields[build->n].name = begin;
	build->fields[build->n].name_len = len;
	build->fields[build->n].value = begin + len;
	build->fields[build->n].value_len = build->text->pos - begin - len;
	build->n++;
	return 0;
}

bool ctl_read_u64(uint64_t *num, const struct pl *text)
{
	const struct redis_val val = {.type = REDIS_STR,
				      .str = text->p,
				      .len = text->l};

	if (text->l > 1 && text->p[0] == '0')
		return false;
	return redis_num(&val, num);
}

bool ctl_read_name(unsigned *index, const char *const *names,
		   const struct pl *text)
{
	for (unsigned i = 0; names[i]; i++) {
		if (!text->l || pl_strcmp(text, names[i]))
			continue;
		*index = i;
		return true;
	}
	return false;
}

static bool is_printable(const struct pl *text)
{
	for (size_t i = 0; i < text->l; i++) {
		unsigned char c = (unsigned char)text->p[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

static bool text_fits(const struct ctl_field *field, const struct pl *text)
{
	return text->l <= field->max && (text->l || field->optional) &&
	       (field->kind == CTL_F_BYTES || is_printable(text));
}

static size_t size_of(enum ctl_kind kind)
{
	switch (kind) {
	case CTL_F_LEG:
		return sizeof(uint8_t);
	case CTL_F_BOOL:
		return sizeof(bool);
	case CTL_F_U64:
		return sizeof(uint64_t);
	case CTL_F_U32:
		return sizeof(uint32_t);
	case CTL_F_NAME:
	case CTL_F_STATUS:
		return sizeof(enum status);
	case CTL_F_ID:
		return CTL_ID_LEN + 1;
	case CTL_F_ADDR:
		return CTL_ADDR_MAX + 1;
	case CTL_F_TEXT:
	case CTL_F_BYTES:
	default:
		return sizeof(struct pl);
	}
}

/* The number in a member of whatever width (little or big endian). */
static uint64_t number_at(const struct ctl_field *field, const void *member)
{
	uint64_t u64;
	uint32_t u32;

	switch (size_of(field->kind)) {
	case sizeof(u64):
		memcpy(&u64, member, sizeof(u64));
		return u64;
	case sizeof(u32):
		memcpy(&u32, member, sizeof(u32));
		return u32;
	default:
		return *(const uint8_t *)member;
	}
}

static void number_to(const struct ctl_field *field, void *member, uint64_t num)
{
	uint32_t u32 = (uint32_t)num;

	switch (size_of(field->kind)) {
	case sizeof(num):
		memcpy(member, &num, sizeof(num));
		break;
	case sizeof(u32):
		memcpy(member, &u32, sizeof(u32));
		break;
	default:
		*(uint8_t *)member = (uint8_t)num;
		break;
	}
}

static bool in_range(const struct ctl_field *field, uint64_t num)
{
	switch (field->kind) {
	case CTL_F_LEG:
		return num >= 1 && num <= CTL_LEG_MAX;
	case CTL_F_BOOL:
		return num <= 1;
	case CTL_F_U32:
		return num <= field->max;
	case CTL_F_NAME:
	case CTL_F_STATUS:
	case CTL_F_U64:
		return true;
	case CTL_F_ID:
	case CTL_F_ADDR:
	case CTL_F_TEXT:
	case CTL_F_BYTES:
	default:
		return false;
	}
}

static int write_text(struct ctl_build *build, const struct ctl_field *field,
		      const struct pl *text)
{
	if (!text->l && field->optional)
		return 0;
	if (!text_fits(field, text))
		return EINVAL;

	return ctl_build_put(build, field->name, "%r", text);
}

static int write_string(struct ctl_build *build, const struct ctl_field *field,
			const char *text)
{
	size_t len = strlen(text);

	if (!len && field->optional)
		return 0;
	if (field->kind == CTL_F_ID ? !id_valid(text, len) : !len)
		return EINVAL;

	return ctl_build_put(build, field->name, "%s", text);
}

static int write_number(struct ctl_build *build, const struct ctl_field *field,
			uint64_t num)
{
	if (!num && field->optional)
		return 0;
	if (!in_range(field, num))
		return EINVAL;

	return ctl_build_put(build, field->name, "%llu",
			     (unsigned long long)num);
}

static int write_name(struct ctl_build *build, const struct ctl_field *field,
		      uint64_t index)
{
	uint64_t count = 0;

	while (field->names[count])
		count++;
	if (index >= count)
		return EINVAL;
	if (!index && field->optional)
		return 0;
	if (!field->names[index][0])
		return EINVAL;

	return ctl_build_put(build, field->name, "%s", field->names[index]);
}

static int write_field(struct ctl_build *build, const struct ctl_field *field,
		       const void *member)
{
	switch (field->kind) {
	case CTL_F_ID:
	case CTL_F_ADDR:
		return write_string(build, field, member);
	case CTL_F_TEXT:
	case CTL_F_BYTES:
		return write_text(build, field, member);
	case CTL_F_NAME:
		return write_name(build, field, number_at(field, member));
	case CTL_F_STATUS:
		return ctl_build_put(
			build, field->name, "%s",
			status_text((enum status)number_at(field, member)));
	case CTL_F_LEG:
	case CTL_F_BOOL:
	case CTL_F_U32:
	case CTL_F_U64:
	default:
		return write_number(build, field, number_at(field, member));
	}
}

int ctl_fields_write(struct ctl_build *build, const struct ctl_field *table,
		     const void *from)
{
	int err = 0;

	for (; table->name && !err; table++)
		err = write_field(build, table,
				  (const uint8_t *)from + table->offset);
	return err;
}

static bool read_string(char *member, const struct ctl_field *field,
			const struct pl *text)
{
	if (!text->l || text->l >= size_of(field->kind) || !is_printable(text))
		return false;
	if (field->kind == CTL_F_ID && !id_valid(text->p, text->l))
		return false;

	memcpy(member, text->p, text->l);
	member[text->l] = '\0';
	return true;
}

static bool read_text(struct pl *member, const struct ctl_field *field,
		      const struct pl *text)
{
	if (!text->l || !text_fits(field, text))
		return false;

	*member = *text;
	return true;
}

static bool read_number(void *member, const struct ctl_field *field,
			const struct pl *text)
{
	uint64_t num;

	if (!ctl_read_u64(&num, text) || !in_range(field, num))
		return false;

	number_to(field, member, num);
	return true;
}

static bool read_enum(void *member, const struct ctl_field *field,
		      const struct pl *text)
{
	enum status status = STATUS_INTERNAL;
	unsigned index;

	if (field->kind == CTL_F_STATUS) {
		(void)status_parse(&status, text);
		index = status;
	} else if (!ctl_read_name(&index, field->names, text)) {
		return false;
	}
	number_to(field, member, index);
	return true;
}

static bool read_field(void *member, const struct ctl_field *field,
		       const struct pl *text)
{
	switch (field->kind) {
	case CTL_F_ID:
	case CTL_F_ADDR:
		return read_string(member, field, text);
	case CTL_F_TEXT:
	case CTL_F_BYTES:
		return read_text(member, field, text);
	case CTL_F_NAME:
	case CTL_F_STATUS:
		return read_enum(member, field, text);
	case CTL_F_LEG:
	case CTL_F_BOOL:
	case CTL_F_U32:
	case CTL_F_U64:
	default:
		return read_number(member, field, text);
	}
}

bool ctl_fields_read(void *to, const struct ctl_field *table,
		     const struct ctl_view *view)
{
	for (; table->name; table++) {
		uint8_t *member = (uint8_t *)to + table->offset;
		const struct pl *text = ctl_view_find(view, table->name);

		memset(member, 0, size_of(table->kind));
		if (!text && table->optional)
			continue;
		if (!text || !read_field(member, table, text))
			return false;
	}
	return true;
}
