/*
 * test_sdp_suite.c  Offers of real user agents, read and answered
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/mediad/sdp/offers.h"

/* Refused: comments (RFC 8866 has none), an unknown line type, attributes of
 * an m-line in the session, a mid that is no token. All others are read. */
static const char *const refused[] = {
	"sdp-transform/invalid.sdp", "sdp-transform/st2110-20.sdp",
	"webrtc-sdp/03.sdp",         "webrtc-sdp/08.sdp",
	"webrtc-sdp/11.sdp",         "webrtc-sdp/14.sdp",
	"webrtc-sdp/15.sdp",         "webrtc-sdp/16.sdp",
	"webrtc-sdp/21.sdp",         "webrtc-sdp/26.sdp",
	"webrtc-sdp/29.sdp",         "webrtc-sdp/31.sdp",
};

/* Of a peer that does ICE, DTLS-SRTP and rtcp-mux: answered. */
static const char *const browsers[] = {
	"ex_webrtc/chromium_audio_video_sdp.txt",
	"ex_webrtc/firefox_audio_video_sdp.txt",
	"ex_webrtc/obs_audio_video_sdp.txt",
	"kvs-webrtc-sdk-c/1v1a1d-safari-mac.sdp",
	"sdp-transform/icelite.sdp", /* no browser; and we are not lite then */
	"sdp-transform/jsep.sdp",
	"sdp-transform/jssip.sdp",
	"sdp-transform/ssrc.sdp",
	"webrtc-sdp/12.sdp",
	"webrtc-sdp/41.sdp",
};

static bool listed(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static char *slurp(const char *name, size_t *len)
{
	char full[512];
	const char *path;
	FILE *file;
	char *text;

	snprintf(full, sizeof(full), "sdp/%s", name);
	path = test_suite_path(full);
	file = path ? fopen(path, "rb") : NULL;
	if (!file)
		return NULL;

	text = mem_zalloc(SDPM_TEXT_MAX, NULL);
	*len = text ? fread(text, 1, SDPM_TEXT_MAX - 1, file) : 0;
	fclose(file);
	return text;
}

/* By the rules, not by our own writer: what must be in every answer. */
static void answer_is_sound(const struct sdpm_desc *offer,
			    const struct sdpm_desc *ours)
{
	size_t on = 0;

	/* two that are lite would wait for each other (RFC 8445 6.1.1) */
	CHECK_INT(ours->ice_lite, !offer->ice_lite);
	REQUIRE(ours->nmedia == offer->nmedia);
	for (size_t i = 0; i < ours->nmedia; i++) {
		const struct sdpm_media *media = &ours->media[i];
		const struct sdpm_media *theirs = &offer->media[i];

		CHECK(!pl_cmp(&media->type, &theirs->type));
		CHECK(!pl_cmp(&media->proto, &theirs->proto));
		CHECK(!pl_cmp(&media->mid, &theirs->mid));
		if (!media->port)
			continue;

		/* who carries the bundle stays, and carries nothing else
		 * (docs/decisions/0009) */
		if (media->kind != SDPM_AUDIO) {
			CHECK_INT(i, 0);
			CHECK_INT(media->dir, SDPM_INACTIVE);
			CHECK_INT(media->nformats, 1);
			continue;
		}
		++on;
		CHECK_INT(media->transport.setup, SDPM_PASSIVE);
		CHECK_INT(media->transport.nprints, 1);
		CHECK(media->rtcp.mux);
		CHECK_INT(media->ncands, 1);
		CHECK(media->nformats >= 1 && media->nformats <= 2);
		CHECK(media->formats[0].codec != SDPM_CODEC_NONE);
		/* every number answered is one offered, for the same format */
		for (size_t k = 0; k < media->nformats; k++) {
			size_t n = 0;

			while (n < theirs->nformats &&
			       (theirs->formats[n].pt != media->formats[k].pt ||
				theirs->formats[n].codec !=
					media->formats[k].codec))
				++n;
			CHECK(n < theirs->nformats);
		}
	}
	CHECK_INT(on, 1);
}

static void answer_check(const struct sdpm_desc *offer, const char *name)
{
	struct mbuf *mb = mbuf_alloc(2048);
	struct sdpm_verdict verdict;
	struct sdpm_choice choice;
	struct sdpm_policy policy;
	struct sdpm_local local;
	struct sdpm_desc *ours = NULL;
	int err;

	REQUIRE(mb);
	local_init(&local);
	sdpm_policy_init(&policy, SDPM_BROWSER);
	err = sdpm_decide_offer(&choice, &verdict, offer, &policy, NULL);
	if (!!err == listed(name, browsers, COUNTOF(browsers)))
		printf("# %s: %s\n", name, verdict.error.why);
	CHECK_INT(!err, listed(name, browsers, COUNTOF(browsers)));
	if (!err) {
		CHECK_INT(sdpm_write_answer(mb, &local, &choice), 0);
		CHECK(mb->end < 1500);
		ours = must_read(mbuf_text(mb));
		if (ours)
			answer_is_sound(offer, ours);
	}
	mem_deref(ours);
	mem_deref(mb);
}

static void file_check(const char *name)
{
	struct sdpm_desc *desc = NULL;
	struct sdpm_error error;
	size_t len = 0;
	char *text = slurp(name, &len);
	int err;

	REQUIRE(text);
	err = sdpm_read(&desc, text, len, &error);
	if (!err == listed(name, refused, COUNTOF(refused)))
		printf("# %s: line %u: %s\n", name, error.line, error.why);
	CHECK_INT(err != 0, listed(name, refused, COUNTOF(refused)));
	if (!err)
		answer_check(desc, name);
	mem_deref(desc);
	mem_deref(text);
}

static size_t folder_check(const char *folder, const char *suffix)
{
	char full[512], name[300];
	struct dirent *entry;
	const char *path;
	size_t n = 0;
	DIR *dir;

	snprintf(full, sizeof(full), "sdp/%s", folder);
	path = test_suite_path(full);
	dir = path ? opendir(path) : NULL;
	if (!dir)
		return 0;

	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len < strlen(suffix) ||
		    strcmp(entry->d_name + len - strlen(suffix), suffix))
			continue;
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		file_check(name);
		++n;
	}
	closedir(dir);
	return n;
}

