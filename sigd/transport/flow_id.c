/*
 * flow_id.c  The names of flows: packed, as text, compared
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/transport/flow.h"

enum {
	FAMILY_SHIFT = 4,
	KIND_MASK = 15
};
enum {
	FAMILY_NONE,
	FAMILY_V4,
	FAMILY_V6
};

static const char *const kind_names[] = {"", "WSS", "WS", "UDP", "TCP", "TLS"};
static const char *const kind_words[] = {"", "wss", "ws", "udp", "tcp", "tls"};

const char *flow_kind_name(enum flow_kind kind)
{
	return kind <= FLOW_TLS ? kind_names[kind] : "";
}

bool flow_kind_reliable(enum flow_kind kind)
{
	return kind != FLOW_UDP && kind > FLOW_NONE && kind <= FLOW_TLS;
}

static bool node_valid(const char *node, size_t len)
{
	if (!len || len > NODE_NAME_MAX)
		return false;

	for (size_t i = 0; i < len; i++) {
		char c = node[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return false;
	}
	return true;
}

static bool is_peer(const struct flow_id *id)
{
	return !id->epoch && !id->num && sa_isset(&id->remote, SA_ALL);
}

/* One rule for all that is made outside: packed, parsed or by hand. */
static bool id_valid(const struct flow_id *id)
{
	size_t len = strnlen(id->node, sizeof(id->node));

	if (!node_valid(id->node, len) || !id->slot)
		return false;

	switch (id->kind) {
	case FLOW_WSS:
	case FLOW_WS:
		return id->epoch && id->num;
	case FLOW_UDP:
		return is_peer(id);
	case FLOW_TCP:
	case FLOW_TLS:
		return (id->epoch && id->num) || is_peer(id);
	default:
		return false;
	}
}

bool flow_id_addressed(const struct flow_id *id)
{
	return id->kind == FLOW_UDP ||
	       ((id->kind == FLOW_TCP || id->kind == FLOW_TLS) && !id->num);
}

bool flow_id_isset(const struct flow_id *id)
{
	return id && id_valid(id);
}

