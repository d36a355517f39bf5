/*
 * admin_park.c  A connection of the admin's HTTP server that rests
 *
 * SPDX-License-Identifier: MIT
 */
#include <microhttpd.h>
#include <re.h>

#include "common/admin_park_priv.h"

void admin_park_rest(struct admin_park *park, struct admin_parking *parking,
		     struct MHD_Connection *conn)
{
	park->parking = parking;
	park->conn = conn;
	list_append(&parking->list, &park->le, park);
	MHD_suspend_connection(conn);
}

void admin_park_wake(struct admin_park *park)
{
	if (!park->le.list)
		return;
	list_unlink(&park->le);
	MHD_resume_connection(park->conn);
	park->parking->wakeh(park->parking->arg);
}

void admin_parking_wake(struct admin_parking *parking)
{
	while (parking->list.head)
		admin_park_wake(parking->list.head->data);
}
