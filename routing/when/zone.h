/*
 * zone.h  Time zones by their IANA names: how far a zone's clocks are ahead
 *         of UTC at a moment
 *
 * Read from the system's zoneinfo (Debian's tzdata; TZif, RFC 8536) when a
 * table is loaded; const from then on, for any thread. Neither TZ nor the C
 * library's zone is looked at.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_WHEN_ZONE_H
#define ROUTING_WHEN_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fingerprint;
struct zone;

enum {
	ZONE_NAME_MAX = 64,         /* bytes */
	ZONE_FILE_MAX = 256 * 1024, /* bytes; the largest has 4 KiB */
	ZONE_CHANGES_MAX = 5000,    /* of the clocks, listed in a file */
};

/*
 * A zone from the bytes of a TZif file. EINVAL: *why says what is wrong with
 * them. mem_deref() frees.
 */
int zone_read(struct zone **zonep, const char *name, const void *data,
	      size_t len, const char **why);

/* Where they stand: /usr/share/zoneinfo */
extern const char zone_dir[];

/*
 * A zone by name; what was read is added to print (may be NULL). EINVAL: why
 * says what was expected, with the nearest name that is there.
 */
int zone_load(struct zone **zonep, const char *dir, const char *name,
	      struct fingerprint *print, char *why, size_t size);

/* NULL is "UTC". */
const char *zone_name(const struct zone *zone);

/* Seconds east of UTC at a time (unix seconds). */
int32_t zone_offset(const struct zone *zone, int64_t utc);

#endif
