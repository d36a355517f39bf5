/*
 * stranger.c  Who calls a number of another tenant, as he is known there
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/stranger.h"

/* RFC 3966 5.1.4: a global number. */
static bool is_global(const struct pl *number)
{
	for (size_t i = 1; i < number->l; i++) {
		if (number->p[i] < '0' || number->p[i] > '9')
			return false;
	}
	return number->l > 1 && number->p[0] == '+';
}

void stranger_host(char host[STRANGER_HOST_MAX], const struct pl *number,
		   const struct route_tenant *his, const char *there)
{
	const char *domain = side_domain(his);

	if (there && is_global(number))
		str_ncpy(host, there, STRANGER_HOST_MAX);
	else if (domain)
		str_ncpy(host, domain, STRANGER_HOST_MAX);
	else /* RFC 2606: nobody's, and it tells whose he is */
		re_snprintf(host, STRANGER_HOST_MAX, "%s.invalid", his->id);
}
