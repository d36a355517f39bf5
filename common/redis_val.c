/*
 * redis_val.c  Configuration, arguments, values and key parts of Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/redis_priv.h"

enum {
	COMMAND_MS = 2000
};

static int copy_text(const char **textp, char **ownp)
{
	struct pl pl;
	int err;

	if (!*textp)
		return 0;

	pl_set_str(&pl, *textp);
	err = pl_strdup(ownp, &pl);
	*textp = *ownp;
	return err;
}

int redis_cfg_copy(struct redis_cfg_own *own, const struct redis_cfg *cfg)
{
	struct redis_cfg *copy = &own->cfg;
	int err;

	if (!cfg->path && !cfg->host)
		return EINVAL;

	*copy = *cfg;
	if (!copy->command_ms)
		copy->command_ms = COMMAND_MS;
	err = copy_text(&copy->path, &own->text[0]);
	err |= copy_text(&copy->host, &own->text[1]);
	err |= copy_text(&copy->user, &own->text[2]);
	err |= copy_text(&copy->password, &own->text[3]);
	err |= copy_text(&copy->name, &own->text[4]);
	return err ? ENOMEM : 0;
}

void redis_cfg_drop(struct redis_cfg_own *own)
{
	for (size_t i = 0; i < sizeof(own->text) / sizeof(own->text[0]); i++)
		own->text[i] = mem_deref(own->text[i]);
}

int redis_argv_split(const char ***datap, size_t **lenp,
		     const struct redis_arg *argv, size_t argc)
{
	const char **data;
	size_t *len;

	data = mem_alloc(argc * (sizeof(*data) + sizeof(*len)), NULL);
	if (!data)
		return ENOMEM;

	len = (size_t *)(void *)(data + argc);
	for (size_t i = 0; i < argc; i++) {
		data[i] = argv[i].len ? argv[i].data : "";
		len[i] = argv[i].len;
	}
	*datap = data;
	*lenp = len;
	return 0;
}

struct redis_arg redis_str(const char *s)
{
	return (struct redis_arg){s, s ? strlen(s) : 0};
}

static bool has_text(const struct redis_val *val)
{
	return val && (val->type == REDIS_STR || val->type == REDIS_STATUS ||
		       val->type == REDIS_ERR);
}

bool redis_is(const struct redis_val *val, const char *s)
{
	return has_text(val) && val->len == strlen(s) &&
	       !memcmp(val->str, s, val->len);
}

const struct redis_val *redis_field(const struct redis_val *flat,
				    const char *field)
{
	const size_t len = strlen(field);

	if (!flat || flat->type != REDIS_ARRAY)
		return NULL;

	for (size_t i = 0; i + 1 < flat->len; i += 2) {
		const struct redis_val *name = &flat->el[i];

		if (has_text(name) && name->len == len &&
		    !memcmp(name->str, field, len))
			return &flat->el[i + 1];
	}
	return NULL;
}

static bool parse_num(const char *s, size_t len, uint64_t *num)
{
	uint64_t n = 0;

	if (!len || len > 20)
		return false;

	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned char)s[i] - '0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*num = n;
	return true;
}

bool redis_num(const struct redis_val *val, uint64_t *num)
{
	if (!val)
		return false;
	if (val->type == REDIS_STR || val->type == REDIS_STATUS)
		return parse_num(val->str, val->len, num);
	if (val->type != REDIS_INT || val->num < 0)
		return false;

	*num = (uint64_t)val->num;
	return true;
}

static bool is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("._@+-", c));
}

static int put(struct re_printf *pf, const char *p, size_t len)
{
	return len ? pf->vph(p, len, pf->arg) : 0;
}

int redis_key_part(struct re_printf *pf, const struct pl *name)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t done = 0;
	int err = 0;

	for (size_t i = 0; i < name->l && !err; i++) {
		unsigned char c = (unsigned char)name->p[i];
		const char hex[3] = {'%', digits[c >> 4], digits[c & 15]};

		if (is_plain(c))
			continue;
		err = put(pf, name->p + done, i - done);
		if (!err)
			err = put(pf, hex, sizeof(hex));
		done = i + 1;
	}
	return err ? err : put(pf, name->p + done, name->l - done);
}
