/*
 * test_call_log.c  Entries of a call's log: written, read, bounded
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/call_log.h"
#include "common/call_log_writer.h"
#include "common/countof.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

static const char call_id[] = "4f00000000000001";
static const char session_id[] = "abcdef0123456789";

/* What Redis would give back. */
struct given {
	struct redis_val vals[12];
	struct redis_val fields;
};

static const struct redis_val *give(struct given *given,
				    const struct call_log_args *args)
{
	for (size_t i = 0; i < CALL_LOG_FIELDS; i++)
		given->vals[i] = (struct redis_val){
			.type = REDIS_STR,
			.str = args->argv[i].data,
			.len = args->argv[i].len,
		};
	given->fields = (struct redis_val){.type = REDIS_ARRAY,
					   .len = CALL_LOG_FIELDS,
					   .el = given->vals};
	return &given->fields;
}

static void key_has_the_tag_of_the_call_record(void)
{
	char key[CALL_LOG_KEY];

	call_log_key(key, call_id);
	CHECK_STR(key, "cb:{c:4}:log:4f00000000000001");
}

static struct call_log_entry sample(const struct call_log_data *data)
{
	struct call_log_entry entry = {.by = "m1/0",
				       .ms = 1700000000123,
				       .leg = 2};

	strcpy(entry.by, "m1/1");
	strcpy(entry.session, "abcdef01");
	strcpy(entry.kind, "ice.nominated");
	entry.data = (struct pl){data->text, data->len};
	return entry;
}

static void what_is_written_is_read(void)
{
	struct call_log_entry entry, back;
	struct call_log_data data;
	struct call_log_args args;
	struct given given;
	struct sa addr;
	char value[32];

	sa_set_str(&addr, "192.0.2.1", 5004);
	call_log_begin(&data);
	call_log_text(&data, "why", "50% is = a lie\r\n");
	call_log_addr(&data, "to", &addr);
	call_log_num(&data, "level", -23);
	CHECK_STR(data.text, "why=50%25%20is%20%3D%20a%20lie%0D%0A "
			     "to=192.0.2.1:5004 level=-23");
	entry = sample(&data);
	call_log_args(&args, &entry);
	REQUIRE(!call_log_read(&back, give(&given, &args)));
	CHECK_STR(back.by, "m1/1");
	CHECK_INT(back.ms, 1700000000123);
	CHECK_STR(back.session, "abcdef01");
	CHECK_INT(back.leg, 2);
	CHECK_STR(back.kind, "ice.nominated");
	CHECK(!call_log_value(value, sizeof(value), &back, "why"));
	CHECK_STR(value, "50% is = a lie\r\n");
	CHECK(!call_log_value(value, sizeof(value), &back, "level"));
	CHECK_STR(value, "-23");
	CHECK_INT(call_log_value(value, sizeof(value), &back, "lev"), EBADMSG);
}

static void what_is_of_no_leg_says_none(void)
{
	struct call_log_data data;
	struct call_log_entry entry, back;
	struct call_log_args args;
	struct given given;

	call_log_begin(&data);
	entry = sample(&data);
	entry.leg = 0;
	entry.session[0] = '\0';
	call_log_args(&args, &entry);
	REQUIRE(!call_log_read(&back, give(&given, &args)));
	CHECK_INT(back.leg, 0);
	CHECK_STR(back.session, "");
	CHECK_INT(back.data.l, 0);
	/* or does not have them at all */
	given.vals[4].str = given.vals[6].str = given.vals[10].str = "other";
	given.vals[4].len = given.vals[6].len = given.vals[10].len = 5;
	REQUIRE(!call_log_read(&back, &given.fields));
	CHECK_INT(back.leg, 0);
}

static void pairs_come_one_by_one_and_bad_ones_are_passed_over(void)
{
	struct pl rest =
		PL("  a=1 b= =x half%2 half=%2 zero=%00 A=1 c=%41%42 ");
	struct call_log_pair pair;

	REQUIRE(!call_log_next(&pair, &rest));
	CHECK_STR(pair.name, "a");
	CHECK_STR(pair.value, "1");
	REQUIRE(!call_log_next(&pair, &rest));
	CHECK_STR(pair.name, "b");
	CHECK_STR(pair.value, "");
	for (int i = 0; i < 5; i++)
		CHECK_INT(call_log_next(&pair, &rest), EBADMSG);
	REQUIRE(!call_log_next(&pair, &rest));
	CHECK_STR(pair.name, "c");
	CHECK_STR(pair.value, "AB");
	CHECK_INT(call_log_next(&pair, &rest), ENOENT);
	CHECK_INT(call_log_next(&pair, &rest), ENOENT);
}

