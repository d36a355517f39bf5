/*
 * rest_hangup.h  How an operator ends a call
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_HANGUP_H
#define SIGD_ADMIN_REST_HANGUP_H

#include <stdbool.h>
#include <stdint.h>

#include "sigd/admin/rest_order.h"

struct call_record;

/* One that is up, so many milliseconds from now. False: resp is a 503. */
bool rest_hangup_up(const char *call, uint32_t delay_ms, struct admin *admin,
		    struct admin_resp *resp);
/* One that is being set up. False: resp is a 503. */
bool rest_hangup_setup(struct rest_order *order, const struct call_record *rec,
		       struct admin *admin, struct admin_resp *resp);

#endif
