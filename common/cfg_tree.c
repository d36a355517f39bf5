/*
 * cfg_tree.c  YAML text into a tree, by libyaml's events
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>
#include <yaml.h>

#include "common/arena.h"
#include "common/cfg_tree.h"
#include "common/cfg_tree_priv.h"
#include "common/fingerprint.h"

enum {
	DEPTH_MAX = 64
};

const struct cfg_limits cfg_limits_default = {.bytes = 1024 * 1024,
					      .nodes = 100000,
					      .depth = 16,
					      .files = 256};

struct builder {
	struct cfg_tree *tree;
	struct cfg_errors *errs;
	const char *name; /* of the file, in the tree's memory */
	const char *text; /* for a look at the line of a syntax error */
	size_t len;
	struct cfg_node *open[DEPTH_MAX];
	uint32_t depth;
	struct cfg_node *root;
	/* in a map: the key whose value comes next */
	const char *key;
	struct cfg_pos key_pos;
	unsigned documents;
};

static void destructor(void *arg)
{
	struct cfg_tree *tree = arg;

	mem_deref(tree->print);
	mem_deref(tree->mem);
}

static struct cfg_pos pos_of(const struct builder *bld, yaml_mark_t mark)
{
	return (struct cfg_pos){bld->name, (uint32_t)mark.line + 1,
				(uint32_t)mark.column + 1};
}

/* Refuses what stands at mark. */
static int refuse(const struct builder *bld, yaml_mark_t mark, const char *why)
{
	struct cfg_pos pos = pos_of(bld, mark);

	cfg_errors_add(bld->errs, &pos, "%s", why);
	return EINVAL;
}

static struct cfg_node *parent_of(const struct builder *bld)
{
	return bld->depth ? bld->open[bld->depth - 1] : NULL;
}

static int add_node(struct builder *bld, enum cfg_kind kind, yaml_mark_t mark,
		    struct cfg_node **nodep)
{
	struct cfg_node *parent = parent_of(bld), *node;

	if (bld->tree->nodes >= bld->tree->limits.nodes)
		return refuse(bld, mark, "too many values in the file");
	node = arena_get(bld->tree->mem, sizeof(*node));
	if (!node)
		return ENOMEM;

	++bld->tree->nodes;
	node->kind = kind;
	node->pos = pos_of(bld, mark);
	if (parent)
		cfg_node_append(parent, node);
	else
		bld->root = node;
	if (parent && parent->kind == CFG_MAP_NODE) {
		node->key = bld->key;
		node->key_pos = bld->key_pos;
		bld->key = NULL;
	}
	*nodep = node;
	return 0;
}

static bool wants_key(const struct builder *bld)
{
	const struct cfg_node *parent = parent_of(bld);

	return parent && parent->kind == CFG_MAP_NODE && !bld->key;
}

static int on_scalar(struct builder *bld, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct cfg_node *node;
	char *copy;
	int err;

	if (event->data.scalar.tag)
		return refuse(bld, event->start_mark,
			      "tags (!) are not used here");
	if (memchr(value, '\0', len))
		return refuse(bld, event->start_mark,
			      "a 0 byte stands in the text");
	copy = arena_copy(bld->tree->mem, value, len);
	if (!copy)
		return ENOMEM;
	if (wants_key(bld)) {
		bld->key = copy;
		bld->key_pos = pos_of(bld, event->start_mark);
		return 0;
	}
	err = add_node(bld, CFG_SCALAR, event->start_mark, &node);
	if (err)
		return err;
	node->text = copy;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int on_open(struct builder *bld, enum cfg_kind kind, const void *tag,
		   yaml_mark_t mark)
{
	struct cfg_node *node;
	int err;

	if (tag)
		return refuse(bld, mark, "tags (!) are not used here");
	if (wants_key(bld))
		return refuse(bld, mark, "a key must be a simple text");
	if (bld->depth >= min(bld->tree->limits.depth, (uint32_t)DEPTH_MAX))
		return refuse(bld, mark, "nested too deep");
	err = add_node(bld, kind, mark, &node);
	if (!err)
		bld->open[bld->depth++] = node;
	return err;
}

static int on_close(struct builder *bld)
{
	const struct cfg_node *node = bld->open[--bld->depth];

	if (node->kind != CFG_MAP_NODE)
		return 0;
	return cfg_node_check_keys(node, bld->errs);
}

static int on_event(struct builder *bld, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (bld->documents++)
			return refuse(bld, event->start_mark,
				      "more than one document in the file");
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse(bld, event->start_mark,
			      "aliases (*) are not used here; text that "
			      "begins with * needs quotes");
	case YAML_SCALAR_EVENT:
		if (event->data.scalar.anchor)
			break;
		return on_scalar(bld, event);
	case YAML_SEQUENCE_START_EVENT:
		if (event->data.sequence_start.anchor)
			break;
		return on_open(bld, CFG_LIST_NODE,
			       event->data.sequence_start.tag,
			       event->start_mark);
	case YAML_MAPPING_START_EVENT:
		if (event->data.mapping_start.anchor)
			break;
		return on_open(bld, CFG_MAP_NODE, event->data.mapping_start.tag,
			       event->start_mark);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(bld);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return refuse(bld, event->start_mark,
		      "anchors (&) are not used here; text that begins with "
		      "& needs quotes");
}

/* Whether a tab stands in the white space that begins a line. */
static bool tab_indents(const struct builder *bld, size_t line)
{
	const char *p = bld->text, *end = bld->text + bld->len;

	while (line-- && p) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : NULL;
	}
	for (; p && p < end && (*p == ' ' || *p == '\t'); p++) {
		if (*p == '\t')
			return true;
	}
	return false;
}

