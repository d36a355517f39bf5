/*
 * test_admin_route.c  Paths, methods and queries of the admin's HTTP server
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/admin_route.h"
#include "tests/lib/test.h"

static const struct admin_route routes[] = {
	{"GET", "/", NULL, true, NULL},
	{"GET", "/healthz", NULL, true, NULL},
	{"GET", "/v1/tenants/{tenant}", NULL, false, NULL},
	{"DELETE", "/v1/tenants/{tenant}", NULL, false, NULL},
	{"GET", "/v1/tenants/{tenant}/users/{user}", NULL, false, NULL},
	{"POST", "/v1/tenants/all/reload", NULL, false, NULL},
};
enum {
	ROUTES = sizeof(routes) / sizeof(routes[0])
};

static struct admin_params params;

static enum admin_found find(int *nr, const char *method, const char *path)
{
	const struct admin_route *route = NULL;
	enum admin_found found =
		admin_route_find(&route, &params, routes, ROUTES, method, path,
				 strlen(path));

	*nr = route ? (int)(route - routes) : -1;
	return found;
}

static const char *value(const char *name)
{
	return admin_params_get(&params, name);
}

static void path_and_method_choose_the_route(void)
{
	int nr;

	CHECK_INT(find(&nr, "GET", "/"), ADMIN_FOUND);
	CHECK_INT(nr, 0);
	CHECK_INT(find(&nr, "GET", "/healthz"), ADMIN_FOUND);
	CHECK_INT(nr, 1);
	CHECK_INT(find(&nr, "HEAD", "/healthz"), ADMIN_FOUND);
	CHECK_INT(find(&nr, "DELETE", "/v1/tenants/a"), ADMIN_FOUND);
	CHECK_INT(nr, 3);
	CHECK_INT(find(&nr, "POST", "/v1/tenants/all/reload"), ADMIN_FOUND);
	CHECK_INT(nr, 5);
}

static void names_of_the_path_are_decoded_after_it_is_split(void)
{
	int nr;

	CHECK_INT(find(&nr, "GET", "/v1/tenants/a%2Fb/users/sip%3Aj%C3%B6"),
		  ADMIN_FOUND);
	CHECK_INT(nr, 4);
	CHECK_STR(value("tenant"), "a/b");
	CHECK_STR(value("user"), "sip:j\xc3\xb6");
	CHECK_STR(value("none"), NULL);
	CHECK_INT(find(&nr, "GET", "/v1/tenants/a+b"), ADMIN_FOUND);
	CHECK_STR(value("tenant"), "a+b");
}

static void other_paths_are_not_found(void)
{
	static const char *const none[] = {
		"//",
		"/healthz/",
		"/healthz/x",
		"/health",
		"/v1/tenants",
		"/v1/tenants/",
		"/v1/tenants//users/x",
		"/v1/tenants/a/users",
		"/%68ealthz",
		"/v1/tenants/../healthz",
		"/HEALTHZ",
	};
	int nr;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK_INT(find(&nr, "GET", none[i]), ADMIN_NO_PATH);
}

static void other_method_is_told_with_what_is_allowed(void)
{
	char allow[64];
	int nr;

	CHECK_INT(find(&nr, "POST", "/v1/tenants/a"), ADMIN_NO_METHOD);
	admin_route_allow(allow, sizeof(allow), routes, ROUTES, &routes[nr]);
	CHECK_STR(allow, "GET, HEAD, DELETE");
	CHECK_INT(find(&nr, "get", "/"), ADMIN_NO_METHOD);
	CHECK_INT(find(&nr, "GET", "/v1/tenants/all/reload"), ADMIN_NO_METHOD);
}

static void bad_encoding_and_length_are_bad_requests(void)
{
	char path[ADMIN_PATH_MAX + 2];
	int nr;

	CHECK_INT(find(&nr, "GET", "/v1/tenants/%"), ADMIN_BAD_REQUEST);
	CHECK_INT(find(&nr, "GET", "/v1/tenants/a%00b"), ADMIN_BAD_REQUEST);
	CHECK_INT(find(&nr, "GET", ""), ADMIN_BAD_REQUEST);
	CHECK_INT(find(&nr, "GET", "healthz"), ADMIN_BAD_REQUEST);
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	CHECK_INT(find(&nr, "GET", path), ADMIN_BAD_REQUEST);
	path[ADMIN_PATH_MAX] = '\0';
	CHECK_INT(find(&nr, "GET", path), ADMIN_NO_PATH);
}

static int query(const char *text)
{
	return admin_query_read(&params, text, strlen(text));
}

static void query_is_read(void)
{
	CHECK_INT(query("a=1&b=x%20y+z&c&d=&=e&&a=2&p=%2B"), 0);
	CHECK_STR(value("a"), "1");
	CHECK_STR(value("b"), "x y z");
	CHECK_STR(value("c"), "");
	CHECK_STR(value("d"), "");
	CHECK_STR(value(""), "e");
	CHECK_STR(value("p"), "+");
	CHECK_STR(value("x"), NULL);
	CHECK_INT(query(""), 0);
	CHECK_INT(params.n, 0);
}

static void bad_queries_are_refused(void)
{
	char text[ADMIN_QUERY_MAX + 2];

	CHECK_INT(query("a=%"), EBADMSG);
	CHECK_INT(query("%zz=1"), EBADMSG);
	CHECK_INT(query("a=%00"), EBADMSG);
	CHECK_INT(query("1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16"), 0);
	CHECK_INT(query("1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17"), E2BIG);
	memset(text, 'a', sizeof(text));
	CHECK_INT(admin_query_read(&params, text, sizeof(text)), EMSGSIZE);
	CHECK_INT(admin_query_read(&params, text, ADMIN_QUERY_MAX), 0);
}

TEST_MAIN(TEST(path_and_method_choose_the_route),
	  TEST(names_of_the_path_are_decoded_after_it_is_split),
	  TEST(other_paths_are_not_found),
	  TEST(other_method_is_told_with_what_is_allowed),
	  TEST(bad_encoding_and_length_are_bad_requests), TEST(query_is_read),
	  TEST(bad_queries_are_refused))
