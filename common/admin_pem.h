/*
 * admin_pem.h  Certificate and key of the admin interface
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_PEM_H
#define COMMON_ADMIN_PEM_H

#include <stddef.h>

struct admin_conf;

/* Both as PEM texts; NULL when the configuration names none. */
struct admin_pem {
	char *cert, *key;
};

/*
 * Reads both, and makes sure that they belong together. An errno; why then
 * says what is wrong, in words. admin_pem_drop() frees them.
 */
int admin_pem_load(struct admin_pem *pem, const struct admin_conf *conf,
		   char *why, size_t size);
void admin_pem_drop(struct admin_pem *pem);

#endif
