/*
 * redis_reply.c  A reply in a few pieces of memory instead of two an element
 *
 * hiredis asks for each element and for each of its texts by itself; of what a
 * worker or the admin process spends on a large reply that was the larger part.
 * Here all of one reply stands in blocks that go together. It is a redisReply
 * all the same: hiredis looks at its type, too.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis_priv.h"

#include <hiredis/hiredis.h>

enum {
	ELEMENT = 32,     /* bytes that an element may need beside its node */
	FIRST_MOST = 16384, /* of what is asked for with the outermost array */
	BLOCK = 4096,
	BLOCK_MOST = 32768,
	ELEMENTS_MAX = 1 << 24, /* of one array: the server's word is no memory */
};

struct block {
	struct block *next;
	alignas(max_align_t) char bytes[];
};

/* The outermost element, of which all others are found. */
struct tree {
	redisReply reply; /* first: hiredis knows no other part */
	struct block *blocks;
	char *at;
	size_t left, next_size;
	alignas(max_align_t) char bytes[];
};

static size_t rounded(size_t size)
{
	const size_t unit = alignof(void *);

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
static redisReply *root_new(int type, size_t bytes)
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
	return &tree->reply;
}

static struct tree *tree_of(const redisReadTask *task)
{
	while (task->parent)
		task = task->parent;
	return task->obj;
}

/* Into its array, as far as there is one. *treep: whose memory is taken. */
static redisReply *element_new(struct tree **treep, const redisReadTask *task,
			       size_t bytes)
{
	const redisReply *parent;
	redisReply *reply;

	if (!task->parent) {
		reply = root_new(task->type, bytes);
		*treep = (struct tree *)(void *)reply;
		return reply;
	}
	*treep = tree_of(task);
	reply = take(*treep, sizeof(*reply));
	if (!reply)
		return NULL;
	*reply = (redisReply){.type = task->type};
	parent = task->parent->obj;
	parent->element[task->idx] = reply;
	return reply;
}

/* A string, a status or an error. What fails leaves what was there before to
 * free_tree(), as its outermost array is in hiredis' hands; an outermost string
 * has one piece. */
static void *string_new(const redisReadTask *task, char *str, size_t len)
{
	struct tree *tree;
	redisReply *reply =
		len < SIZE_MAX ? element_new(&tree, task, len + 1) : NULL;

	if (!reply)
		return NULL;
	reply->str = take(tree, len + 1);
	if (!reply->str)
		return NULL;
	memcpy(reply->str, str, len);
	reply->str[len] = '\0';
	reply->len = len;
	return reply;
}

static redisReply *array_new(const redisReadTask *task, size_t n)
{
	const size_t each = sizeof(redisReply *);
	const size_t most = FIRST_MOST / (each + sizeof(redisReply) + ELEMENT);
	struct tree *tree;
	redisReply *reply;

	if (n > ELEMENTS_MAX)
		return NULL;
	reply = element_new(&tree, task,
			    n * each + (n < most ? n : most) *
					       (sizeof(*reply) + ELEMENT));
	if (!reply || !n)
		return reply;
	reply->element = take(tree, n * each);
	if (!reply->element) {
		if (!task->parent)
			free(tree);
		return NULL;
	}
	memset(reply->element, 0, n * each);
	reply->elements = n;
	return reply;
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
	struct tree *tree;
	redisReply *reply = element_new(&tree, task, 0);

	if (reply)
		reply->integer = num;
	return reply;
}

static void *nil_new(const redisReadTask *task)
{
	struct tree *tree;
	redisReply *reply = element_new(&tree, task, 0);

	/* the task's type is that of what is not there */
	if (reply)
		reply->type = REDIS_REPLY_NIL;
	return reply;
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

void redis_reply_free(void *reply)
{
	free_tree(reply);
}
