/*
 * fuzz_geo.c  A MaxMind database of a stranger
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <re.h>

#include "routing/where/geo.h"
#include "tests/lib/fuzz.h"

const char *__lsan_default_suppressions(void);

/* libmaxminddb 1.7 loses a few hundred bytes when it refuses what a database
 * says of itself. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libmaxminddb";
}

static void ask(const struct geo *geo, const char *addr)
{
	struct geo_place place;
	struct sa sa;

	if (sa_set_str(&sa, addr, 0))
		abort();
	if (geo_find(geo, &sa, &place) !=
	    (place.country[0] || place.continent[0]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct geo *geo = NULL;
	char path[40], why[200] = "";
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)re_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!geo_open(&geo, path, NULL, why, sizeof(why)) != !!geo ||
	    (!geo && !why[0]))
		abort();
	if (geo) {
		ask(geo, "192.0.2.1");
		ask(geo, "198.51.100.200");
		ask(geo, "2001:db8::1");
		ask(geo, "::");
	}
	mem_deref(geo);
	close(fd);
	return 0;
}