static int syntax_error(const struct builder *bld, const yaml_parser_t *parser)
{
	yaml_mark_t mark = parser->problem_mark;
	struct cfg_pos pos = pos_of(bld, mark);
	const char *what = parser->problem ? parser->problem : "not YAML";

	if (parser->error == YAML_MEMORY_ERROR)
		return ENOMEM;
	if (parser->error == YAML_READER_ERROR) {
		/* the reader knows no line, only the byte */
		pos.line = 0;
		cfg_errors_add(bld->errs, &pos, "%s at byte %zu", what,
			       parser->problem_offset);
	} else if (tab_indents(bld, mark.line)) {
		cfg_errors_add(bld->errs, &pos,
			       "a tab stands in the indentation, expected "
			       "spaces");
	} else if (parser->context) {
		cfg_errors_add(bld->errs, &pos, "%s, %s that began at line %zu",
			       what, parser->context,
			       parser->context_mark.line + 1);
	} else {
		cfg_errors_add(bld->errs, &pos, "%s", what);
	}
	return EINVAL;
}

static int run(struct builder *bld, yaml_parser_t *parser)
{
	bool done = false;
	int err = 0;

	while (!done && !err) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return syntax_error(bld, parser);
		done = event.type == YAML_STREAM_END_EVENT;
		err = on_event(bld, &event);
		yaml_event_delete(&event);
	}
	return err;
}

/* A file without any value, with or without "---", is an empty map. */
static int finish(struct builder *bld, struct cfg_node **rootp)
{
	const yaml_mark_t start = {0};
	struct cfg_node *root = bld->root;

	if (!root) {
		int err = add_node(bld, CFG_MAP_NODE, start, &root);

		if (err)
			return err;
	}
	if (root->kind == CFG_SCALAR && !root->quoted && !root->text[0])
		root->kind = CFG_MAP_NODE;
	*rootp = root;
	return 0;
}

int cfg_tree_read_text(struct cfg_tree *tree, struct cfg_node **rootp,
		       const char *name, const char *text, size_t len,
		       struct cfg_errors *errs)
{
	struct builder bld = {.tree = tree, .errs = errs};
	yaml_parser_t parser;
	int err;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	bld.name = arena_copy(tree->mem, name, strlen(name));
	bld.text = text;
	bld.len = len;
	fingerprint_add(tree->print, text, len);
	if (!bld.name || !yaml_parser_initialize(&parser))
		return ENOMEM;

	/* forced: a byte order mark of UTF-16 is refused as what it is */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	err = run(&bld, &parser);
	if (!err)
		err = finish(&bld, rootp);
	yaml_parser_delete(&parser);
	return err;
}

static int tree_alloc(struct cfg_tree **treep, const struct cfg_limits *limits)
{
	struct cfg_tree *tree = mem_zalloc(sizeof(*tree), destructor);

	if (!tree || arena_alloc(&tree->mem) ||
	    fingerprint_alloc(&tree->print)) {
		mem_deref(tree);
		return ENOMEM;
	}
	tree->limits = limits ? *limits : cfg_limits_default;
	*treep = tree;
	return 0;
}

int cfg_tree_parse(struct cfg_tree **treep, const char *name, const char *text,
		   size_t len, const struct cfg_limits *limits,
		   struct cfg_errors *errs)
{
	struct cfg_tree *tree;
	struct cfg_pos pos = {.file = name};
	int err;

	if (!treep || !name || (!text && len))
		return EINVAL;
	err = tree_alloc(&tree, limits);
	if (err)
		return err;
	if (len > tree->limits.bytes) {
		cfg_errors_add(errs, &pos, "larger than %zu bytes",
			       tree->limits.bytes);
		err = EINVAL;
	} else {
		err = cfg_tree_read_text(tree, &tree->root, name,
					 text ? text : "", len, errs);
	}
	if (err)
		mem_deref(tree);
	else
		*treep = tree;
	return err;
}

int cfg_tree_load(struct cfg_tree **treep, const char *path,
		  const struct cfg_limits *limits, struct cfg_errors *errs)
{
	struct cfg_tree *tree;
	int err;

	if (!treep || !path)
		return EINVAL;
	err = tree_alloc(&tree, limits);
	if (err)
		return err;
	tree->path = arena_copy(tree->mem, path, strlen(path));
	err = tree->path ? cfg_tree_read_file(tree, &tree->root, path, errs)
			 : ENOMEM;
	if (err)
		mem_deref(tree);
	else
		*treep = tree;
	return err;
}

void cfg_tree_fingerprint(const struct cfg_tree *tree,
			  struct fingerprint *print)
{
	char text[FINGERPRINT_LEN + 1];

	fingerprint_text(tree->print, text);
	fingerprint_add(print, text, FINGERPRINT_LEN);
}

const struct cfg_node *cfg_tree_root(const struct cfg_tree *tree)
{
	return tree ? tree->root : NULL;
}
