/*
 * redis_reply.c  A reply in a few pieces of memory instead of two an element
 *
 * hiredis asks for each element and for each of its texts by itself; of what a
 * worker or the admin process spends on a large reply that was the larger part.
 * Here all of one reply stands in blocks that go together, and is written at
 * once in our terms. Only of the outermost element there is a redisReply, too:
 * hiredis looks at its type, and at the text of an error.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis_priv.h"

/* hiredis has a macro of the name of one of our types */
enum {
	VALUE_ERR = REDIS_ERR
};
#include <hiredis/hiredis.h>

enum {
	TEXT = 32, /* bytes that an element may need beside its value */
	FIRST_MOST = 16384, /* of these, asked for with the outermost array */
	BLOCK = 4096,
	BLOCK_MOST = 32768,
	ELEMENTS_MAX = 1 << 20, /* of one array: the server's word is no memory */
};

struct block {
	struct block *next;
	alignas(max_align_t) char bytes[];
};

/* The outermost element, of which all others are found. */
struct tree {
	redisReply reply; /* first: hiredis knows no other part */
	struct redis_val val;
	struct block *blocks;
	char *at;
	size_t left, next_size;
	alignas(max_align_t) char bytes[];
};

static size_t rounded(size_t size)
{
	const size_t unit = alignof(struct redis_val);

	return size > SIZE_MAX - unit ? SIZE_MAX : (size + unit - 1) / unit * unit;
}

static char *block_take(struct tree *tree, size_t size)
{
	const size_t room = size > tree->next_size ? size : tree->next_size;
	struct block *block;

	if (room > SIZE_MAX - sizeof(*block))
		return NULL;
	block = malloc(sizeof(*block) + room);
	if (!block)
		return NULL;

	block->next  = tree->blocks;
	tree->blocks = block;
	/* what is large has one of its own; the one in use is gone on with */
	if (room - size > tree->left) {
		tree->at = block->bytes + size;
		tree->left = room - size;
		if (tree->next_size < BLOCK_MOST)
			tree->next_size *= 2;
	}
	return block->bytes;
}

static void *take(struct tree *tree, size_t size)
{
	char *p = tree->at;

	size = rounded(size);
	if (size > tree->left)
		return block_take(tree, size);

	tree->at += size;
	tree->left -= size;
	return p;
}

/* bytes: what it will need beside itself, as far as is known. */
static struct tree *tree_new(int type, size_t bytes)
{
	struct tree *tree;

	bytes = rounded(bytes);
	if (bytes > SIZE_MAX - sizeof(*tree))
		return NULL;
	tree = malloc(sizeof(*tree) + bytes);
	if (!tree)
		return NULL;

	*tree = (struct tree){.reply = {.type = type},
			      .at = tree->bytes,
			      .left = bytes,
			      .next_size = BLOCK};
	return tree;
}

static struct tree *tree_of(const redisReadTask *task)
{
	while (task->parent)
		task = task->parent;
	return task->obj;
}

static enum redis_type type_of(int type)
{
	switch (type) {
	case REDIS_REPLY_STRING:
		return REDIS_STR;
	case REDIS_REPLY_STATUS:
		return REDIS_STATUS;
	case REDIS_REPLY_ERROR:
		return (enum redis_type)VALUE_ERR;
	case REDIS_REPLY_INTEGER:
		return REDIS_INT;
	case REDIS_REPLY_ARRAY:
		return REDIS_ARRAY;
	default:
		return REDIS_NIL; /* no other type exists in RESP2 */
	}
}

/* Where a value is written. */
struct place {
	struct tree *tree;
	struct redis_val *val;
	void *obj; /* as hiredis gets it: of the outermost one the tree, else
		      the value */
};

/* False: there is no memory for it. */
static bool place_find(struct place *place, const redisReadTask *task,
		       size_t bytes)
{
	struct redis_val *array;

	if (!task->parent) {
		place->obj = place->tree = tree_new(task->type, bytes);
		if (!place->tree)
			return false;
		place->val = &place->tree->val;
	} else {
		place->tree = tree_of(task);
		array = task->parent->parent ? task->parent->obj
					     : &place->tree->val;
		place->val = (struct redis_val *)array->el + task->idx;
		place->obj = place->val;
	}
	*place->val = (struct redis_val){.type = type_of(task->type)};
	return true;
}

/* A string, a status or an error. What fails leaves what was there before to
 * free_tree(), as its outermost array is in hiredis' hands; an outermost string
 * has one piece. */
static void *string_new(const redisReadTask *task, char *str, size_t len)
{
	struct place place;
	char *text;

	if (len == SIZE_MAX || !place_find(&place, task, len + 1))
		return NULL;
	text = take(place.tree, len + 1);
	if (!text)
		return NULL;
	memcpy(text, str, len);
	text[len] = '\0';
	place.val->str = text;
	place.val->len = len;
	/* an error that answers nothing is told by hiredis itself */
	if (!task->parent)
		place.tree->reply.str = text;
	return place.obj;
}

/* Its elements stand side by side; each is written when it is read. */
static void *array_new(const redisReadTask *task, size_t n)
{
	const size_t size = n * sizeof(struct redis_val);
	const size_t texts = n * TEXT;
	struct place place;

	if (n > ELEMENTS_MAX ||
	    !place_find(&place, task,
			size + (texts < FIRST_MOST ? texts : FIRST_MOST)))
		return NULL;
	if (!n)
		return place.obj;
	/* there is room for the outermost one: what fails is another */
	place.val->el = take(place.tree, size);
	if (!place.val->el)
		return NULL;
	place.val->len = n;
	return place.obj;
}

#if HIREDIS_MAJOR < 1
static void *array_create(const redisReadTask *task, int n)
{
	return n < 0 ? NULL : array_new(task, (size_t)n);
}
#else
static void *array_create(const redisReadTask *task, size_t n)
{
	return array_new(task, n);
}
#endif

static void *integer_new(const redisReadTask *task, long long num)
{
	struct place place;

	if (!place_find(&place, task, 0))
		return NULL;
	place.val->num = num;
	place.val->str = "";
	return place.obj;
}

static void *nil_new(const redisReadTask *task)
{
	struct place place;

	if (!place_find(&place, task, 0))
		return NULL;
	/* the task's type is that of what is not there */
	if (!task->parent)
		place.tree->reply.type = REDIS_REPLY_NIL;
	place.val->type = REDIS_NIL;
	place.val->str = "";
	return place.obj;
}

static void free_tree(void *reply)
{
	struct tree *tree = reply;

	while (tree && tree->blocks) {
		struct block *block = tree->blocks;

		tree->blocks = block->next;
		free(block);
	}
	free(tree);
}

void redis_reply_use(void *reader)
{
	/* without RESP3 there are no other types */
	static redisReplyObjectFunctions functions = {
		.createString = string_new,
		.createArray = array_create,
		.createInteger = integer_new,
		.createNil = nil_new,
		.freeObject = free_tree,
	};

	((redisReader *)reader)->fn = &functions;
}

const struct redis_val *redis_reply_val(const void *reply)
{
	return &((const struct tree *)reply)->val;
}

void redis_reply_free(void *reply)
{
	free_tree(reply);
}
