/*
 * page.h  The dashboard, as the admin process serves it: files of a folder,
 *         /dashboard/
 *
 * The page itself needs no token: it asks its user for one. It loads its own
 * script and style alone, and talks to where it came from alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_PAGE_H
#define SIGD_ADMIN_PAGE_H

#include "common/admin_http.h"

/* admin_arg() is a struct rest_root. */
admin_handle_h page_handle, page_redirect;

#endif
