/*
 * route_users.c  The users of a tenant: names and credentials
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <string.h>
#include <re.h>

#include "routing/text/route_index.h"
#include "routing/party/route_party.h"

/* The text stays, empty: the printed configuration shows that it was set. */
static void wipe(const char *text)
{
	if (text)
		explicit_bzero((char *)text, strlen(text));
}

static void take_hex(char *to, const char *given)
{
	for (; given && *given; given++)
		*to++ = (char)tolower((unsigned char)*given);
}

static int refuse(const struct route_user *user, const char *what,
		  struct cfg_errors *errs)
{
	cfg_errors_add(errs, &user->pos,
		       "user \"%s\" has %s, expected either "
		       "password, or ha1_md5 and ha1_sha256 or one of them",
		       user->name, what);
	return EINVAL;
}

/* What is offered is what can be answered. */
static int load_algorithms(struct route_user *user, uint8_t offered,
			   struct cfg_errors *errs)
{
	uint8_t known = 0;

	if (user->ha1_md5[0])
		known |= ROUTE_ALG_MD5;
	if (user->ha1_sha256[0])
		known |= ROUTE_ALG_SHA256;
	/* without any, tokens are all there is: it looks like the others */
	user->algs = route_algs_of(&user->given_algs, offered) &
		     (known ? known : offered);
	if (user->algs)
		return 0;
	cfg_errors_add(errs, &user->pos,
		       "user \"%s\" has no ha1 for any of its algorithms",
		       user->name);
	return EINVAL;
}

static int load_credentials(struct route_user *user,
			    const struct route_tenant *tenant,
			    const struct route_hasher *hasher,
			    struct cfg_errors *errs)
{
	const bool given = user->given_md5 || user->given_sha256;
	int err = 0;

	if (user->password && given)
		return refuse(user, "a password and a ha1", errs);
	if (!user->password && !given && !tenant->auth.jwt)
		return refuse(user, "no credentials", errs);
	if (user->password) {
		const struct route_secret secret = {user->name, tenant->realm,
						    user->password};

		err = route_ha1_make(hasher, &secret, user->ha1_md5,
				     user->ha1_sha256);
	}
	take_hex(user->ha1_md5, user->given_md5);
	take_hex(user->ha1_sha256, user->given_sha256);
	wipe(user->password);
	wipe(user->given_md5);
	wipe(user->given_sha256);
	return err;
}

/* A number is nobody else's, neither as a number nor as a name. */
static int load_numbers(struct route_tenant *tenant, struct route_user *user,
			struct cfg_errors *errs)
{
	const struct route_user *other;
	struct pl number;
	int err = 0;

	for (uint32_t i = 0; i < user->nnumbers && err != ENOMEM; i++) {
		pl_set_str(&number, user->numbers[i]);
		other = route_user_called(tenant, &number);
		if (!other) {
			err = route_index_add(tenant->by_number,
					      user->numbers[i], user);
			continue;
		}
		cfg_errors_add(errs, &user->pos,
			       "number \"%s\" of user \"%s\" is already one "
			       "of user \"%s\"",
			       user->numbers[i], user->name, other->name);
		err = EINVAL;
	}
	return err;
}

static int load_all_numbers(struct route_tenant *tenant,
			    struct cfg_errors *errs)
{
	uint32_t count = 0;
	int err, bad = 0;

	for (uint32_t i = 0; i < tenant->nusers; i++)
		count += tenant->users[i].nnumbers;
	err = route_index_alloc(&tenant->by_number, count, false);
	for (uint32_t i = 0; i < tenant->nusers && err != ENOMEM; i++) {
		err = load_numbers(tenant, &tenant->users[i], errs);
		bad = err ? err : bad;
	}
	return err ? err : bad;
}

int route_users_load(struct route_tenant *tenant,
		     const struct route_hasher *hasher, struct cfg_errors *errs)
{
	int err = route_index_alloc(&tenant->by_name, tenant->nusers, false);
	int bad = route_jwt_check(tenant->auth.jwt, errs);

	tenant->auth.algs = route_algs_of(&tenant->auth.given,
					  ROUTE_ALG_MD5 | ROUTE_ALG_SHA256);
	for (uint32_t i = 0; i < tenant->nusers && err != ENOMEM; i++) {
		struct route_user *user = &tenant->users[i];

		/* the keys of a map are unique */
		err = route_index_add(tenant->by_name, user->name, user);
		err = err ? err
			  : load_credentials(user, tenant, hasher, errs);
		err = err ? err
			  : load_algorithms(user, tenant->auth.algs, errs);
		bad = err ? err : bad;
	}
	err = err == ENOMEM ? err : load_all_numbers(tenant, errs);
	return err ? err : bad;
}

const struct route_user *route_user_find(const struct route_tenant *tenant,
					 const struct pl *name)
{
	return tenant ? route_index_find(tenant->by_name, name) : NULL;
}

const struct route_user *route_user_called(const struct route_tenant *tenant,
					   const struct pl *callee)
{
	const struct route_user *user = route_user_find(tenant, callee);

	if (user || !tenant)
		return user;
	return route_index_find(tenant->by_number, callee);
}
