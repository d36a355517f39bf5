/*
 * fuzz_leg_form.c  Forms of legs from Redis: read, refused, or written again
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>
#include <re.h>

#include "mediad/session/leg_form.h"
#include "tests/lib/fuzz.h"

static struct sdpm_choice first, second;
static struct sdpm_video seen, seen_again;

/* An offer that follows upon the video of a form. */
static void video_offered(struct sdpm_offer *offer)
{
	static struct sdpm_voffer voffer;
	static struct sdpm_vpolicy policy;

	if (!seen.nformats)
		return;
	sdpm_vpolicy_init(&policy, SDPM_BROWSER);
	sdpm_vpolicy_match(&policy, &seen);
	(void)sdpm_video_offer(&voffer, offer, &policy, &seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdpm_local local, again;
	uint8_t hushed = 0, hushed_again = 0;
	const struct leg_form form = {&local, &first, &seen, &hushed};
	const struct leg_form other = {&again, &second, &seen_again,
				       &hushed_again};
	static char text[4 * LEG_FORM_MAX];
	struct sdpm_policy policy;
	struct sdpm_offer offer;
	struct mbuf *mb;
	struct sdpm_host host = {.priority = 1};
	struct pl pl = {(const char *)data, size};

	if (size > LEG_FORM_MAX)
		return 0;
	memset(&local, 0, sizeof(local));
	memset(&again, 0, sizeof(again));
	/* a leg has names, which a form may replace */
	strcpy(local.cname, "c");
	strcpy(local.msid, "m");
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	memset(&seen, 0, sizeof(seen));
	memset(&seen_again, 0, sizeof(seen_again));
	if (leg_form_read(&form, &pl))
		return 0;
	assert(re_snprintf(text, sizeof(text), "%H", leg_form_print, &form) >=
	       0);
	pl_set_str(&pl, text);
	assert(!leg_form_read(&other, &pl));
	assert(!memcmp(&first, &second, sizeof(first)));
	assert(again.sess_id == local.sess_id);
	assert(hushed == hushed_again);
	assert(!seen.nformats ||
	       !memcmp(&seen, &seen_again, sizeof(seen)));

	/* what was found good serves: an offer is written from it */
	sdpm_policy_init(&policy, SDPM_BROWSER);
	sa_set_str(&host.addr, "192.0.2.1", 4000);
	local.nhosts = 1;
	local.hosts = &host;
	if (sdpm_offer_make(&offer, &policy, &first))
		return 0;
	video_offered(&offer);
	mb = mbuf_alloc(1024);
	assert(mb && !sdpm_write_offer(mb, &local, &offer));
	mem_deref(mb);
	return 0;
}