bool flow_id_equal(const struct flow_id *a, const struct flow_id *b)
{
	if (a->kind != b->kind || a->slot != b->slot || a->num != b->num ||
	    a->epoch != b->epoch || strcmp(a->node, b->node))
		return false;

	return !flow_id_addressed(a) ||
	       (a->listener == b->listener && a->tag == b->tag &&
		sa_cmp(&a->remote, &b->remote, SA_ALL));
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(v >> shift);
	return p;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint8_t *put_remote(uint8_t *p, const struct flow_id *id)
{
	uint16_t port = sa_port(&id->remote);

	*p++ = id->listener;
	if (sa_af(&id->remote) == AF_INET6) {
		sa_in6(&id->remote, p);
		p += 16;
	} else {
		p = put32(p, sa_in(&id->remote));
	}
	*p++ = (uint8_t)(port >> 8);
	*p++ = (uint8_t)port;
	return id->kind == FLOW_TLS ? put32(p, id->tag) : p;
}

/*
 *   kind | family << 4 (1)  length of node (1)  node  slot (1)
 *   connection: epoch (4) number (4); peer: listener (1) address port (2),
 *   TLS: tag (4)
 */
int flow_id_pack(const struct flow_id *id, uint8_t buf[FLOW_PACK_MAX],
		 size_t *len)
{
	uint8_t *p = buf;
	size_t nodelen;
	int family = FAMILY_NONE;

	if (!id || !buf || !len || !id_valid(id))
		return EINVAL;

	if (flow_id_addressed(id))
		family = sa_af(&id->remote) == AF_INET6 ? FAMILY_V6 : FAMILY_V4;
	nodelen = strlen(id->node);
	*p++ = (uint8_t)(id->kind | family << FAMILY_SHIFT);
	*p++ = (uint8_t)nodelen;
	memcpy(p, id->node, nodelen);
	p += nodelen;
	*p++ = id->slot;
	if (flow_id_addressed(id))
		p = put_remote(p, id);
	else
		p = put32(put32(p, id->epoch), id->num);

	*len = (size_t)(p - buf);
	return 0;
}

static int get_remote(struct flow_id *id, const uint8_t *p, size_t len,
		      int family)
{
	size_t alen = family == FAMILY_V6 ? 16 : 4;
	size_t tag = id->kind == FLOW_TLS ? 4 : 0;
	uint16_t port;

	if (family == FAMILY_NONE || len != 1 + alen + 2 + tag)
		return EBADMSG;

	if (tag)
		id->tag = get32(p + 1 + alen + 2);

	id->listener = p[0];
	port = (uint16_t)(p[1 + alen] << 8 | p[2 + alen]);
	if (family == FAMILY_V6)
		sa_set_in6(&id->remote, p + 1, port);
	else
		sa_set_in(&id->remote, get32(p + 1), port);
	return 0;
}

int flow_id_unpack(struct flow_id *id, const uint8_t *buf, size_t len)
{
	struct flow_id out = {.slot = 0};
	size_t nodelen, head;
	int family, err = 0;

	if (!id || !buf || len < 2)
		return EBADMSG;

	nodelen = buf[1];
	head = 2 + nodelen + 1;
	if (nodelen > NODE_NAME_MAX || len < head)
		return EBADMSG;

	out.kind = buf[0] & KIND_MASK;
	family = buf[0] >> FAMILY_SHIFT;
	memcpy(out.node, buf + 2, nodelen);
	out.slot = buf[2 + nodelen];
	if (out.kind == FLOW_UDP ||
	    (family != FAMILY_NONE && family <= FAMILY_V6)) {
		err = get_remote(&out, buf + head, len - head, family);
	} else if (family == FAMILY_NONE && len == head + 8) {
		out.epoch = get32(buf + head);
		out.num = get32(buf + head + 4);
	} else {
		err = EBADMSG;
	}
	if (err || strlen(out.node) != nodelen || !id_valid(&out))
		return EBADMSG;

	*id = out;
	return 0;
}

const char *flow_id_text(char text[FLOW_TEXT_MAX + 1], const struct flow_id *id)
{
	int n;

	if (!id || !id_valid(id))
		n = re_snprintf(text, FLOW_TEXT_MAX + 1, "-");
	else if (id->kind == FLOW_TLS && !id->num)
		n = re_snprintf(text, FLOW_TEXT_MAX + 1, "%s/%u/tls/%u.%u/%J",
				id->node, id->slot, id->listener, id->tag,
				&id->remote);
	else if (flow_id_addressed(id))
		n = re_snprintf(text, FLOW_TEXT_MAX + 1, "%s/%u/%s/%u/%J",
				id->node, id->slot, kind_words[id->kind],
				id->listener, &id->remote);
	else
		n = re_snprintf(text, FLOW_TEXT_MAX + 1, "%s/%u/%s/%u.%u",
				id->node, id->slot, kind_words[id->kind],
				id->epoch, id->num);
	if (n < 0)
		text[0] = '\0';
	return text;
}

/* A decimal number without sign, blank or superfluous zero. */
static bool number(const struct pl *pl, uint32_t max, uint32_t *v)
{
	uint64_t n = 0;

	if (!pl->l || pl->l > 10 || (pl->l > 1 && pl->p[0] == '0'))
		return false;
	for (size_t i = 0; i < pl->l; i++) {
		if (pl->p[i] < '0' || pl->p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(pl->p[i] - '0');
	}
	*v = (uint32_t)n;
	return n <= max;
}

/* The next piece up to sep (or all that is left), without it. */
static struct pl piece(struct pl *rest, char sep)
{
	const char *end = rest->l ? memchr(rest->p, sep, rest->l) : NULL;
	struct pl out = {rest->p, end ? (size_t)(end - rest->p) : rest->l};
	size_t used = out.l + (end ? 1 : 0);

	rest->p += used;
	rest->l -= used;
	return out;
}

static int parse_peer(struct flow_id *id, struct pl *rest)
{
	struct pl tag = piece(rest, '/'), listener = piece(&tag, '.');
	uint32_t n;

	if (id->kind == FLOW_TLS && !number(&tag, UINT32_MAX, &id->tag))
		return EBADMSG;
	if (!number(&listener, UINT8_MAX, &n) || !rest->l ||
	    sa_decode(&id->remote, rest->p, rest->l))
		return EBADMSG;

	id->listener = (uint8_t)n;
	return 0;
}

static int parse_conn(struct flow_id *id, struct pl *rest)
{
	struct pl epoch = piece(rest, '.');

	if (!number(&epoch, UINT32_MAX, &id->epoch) ||
	    !number(rest, UINT32_MAX, &id->num))
		return EBADMSG;
	return 0;
}

int flow_id_parse(struct flow_id *id, const char *text, size_t len)
{
	struct pl rest = {text, len}, node, slot, kind;
	struct flow_id out = {.slot = 0};
	char again[FLOW_TEXT_MAX + 1];
	uint32_t n;

	if (!id || !text || len > FLOW_TEXT_MAX)
		return EBADMSG;

	node = piece(&rest, '/');
	slot = piece(&rest, '/');
	kind = piece(&rest, '/');
	if (!node_valid(node.p, node.l) || !number(&slot, UINT8_MAX, &n))
		return EBADMSG;

	memcpy(out.node, node.p, node.l);
	out.slot = (uint8_t)n;
	for (uint8_t k = FLOW_WSS; k <= FLOW_TLS; k++) {
		if (!pl_strcmp(&kind, kind_words[k]))
			out.kind = k;
	}
	if (memchr(rest.p, '/', rest.l) ? parse_peer(&out, &rest)
					: parse_conn(&out, &rest))
		return EBADMSG;

	/* One text for one flow: what we would not have written is not ours */
	flow_id_text(again, &out);
	if (strlen(again) != len || memcmp(again, text, len))
		return EBADMSG;

	*id = out;
	return 0;
}
