/*
 * cfg_text.c  Values and expectations into text
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"

static int64_t load(const struct cfg_field *field, const void *src)
{
	const unsigned unused = 64 - 8 * (unsigned)min(field->size, 8u);
	uint64_t bits;

	switch (field->size) {
	case 1:
		bits = *(const uint8_t *)src;
		break;
	case 2:
		bits = *(const uint16_t *)src;
		break;
	case 4:
		bits = *(const uint32_t *)src;
		break;
	default:
		bits = *(const uint64_t *)src;
		break;
	}
	/* a field whose range begins below 0 is signed: extend the sign */
	if (field->min < 0)
		return (int64_t)(bits << unused) >> unused;
	return (int64_t)bits;
}

static int print_number(struct re_printf *pf, const int64_t *value)
{
	return re_hprintf(pf, "%lld", (long long)*value);
}

static int print_time(struct re_printf *pf, const int64_t *ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} unit[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};

	for (size_t i = 0; i < 4 && *ms; i++) {
		if (*ms % unit[i].ms == 0)
			return re_hprintf(pf, "%lld%s",
					  (long long)(*ms / unit[i].ms),
					  unit[i].name);
	}
	return re_hprintf(pf, "%lldms", (long long)*ms);
}

static int print_size(struct re_printf *pf, const int64_t *bytes)
{
	static const char *const name[] = {"", "KiB", "MiB", "GiB"};
	int64_t value = *bytes;
	unsigned i = 0;

	while (value && value % 1024 == 0 && i < 3) {
		value /= 1024;
		++i;
	}
	return re_hprintf(pf, "%lld%s", (long long)value, name[i]);
}

static int print_enum(struct re_printf *pf, const struct cfg_field *field,
		      int value)
{
	const struct cfg_choice *choice = field->choices;

	for (; choice->name; choice++) {
		if (choice->value == value)
			return re_hprintf(pf, "%s", choice->name);
	}
	return re_hprintf(pf, "%d", value);
}

