/*
 * rest_routes.h  What the files of /v1/routes share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_ROUTES_H
#define SIGD_ADMIN_REST_ROUTES_H

struct admin_resp;
struct cfg_errors;

/* A 422 that names each field, as RFC 9457 section 3 extends. */
void rest_routes_refuse(struct admin_resp *resp, const char *detail,
			const struct cfg_errors *errs);

#endif
