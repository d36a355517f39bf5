/*
 * verdict.c  What a refusal is worth: against others, and for what comes next
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/countof.h"
#include "sigd/proxy/verdict.h"

unsigned verdict_rank(uint16_t scode)
{
	static const uint16_t mend[] = {415, 420, 484};
	static const uint16_t vague[] = {408, 430, 480, 487, 500, 504};

	if (scode >= 600)
		return scode - 600u;
	for (size_t i = 0; i < COUNTOF(mend); i++) {
		if (scode == mend[i])
			return scode / 100u * 1000u;
	}
	for (size_t i = 0; i < COUNTOF(vague); i++) {
		if (scode == vague[i])
			return scode / 100u * 1000u + 500u + scode % 100u;
	}
	return scode / 100u * 1000u + 1u + scode % 100u;
}

bool verdict_elsewhere(uint16_t scode)
{
	return scode == 408 || scode == 430 || (scode >= 500 && scode < 600);
}

enum status verdict_reason(uint16_t scode)
{
	switch (scode) {
	case 486:
	case 600:
		return STATUS_BUSY;
	case 603:
	case 403:
		return STATUS_DECLINED;
	case 404:
	case 604:
		return STATUS_UNKNOWN_USER;
	case 408:
	case 480:
		return STATUS_NO_ANSWER;
	case 487:
		return STATUS_CANCELLED;
	case 488:
	case 606:
		return STATUS_NOT_ACCEPTABLE;
	default:
		return STATUS_TARGET_DOWN;
	}
}
