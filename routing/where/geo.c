/*
 * geo.c  In which country is an address: the operator's MaxMind database
 *
 * libmaxminddb maps a file. Who copies a new database over an old one cuts
 * the file short for a moment, and a look-up in that moment would be the end
 * of the process (SIGBUS): the bytes are copied to a memfd, and that is
 * mapped.
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <maxminddb.h>
#include <re.h>

#include "common/fingerprint.h"
#include "routing/where/geo.h"
#include "routing/where/land.h"

enum {
	COPY_MAX = 512 * 1024 * 1024, /* bytes; GeoLite2-City has 64 MiB */
	COPY_PART = 1024 * 1024,
};

struct geo {
	MMDB_s db;
	bool open;
};

static void destructor(void *arg)
{
	struct geo *geo = arg;

	if (geo->open)
		MMDB_close(&geo->db);
}

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		const ssize_t n = write(fd, p, len);

		if (n < 0)
			return errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int copy_all(int to, int from, char *part, struct fingerprint *print)
{
	size_t all = 0;
	int err = 0;

	while (!err) {
		const ssize_t n = read(from, part, COPY_PART);

		if (n <= 0)
			return n ? errno : 0;
		all += (size_t)n;
		if (all > COPY_MAX)
			return EFBIG;
		fingerprint_add(print, part, (size_t)n);
		err = write_all(to, part, (size_t)n);
	}
	return err;
}

