/*
 * service_name.h  What a call is joined with that we answer ourselves, as it
 *                 stands in the call's record: "echo", "sound:closed*2"
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_SERVICE_NAME_H
#define SIGD_PROXY_SERVICE_NAME_H

#include <stddef.h>

#include "common/control/ctl_msg.h"
#include "routing/route.h"

/* announcement: of ROUTE_ANNOUNCEMENT, else NULL. */
void service_name_print(char *text, size_t size, enum route_service service,
			const struct route_announcement *announcement);
/* Fills service, sound and times; the sound points into text. False: it is
 * none of ours. */
bool service_name_read(struct ctl_leg_join *join, const char *text);

#endif
