/*
 * rec_part.h  A recording that is still called NAME.part: its sizes, its length
 *             and its name
 *
 * Blocking, as rec_file.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_TAP_REC_PART_H
#define MEDIAD_TAP_REC_PART_H

#include <stdbool.h>
#include <stdint.h>

enum {
	REC_WAV_HEAD = 44,
};

/* Four bytes; what is too large for them is as large as they can say. */
void rec_part_le32(uint8_t *p, uint64_t v);
/* The sizes in a WAV file, from what there is of it. errno; EBADMSG: it has not
 * even a head. */
int rec_part_mend(int fd);
/* "x.part" is called x, and this is synced. errno; *named: is it called x,
 * whatever the errno? */
int rec_part_name(const char *part, bool *named);
/* What a process has left behind of a file gets its name. Its length is
 * written to *ms. errno, and *named as above; ENOENT: nothing is there;
 * EBADMSG: no sound is in it, and it stays what it is. */
int rec_part_salvage(const char *dir, const char *name, uint64_t *ms,
		     bool *named);

#endif
