/*
 * rest_openapi.h  docs/openapi.yaml as JSON, from the build
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_OPENAPI_H
#define SIGD_ADMIN_REST_OPENAPI_H

#include <stddef.h>

extern const char rest_openapi_text[];
extern const size_t rest_openapi_len;

#endif
