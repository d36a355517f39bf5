/*
 * test_media_policy.c  Policies: which codec a call has, why, and what that
 *                      means for who stands beside
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "mediad/rtp/pkt.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/codec_set.h"
#include "mediad/sound/transcode.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000b1";

struct call {
	struct media_bed bed;
	struct media_page *page;
	struct media_phone *phone;
};

static const struct leg_figures *figures(const struct call *call, uint8_t leg)
{
	static struct session_figures figs;

	if (session_query(call->bed.table, S, &figs))
		return NULL;
	for (size_t i = 0; i < figs.nlegs; i++)
		if (figs.legs[i].leg == leg)
			return &figs.legs[i];
	return NULL;
}

static struct call *call_open(struct codec_set *codecs)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);

	if (!call)
		return NULL;
	call->bed.codecs = codecs;
	if (!CHECK(media_bed_open(&call->bed, NULL) == 0))
		return mem_deref(call);
	call->page = media_page_open(&call->bed);
	call->phone = media_phone_open(&call->bed);
	return call;
}

static void call_close(struct call *call)
{
	media_bed_close(&call->bed);
	mem_deref(call);
}

/* The page calls the phone; its leg is answered when the phone has picked
 * up. */
static int page_calls(struct call *call)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? 0 : ENOMEM;

	if (!err)
		err = media_remote(&call->bed, S, 1, false,
				   media_page_sdp(call->page, false), NULL);
	if (!err)
		err = media_phone_called(call->phone, S, 2);
	if (!err)
		err = session_leg_join(call->bed.table, S, 1, 2, NULL);
	if (!err)
		err = media_local(&call->bed, S, 1, true, mb, NULL);
	if (!err)
		err = media_page_take(call->page, (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

static bool says(const struct call *call, uint8_t leg, const char *what)
{
	const struct leg_figures *figs = figures(call, leg);
	const bool is = figs && strstr(figs->why, what);

	if (!is)
		printf("# leg %u: %s\n", leg, figs ? figs->why : "-");
	return is;
}

static void usually_a_page_has_opus(void)
{
	struct call *call = call_open(NULL);

	REQUIRE(call && call->page && call->phone);
	CHECK_INT(page_calls(call), 0);
	CHECK_STR(figures(call, 1)->chosen, "opus/48000/2");
	CHECK_STR(figures(call, 2)->chosen, "PCMA/8000/1");
	CHECK_STR(figures(call, 1)->way, "transcode");
	CHECK(says(call, 1, "opus: the first of ours that it offered (policy "
			    "usual)"));
	CHECK(says(call, 2, "PCMA: its answer to our offer"));
	/* what is made of it is wide band at most, and so is what is heard */
	CHECK(strstr(call->page->sdp, "maxplaybackrate=16000") != NULL);
	CHECK(strstr(call->page->sdp, "sprop-maxcapturerate=16000") != NULL);
	call_close(call);
}

/* The page stands beside a connection with a policy, and has none itself. */
static void passthrough_is_passed_on_to_the_page_beside(void)
{
	struct call *call = call_open(NULL);

	REQUIRE(call && call->page && call->phone);
	call->phone->terms.order = SESSION_ORDER_PASSTHROUGH;
	pl_set_str(&call->phone->terms.policy, "prefer-passthrough");
	CHECK_INT(page_calls(call), 0);
	CHECK_STR(figures(call, 1)->chosen, "PCMA/8000/1");
	CHECK_STR(figures(call, 2)->chosen, "PCMA/8000/1");
	CHECK_STR(figures(call, 1)->way, "relay");
	CHECK_INT(session_sound(call->bed.table)->running, 0);
	CHECK(says(call, 1, "PCMA: the other side has it, too: nothing is "
			    "transcoded (policy prefer-passthrough); "
			    "opus/48000 before it: "));
	call_close(call);
}

static const char *chosen_of(enum session_order order, const char *codecs,
			     const char *formats)
{
	static char chosen[32];
	struct call *call = call_open(NULL);

	chosen[0] = '\0';
	if (!call)
		return chosen;
	call->phone->terms.order = order;
	call->phone->formats = formats;
	if (codecs)
		pl_set_str(&call->phone->terms.codecs, codecs);
	if (CHECK(!media_phone_calls(call->phone, S, 1)))
		str_ncpy(chosen, figures(call, 1)->chosen, sizeof(chosen));
	call_close(call);
	return chosen;
}

static void an_order_is_one_of_what_is_offered(void)
{
	CHECK_STR(chosen_of(SESSION_ORDER_QUALITY, NULL, "8 0 9 101"),
		  "G722/8000/1");
	CHECK_STR(chosen_of(SESSION_ORDER_COST, NULL, "9 0 101"),
		  "PCMU/8000/1");
	CHECK_STR(chosen_of(SESSION_ORDER_COST, "G722,PCMA", "9 8"),
		  "PCMA/8000/1");
	CHECK_STR(chosen_of(SESSION_ORDER_LISTED, "PCMU,G722,PCMA", "8 9 0"),
		  "PCMU/8000/1");
	CHECK_STR(chosen_of(SESSION_ORDER_NONE, "PCMA,PCMU", "0 8"),
		  "PCMA/8000/1");
}

static void opus_of_one_side_is_told_to_the_other(void)
{
	struct call *call = call_open(NULL);

	REQUIRE(call && call->phone);
	pl_set_str(&call->phone->terms.codecs, "opus");
	call->phone->formats = "96 101";
	call->phone->extra =
		"a=rtpmap:96 opus/48000/2\r\na=fmtp:96 stereo=1;"
		"maxaveragebitrate=30000;usedtx=1;cbr=1;minptime=20;"
		"maxplaybackrate=24000;sprop-maxcapturerate=12000\r\n";
	CHECK_INT(page_calls(call), 0);
	CHECK_STR(figures(call, 1)->way, "relay");
	CHECK(strstr(call->page->sdp, "minptime=20;useinbandfec=0;stereo=1;"
				      "usedtx=1;cbr=1;maxplaybackrate=24000;"
				      "sprop-maxcapturerate=12000;"
				      "maxaveragebitrate=30000") != NULL);
	call_close(call);
}

static void noise_is_offered_when_it_is_said(void)
{
	struct call *call = call_open(NULL);

	REQUIRE(call && call->phone);
	CHECK_INT(media_phone_gets(call->phone, S, 2, false), 0);
	CHECK(!strstr(call->phone->sdp, "CN/"));
	call_close(call);

	call = call_open(NULL);
	REQUIRE(call && call->phone);
	call->phone->terms.noise = true;
	pl_set_str(&call->phone->terms.codecs, "PCMA,L16");
	CHECK_INT(media_phone_gets(call->phone, S, 2, false), 0);
	CHECK(strstr(call->phone->sdp, "a=rtpmap:13 CN/8000") != NULL);
	CHECK(strstr(call->phone->sdp, " CN/16000") != NULL);
	CHECK(strstr(call->phone->sdp, "telephone-event/16000") != NULL);
	call_close(call);
}

static void count(const uint8_t *pkt, size_t len, void *arg)
{
	(void)pkt;
	(void)len;
	++*(unsigned *)arg;
}

/* A PBX that pauses, and a page that hears noise meanwhile: Opus, or the same
 * G.711, which is transcoded for that. */
static void a_pbx_that_pauses_is_heard(bool narrow)
{
	static const uint8_t cn[] = {50, 100};
	struct call *call = call_open(NULL);
	unsigned heard = 0;

	REQUIRE(call && call->page && call->phone);
	if (narrow)
		media_page_narrow(call->page);
	call->phone->terms.order = SESSION_ORDER_USUAL;
	call->phone->terms.noise = true;
	call->phone->formats = "8 13 101";
	call->phone->sending = false;
	CHECK_INT(page_calls(call), 0);
	CHECK_STR(figures(call, 2)->way, "transcode");
	CHECK(media_bed_ready(&call->bed));
	call->page->sending = false;
	call->page->rtph = count;
	call->page->arg = &heard;
	media_phone_send(call->phone, 13, cn, sizeof(cn));
	media_bed_run(&call->bed, 2000);
	if (!CHECK(heard >= 90 && heard <= 100))
		printf("# %u packets\n", heard);
	CHECK_INT(session_sound(call->bed.table)->unusable, 0);
	call_close(call);
}

static void noise_of_a_pbx_is_heard_by_a_page(void)
{
	a_pbx_that_pauses_is_heard(false);
	a_pbx_that_pauses_is_heard(true);
}

static const char *module(void)
{
	static char path[4200];
	char self[4096] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	snprintf(path, sizeof(path), "%s/../../module/good.so",
		 n < 0 ? "." : dirname(self));
	return path;
}

static void what_is_not_loaded_is_never_offered(void)
{
	struct codec_set *set = NULL;
	struct call *call = call_open(NULL);
	char why[256] = "";

	REQUIRE(call && call->phone);
	pl_set_str(&call->phone->terms.codecs, "G729,PCMA");
	CHECK_INT(media_phone_gets(call->phone, S, 2, false), 0);
	CHECK(!strstr(call->phone->sdp, "G729"));
	call_close(call);
	/* nor taken */
	CHECK_STR(chosen_of(SESSION_ORDER_LISTED, "G729,PCMA", "18 8"),
		  "PCMA/8000/1");

	REQUIRE(codec_set_alloc(&set) == 0);
	if (!CHECK_INT(codec_set_load(set, module(), why, sizeof(why)), 0))
		printf("# %s\n", why);
	call = call_open(set);
	REQUIRE(call && call->phone);
	pl_set_str(&call->phone->terms.codecs, "G729,PCMA");
	call->phone->formats = "18 101";
	CHECK_INT(page_calls(call), 0);
	CHECK(strstr(call->phone->sdp, "a=rtpmap:18 G729/8000\r\n"
				       "a=fmtp:18 annexb=no\r\n") != NULL);
	CHECK_STR(figures(call, 2)->chosen, "G729/8000/1");
	CHECK_STR(figures(call, 1)->way, "transcode");
	call_close(call);
	mem_deref(set);
}

TEST_MAIN(TEST(usually_a_page_has_opus),
	  TEST(passthrough_is_passed_on_to_the_page_beside),
	  TEST(an_order_is_one_of_what_is_offered),
	  TEST(opus_of_one_side_is_told_to_the_other),
	  TEST(noise_is_offered_when_it_is_said),
	  TEST(noise_of_a_pbx_is_heard_by_a_page),
	  TEST(what_is_not_loaded_is_never_offered))
