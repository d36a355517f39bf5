/*
 * test_autobahn.c  The cases of the Autobahn test suite, one by one
 *
 * Each case says what is sent and how the connection must end. Where it must
 * live, a last message of ours shows that it does.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/sigd/transport/edge_rig.h"

enum {
	DEPTH = 16,
	SLEEP_MS = 10,
	PAYLOAD_MAX = 300000
};

static const char goodbye[] = "the last message of this case";

static const struct odict *dict(const struct odict *o, const char *key)
{
	const struct odict_entry *e = odict_lookup(o, key);

	return e ? e->u.odict : NULL;
}

static int64_t num(const struct odict *o, const char *key)
{
	const struct odict_entry *e = odict_lookup(o, key);

	return e && e->type == ODICT_INT ? e->u.integer : 0;
}

static const char *str(const struct odict *o, const char *key)
{
	const struct odict_entry *e = odict_lookup(o, key);

	return e && e->type == ODICT_STRING ? e->u.str : NULL;
}

static size_t unhex(uint8_t *buf, size_t size, const char *hex)
{
	size_t n = strlen(hex) / 2;

	if (n > size)
		abort();
	(void)str_hex(buf, n, hex);
	return n;
}

/* {repeat_hex, bytes} or hex digits. */
static size_t payload(uint8_t *buf, const struct odict *step, const char *key)
{
	const struct odict_entry *e = odict_lookup(step, key);
	size_t unit, n;

	if (e && e->type == ODICT_STRING)
		return unhex(buf, PAYLOAD_MAX, e->u.str);
	if (!e || e->type != ODICT_OBJECT)
		return 0;

	n = (size_t)num(e->u.odict, "bytes");
	unit = unhex(buf, PAYLOAD_MAX, str(e->u.odict, "repeat_hex"));
	if (n > PAYLOAD_MAX)
		abort();
	for (size_t i = unit; i < n; i++)
		buf[i] = buf[i - unit];
	return n;
}

static bool ended_or_never(void *arg)
{
	return ((struct guest *)arg)->ended;
}

/* The head of a frame whose payload follows in pieces; the mask is 0. */
static void frame_begin(struct guest *guest, const struct odict *step)
{
	size_t len = (size_t)num(step, "length");
	uint8_t head[14] = {0};
	size_t n = 2;

	head[0] = (uint8_t)(num(step, "fin") << 7 | num(step, "opcode"));
	if (len < 126) {
		head[1] = (uint8_t)(0x80 | len);
	} else {
		head[1] = 0x80 | 126;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
		n = 4;
	}
	CHECK(!ws_client_raw(guest->client, head, n + 4));
}

/* The suite says 1000 for a message of 262,144 bytes: ours has a limit. */
static bool over_limit(const struct odict *c)
{
	return !strcmp(str(c, "id"), "7.1.6");
}

/* The data has the payload of these as Latin-1: in the suite it is UTF-8. */
static bool is_latin1(const struct odict *c)
{
	const char *id = str(c, "id");

	return !strcmp(id, "6.2.1") || !strcmp(id, "6.2.2") ||
	       !strcmp(id, "6.2.3");
}

static size_t to_utf8(uint8_t *buf, size_t len)
{
	uint8_t out[200];
	size_t n = 0;

	for (size_t i = 0; i < len && n < sizeof(out) - 1; i++) {
		if (buf[i] & 0x80) {
			out[n++] = (uint8_t)(0xc0 | buf[i] >> 6);
			out[n++] = (uint8_t)(0x80 | (buf[i] & 0x3f));
		} else {
			out[n++] = buf[i];
		}
	}
	memcpy(buf, out, n);
	return n;
}

static bool play_step(struct guest *guest, struct rig *rig,
		      const struct odict *step, uint8_t *buf, bool latin1)
{
	const char *op = str(step, "op");
	bool closes = false;
	size_t len;

	if (!strcmp(op, "sleep")) {
		loop_test_until(&rig->lt, ended_or_never, guest, SLEEP_MS);
	} else if (!strcmp(op, "frame_begin")) {
		frame_begin(guest, step);
	} else if (!strcmp(op, "frame_data")) {
		len = payload(buf, step, "data");
		CHECK(!ws_client_raw(guest->client, buf, len));
	} else if (!strcmp(op, "frame")) {
		len = payload(buf, step, "payload");
		if (latin1)
			len = to_utf8(buf, len);
		ws_client_chop(guest->client, (size_t)num(step, "chop"));
		CHECK(!ws_client_frame(guest->client,
				       (uint8_t)(num(step, "fin") << 7 |
						 num(step, "rsv") << 4 |
						 num(step, "opcode")),
				       true, buf, len));
		ws_client_chop(guest->client, 0);
		closes = num(step, "opcode") == WS_CLOSE;
	}
	return closes;
}