/* The file's bytes in a file of memory; the caller closes *fdp. */
static int copy_file(int *fdp, const char *path, struct fingerprint *print)
{
	char *part = mem_alloc(COPY_PART, NULL);
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int to = memfd_create("geoip", MFD_CLOEXEC);
	struct stat st;
	int err = !part ? ENOMEM : from < 0 || to < 0 ? errno : 0;

	if (!err && !fstat(from, &st) && !S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	err = err ? err : copy_all(to, from, part, print);
	mem_deref(part);
	if (from >= 0)
		close(from);
	if (err && to >= 0)
		close(to);
	if (!err)
		*fdp = to;
	return err;
}

static bool any_address_of(const MMDB_s *db, const char *text)
{
	int gai, err;

	(void)MMDB_lookup_string(db, text, &gai, &err);
	return !gai && err == MMDB_SUCCESS;
}

/* What it is for, and whether its tree can be walked at all. */
static const char *check(const MMDB_s *db)
{
	const char *type = db->metadata.database_type;

	if (db->metadata.binary_format_major_version != 2)
		return "a database of format 2";
	if (!type || strstr(type, "ASN") || strstr(type, "Domain") ||
	    strstr(type, "Connection"))
		return "a database of countries or cities";
	if (!any_address_of(db, "192.0.2.1"))
		return "a database that is whole";
	return NULL;
}

static int open_copy(struct geo *geo, int fd, char *why, size_t size)
{
	char name[40];
	const char *wrong;
	int err;

	(void)re_snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	err = MMDB_open(name, MMDB_MODE_MMAP, &geo->db);
	if (err == MMDB_OUT_OF_MEMORY_ERROR)
		return ENOMEM;
	if (err) {
		(void)re_snprintf(why, size, "a MaxMind database (.mmdb): %s",
				  MMDB_strerror(err));
		return EINVAL;
	}
	geo->open = true;
	wrong = check(&geo->db);
	if (wrong)
		(void)re_snprintf(why, size, "%s, not \"%s\"", wrong,
				  geo_type(geo));
	return wrong ? EINVAL : 0;
}

int geo_open(struct geo **geop, const char *path, struct fingerprint *print,
	     char *why, size_t size)
{
	struct geo *geo = mem_zalloc(sizeof(*geo), destructor);
	int fd = -1;
	int err = geo ? copy_file(&fd, path, print) : ENOMEM;

	if (err && err != ENOMEM) {
		(void)re_snprintf(why, size, "a file that can be read: %m",
				  err);
		err = EINVAL;
	}
	err = err ? err : open_copy(geo, fd, why, size);
	if (fd >= 0)
		close(fd);
	if (err)
		mem_deref(geo);
	else
		*geop = geo;
	return err;
}

/* --- looking ------------------------------------------------------------------- */

/* A code of capital letters and digits; false: it is none, or too long. */
static bool get_code(MMDB_entry_s *entry, const char *const *path, char *code,
		     size_t size)
{
	MMDB_entry_data_s data;
	size_t i;

	if (MMDB_aget_value(entry, &data, path) || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING || !data.data_size ||
	    data.data_size >= size)
		return false;
	for (i = 0; i < data.data_size; i++) {
		const char c = data.utf8_string[i];

		if (!isupper((unsigned char)c) && !isdigit((unsigned char)c))
			return false;
	}
	memcpy(code, data.utf8_string, i);
	code[i] = '\0';
	return true;
}

static void get_country(MMDB_entry_s *entry, struct geo_place *place)
{
	static const char *const paths[][3] = {
		{"country", "iso_code", NULL},
		/* an address of an airline or of a satellite has this only */
		{"registered_country", "iso_code", NULL},
		{"country_code", NULL, NULL},
		{"country", NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (get_code(entry, paths[i], place->country,
			     sizeof(place->country)))
			return;
	}
}

static void get_continent(MMDB_entry_s *entry, struct geo_place *place)
{
	static const char *const code[] = {"continent", "code", NULL};
	static const char *const flat[] = {"continent_code", NULL};
	const struct land *land;

	if (get_code(entry, code, place->continent, sizeof(place->continent)) ||
	    get_code(entry, flat, place->continent, sizeof(place->continent)))
		return;
	land = land_find(place->country);
	if (land)
		str_ncpy(place->continent, land->continent,
			 sizeof(place->continent));
}

static void get_subdivision(MMDB_entry_s *entry, struct geo_place *place)
{
	static const char *const path[] = {"subdivisions", "0", "iso_code",
					   NULL};
	char code[4];

	if (place->country[0] && get_code(entry, path, code, sizeof(code)))
		(void)re_snprintf(place->subdivision,
				  sizeof(place->subdivision), "%s-%s",
				  place->country, code);
}

/* ::ffff:192.0.2.1 is 192.0.2.1, whatever the database has there. */
static struct sa plain_addr(const struct sa *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct sa plain = *addr;
	uint8_t in6[16];

	if (sa_af(addr) != AF_INET6)
		return plain;
	sa_in6(addr, in6);
	if (!memcmp(in6, mapped, sizeof(mapped)))
		sa_set_in(&plain,
			  (uint32_t)in6[12] << 24 | (uint32_t)in6[13] << 16 |
				  (uint32_t)in6[14] << 8 | in6[15],
			  0);
	return plain;
}

bool geo_find(const struct geo *geo, const struct sa *addr,
	      struct geo_place *place)
{
	MMDB_lookup_result_s found;
	int err = MMDB_SUCCESS;
	struct sa plain;

	memset(place, 0, sizeof(*place));
	if (!geo || !addr ||
	    (sa_af(addr) != AF_INET && sa_af(addr) != AF_INET6))
		return false;
	plain = plain_addr(addr);
	found = MMDB_lookup_sockaddr(&geo->db, &plain.u.sa, &err);
	if (err || !found.found_entry)
		return false;
	get_country(&found.entry, place);
	get_continent(&found.entry, place);
	get_subdivision(&found.entry, place);
	return place->country[0] || place->continent[0];
}

uint64_t geo_built(const struct geo *geo)
{
	return geo ? geo->db.metadata.build_epoch : 0;
}

const char *geo_type(const struct geo *geo)
{
	return geo && geo->db.metadata.database_type
		       ? geo->db.metadata.database_type
		       : "";
}
