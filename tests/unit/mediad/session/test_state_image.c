/*
 * test_state_image.c  A record is the old one or the new one, whenever the
 *                     process died
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/session/state_image.h"
#include "tests/lib/test.h"

enum {
	COUNT = 3,
	SIZE = (COUNT + 3) * STATE_STRIDE,
	LEN = 200,
	LONG = STATE_SHORT_MAX + 1
};

static const struct state_geometry GEO = {"a1/2", COUNT, 77};

struct bed {
	uint8_t before[SIZE], after[SIZE], torn[SIZE];
};

static int bed_alloc(struct bed **bedp)
{
	*bedp = mem_zalloc(sizeof(**bedp), NULL);
	if (!*bedp)
		return ENOMEM;
	CHECK_INT(state_image_size(COUNT), SIZE);
	state_image_make((*bedp)->before, &GEO);
	return 0;
}

static void fill(uint8_t data[LEN], uint8_t with)
{
	for (unsigned i = 0; i < LEN; i++)
		data[i] = (uint8_t)(with + i);
}

static bool holds(uint8_t *image, uint32_t nr, uint8_t with)
{
	uint8_t want[LEN];
	const uint8_t *data;
	size_t len;

	fill(want, with);
	return !state_image_read(image, nr, &data, &len) && len == LEN &&
	       !memcmp(data, want, LEN);
}

static void record_is_written_read_and_cleared(void)
{
	struct bed *bed = NULL;
	uint8_t data[LEN];
	const uint8_t *got;
	size_t len;

	REQUIRE(bed_alloc(&bed) == 0);
	fill(data, 1);
	CHECK_INT(state_image_check(bed->before, SIZE, &GEO), 0);
	CHECK_INT(state_image_read(bed->before, 1, &got, &len), ENOENT);
	state_image_write(bed->before, 1, data, LEN);
	state_image_rec(bed->before, 1)->hot.slot.next = 5;
	CHECK(holds(bed->before, 1, 1));
	CHECK_INT(state_image_read(bed->before, 0, &got, &len), ENOENT);
	state_image_write(bed->before, 1, NULL, 0);
	CHECK_INT(state_image_read(bed->before, 1, &got, &len), ENOENT);
	CHECK_INT(state_image_rec(bed->before, 1)->hot.slot.next, 0);
	/* no key stays behind */
	for (size_t i = STATE_STRIDE + sizeof(struct state_mark); i < SIZE; i++)
		CHECK_INT(bed->before[i], 0);
	mem_deref(bed);
}

/* The bytes that put_body() has stored after `done` of its copy. */
static void tear(uint8_t *to, const uint8_t *from, size_t at, size_t done)
{
	struct state_mark *mark = (void *)(to + at);

	memcpy(to + at + sizeof(*mark), from + at + sizeof(*mark), done);
	memcpy(mark, from + at, sizeof(*mark));
	mark->sum = 0;
}

static void a_tear_at_any_byte_leaves_old_or_new(void)
{
	enum {
		REC = 2 * STATE_STRIDE + STATE_NARROW +
		      sizeof(struct state_hot)
	};
	struct bed *bed = NULL;
	uint8_t data[LEN];

	REQUIRE(bed_alloc(&bed) == 0);
	fill(data, 1);
	state_image_write(bed->before, 0, data, LEN);
	fill(data, 10);
	state_image_write(bed->before, 1, data, LEN);
	memcpy(bed->after, bed->before, SIZE);
	fill(data, 20);
	state_image_write(bed->after, 1, data, LEN);

	for (size_t done = 0; done <= LEN; done++) {
		/* in the journal: the old one */
		memcpy(bed->torn, bed->before, SIZE);
		tear(bed->torn, bed->after, STATE_STRIDE, done);
		state_image_recover(bed->torn);
		CHECK(holds(bed->torn, 1, 10));
		CHECK(holds(bed->torn, 0, 1));

		/* in the record: the new one */
		memcpy(bed->torn, bed->before, SIZE);
		memcpy(bed->torn + STATE_STRIDE, bed->after + STATE_STRIDE,
		       STATE_STRIDE);
		tear(bed->torn, bed->after, REC, done);
		CHECK(!holds(bed->torn, 1, 10));
		state_image_recover(bed->torn);
		CHECK(holds(bed->torn, 1, 20));
		CHECK(holds(bed->torn, 0, 1));
	}
	mem_deref(bed);
}

