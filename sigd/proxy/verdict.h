/*
 * verdict.h  What a refusal is worth: against others, and for what comes next
 *
 * Pure. RFC 3261 16.7 steps 5 and 6.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_VERDICT_H
#define SIGD_PROXY_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"

/*
 * The lowest is the best of several refusals: a 6xx before all, else the
 * lowest class. Within a class first what the sender can mend, and last what
 * only says that nobody was there: that a phone is busy tells more than that
 * another one did not answer.
 */
unsigned verdict_rank(uint16_t scode);
/* It cannot do the work, or is not there: another target may. */
bool verdict_elsewhere(uint16_t scode);
/* What it means, for logs and records. */
enum status verdict_reason(uint16_t scode);

#endif
