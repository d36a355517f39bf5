/*
 * cfg_schema.h  One description of a configuration file: it checks, fills,
 *               prints and documents
 *
 * A file is described by const tables of fields. From them come
 *  - cfg_fill(): a tree (cfg_tree.h) into a plain struct with defaults, and
 *    all errors of the file, with place, expectation and "did you mean";
 *  - cfg_print(): the configuration as it is in effect, secrets as ***;
 *  - cfg_schema_print_json(): JSON Schema 2020-12 for editors;
 *  - cfg_schema_print_markdown(): the reference page.
 *
 *	struct demo_cfg {
 *		struct arena *mem;          first: owns all below
 *		uint32_t wait_ms;
 *		struct demo_peer *peers;
 *		uint32_t npeers;
 *	};
 *	static const struct cfg_field demo_fields[] = {
 *		{"wait", CFG_DURATION, CFG_AT(struct demo_cfg, wait_ms),
 *		 .min = 1, .max = 60000, .def = "20s", .help = "How long."},
 *		{"peers", CFG_MAP, CFG_ITEMS(struct demo_cfg, peers, npeers),
 *		 CFG_KEY(struct demo_peer, name), .item = &demo_peer_item,
 *		 .help = "Peers by name."},
 *		CFG_END,
 *	};
 *	const struct cfg_table demo_table = {
 *		CFG_ROOT(struct demo_cfg), "demo.yaml", demo_fields,
 *		"What this file is for."};
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CFG_SCHEMA_H
#define COMMON_CFG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_error.h"

struct arena;
struct cfg_node;
struct cfg_table;

enum cfg_type {
	CFG_NONE,
	CFG_STRING,   /* const char *; min..max bytes (1..1024), no control
			 characters; NULL when absent without default */
	CFG_REGEX,    /* const char *; as CFG_STRING, `check` compiles it */
	CFG_INT,      /* (u)intN_t; min..max, or what N bits hold unsigned */
	CFG_BOOL,     /* bool; true, false */
	CFG_ENUM,     /* int or enum; one of `choices` */
	CFG_DURATION, /* uint32_t or uint64_t, milliseconds, min..max;
			 "500ms", "20s", "5m", "2h", "1d" */
	CFG_SIZE,     /* uint32_t or uint64_t, bytes, min..max;
			 "512", "64KiB", "1MiB", "2GiB" */
	CFG_ADDR,     /* struct sa; "192.0.2.1:5060", "[2001:db8::1]:5060" */
	CFG_CIDR,     /* struct cfg_cidr; "10.0.0.0/8", "192.0.2.1", "::/0" */
	CFG_TABLE,    /* a nested struct described by `table`, in place; with
			 CFG_F_PTR a pointer, NULL when absent */
	CFG_LIST,     /* array of `item`, with its count; min..max entries */
	CFG_MAP,      /* the same, each with its key; check and pattern are
			 those of the keys */
	CFG_POS,      /* struct cfg_pos; no key: where this table stands */
};

enum {
	CFG_F_REQUIRED = 1 << 0,
	/* never printed; "${NAME}" takes it from the environment, and
	 * "file:path" from the first line of a file (relative to the
	 * configuration's folder) */
	CFG_F_SECRET = 1 << 1,
	CFG_F_PTR = 1 << 2,
	CFG_F_NO_PORT = 1 << 3, /* CFG_ADDR: an address without port, too */
	CFG_F_ALONE = 1 << 4,   /* CFG_LIST: one value may stand for a list */
};

struct cfg_choice {
	const char *name; /* NULL ends the table */
	int value;
	const char *help;
};

struct cfg_cidr {
	struct sa net;
	uint8_t bits;
};

/* Whether text will do; else why says what was expected ("a host name"). */
typedef bool(cfg_check_h)(const char *text, char *why, size_t size);

/*
 * The text (or the key of a map) is the name of an entry of another map: one
 * that stands beside it in the file, or in a table around it. Checked with the
 * tree, so a wrong name is told together with all other errors of the file.
 */
