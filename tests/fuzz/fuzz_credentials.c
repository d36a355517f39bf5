/*
 * fuzz_credentials.c  A PBX's 401 or 407: whatever it asks, our answer is one
 *                     header field that reads back
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/auth/credentials.h"
#include "tests/lib/fuzz.h"

static void check(const struct credentials_answer *answer)
{
	struct shdr_digest digest;
	struct pl val;

	pl_set_str(&val, answer->val);
	for (size_t i = 0; i < val.l; i++) {
		if ((uint8_t)val.p[i] < 0x20)
			abort();
	}
	if (shdr_digest_decode(&digest, &val) ||
	    pl_strcmp(&digest.username, "trunk"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct credentials who = {.username = PL("trunk"),
					.password = PL("secret")};
	const struct credentials_use use = {PL("INVITE"), PL("sip:b@h"), PL("v=0")};
	struct credentials_answer answer;
	struct smsg_err why;
	struct smsg msg;
	uint8_t *buf = malloc(size ? size : 1);

	if (!buf)
		return 0;
	if (size)
		memcpy(buf, data, size);
	if (!smsg_decode(&msg, buf, size, NULL, &why) && !msg.request &&
	    !credentials_answer(&answer, &who, &msg, &use))
		check(&answer);
	free(buf);
	return 0;
}
