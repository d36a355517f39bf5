/*
 * cfg_value.c  The text of one value into memory
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit time_units[] = {
	{"ms", 1},          {"s", 1000},         {"m", 60 * 1000},
	{"h", 3600 * 1000}, {"d", 86400 * 1000}, {NULL, 0}};

static const struct unit size_units[] = {{"", 1},
					 {"KiB", 1ll << 10},
					 {"MiB", 1ll << 20},
					 {"GiB", 1ll << 30},
					 {NULL, 0}};

bool cfg_is_scalar(const struct cfg_field *field)
{
	return field->type != CFG_TABLE && field->type != CFG_LIST &&
	       field->type != CFG_MAP && field->type != CFG_POS;
}

void cfg_range(const struct cfg_field *field, int64_t *lo, int64_t *hi)
{
	const bool text = field->type == CFG_STRING || field->type == CFG_REGEX;

	*lo = field->min;
	*hi = field->max;
	if (*lo || *hi)
		return;
	if (text) {
		*lo = 1;
		*hi = CFG_STRING_DEFAULT_MAX;
	} else {
		*hi = field->size >= sizeof(int64_t)
			      ? INT64_MAX
			      : (1ll << 8 * field->size) - 1;
	}
}

/* Digits, one spelling: no sign, no leading zero. Stops behind them. */
static bool read_digits(const char **textp, int64_t *value)
{
	const char *p = *textp;
	int64_t v = 0;

	if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (v > (INT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (*p - '0');
	}
	if (p == *textp)
		return false;
	*textp = p;
	*value = v;
	return true;
}

static bool in_range(const struct cfg_field *field, int64_t value)
{
	int64_t lo, hi;

	cfg_range(field, &lo, &hi);
	return value >= lo && value <= hi;
}

static bool store(const struct cfg_field *field, int64_t value, void *dst)
{
	const uint64_t bits = (uint64_t)value;

	if (!in_range(field, value))
		return false;
	switch (field->size) {
	case 1:
		*(uint8_t *)dst = (uint8_t)bits;
		return true;
	case 2:
		*(uint16_t *)dst = (uint16_t)bits;
		return true;
	case 4:
		*(uint32_t *)dst = (uint32_t)bits;
		return true;
	case 8:
		*(uint64_t *)dst = bits;
		return true;
	default:
		return false;
	}
}

static bool read_int(const struct cfg_field *field, const char *text, void *dst)
{
	const bool minus = text[0] == '-';
	int64_t value;

	text += minus;
	if (!read_digits(&text, &value) || *text || (minus && !value))
		return false;
	return store(field, minus ? -value : value, dst);
}

static bool read_unit(const struct cfg_field *field, const char *text,
		      void *dst, const struct unit *units)
{
	int64_t value;

	if (!read_digits(&text, &value))
		return false;
	/* nothing is nothing in any unit */
	if (!value && !*text)
		return store(field, 0, dst);
	for (; units->name; units++) {
		if (!strcmp(units->name, text))
			break;
	}
	if (!units->name || value > INT64_MAX / units->factor)
		return false;
	return store(field, value * units->factor, dst);
}

static bool read_bool(const char *text, bool *value)
{
	*value = !strcmp(text, "true");
	return *value || !strcmp(text, "false");
}

static bool read_enum(const struct cfg_field *field, const char *text,
		      void *dst)
{
	const struct cfg_choice *choice = field->choices;

	for (; choice->name; choice++) {
		if (!strcmp(choice->name, text)) {
			*(int *)dst = choice->value;
			return true;
		}
	}
	return false;
}

static bool read_host(const char *text, size_t len, struct sa *sa)
{
	char host[INET6_ADDRSTRLEN];
	struct in_addr in;
	struct in6_addr in6;

	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &in) == 1) {
		sa_set_in(sa, ntohl(in.s_addr), 0);
		return true;
	}
	if (inet_pton(AF_INET6, host, &in6) == 1) {
		sa_set_in6(sa, in6.s6_addr, 0);
		return true;
	}
	return false;
}