static void clearing_half_done_is_finished(void)
{
	struct bed *bed = NULL;
	uint8_t data[LEN];
	const uint8_t *got;
	struct state_rec *rec;
	size_t len;

	REQUIRE(bed_alloc(&bed) == 0);
	fill(data, 10);
	state_image_write(bed->before, 1, data, LEN);
	memcpy(bed->after, bed->before, SIZE);
	state_image_write(bed->after, 1, NULL, 0);

	memcpy(bed->torn, bed->before, SIZE);
	memcpy(bed->torn + STATE_STRIDE, bed->after + STATE_STRIDE,
	       STATE_STRIDE);
	rec = state_image_rec(bed->torn, 1);
	rec->mark.sum = 0;
	memset(rec->data, 0, 10);
	state_image_recover(bed->torn);
	CHECK_INT(state_image_read(bed->torn, 1, &got, &len), ENOENT);
	for (size_t i = 0; i < LEN; i++)
		CHECK_INT(rec->data[i], 0);
	mem_deref(bed);
}

static void journal_played_twice_changes_nothing(void)
{
	struct bed *bed = NULL;
	uint8_t data[LEN];

	REQUIRE(bed_alloc(&bed) == 0);
	fill(data, 10);
	state_image_write(bed->before, 2, data, LEN);
	memcpy(bed->after, bed->before, SIZE);
	state_image_recover(bed->after);
	state_image_recover(bed->after);
	CHECK(!memcmp(bed->before, bed->after, SIZE));
	mem_deref(bed);
}

static void hot_part_is_outside_of_the_checksum(void)
{
	struct bed *bed = NULL;
	uint8_t data[LEN];

	REQUIRE(bed_alloc(&bed) == 0);
	fill(data, 10);
	state_image_write(bed->before, 1, data, LEN);
	memset(&state_image_rec(bed->before, 1)->hot, 0xff,
	       sizeof(struct state_hot));
	CHECK(holds(bed->before, 1, 10));
	mem_deref(bed);
}

static void damage_is_seen(void)
{
	struct bed *bed = NULL;
	uint8_t data[LEN];
	const uint8_t *got;
	size_t len;
	uint8_t *body;

	REQUIRE(bed_alloc(&bed) == 0);
	fill(data, 10);
	state_image_write(bed->before, 1, data, LEN);
	body = (uint8_t *)&state_image_rec(bed->before, 1)->mark;
	for (size_t i = 0; i < sizeof(struct state_mark) + LEN; i++) {
		body[i] ^= 0x40;
		CHECK_INT(state_image_read(bed->before, 1, &got, &len),
			  EBADMSG);
		body[i] ^= 0x40;
	}
	/* a record that belongs elsewhere */
	memcpy(state_image_rec(bed->before, 0), state_image_rec(bed->before, 1),
	       STATE_NARROW);
	CHECK_INT(state_image_read(bed->before, 0, &got, &len), EBADMSG);
	mem_deref(bed);
}

static void another_geometry_is_refused(void)
{
	struct state_geometry geo = GEO;
	struct bed *bed = NULL;

	REQUIRE(bed_alloc(&bed) == 0);
	CHECK_INT(state_image_check(bed->before, SIZE - 1, &GEO), EBADMSG);
	CHECK_INT(state_image_check(bed->before, 0, &GEO), EBADMSG);
	geo.count++;
	CHECK_INT(state_image_check(bed->before, SIZE, &geo), EBADMSG);
	geo = GEO;
	geo.layout++;
	CHECK_INT(state_image_check(bed->before, SIZE, &geo), EBADMSG);
	geo = GEO;
	geo.owner = "a1/3";
	CHECK_INT(state_image_check(bed->before, SIZE, &geo), EBADMSG);
	for (size_t i = 0; i < offsetof(struct state_head, running); i++) {
		bed->before[i] ^= 1;
		CHECK_INT(state_image_check(bed->before, SIZE, &GEO), EBADMSG);
		bed->before[i] ^= 1;
	}
	mem_deref(bed);
}

