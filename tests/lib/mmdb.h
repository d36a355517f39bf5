/*
 * mmdb.h  A small MaxMind database, made by the tests
 *
 * Format 2.0 (maxmind.github.io/MaxMind-DB): a binary tree of addresses, 32
 * bits a record, then the data, then what it says of itself. IPv6, with
 * IPv4 at ::/96.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_MMDB_H
#define TESTS_LIB_MMDB_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/cfg_schema.h"

/* A wider network before those within it. NULL: the key is absent. */
struct mmdb_row {
	const char *net, *country, *continent, *subdivision;
};

enum {
	MMDB_TEST_NODES = 4096,
	MMDB_TEST_LEAF = 1 << 30, /* a record of data: + its place */
	MMDB_TEST_EMPTY = -1
};

struct mmdb_tree {
	int32_t node[MMDB_TEST_NODES][2];
	int32_t count;
	struct mbuf *data;
};

/* --- data -------------------------------------------------------------------- */

static inline void mmdb_head(struct mbuf *mb, unsigned type, size_t size)
{
	mbuf_write_u8(mb, (uint8_t)((type > 7 ? 0 : type << 5) |
				    (size < 29 ? size : 29)));
	if (type > 7)
		mbuf_write_u8(mb, (uint8_t)(type - 7));
	if (size >= 29)
		mbuf_write_u8(mb, (uint8_t)(size - 29));
}

static inline void mmdb_string(struct mbuf *mb, const char *text)
{
	mmdb_head(mb, 2, strlen(text));
	mbuf_write_str(mb, text);
}

static inline void mmdb_map(struct mbuf *mb, size_t count)
{
	mmdb_head(mb, 7, count);
}

static inline void mmdb_number(struct mbuf *mb, const char *key, unsigned type,
			       uint32_t value)
{
	mmdb_string(mb, key);
	mmdb_head(mb, type, 4 - 2 * (type == 5));
	if (type == 5)
		mbuf_write_u16(mb, htons((uint16_t)value));
	else
		mbuf_write_u32(mb, htonl(value));
}

/* {key: {code_key: code}} */
static inline void mmdb_code(struct mbuf *mb, const char *key,
			     const char *code_key, const char *code)
{
	if (!code)
		return;
	mmdb_string(mb, key);
	mmdb_map(mb, 1);
	mmdb_string(mb, code_key);
	mmdb_string(mb, code);
}

static inline void mmdb_entry(struct mbuf *mb, const struct mmdb_row *row)
{
	mmdb_map(mb, !!row->country + !!row->continent + !!row->subdivision);
	mmdb_code(mb, "country", "iso_code", row->country);
	mmdb_code(mb, "continent", "code", row->continent);
	if (!row->subdivision)
		return;
	mmdb_string(mb, "subdivisions");
	mmdb_head(mb, 11, 1);
	mmdb_map(mb, 1);
	mmdb_string(mb, "iso_code");
	mmdb_string(mb, row->subdivision);
}

/* --- tree ----------------------------------------------------------------------- */

static inline int32_t mmdb_node(struct mmdb_tree *tree, int32_t both)
{
	tree->node[tree->count][0] = tree->node[tree->count][1] = both;
	return tree->count++;
}

static inline void mmdb_insert(struct mmdb_tree *tree, const char *net,
			       int32_t leaf)
{
	uint8_t addr[16] = {0};
	struct cfg_cidr cidr;
	unsigned bits;
	int32_t *at, node = 0;

	if (!cfg_cidr_read(&cidr, net))
		return;
	bits = cidr.bits;
	if (sa_af(&cidr.net) == AF_INET) {
		const uint32_t in = htonl(sa_in(&cidr.net));

		memcpy(addr + 12, &in, 4);
		bits += 96;
	} else {
		sa_in6(&cidr.net, addr);
	}
	for (unsigned i = 0;; i++) {
		at = &tree->node[node][addr[i / 8] >> (7 - i % 8) & 1];
		if (i + 1 == bits)
			break;
		if (*at < 0 || *at >= MMDB_TEST_LEAF)
			*at = mmdb_node(tree, *at);
		node = *at;
	}
	*at = leaf;
}

static inline void mmdb_metadata(struct mbuf *mb, const char *type,
				 uint32_t nodes)
{
	mbuf_write_str(mb, "\xab\xcd\xefMaxMind.com");
	mmdb_map(mb, 9);
	mmdb_number(mb, "node_count", 6, nodes);
	mmdb_number(mb, "record_size", 5, 32);
	mmdb_number(mb, "ip_version", 5, 6);
	mmdb_string(mb, "database_type");
	mmdb_string(mb, type);
	mmdb_string(mb, "languages");
	mmdb_head(mb, 11, 1);
	mmdb_string(mb, "en");
	mmdb_number(mb, "binary_format_major_version", 5, 2);
	mmdb_number(mb, "binary_format_minor_version", 5, 0);
	mmdb_string(mb, "build_epoch");
	mmdb_head(mb, 9, 4);
	mbuf_write_u32(mb, htonl(1780000000));
	mmdb_string(mb, "description");
	mmdb_map(mb, 1);
	mmdb_string(mb, "en");
	mmdb_string(mb, "made by a test");
}

/* The bytes of a database; the caller frees. NULL: no memory. */
static inline struct mbuf *mmdb_make(const struct mmdb_row *rows, size_t count,
				     const char *type)
{
	struct mmdb_tree *tree = mem_zalloc(sizeof(*tree), NULL);
	struct mbuf *data = mbuf_alloc(4096), *mb = mbuf_alloc(65536);

	if (!tree || !data || !mb) {
		mem_deref(tree);
		mem_deref(data);
		return mem_deref(mb);
	}
	(void)mmdb_node(tree, MMDB_TEST_EMPTY);
	for (size_t i = 0; i < count; i++) {
		mmdb_insert(tree, rows[i].net,
			    MMDB_TEST_LEAF + (int32_t)data->pos);
		mmdb_entry(data, &rows[i]);
	}
	for (int32_t i = 0; i < tree->count * 2; i++) {
		const int32_t to = tree->node[i / 2][i % 2];
		const uint32_t n = (uint32_t)tree->count;

		mbuf_write_u32(mb, htonl(to < 0 ? n
					 : to >= MMDB_TEST_LEAF
						 ? n + 16 +
							   (uint32_t)(to -
								      MMDB_TEST_LEAF)
						 : (uint32_t)to));
	}
	mbuf_fill(mb, 0, 16);
	mbuf_write_mem(mb, data->buf, data->end);
	mmdb_metadata(mb, type, (uint32_t)tree->count);
	mem_deref(data);
	mem_deref(tree);
	return mb;
}

/* false: it could not be written. */
static inline bool mmdb_write(const char *path, const struct mmdb_row *rows,
			      size_t count, const char *type)
{
	struct mbuf *mb = mmdb_make(rows, count, type);
	FILE *f = fopen(path, "wb");
	bool ok = mb && f && fwrite(mb->buf, 1, mb->end, f) == mb->end;

	if (f && fclose(f))
		ok = false;
	mem_deref(mb);
	return ok;
}

#endif