static bool read_port(const char *text, uint16_t *port)
{
	int64_t value;

	if (!read_digits(&text, &value) || *text || value > 65535)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* addr, addr:port, [addr6], [addr6]:port; a bare IPv6 address when allowed */
static bool read_addr(const struct cfg_field *field, const char *text,
		      struct sa *sa)
{
	const bool bracket = text[0] == '[';
	const char *end = strrchr(text, bracket ? ']' : ':');
	const char *host = text + bracket;
	uint16_t port = 0;
	bool bare;

	if (bracket && !end)
		return false;
	/* more than one colon without brackets: no port can be in it */
	if (!bracket && (!end || strchr(text, ':') != end))
		end = text + strlen(text);
	if (!read_host(host, (size_t)(end - host), sa) ||
	    (bracket && sa_af(sa) != AF_INET6))
		return false;

	end += bracket;
	bare = !*end;
	if (!bare && (*end != ':' || !read_port(end + 1, &port)))
		return false;
	if (bare && !(field->flags & CFG_F_NO_PORT))
		return false;
	sa_set_port(sa, port);
	return true;
}

/* The address in bytes; IPv4-mapped as IPv4. */
static size_t bytes_of(const struct sa *sa, uint8_t bytes[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (sa_af(sa) == AF_INET) {
		uint32_t in = htonl(sa_in(sa));

		memcpy(bytes, &in, 4);
		return 4;
	}
	sa_in6(sa, bytes);
	if (memcmp(bytes, mapped, sizeof(mapped)))
		return 16;
	memmove(bytes, bytes + 12, 4);
	return 4;
}

static bool bit_of(const uint8_t *bytes, unsigned i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

bool cfg_cidr_read(struct cfg_cidr *cidr, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint8_t bytes[16] = {0};
	int64_t bits;
	size_t size;

	if (!read_host(text, len, &cidr->net))
		return false;
	size = bytes_of(&cidr->net, bytes);
	/* ::ffff:10.0.0.0/104 would have to be counted twice: refused */
	if (sa_af(&cidr->net) == AF_INET6 && size == 4)
		return false;
	bits = (int64_t)size * 8;
	if (slash) {
		++slash;
		if (!read_digits(&slash, &bits) || *slash ||
		    bits > (int64_t)size * 8)
			return false;
	}
	for (unsigned i = (unsigned)bits; i < size * 8; i++) {
		if (bit_of(bytes, i))
			return false;
	}
	cidr->bits = (uint8_t)bits;
	return true;
}

bool cfg_cidr_has(const struct cfg_cidr *cidr, const struct sa *addr)
{
	uint8_t net[16], host[16];
	size_t nlen, hlen;

	if (!cidr || !addr || sa_af(&cidr->net) == AF_UNSPEC ||
	    sa_af(addr) == AF_UNSPEC)
		return false;
	nlen = bytes_of(&cidr->net, net);
	hlen = bytes_of(addr, host);
	if (nlen != hlen || memcmp(net, host, cidr->bits / 8))
		return false;
	for (unsigned i = cidr->bits / 8u * 8; i < cidr->bits; i++) {
		if (bit_of(net, i) != bit_of(host, i))
			return false;
	}
	return true;
}

static int read_string(const struct cfg_field *field, const char *text,
		       const char **dst, struct arena *mem)
{
	const size_t len = strlen(text);

	if (!in_range(field, (int64_t)len))
		return EINVAL;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return EINVAL;
	}
	*dst = arena_copy(mem, text, len);
	return *dst ? 0 : ENOMEM;
}

static int read_typed(const struct cfg_field *field, const char *text,
		      void *dst, struct arena *mem)
{
	bool ok = false;

	switch (field->type) {
	case CFG_STRING:
	case CFG_REGEX:
		return read_string(field, text, dst, mem);
	case CFG_INT:
		ok = read_int(field, text, dst);
		break;
	case CFG_BOOL:
		ok = read_bool(text, dst);
		break;
	case CFG_ENUM:
		ok = read_enum(field, text, dst);
		break;
	case CFG_DURATION:
		ok = read_unit(field, text, dst, time_units);
		break;
	case CFG_SIZE:
		ok = read_unit(field, text, dst, size_units);
		break;
	case CFG_ADDR:
		ok = read_addr(field, text, dst);
		break;
	case CFG_CIDR:
		ok = cfg_cidr_read(dst, text);
		break;
	case CFG_NONE:
	case CFG_TABLE:
	case CFG_LIST:
	case CFG_MAP:
	case CFG_POS:
		break;
	}
	return ok ? 0 : EINVAL;
}

int cfg_value_read(const struct cfg_field *field, const char *text, void *dst,
		   struct arena *mem, char why[CFG_WHY_MAX])
{
	int err = read_typed(field, text, dst, mem);

	why[0] = '\0';
	if (!err && field->check && !field->check(text, why, CFG_WHY_MAX))
		err = EINVAL;
	if (err && !why[0])
		cfg_expect(field, why, CFG_WHY_MAX);
	return err;
}