static void too_much_is_cut_at_a_whole_character(void)
{
	char text[3 * CALL_LOG_VALUE_MAX];
	struct call_log_data data;
	struct call_log_pair pair;
	struct pl rest;

	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	call_log_begin(&data);
	call_log_text(&data, "none", NULL);
	call_log_text(&data, "empty", "");
	CHECK_INT(data.len, 0);
	call_log_text(&data, "x", text);
	CHECK(data.cut);
	CHECK(data.len <= CALL_LOG_DATA_MAX);
	for (int i = 0; i < 4; i++)
		call_log_text(&data, "yy", "twelve bytes");
	CHECK(data.len <= CALL_LOG_DATA_MAX);
	CHECK_INT(data.text[data.len], 0);

	rest = (struct pl){data.text, data.len};
	REQUIRE(!call_log_next(&pair, &rest));
	CHECK(strlen(pair.value) > CALL_LOG_DATA_MAX / 3 - 10);
	while (!call_log_next(&pair, &rest))
		CHECK_STR(pair.name, "yy");
	CHECK_INT(call_log_next(&pair, &rest), ENOENT);

	text[CALL_LOG_VALUE_MAX] = '\0';
	call_log_begin(&data);
	call_log_pl(&data, "x", &(struct pl){"a\0b", 3});
	CHECK(!data.cut);
	CHECK_STR(data.text, "x=a?b");
}

static void what_is_no_entry_is_refused(void)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{"by", "M1/1"},
		{"by", "m1"},
		{"by", ""},
		{"ms", "x"},
		{"ms", ""},
		{"ms", "99999999999999999999"},
		{"session", "abcdefg1"},
		{"session", "abcdef0123"},

		{"leg", "0"},
		{"leg", "17"},
		{"leg", "-1"},
		{"kind", ""},
		{"kind", "Ice"},
		{"kind", "a.kind.that.is.far.too.long"},
	};
	struct call_log_data data;
	struct call_log_entry entry, back;
	struct call_log_args args;
	struct given given;
	static char large[CALL_LOG_DATA_MAX + 1];

	call_log_begin(&data);
	call_log_text(&data, "a", "1");
	entry = sample(&data);
	for (size_t i = 0; i < COUNTOF(bad); i++) {
		struct redis_val *val;

		call_log_args(&args, &entry);
		(void)give(&given, &args);
		val = (struct redis_val *)(uintptr_t)redis_field(&given.fields,
								 bad[i].name);
		REQUIRE(val != NULL);
		val->str = bad[i].value;
		val->len = strlen(bad[i].value);
		if (!CHECK_INT(call_log_read(&back, &given.fields), EBADMSG))
			re_printf("# %s=%s\n", bad[i].name, bad[i].value);
	}
	for (size_t i = 0; i < COUNTOF(given.vals); i++) {
		(void)give(&given, &args);
		given.vals[i].type = i % 2 ? REDIS_ARRAY : REDIS_NIL;
		CHECK_INT(call_log_read(&back, &given.fields), EBADMSG);
	}
	(void)give(&given, &args);
	given.vals[11] = (struct redis_val){.type = REDIS_STR,
					    .str = large,
					    .len = sizeof(large)};
	CHECK_INT(call_log_read(&back, &given.fields), EBADMSG);
	given.fields.type = REDIS_STR;
	CHECK_INT(call_log_read(&back, &given.fields), EBADMSG);
	CHECK_INT(call_log_read(&back, NULL), EBADMSG);
}

/* --- the writer ------------------------------------------------------------------- */

struct fixture {
	struct redis_bed bed;
	struct call_log_writer *writer;
};

static const struct call_log_cfg kept = {86400, 0};

static bool start_with(struct fixture *fix, const struct call_log_cfg *cfg)
{
	fix->writer = NULL;
	return redis_bed_start(&fix->bed) &&
	       CHECK(!call_log_writer_alloc(&fix->writer, cfg, fix->bed.link,
					    fix->bed.wheel, "m1/1"));
}

static bool start(struct fixture *fix)
{
	return start_with(fix, &kept);
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->writer);
	redis_bed_stop(&fix->bed);
}

static void write_n(struct fixture *fix, const char *call, unsigned n)
{
	struct call_log_data data;

	for (unsigned i = 0; i < n; i++) {
		const struct call_log_note note = {
			.call = call,
			.session = session_id,
			.leg = (uint8_t)(1 + i % 2),
			.kind = "figures",
			.data = &data,
		};

		call_log_begin(&data);
		call_log_num(&data, "n", i);
		call_log_write(fix->writer, &note);
	}
}

