/*
 * fuzz_lb_header.c  PROXY protocol headers, whole and in pieces
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <re.h>

#include "sigd/transport/lb_header.h"
#include "tests/lib/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lb_header whole, part;
	int err = lb_header_decode(&whole, data, size);
	size_t upto = size < 300 ? size : 300;

	if (!err)
		assert(whole.used && whole.used <= size &&
		       whole.used <= LB_HEADER_MAX &&
		       (!whole.known || sa_isset(&whole.remote, SA_ADDR)));
	/* what has come so far says the same, or to wait */
	for (size_t len = 0; len < upto; len++) {
		int now = lb_header_decode(&part, data, len);

		if (!err && len < whole.used)
			assert(now == EAGAIN);
		else if (now != EAGAIN)
			assert(now == err);
	}
	return 0;
}
