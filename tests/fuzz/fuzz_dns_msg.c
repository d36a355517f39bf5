/*
 * fuzz_dns_msg.c  Answers of DNS servers
 *
 * The first byte chooses the type of record. What is found is in order, and
 * its texts are host names.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "sigd/transport/dns_msg.h"
#include "tests/lib/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_answer answer;
	enum dns_type type;

	if (!size)
		return 0;
	type = data[0] & 1 ? DNS_SRV : DNS_NAPTR;
	if (dns_answer_read(&answer, type, data + 1, size - 1))
		return 0;

	assert(answer.n <= DNS_RECORDS_MAX);
	for (size_t i = 0; i < answer.n; i++) {
		const char *target = type == DNS_SRV ? answer.srv[i].target
						     : answer.naptr[i].target;

		assert(strlen(target) <= DNS_HOST_MAX);
		assert(!strpbrk(target, " @:;<>\r\n"));
		if (type == DNS_SRV && i)
			assert(answer.srv[i].priority >=
			       answer.srv[i - 1].priority);
	}
	return 0;
}
