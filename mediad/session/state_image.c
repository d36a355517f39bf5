/*
 * state_image.c  The bytes of a state file: records that a crash cannot tear
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "mediad/session/state_image.h"

static const char MAGIC[8] = "CBMEDIA";

_Static_assert(sizeof(struct state_hot) == 64, "hot part is a cache line");
_Static_assert(sizeof(struct state_rec) == STATE_STRIDE, "record");
_Static_assert(sizeof(struct state_body) <= STATE_STRIDE, "journal");
_Static_assert(sizeof(struct state_head) <= STATE_STRIDE, "head");

/* FNV-1a over words of 8 bytes, the rest filled with zeros. It finds a torn
 * write; nobody but us writes the file, so it need not withstand an enemy. */
static uint64_t fold(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t word;

	for (; len; p += sizeof(word)) {
		size_t n = len < sizeof(word) ? len : sizeof(word);

		word = 0;
		memcpy(&word, p, n);
		sum = (sum ^ word) * 0x100000001b3u;
		sum ^= sum >> 29;
		len -= n;
	}
	return sum;
}

static uint64_t mark_sum(const struct state_mark *mark, const void *data)
{
	uint64_t sum = fold(0xcbf29ce484222325u, mark,
			    offsetof(struct state_mark, sum));

	/* never that of zeroed memory */
	return fold(sum, data, mark->len) | 1;
}

static uint64_t head_sum(const struct state_head *head)
{
	return fold(0xcbf29ce484222325u, head,
		    offsetof(struct state_head, sum));
}

static void in_order(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static struct state_body *journal_of(void *image)
{
	return (void *)((uint8_t *)image + STATE_STRIDE);
}

size_t state_image_size(uint32_t count)
{
	return ((size_t)count + 2) * STATE_STRIDE;
}

struct state_head *state_image_head(void *image)
{
	return image;
}

struct state_rec *state_image_rec(void *image, uint32_t nr)
{
	assert(nr < state_image_head(image)->count);
	return (void *)((uint8_t *)image + ((size_t)nr + 2) * STATE_STRIDE);
}

static void head_of(struct state_head *head, const struct state_geometry *geo)
{
	memset(head, 0, sizeof(*head));
	memcpy(head->magic, MAGIC, sizeof(MAGIC));
	head->version = STATE_VERSION;
	head->layout = geo->layout;
	head->stride = STATE_STRIDE;
	head->count = geo->count;
	strncpy(head->owner, geo->owner, STATE_OWNER_MAX);
	head->sum = head_sum(head);
}

void state_image_make(void *image, const struct state_geometry *geo)
{
	assert(geo->count && geo->count <= STATE_COUNT_MAX);
	head_of(image, geo);
}

int state_image_check(const void *image, size_t size,
		      const struct state_geometry *geo)
{
	const struct state_head *head = image;
	struct state_head want;

	if (size != state_image_size(geo->count))
		return EBADMSG;

	head_of(&want, geo);
	return memcmp(head, &want, offsetof(struct state_head, running))
		       ? EBADMSG
		       : 0;
}

static bool body_sound(const struct state_body *body)
{
	return body->mark.len <= STATE_DATA_MAX &&
	       body->mark.sum == mark_sum(&body->mark, body->data);
}

static void put_body(struct state_body *body, const struct state_mark *mark,
		     const void *data)
{
	body->mark.sum = 0;
	in_order();
	body->mark.nr = mark->nr;
	body->mark.len = mark->len;
	if (mark->len)
		memcpy(body->data, data, mark->len);
	in_order();
	(void)FAULT("state.copied");
	body->mark.sum = mark->sum;
	in_order();
}

/* What was never written may have no page behind it (see state_file.c). */
static void wipe(struct state_rec *rec)
{
	uint32_t len = rec->body.mark.len;

	rec->body.mark.sum = 0;
	memset(rec->body.data, 0, len < STATE_DATA_MAX ? len : STATE_DATA_MAX);
	in_order();
	memset(&rec->body.mark, 0, sizeof(rec->body.mark));
	memset(&rec->hot, 0, sizeof(rec->hot));
}

static void apply(void *image, const struct state_body *change)
{
	struct state_rec *rec = state_image_rec(image, change->mark.nr);

	if (change->mark.len)
		put_body(&rec->body, &change->mark, change->data);
	else
		wipe(rec);
}

void state_image_recover(void *image)
{
	struct state_body *journal = journal_of(image);

	if (body_sound(journal) &&
	    journal->mark.nr < state_image_head(image)->count)
		apply(image, journal);
}

void state_image_write(void *image, uint32_t nr, const void *data, size_t len)
{
	struct state_body *journal = journal_of(image);
	struct state_mark mark = {.nr = nr, .len = (uint32_t)len};

	assert(len <= STATE_DATA_MAX);
	mark.sum = mark_sum(&mark, data);
	put_body(journal, &mark, data);
	apply(image, journal);
	/* a key need not outlive its leg */
	if (!len)
		memset(journal->data, 0, sizeof(journal->data));
}

int state_image_read(void *image, uint32_t nr, const uint8_t **data,
		     size_t *len)
{
	struct state_body *body = &state_image_rec(image, nr)->body;

	if (!body->mark.len && !body->mark.sum)
		return ENOENT;
	if (!body_sound(body) || body->mark.nr != nr || !body->mark.len)
		return EBADMSG;

	*data = body->data;
	*len = body->mark.len;
	return 0;
}
