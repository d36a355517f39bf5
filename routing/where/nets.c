/*
 * nets.c  Which of many networks an address is in
 *
 * In the order of their first addresses, wider ones before narrower ones:
 * the last that does not begin behind an address is the narrowest that the
 * address is in, or lies in it ("up").
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/where/nets.h"

enum {
	NETS_MAX = 10000000
};

struct address { /* IPv4: in the upper half of hi */
	uint64_t hi, lo;
};

struct net {
	struct address first;
	uint32_t id;
	uint32_t up;
	uint8_t v4, bits;
};

struct nets {
	struct net *list; /* all of IPv6, then all of IPv4 */
	uint32_t count, room, first_v4;
	bool sealed;
};

static void destructor(void *arg)
{
	struct nets *nets = arg;

	mem_deref(nets->list);
}

int nets_alloc(struct nets **netsp)
{
	struct nets *nets = mem_zalloc(sizeof(*nets), destructor);

	if (!nets)
		return ENOMEM;
	*netsp = nets;
	return 0;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* false: neither IPv4 nor IPv6. */
static bool address_of(struct address *address, bool *v4, const struct sa *sa)
{
	uint8_t bytes[16];

	*v4 = sa_af(sa) == AF_INET;
	*address = (struct address){(uint64_t)sa_in(sa) << 32, 0};
	if (*v4)
		return true;
	if (sa_af(sa) != AF_INET6)
		return false;
	sa_in6(sa, bytes);
	address->hi = get64(bytes);
	address->lo = get64(bytes + 8);
	if (address->hi || address->lo >> 32 != 0xffff)
		return true;
	*v4 = true;
	*address = (struct address){address->lo << 32, 0};
	return true;
}

static int grow(struct nets *nets)
{
	const uint32_t room = nets->room ? nets->room * 2 : 16;
	struct net *list;

	if (nets->count < nets->room)
		return 0;
	if (nets->count >= NETS_MAX)
		return E2BIG;
	list = nets->list ? mem_realloc(nets->list, room * sizeof(*list))
			  : mem_alloc(room * sizeof(*list), NULL);
	if (!list)
		return ENOMEM;
	nets->list = list;
	nets->room = room;
	return 0;
}

int nets_add(struct nets *nets, const struct cfg_cidr *cidr, uint32_t id)
{
	struct net net = {.id = id, .bits = cidr->bits};
	bool v4;
	int err;

	if (nets->sealed || !address_of(&net.first, &v4, &cidr->net))
		return EINVAL;
	net.v4 = v4;
	err = grow(nets);
	if (!err)
		nets->list[nets->count++] = net;
	return err;
}

static int compare_address(const struct address *a, const struct address *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

static int compare(const void *a, const void *b)
{
	const struct net *x = a, *y = b;
	int order = x->v4 - y->v4;

	order = order ? order : compare_address(&x->first, &y->first);
	order = order ? order : x->bits - y->bits;
	return order ? order : x->id < y->id ? -1 : x->id > y->id;
}

static bool same_bits(uint64_t a, uint64_t b, unsigned bits)
{
	return !bits || !((a ^ b) >> (64 - bits));
}

static bool has(const struct net *net, const struct address *address)
{
	const unsigned bits = net->bits;

	if (bits <= 64)
		return same_bits(net->first.hi, address->hi, bits);
	return net->first.hi == address->hi &&
	       same_bits(net->first.lo, address->lo, bits - 64);
}

static void link_up(struct nets *nets)
{
	for (uint32_t i = 0; i < nets->count; i++) {
		struct net *net = &nets->list[i];
		uint32_t up = i && i != nets->first_v4 ? i - 1 : NETS_NONE;

		while (up != NETS_NONE && !has(&nets->list[up], &net->first))
			up = nets->list[up].up;
		net->up = up;
	}
}

void nets_seal(struct nets *nets)
{
	struct net *list;

	nets->sealed = true;
	if (!nets->count)
		return;
	qsort(nets->list, nets->count, sizeof(*nets->list), compare);
	while (nets->first_v4 < nets->count && !nets->list[nets->first_v4].v4)
		++nets->first_v4;
	link_up(nets);
	list = mem_realloc(nets->list, nets->count * sizeof(*list));
	nets->list = list ? list : nets->list;
	nets->room = list ? nets->count : nets->room;
}

/* The last of lo..hi that does not begin behind the address. */
static uint32_t last_upto(const struct nets *nets, uint32_t lo, uint32_t hi,
			  const struct address *address)
{
	const uint32_t start = lo;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;

		if (compare_address(&nets->list[mid].first, address) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > start ? lo - 1 : NETS_NONE;
}

uint32_t nets_find(const struct nets *nets, const struct sa *addr)
{
	struct address address;
	uint32_t place;
	bool v4;

	if (!nets || !nets->sealed || !addr || !address_of(&address, &v4, addr))
		return NETS_NONE;
	place = v4 ? last_upto(nets, nets->first_v4, nets->count, &address)
		   : last_upto(nets, 0, nets->first_v4, &address);
	while (place != NETS_NONE && !has(&nets->list[place], &address))
		place = nets->list[place].up;
	return place;
}

uint32_t nets_next(const struct nets *nets, uint32_t place)
{
	return nets->list[place].up;
}

uint32_t nets_id(const struct nets *nets, uint32_t place)
{
	return nets->list[place].id;
}

size_t nets_bytes(const struct nets *nets)
{
	return nets ? sizeof(*nets) + nets->room * sizeof(*nets->list) : 0;
}