struct until {
	const struct call_log_writer *writer;
	uint64_t sum;
};

static bool is_settled(void *arg)
{
	const struct until *until = arg;
	const struct call_log_counts *counts = call_log_counts(until->writer);

	return counts->written + counts->dropped >= until->sum;
}

static bool settled(struct fixture *fix, uint64_t sum)
{
	struct until until = {fix->writer, sum};

	return CHECK(
		redis_test_until(fix->bed.wheel, 5000, is_settled, &until));
}

struct seen {
	unsigned n, good;
};

static void on_range(int err, const struct redis_val *val, void *arg)
{
	struct seen *seen = arg;
	struct call_log_entry entry;
	char n[12], want[12];

	REQUIRE(!err && val->type == REDIS_ARRAY);
	for (size_t i = 0; i < val->len; i++, seen->n++) {
		if (!CHECK(!call_log_read(&entry, &val->el[i].el[1])) ||
		    !CHECK(!call_log_value(n, sizeof(n), &entry, "n")))
			return;
		(void)re_snprintf(want, sizeof(want), "%u", seen->n % 25);
		CHECK_STR(n, want);
		CHECK_STR(entry.by, "m1/1");
		CHECK_STR(entry.session, "abcdef01");
		CHECK_STR(entry.kind, "figures");
		CHECK_INT(entry.leg, 1 + seen->n % 25 % 2);
		CHECK(entry.ms > 1700000000000);
	}
}

static bool has_27(void *arg)
{
	return ((const struct seen *)arg)->n == 27;
}

static void read_back(struct fixture *fix)
{
	const struct redis_arg argv[] = {
		redis_str("XRANGE"), redis_str("cb:{c:4}:log:4f00000000000001"),
		redis_str("-"), redis_str("+")};
	struct seen seen = {.n = 0};

	CHECK(!redis_link_send(fix->bed.link, argv, 4, on_range, &seen));
	CHECK(redis_test_until(fix->bed.wheel, 5000, has_27, &seen));
}

static void notes_are_in_redis_in_order_and_expire(void)
{
	const struct call_log_note brief = {.call = "4f00000000000003",
					    .kind = "call.refused",
					    .brief = true};
	struct fixture fix;
	struct redis_said said;

	if (!start(&fix)) {
		stop(&fix);
		return;
	}
	write_n(&fix, call_id, 25);
	write_n(&fix, "4f00000000000002", 1);
	write_n(&fix, call_id, 2);
	call_log_write(fix.writer, &brief);
	settled(&fix, 29);
	CHECK_INT(call_log_counts(fix.writer)->written, 29);
	said = redis_bed_say(&fix.bed, "XLEN cb:{c:4}:log:4f00000000000001");
	CHECK_INT(said.num, 27);
	said = redis_bed_say(&fix.bed, "TTL cb:{c:4}:log:4f00000000000001");
	CHECK(said.num > 86390 && said.num <= 86400);
	said = redis_bed_say(&fix.bed, "TTL cb:{c:4}:log:4f00000000000002");
	CHECK(said.num > CALL_LOG_BRIEF_S);
	said = redis_bed_say(&fix.bed, "TTL cb:{c:4}:log:4f00000000000003");
	CHECK(said.num > 0 && said.num <= CALL_LOG_BRIEF_S);
	read_back(&fix);
	stop(&fix);
}

static void a_stream_is_bounded(void)
{
	struct fixture fix;
	struct redis_said said;

	if (!start(&fix)) {
		stop(&fix);
		return;
	}
	write_n(&fix, call_id, 3000);
	settled(&fix, 3000);
	CHECK_INT(call_log_counts(fix.writer)->written, 3000);
	said = redis_bed_say(&fix.bed, "XLEN cb:{c:4}:log:4f00000000000001");
	/* Redis drops whole blocks, of 100 entries at most */
	CHECK(said.num >= CALL_LOG_ENTRIES &&
	      said.num <= CALL_LOG_ENTRIES + 100);
	stop(&fix);
}

