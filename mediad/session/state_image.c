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
_Static_assert(sizeof(struct state_rec) == STATE_NARROW, "record");
_Static_assert(sizeof(struct state_journal) == STATE_STRIDE, "journal");
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

static struct state_journal *journal_of(void *image)
{
	return (void *)((uint8_t *)image + STATE_STRIDE);
}

size_t state_image_rec_at(uint32_t nr)
{
	return 2 * STATE_STRIDE + (size_t)nr * STATE_NARROW;
}

/* Behind all records, from a whole STATE_STRIDE on. */
size_t state_image_long_at(uint32_t count, uint32_t nr)
{
	size_t at = state_image_rec_at(count) + STATE_STRIDE - 1;

	return at / STATE_STRIDE * STATE_STRIDE + (size_t)nr * STATE_STRIDE;
}

size_t state_image_size(uint32_t count)
{
	return state_image_long_at(count, count);
}

struct state_head *state_image_head(void *image)
{
	return image;
}

struct state_rec *state_image_rec(void *image, uint32_t nr)
{
	assert(nr < state_image_head(image)->count);
	return (void *)((uint8_t *)image + state_image_rec_at(nr));
}

/* Where a body of that length is. */
static uint8_t *data_of(void *image, uint32_t nr, size_t len)
{
	if (len <= STATE_SHORT_MAX)
		return state_image_rec(image, nr)->data;
	return (uint8_t *)image +
	       state_image_long_at(state_image_head(image)->count, nr);
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

static bool is_sound(const struct state_mark *mark, const uint8_t *data)
{
	return mark->sum == mark_sum(mark, data);
}

static void put_body(struct state_mark *to, uint8_t *place,
		     const struct state_mark *mark, const void *data)
{
	to->sum = 0;
	in_order();
	to->nr = mark->nr;
	to->len = mark->len;
	if (mark->len)
		memcpy(place, data, mark->len);
	in_order();
	(void)FAULT("state.copied");
	to->sum = mark->sum;
	in_order();
}

/* What a body that goes, or gets shorter, leaves behind: a key need not
 * outlive its use. */
static void wipe_rest(void *image, uint32_t nr, uint32_t was, uint32_t len)
{
	uint8_t *from = data_of(image, nr, was);
	uint32_t keep = data_of(image, nr, len) == from ? len : 0;

	if (was > keep && was <= STATE_DATA_MAX)
		memset(from + keep, 0, was - keep);
}

static void apply(void *image, const struct state_journal *change)
{
	const struct state_mark *mark = &change->mark;
	struct state_rec *rec = state_image_rec(image, mark->nr);
	uint32_t was = rec->mark.len;

	rec->mark.sum = 0;
	in_order();
	wipe_rest(image, mark->nr, was, mark->len);
	if (mark->len) {
		put_body(&rec->mark, data_of(image, mark->nr, mark->len), mark,
			 change->data);
		return;
	}
	in_order();
	memset(&rec->mark, 0, sizeof(rec->mark));
	memset(&rec->hot, 0, sizeof(rec->hot));
}

void state_image_recover(void *image)
{
	struct state_journal *journal = journal_of(image);
	const struct state_mark *mark = &journal->mark;

	if (mark->len <= STATE_DATA_MAX && is_sound(mark, journal->data) &&
	    mark->nr < state_image_head(image)->count)
		apply(image, journal);
}

void state_image_write(void *image, uint32_t nr, const void *data, size_t len)
{
	struct state_journal *journal = journal_of(image);
	struct state_mark mark = {.nr = nr, .len = (uint32_t)len};

	assert(len <= STATE_DATA_MAX);
	mark.sum = mark_sum(&mark, data);
	put_body(&journal->mark, journal->data, &mark, data);
	apply(image, journal);
	if (!len)
		memset(journal->data, 0, sizeof(journal->data));
}

int state_image_read(void *image, uint32_t nr, const uint8_t **data,
		     size_t *len)
{
	const struct state_mark *mark = &state_image_rec(image, nr)->mark;

	if (!mark->len && !mark->sum)
		return ENOENT;
	if (!mark->len || mark->len > STATE_DATA_MAX || mark->nr != nr ||
	    !is_sound(mark, data_of(image, nr, mark->len)))
		return EBADMSG;

	*data = data_of(image, nr, mark->len);
	*len = mark->len;
	return 0;
}
