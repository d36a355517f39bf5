/*
 * node.c  Who a worker is: node, slot and epoch
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/node.h"

static bool alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool node_name_valid(const char *name, size_t len)
{
	if (!name || !len || len > NODE_NAME_MAX)
		return false;
	if (!alnum(name[0]) || !alnum(name[len - 1]))
		return false;

	for (size_t i = 0; i < len; i++) {
		if (!alnum(name[i]) && name[i] != '-')
			return false;
	}
	return true;
}

void node_name_from(char name[NODE_NAME_MAX + 1], const char *text)
{
	size_t len = 0;

	for (; *text && *text != '.' && len < NODE_NAME_MAX; text++) {
		char c = *text;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (alnum(c))
			name[len++] = c;
		else if (len && name[len - 1] != '-')
			name[len++] = '-';
	}
	if (len && name[len - 1] == '-')
		len--;
	name[len] = '\0';
	if (!len)
		memcpy(name, "node", sizeof("node"));
}

void node_name_default(char name[NODE_NAME_MAX + 1])
{
	char host[256] = "";

	/* a name that was cut need not end in 0 (gethostname(2)) */
	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	node_name_from(name, host);
}

void node_addr_format(char addr[NODE_ADDR_MAX + 1], const struct node_id *id)
{
	snprintf(addr, NODE_ADDR_MAX + 1, "%s/%u", id->node, id->slot);
}

static int slot_parse(uint8_t *slot, const char *text, size_t len)
{
	unsigned n = 0;

	if (!len || len > 3 || text[0] == '0')
		return EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return EINVAL;
		n = n * 10 + (unsigned)(text[i] - '0');
	}
	if (n > NODE_SLOT_MAX)
		return EINVAL;

	*slot = (uint8_t)n;
	return 0;
}

int node_addr_parse(struct node_id *id, const char *text, size_t len)
{
	const char *slash = text ? memchr(text, '/', len) : NULL;
	struct node_id read = {.epoch = 0};
	size_t name_len;

	if (!slash)
		return EINVAL;
	name_len = (size_t)(slash - text);
	if (!node_name_valid(text, name_len))
		return EINVAL;
	if (slot_parse(&read.slot, slash + 1, len - name_len - 1))
		return EINVAL;

	memcpy(read.node, text, name_len);
	*id = read;
	return 0;
}

bool node_same_place(const struct node_id *a, const struct node_id *b)
{
	return a->slot == b->slot && !strcmp(a->node, b->node);
}

bool node_same(const struct node_id *a, const struct node_id *b)
{
	return node_same_place(a, b) && a->epoch && a->epoch == b->epoch;
}

int node_compare(const struct node_id *a, const struct node_id *b)
{
	int order = strcmp(a->node, b->node);

	if (!order)
		order = (a->slot > b->slot) - (a->slot < b->slot);
	if (!order)
		order = (a->epoch > b->epoch) - (a->epoch < b->epoch);
	return order;
}