static void with_redis_away_notes_are_dropped_and_counted(void)
{
	struct fixture fix;
	struct redis_said said;

	if (!start(&fix)) {
		stop(&fix);
		return;
	}
	write_n(&fix, call_id, 3);
	settled(&fix, 3);
	redis_server_kill(&fix.bed.server);
	/* between its end and our notice of it */
	write_n(&fix, call_id, 5);
	CHECK(redis_test_until(fix.bed.wheel, 5000, redis_test_is_down,
			       fix.bed.link));
	write_n(&fix, call_id, 100000);
	CHECK(settled(&fix, 100008));
	CHECK_INT(call_log_counts(fix.writer)->dropped, 100005);

	REQUIRE(redis_server_start(&fix.bed.server));
	CHECK(redis_test_until(fix.bed.wheel, 5000, redis_test_is_up,
			       fix.bed.link));
	write_n(&fix, call_id, 4);
	CHECK(settled(&fix, 100012));
	said = redis_bed_say(&fix.bed, "XLEN cb:{c:4}:log:4f00000000000001");
	CHECK_INT(said.num, 4);
	stop(&fix);
}

static void a_server_that_stands_still_is_sent_so_much_and_no_more(void)
{
	struct fixture fix;

	if (!start(&fix)) {
		stop(&fix);
		return;
	}
	write_n(&fix, call_id, 1);
	settled(&fix, 1);
	redis_server_freeze(&fix.bed.server);
	/* commands of one note each: of so many calls */
	for (unsigned i = 0; i < 2 * CALL_LOG_WRITER_OPEN; i++) {
		char call[ID_LEN + 1];

		re_snprintf(call, sizeof(call), "4f000000%08x", i);
		write_n(&fix, call, 1);
	}
	call_log_flush(fix.writer);
	CHECK_INT(call_log_counts(fix.writer)->dropped, CALL_LOG_WRITER_OPEN);
	/* which breaks the connection after two seconds: all are told of */
	CHECK(settled(&fix, 1 + 2 * CALL_LOG_WRITER_OPEN));
	redis_server_thaw(&fix.bed.server);
	CHECK_INT(call_log_counts(fix.writer)->written, 1);
	stop(&fix);
}

static void what_is_told_of_a_call_goes_together(void)
{
	struct fixture fix;

	if (!start(&fix)) {
		stop(&fix);
		return;
	}
	write_n(&fix, call_id, 1);
	settled(&fix, 1);
	redis_server_freeze(&fix.bed.server);
	/* more than there may be commands, in turns of two calls */
	for (unsigned i = 0; i < 2 * CALL_LOG_WRITER_OPEN; i++)
		write_n(&fix, i % 2 ? call_id : "4f00000000000002", 1);
	call_log_flush(fix.writer);
	redis_server_thaw(&fix.bed.server);
	CHECK(settled(&fix, 1 + 2 * CALL_LOG_WRITER_OPEN));
	CHECK_INT(call_log_counts(fix.writer)->dropped, 0);
	stop(&fix);
}

static void what_waits_at_the_end_is_dropped(void)
{
	struct fixture fix;

	if (!start(&fix)) {
		stop(&fix);
		return;
	}
	write_n(&fix, call_id, 3);
	stop(&fix);
}

static void without_memory_there_is_no_writer(void)
{
	struct redis_cfg cfg = {.path = "/nowhere/r.sock"};
	struct call_log_writer *writer = NULL;
	struct redis_link *link = NULL;
	struct wheel *wheel = NULL;

	CHECK(!loop_init(16));
	if (!wheel_alloc(&wheel, 0) &&
	    !redis_link_alloc(&link, &cfg, wheel, NULL, NULL) &&
	    !call_log_writer_alloc(&writer, &kept, link, wheel, "m1/1")) {
		const struct call_log_note note = {.call = call_id,
						   .kind = "x"};

		call_log_write(writer, &note);
		CHECK_INT(call_log_counts(writer)->dropped, 1);
	}
	mem_deref(writer);
	mem_deref(link);
	mem_deref(wheel);
	loop_close();
}

TEST_MAIN(TEST(key_has_the_tag_of_the_call_record),
	  TEST(what_is_written_is_read), TEST(what_is_of_no_leg_says_none),
	  TEST(pairs_come_one_by_one_and_bad_ones_are_passed_over),
	  TEST(too_much_is_cut_at_a_whole_character),
	  TEST(what_is_no_entry_is_refused),
	  TEST(notes_are_in_redis_in_order_and_expire),
	  TEST(a_stream_is_bounded),
	  TEST(with_redis_away_notes_are_dropped_and_counted),
	  TEST(a_server_that_stands_still_is_sent_so_much_and_no_more),
	  TEST(what_is_told_of_a_call_goes_together),
	  TEST(what_waits_at_the_end_is_dropped),
	  TEST_OOM(without_memory_there_is_no_writer))