static void every_real_offer_is_read_or_refused_as_it_should(void)
{
	size_t n = folder_check("webrtc-sdp", ".sdp") +
		   folder_check("sdp-transform", ".sdp") +
		   folder_check("kvs-webrtc-sdk-c", ".sdp") +
		   folder_check("ex_webrtc", "_sdp.txt");

	if (!n)
		test_skip("suites/sdp is not here");
	else
		CHECK_INT(n, 69);
}

/* Two files are refused for their comments; their real fault is seen too. */
static void faults_behind_comments_are_seen(void)
{
	static const struct {
		const char *name, *fault;
	} files[] = {
		{"webrtc-sdp/08.sdp", "fingerprint"},
		{"webrtc-sdp/11.sdp", "ice-lite"},
	};

	for (size_t i = 0; i < COUNTOF(files); i++) {
		struct sdpm_desc *desc = NULL;
		struct sdpm_error error;
		size_t len = 0;
		char *text = slurp(files[i].name, &len), *v;

		if (!text) {
			test_skip("suites/sdp is not here");
			return;
		}
		v = strstr(text, "v=0");
		REQUIRE(v);
		CHECK_INT(sdpm_read(&desc, v, strlen(v), &error), EBADMSG);
		CHECK(strstr(error.why, files[i].fault));
		mem_deref(text);
	}
}

/* Every prefix of a real offer is read or refused; ASan watches. */
static void offers_cut_anywhere_do_no_harm(void)
{
	static const char text[] = SAFARI;

	for (size_t len = 0; len < sizeof(text); len++) {
		struct sdpm_desc *desc = NULL;
		struct sdpm_error error;
		char *part = mem_alloc(len ? len : 1, NULL);

		REQUIRE(part);
		memcpy(part, text, len);
		if (sdpm_read(&desc, part, len, &error))
			CHECK_INT(error.sip, 400);
		mem_deref(desc);
		mem_deref(part);
	}
}

TEST_MAIN(TEST(every_real_offer_is_read_or_refused_as_it_should),
	  TEST(faults_behind_comments_are_seen),
	  TEST(offers_cut_anywhere_do_no_harm))
