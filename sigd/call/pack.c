/*
 * pack.c  The plain bytes of our tokens: written and read with bounds
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/id.h"
#include "sigd/call/pack.h"

size_t pack_left(const struct pack *out)
{
	return out->size - out->pos;
}

static uint8_t *take(struct pack *out, size_t len)
{
	uint8_t *p = out->p + out->pos;

	if (!out->err && pack_left(out) < len)
		out->err = EMSGSIZE;
	if (out->err)
		return NULL;

	out->pos += len;
	return p;
}

void pack_u8(struct pack *out, uint8_t v)
{
	uint8_t *p = take(out, 1);

	if (p)
		*p = v;
}

void pack_u32(struct pack *out, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		pack_u8(out, (uint8_t)(v >> shift));
}

void pack_id(struct pack *out, const char *id)
{
	uint8_t *p = take(out, 8);

	if (p && (!id_valid(id, strlen(id)) || str_hex(p, 8, id)))
		out->err = EINVAL;
}

void pack_bytes(struct pack *out, const void *data, size_t len)
{
	uint8_t *p = take(out, len + 1);

	if (len > 255)
		out->err = EMSGSIZE;
	if (!p || out->err)
		return;

	*p = (uint8_t)len;
	if (len)
		memcpy(p + 1, data, len);
}

static const uint8_t *give(struct unpack *in, size_t len)
{
	const uint8_t *p = in->p + in->pos;

	if (!in->err && in->len - in->pos < len)
		in->err = EBADMSG;
	if (in->err)
		return NULL;

	in->pos += len;
	return p;
}

uint8_t unpack_u8(struct unpack *in)
{
	const uint8_t *p = give(in, 1);

	return p ? *p : 0;
}

uint32_t unpack_u32(struct unpack *in)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v = v << 8 | unpack_u8(in);
	return v;
}

void unpack_id(struct unpack *in, char id[17])
{
	const uint8_t *p = give(in, 8);

	id[0] = '\0';
	if (p)
		re_snprintf(id, 17, "%w", p, (size_t)8);
}

size_t unpack_bytes(struct unpack *in, void *data, size_t size)
{
	size_t len = unpack_u8(in);
	const uint8_t *p = give(in, len);

	if (p && len > size)
		in->err = EBADMSG;
	if (!p || in->err)
		return 0;

	memcpy(data, p, len);
	return len;
}

void unpack_str(struct unpack *in, char *str, size_t size)
{
	size_t len = unpack_bytes(in, str, size - 1);

	str[len] = '\0';
	if (strlen(str) != len)
		in->err = EBADMSG;
}
