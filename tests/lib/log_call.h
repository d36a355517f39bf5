/*
 * log_call.h  A page (leg 1) and a telephone (leg 2) in a call with a log, and
 *             what stands in it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_LOG_CALL_H
#define TESTS_LIB_LOG_CALL_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "tests/lib/log_bed.h"

static const char *const S = "00000000000000a1";

struct call {
	struct log_bed log; /* first: the media bed is the handlers' arg */
	struct media_page *page;
	struct media_phone *phone;
};

struct setup {
	bool deaf;                  /* the page never hears of our SDP */
	bool mute_page, mute_phone; /* it sends nothing */
	bool no_dtls;    /* it waits for our ClientHello, and we for its */
	bool opus;       /* the telephone has it, too: nothing is transcoded */
	bool keys;       /* the telephone has keys, in its SDP */
	bool dtls;       /* by DTLS */
	const char *lie; /* and shows another certificate than it tells */
	const char *state; /* of a state file */
};

static inline int exchange(struct call *call, const struct setup *setup)
{
	struct media_bed *bed = &call->log.media;
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? 0 : ENOMEM;

	if (!err)
		err = media_remote(bed, S, 1, false,
				   media_page_sdp(call->page, false), NULL);
	if (!err)
		err = media_phone_called(call->phone, S, 2);
	if (!err)
		err = session_leg_join(bed->table, S, 1, 2, NULL);
	if (!err)
		err = media_local(bed, S, 1, true, mb, NULL);
	if (setup->no_dtls)
		mock_media_serve(call->page->mock);
	if (!err && !setup->deaf)
		err = media_page_take(call->page, (char *)mb->buf, mb->end);
	if (!err)
		err = session_answered(bed->table, S);
	mem_deref(mb);
	return err;
}

static inline void equip(struct media_phone *phone, const struct setup *setup)
{
	if (setup->opus) {
		phone->formats = "96";
		phone->extra = "a=rtpmap:96 opus/48000/2\r\n";
		pl_set_str(&phone->terms.codecs, "opus");
	}
	if (setup->keys) {
		phone->profile = SDPM_SDES;
		phone->keys.suite = "AES_CM_128_HMAC_SHA1_80";
	}
	if (setup->dtls || setup->lie) {
		phone->profile = SDPM_DTLS;
		phone->dtls.setup = "active";
		phone->dtls.lie = setup->lie;
	}
}

static inline struct call *call_up(const struct setup *setup)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);

	if (!call)
		return NULL;
	if (!log_bed_open(&call->log, setup->state))
		return call;
	call->page = media_page_open(&call->log.media);
	call->phone = media_phone_open(&call->log.media);
	if (!CHECK(call->page && call->phone))
		return call;
	equip(call->phone, setup);
	call->page->sending = !setup->mute_page;
	call->phone->sending = !setup->mute_phone;
	if (!CHECK_INT(exchange(call, setup), 0))
		call->phone = NULL;
	if (!setup->deaf && !setup->no_dtls)
		CHECK(media_bed_ready(&call->log.media));
	return call;
}

static inline void hang_up(struct call *call)
{
	log_bed_close(&call->log);
	mem_deref(call);
}

/* --- what is told ------------------------------------------------------------------ */

/* The entry that begins so, "1 ice.check"; NULL: there is none. */
static const char *entry(const char *text, const char *begin)
{
	for (const char *p = text; (p = strstr(p, begin)); p++)
		if ((p == text || p[-1] == '\n') &&
		    strchr(" \n", p[strlen(begin)]))
			return p;
	return NULL;
}

static inline unsigned count(const char *text, const char *begin)
{
	unsigned n = 0;

	for (const char *p = text; (p = entry(p, begin)); p++)
		n++;
	return n;
}

static inline bool has_word(const char *line, const char *word)
{
	const size_t end = strcspn(line, "\n");
	const char *p = strstr(line, word);

	return p && p + strlen(word) <= line + end;
}

/* Of the first entry that begins so. */
static inline void has(const char *text, const char *begin, const char *word)
{
	const char *line = entry(text, begin);

	if (!CHECK(line != NULL) || !CHECK(has_word(line, word)))
		printf("# no '%s' in '%s':\n# %.*s\n", word, begin,
		       line ? (int)strcspn(line, "\n") : 0, line ? line : "");
}

static inline void has_not(const char *text, const char *begin)
{
	if (!CHECK(!entry(text, begin)))
		printf("# there is '%s'\n", begin);
}

static const char *log_of(struct call *call)
{
	return log_bed_read(&call->log);
}

#endif