static bool is_safe(const char *text)
{
	static const char inside[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_./+@:-";
	const size_t len = strlen(text);

	/* nothing that YAML reads as something else than this text */
	return len && strspn(text, inside) == len && !strchr("+-@:.", *text) &&
	       text[len - 1] != ':' && str_casecmp(text, "null") &&
	       str_casecmp(text, "true") && str_casecmp(text, "false") &&
	       str_casecmp(text, "yes") && str_casecmp(text, "no") &&
	       str_casecmp(text, "on") && str_casecmp(text, "off");
}

int cfg_print_json(struct re_printf *pf, const char *text)
{
	int err = pf->vph("\"", 1, pf->arg);

	for (; *text && !err; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			err = pf->vph((char[]){'\\', (char)c}, 2, pf->arg);
		else if (c < ' ' || c == 0x7f)
			err = re_hprintf(pf, "\\u%04x", c);
		else
			err = pf->vph(text, 1, pf->arg);
	}
	return err ? err : pf->vph("\"", 1, pf->arg);
}

int cfg_print_quoted(struct re_printf *pf, const char *text)
{
	if (is_safe(text))
		return pf->vph(text, strlen(text), pf->arg);
	/* a JSON text is a text of YAML */
	return cfg_print_json(pf, text);
}

/* An IPv6 address begins with what has a meaning of its own in YAML. */
static int print_addr(struct re_printf *pf, const struct cfg_field *field,
		      const struct sa *sa)
{
	char text[64];

	if (sa_af(sa) == AF_UNSPEC)
		return 0;
	if ((field->flags & CFG_F_NO_PORT) && !sa_port(sa))
		re_snprintf(text, sizeof(text), "%j", sa);
	else
		re_snprintf(text, sizeof(text),
			    sa_af(sa) == AF_INET6 ? "[%j]:%u" : "%j:%u", sa,
			    sa_port(sa));
	return cfg_print_quoted(pf, text);
}

static int print_cidr(struct re_printf *pf, const struct cfg_cidr *cidr)
{
	char text[64];

	if (sa_af(&cidr->net) == AF_UNSPEC)
		return 0;
	re_snprintf(text, sizeof(text), "%j/%u", &cidr->net, cidr->bits);
	return cfg_print_quoted(pf, text);
}

int cfg_value_print(struct re_printf *pf, const struct cfg_field *field,
		    const void *src)
{
	int64_t value;

	switch (field->type) {
	case CFG_STRING:
	case CFG_REGEX:
		if (!*(const char *const *)src)
			return 0;
		if (field->flags & CFG_F_SECRET)
			return re_hprintf(pf, "'***'");
		return cfg_print_quoted(pf, *(const char *const *)src);
	case CFG_INT:
		value = load(field, src);
		return print_number(pf, &value);
	case CFG_BOOL:
		return re_hprintf(pf, "%s",
				  *(const bool *)src ? "true" : "false");
	case CFG_ENUM:
		return print_enum(pf, field, *(const int *)src);
	case CFG_DURATION:
		value = load(field, src);
		return print_time(pf, &value);
	case CFG_SIZE:
		value = load(field, src);
		return print_size(pf, &value);
	case CFG_ADDR:
		return print_addr(pf, field, src);
	case CFG_CIDR:
		return print_cidr(pf, src);
	case CFG_NONE:
	case CFG_TABLE:
	case CFG_LIST:
	case CFG_MAP:
	case CFG_POS:
		break;
	}
	return 0;
}

static void expect_choice(const struct cfg_field *field, char *text,
			  size_t size)
{
	const struct cfg_choice *choice = field->choices;
	size_t used = (size_t)snprintf(text, size, "one of ");

	for (; choice->name && used < size; choice++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 choice == field->choices ? "" : ", ",
					 choice->name);
}

/* What, and the range where the field has one of its own. */
static void expect_range(const struct cfg_field *field, const char *what,
			 re_printf_h *printh, char *text, size_t size)
{
	int64_t lo, hi;

	cfg_range(field, &lo, &hi);
	if (field->min == hi)
		re_snprintf(text, size, "%s of %H", what, printh, &lo);
	else if (field->min || field->max || field->type == CFG_INT)
		re_snprintf(text, size, "%s%s from %H to %H", what,
			    field->type == CFG_INT ? "" : ",", printh, &lo,
			    printh, &hi);
	else
		re_snprintf(text, size, "%s", what);
}

static void expect_text(const struct cfg_field *field, const char *what,
			char *text, size_t size)
{
	int64_t lo, hi;

	cfg_range(field, &lo, &hi);
	if (field->min || field->max)
		re_snprintf(text, size, "%s of %lld to %lld bytes", what,
			    (long long)lo, (long long)hi);
	else
		re_snprintf(text, size, "%s", what);
}

void cfg_expect(const struct cfg_field *field, char *text, size_t size)
{
	static const char *const plain[] = {
		[CFG_NONE] = "nothing",
		[CFG_BOOL] = "true or false",
		[CFG_ADDR] = "an address and port like 192.0.2.1:5060",
		[CFG_CIDR] = "a network like 10.0.0.0/8",
		[CFG_TABLE] = "keys and values",
		[CFG_LIST] = "a list",
		[CFG_MAP] = "names with their values",
		[CFG_POS] = "nothing",
	};

	switch (field->type) {
	case CFG_STRING:
		expect_text(field, "a text", text, size);
		return;
	case CFG_REGEX:
		expect_text(field, "a regular expression", text, size);
		return;
	case CFG_INT:
		expect_range(field, "a whole number",
			     (re_printf_h *)print_number, text, size);
		return;
	case CFG_DURATION:
		expect_range(field, "a time like 20s or 500ms",
			     (re_printf_h *)print_time, text, size);
		return;
	case CFG_SIZE:
		expect_range(field, "a size like 64KiB",
			     (re_printf_h *)print_size, text, size);
		return;
	case CFG_ENUM:
		expect_choice(field, text, size);
		return;
	case CFG_ADDR:
		if (field->flags & CFG_F_NO_PORT) {
			str_ncpy(text, "an address like 192.0.2.1", size);
			return;
		}
		break;
	case CFG_NONE:
	case CFG_BOOL:
	case CFG_CIDR:
	case CFG_TABLE:
	case CFG_LIST:
	case CFG_MAP:
	case CFG_POS:
		break;
	}
	str_ncpy(text, plain[field->type], size);
}

bool cfg_next_default(const char **p, char *text, size_t size)
{
	const char *start = *p + strspn(*p, " ,");
	size_t len = strcspn(start, ",");

	if (!len || len >= size)
		return false;
	memcpy(text, start, len);
	text[len] = '\0';
	*p = start + len;
	return true;
}
