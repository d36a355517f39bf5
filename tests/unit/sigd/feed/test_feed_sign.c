/*
 * test_feed_sign.c  Signatures of webhooks, as others make and check them
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "sigd/feed/feed_sign.h"
#include "tests/lib/test.h"

static void signed_is(const char *secret, const char *id, const char *stamp,
		      const char *text, const char *want)
{
	char out[FEED_SIGNATURE_MAX] = "";
	struct pl body;

	pl_set_str(&body, text);
	CHECK(!feed_sign(out, secret, id, stamp, &body));
	CHECK_STR(out, want);
}

/* The example of the Standard Webhooks libraries. */
static void a_secret_in_base64_is_what_it_encodes(void)
{
	signed_is("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		  "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
		  "{\"test\": 2432232314}",
		  "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* printf 'id.7.{}' | openssl dgst -sha256 -hmac 'sixteen letters.' -binary */
static void any_other_secret_is_its_text(void)
{
	signed_is("sixteen letters.", "id", "7", "{}",
		  "v1,fNjWaXIO33OIFVO2uqArq6poRX3z95B28WkIMJxpiHM=");
}

static void a_secret_that_is_none_signs_nothing(void)
{
	char out[FEED_SIGNATURE_MAX], large[FEED_KEY_BYTES + 2];
	/* base64 that is none, or of nothing: anybody could sign with that */
	static const char *const odd[] = {
		"whsec_", "whsec_==========", "whsec_====", "whsec_AAAA",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!!",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa", "whsec_A",
		"whsec_not base64 at all....."};
	const struct pl body = PL("{}");

	memset(large, 'a', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	CHECK(feed_sign(out, large, "i", "1", &body));
	for (size_t i = 0; i < COUNTOF(odd); i++) {
		if (!CHECK_INT(feed_sign(out, odd[i], "i", "1", &body), EINVAL))
			printf("# %s\n", odd[i]);
		CHECK(!feed_sign_takes(odd[i]));
	}
	CHECK(!feed_sign_takes(large) && !feed_sign_takes("fifteen letters"));
	CHECK(feed_sign_takes("sixteen letters."));
}

TEST_MAIN(TEST_OOM(a_secret_in_base64_is_what_it_encodes),
	  TEST(any_other_secret_is_its_text),
	  TEST(a_secret_that_is_none_signs_nothing))
