/*
 * rest_log.h  What /v1/.../log and /v1/.../latency share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_LOG_H
#define SIGD_ADMIN_REST_LOG_H

#include "sigd/admin/rest_priv.h"
#include "sigd/journal/journal.h"

struct route_connection;

enum { REST_DEVICE_MAX = JOURNAL_DEVICE_MAX };

/* Whose log: the path names a user, or a connection. False: there is no such
 * tenant or connection, and resp is a 404. */
bool rest_log_of(struct journal_of *of, const struct admin_req *req,
		 struct admin_resp *resp, struct admin *admin);

/* journal_key(). False: the name is too long for it, and resp is a 400. */
bool rest_log_key(char key[JOURNAL_KEY_MAX], const struct journal_of *of,
		  const char *what, struct admin_resp *resp);

/* A device for people: the instance of "i:<instance>:<reg-id>", the Contact of
 * "c:<contact>"; decoded. */
void rest_device_name(char name[REST_DEVICE_MAX + 1], const char *device);
/* binding_device() of what rest_device_name() gave; 0: of none. */
uint32_t rest_device_number(const char *device);

/* Of the last hour, by kind: member `latency`. False: resp is a problem. */
bool rest_latency_sum(struct jsonw *json, struct admin *admin,
		      struct admin_resp *resp,
		      const struct route_connection *conn);

/* An operator has said so: into its log. */
void rest_log_forced(struct admin *admin, const struct route_connection *conn,
		     const char *why, const char *by);

#endif