static void longest_record_fits(void)
{
	struct bed *bed = NULL;
	uint8_t *data = mem_zalloc(STATE_DATA_MAX, NULL);
	const uint8_t *got;
	size_t len;

	REQUIRE(bed_alloc(&bed) == 0);
	memset(data, 7, STATE_DATA_MAX);
	state_image_write(bed->before, COUNT - 1, data, STATE_DATA_MAX);
	CHECK_INT(state_image_read(bed->before, COUNT - 1, &got, &len), 0);
	CHECK_INT(len, STATE_DATA_MAX);
	CHECK(!memcmp(got, data, len));
	mem_deref(data);
	mem_deref(bed);
}

static bool is_wiped(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/* Where a body stands depends on its length; it leaves nothing behind. */
static void a_body_grows_and_shrinks(void)
{
	struct bed *bed = NULL;
	uint8_t data[LONG];
	const uint8_t *got, *far;
	size_t len;

	REQUIRE(bed_alloc(&bed) == 0);
	far = bed->before + state_image_long_at(COUNT, 1);
	memset(data, 9, sizeof(data));
	state_image_write(bed->before, 1, data, LONG - 1);
	CHECK(is_wiped(far, STATE_STRIDE));
	state_image_write(bed->before, 1, data, LONG);
	REQUIRE(!state_image_read(bed->before, 1, &got, &len));
	CHECK(len == LONG && got == far && !memcmp(got, data, LONG));
	CHECK(is_wiped(state_image_rec(bed->before, 1)->data,
		       STATE_SHORT_MAX));
	state_image_write(bed->before, 1, data, LEN);
	REQUIRE(!state_image_read(bed->before, 1, &got, &len));
	CHECK(len == LEN && !memcmp(got, data, LEN));
	CHECK(is_wiped(far, STATE_STRIDE));
	state_image_write(bed->before, 1, data, LEN / 2);
	CHECK(is_wiped(got + LEN / 2, LEN));
	mem_deref(bed);
}

/* The journal has it whole, whatever was done of the change. */
static void a_death_while_it_grows_or_shrinks_leaves_the_new_one(void)
{
	const size_t lens[] = {LEN, LONG, LEN};
	struct bed *bed = NULL;
	uint8_t data[LONG];
	const uint8_t *got;
	size_t len;

	REQUIRE(bed_alloc(&bed) == 0);
	for (unsigned i = 0; i < 2; i++) {
		memset(bed->before, 0, SIZE);
		state_image_make(bed->before, &GEO);
		memset(data, 1, sizeof(data));
		state_image_write(bed->before, 1, data, lens[i]);
		memcpy(bed->after, bed->before, SIZE);
		memset(data, 2, sizeof(data));
		state_image_write(bed->after, 1, data, lens[i + 1]);
		memcpy(bed->before + STATE_STRIDE, bed->after + STATE_STRIDE,
		       STATE_STRIDE);
		state_image_recover(bed->before);
		REQUIRE(!state_image_read(bed->before, 1, &got, &len));
		CHECK(len == lens[i + 1] && !memcmp(got, data, len));
		CHECK(!memcmp(bed->before, bed->after, SIZE));
	}
	mem_deref(bed);
}

TEST_MAIN(TEST(record_is_written_read_and_cleared),
	  TEST(a_body_grows_and_shrinks),
	  TEST(a_death_while_it_grows_or_shrinks_leaves_the_new_one),
	  TEST(a_tear_at_any_byte_leaves_old_or_new),
	  TEST(clearing_half_done_is_finished),
	  TEST(journal_played_twice_changes_nothing),
	  TEST(hot_part_is_outside_of_the_checksum), TEST(damage_is_seen),
	  TEST(another_geometry_is_refused), TEST(longest_record_fits))