struct cfg_ref {
	const char *what;    /* "connection": for errors */
	const char *maps[3]; /* keys of the maps; NULL: no more */
	/* Whether the text is none of them and will do: "users"; NULL: none */
	bool (*other)(const char *text);
	/* key of a bool beside the map, or in a table around it: when true,
	 * there are names besides those of the file; NULL: none */
	const char *open_if;
	bool weak; /* to be named here is no use of it (cfg_field.unused) */
};

struct cfg_field {
	const char *key; /* NULL in an item and in CFG_POS */
	enum cfg_type type;
	uint32_t offset, size;     /* CFG_AT, CFG_ITEMS */
	uint32_t count_at, key_at; /* CFG_ITEMS, CFG_KEY */
	unsigned flags;
	int64_t min, max; /* both 0: the type's own */
	const char *def;  /* as it would stand in the file */
	const struct cfg_choice *choices;
	const struct cfg_field *item; /* of a list or map; its offset is
					  that within one entry. A map's may
					  be a list or a map again */
	const struct cfg_table *table;
	cfg_check_h *check;
	const char *pattern; /* the same as a regex, for JSON Schema */
	const char *help;    /* one line */
	const char *example;
	const struct cfg_ref *ref; /* of a text, or of the keys of a map */
	/* CFG_MAP: an entry that no ref names is warned about, with what that
	 * means: "no route leads to it" */
	const char *unused;
};

struct cfg_table {
	size_t size;      /* of the struct */
	const char *name; /* "a route": for error texts and headings */
	const struct cfg_field *fields; /* up to CFG_END */
	const char *help;
	unsigned flags;
};

/* cfg_table.flags: exactly one of its keys is set */
enum {
	CFG_T_ONE_OF = 1 << 0
};

#define CFG_SIZEOF(type, member) sizeof(((type *)0)->member)
#define CFG_AT(type, member) \
	.offset = offsetof(type, member), .size = CFG_SIZEOF(type, member)
/* member points to an array, count is a uint32_t */
#define CFG_ITEMS(type, member, count)                                         \
	.offset = offsetof(type, member), .size = CFG_SIZEOF(type, member[0]), \
	.count_at = offsetof(type, count)
/* where the key (const char *) stands in one entry of a map */
#define CFG_KEY(type, member) .key_at = offsetof(type, member)
#define CFG_END                  \
	{                        \
		.type = CFG_NONE \
	}
/* The struct of a file begins with `struct arena *mem`. */
#define CFG_ROOT(type)         \
	.size = sizeof(type) + \
		0 * sizeof(char[offsetof(type, mem) == 0 ? 1 : -1])

/*
 * Fills a new struct described by table and gives it to *cfgp; the caller
 * owns it, mem_deref() frees it with all its parts. EINVAL: entries were
 * added to errs and *cfgp is not written.
 */
int cfg_fill(void *cfgp, const struct cfg_table *table,
	     const struct cfg_node *root, struct cfg_errors *errs)
	__attribute__((warn_unused_result));

/* cfg_tree_load() and cfg_fill() in one. */
int cfg_load(void *cfgp, const struct cfg_table *table, const char *path,
	     struct cfg_errors *errs) __attribute__((warn_unused_result));

struct cfg_view {
	const struct cfg_table *table;
	const void *cfg; /* as filled */
};

/* All three are for %H. */
int cfg_print(struct re_printf *pf, const struct cfg_view *view);
int cfg_schema_print_json(struct re_printf *pf, const struct cfg_table *table);
int cfg_schema_print_markdown(struct re_printf *pf,
			      const struct cfg_table *table);

/* A text as a JSON string, with its quotes; for %H. */
int cfg_print_json(struct re_printf *pf, const char *text);

/* "10.0.0.0/8", or an address alone; false: none, or bits behind its end. */
bool cfg_cidr_read(struct cfg_cidr *cidr, const char *text);
/* Whether the address is in the network. IPv4-mapped IPv6 addresses count
 * as IPv4. */
bool cfg_cidr_has(const struct cfg_cidr *cidr, const struct sa *addr);

#endif