static bool code_listed(const struct odict *close, int code)
{
	const struct odict *codes = dict(close, "closeCode");
	struct le *le;

	/* an empty close frame is answered with an empty one */
	if (code == 1005)
		code = 1000;
	for (le = codes->lst.head; le; le = le->next) {
		const struct odict_entry *e = le->data;

		if (e->u.integer == code)
			return true;
	}
	return false;
}

static bool is_true(const struct odict *o, const char *key)
{
	const struct odict_entry *e = odict_lookup(o, key);

	return e && e->type == ODICT_BOOL && e->u.boolean;
}

static bool said_goodbye(void *arg)
{
	struct guest *guest = arg;

	return guest->ended || (guest->last_len == strlen(goodbye) &&
				!memcmp(guest->last, goodbye, guest->last_len));
}

/* How many answers (messages, pongs) the case expects; empty messages are
 * not passed on, as no SIP message is empty. */
static unsigned answers(const struct odict *c)
{
	const struct odict *ok = dict(dict(c, "expected"), "OK");
	unsigned n = 0;
	struct le *le;

	for (le = ok ? ok->lst.head : NULL; le; le = le->next) {
		const struct odict_entry *e = le->data;
		const struct odict_entry *kind, *body;

		kind = odict_lookup(e->u.odict, "0");
		body = odict_lookup(e->u.odict, "1");
		if (!kind || kind->type != ODICT_STRING)
			continue;
		if (!strcmp(kind->u.str, "message") &&
		    !(body->type == ODICT_STRING && !body->u.str[0]))
			++n;
	}
	return n;
}

static unsigned messages;

static void count_recv(const struct transport_src *src, const uint8_t *data,
		       size_t len, void *arg)
{
	++messages;
	rig_recv(src, data, len, arg);
}

static bool play(struct rig *rig, const struct odict *c, uint8_t *buf)
{
	const struct odict *close = dict(c, "expectedClose");
	const struct odict *steps = dict(c, "steps");
	struct guest *guest = mem_zalloc(sizeof(*guest), NULL);
	bool we_close = false, ok;
	struct le *le;

	messages = 0;
	if (!guest || !guest_come(guest, rig, RIG_WSS, NULL)) {
		mem_deref(guest);
		return false;
	}
	for (le = steps->lst.head; le; le = le->next) {
		const struct odict_entry *e = le->data;

		we_close |=
			play_step(guest, rig, e->u.odict, buf, is_latin1(c));
	}
	if (!is_true(close, "closedByMe") || we_close) {
		ok = guest_leave(guest, rig) &&
		     (code_listed(close, guest->code) ||
		      (guest->code == 1009 && over_limit(c)) ||
		      (guest->code == 1006 && !is_true(close, "requireClean")));
	} else {
		(void)ws_client_text(guest->client, goodbye);
		ok = loop_test_until(&rig->lt, said_goodbye, guest,
				     RIG_WAIT_MS) &&
		     !guest->ended && messages == answers(c) + 1;
	}
	if (!ok)
		printf("# case %s: ended %d code %d, %u messages\n",
		       str(c, "id"), guest->ended, guest->code, messages);
	guest_drop(guest);
	mem_deref(guest);
	return ok;
}

static void every_case_ends_as_it_must(void)
{
	const char *path = test_suite_path("websocket-autobahn/cases.json");
	struct odict *cases = NULL;
	struct rig rig;
	uint8_t *json, *buf;
	unsigned n = 0, good = 0;
	size_t len;
	struct le *le;

	if (!path) {
		test_skip("the suite websocket-autobahn is not here");
		return;
	}
	json = test_read_file(path, &len);
	REQUIRE(json);
	REQUIRE(!json_decode_odict(&cases, 64, (char *)json, len, DEPTH));
	mem_deref(json);
	buf = mem_alloc(PAYLOAD_MAX, NULL);
	REQUIRE(buf);
	rig_init(&rig);
	rig.echo = true;
	rig.params.h.recvh = count_recv;
	rig.params.limits.close_ms = 50;
	REQUIRE(rig_start(&rig));
	for (le = cases->lst.head; le; le = le->next) {
		const struct odict_entry *e = le->data;

		++n;
		good += play(&rig, e->u.odict, buf);
	}
	printf("# %u of %u cases\n", good, n);
	CHECK_INT(n, 247);
	CHECK_INT(good, n);
	mem_deref(buf);
	mem_deref(cases);
	rig_close(&rig);
}

TEST_MAIN(TEST(every_case_ends_as_it_must))

#include "tests/lib/ws_client.c"
