/*
 * media_times.h  How long a mediad takes to end, once its time to drain is over
 *
 * What a worker waits for, one after the other, and what its parent has to
 * leave it for all of that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_TIMES_H
#define MEDIAD_MEDIA_TIMES_H

enum {
	MEDIA_STEP_MS = 100,   /* how often it looks whether it is done */
	MEDIA_FILES_MS = 10000, /* for recordings to be written, and told */
	MEDIA_WORDS_MS = 2000, /* for the reports of what was dropped */
	MEDIA_LEAVE_MS = 50,   /* for the command to leave our sockets */
	/* a turn of the loop that is late for each of them */
	MEDIA_SPARE_MS = 1500,
	/* from the end of the time to drain to SIGKILL */
	MEDIA_LAST_MS = MEDIA_FILES_MS + MEDIA_WORDS_MS + MEDIA_LEAVE_MS +
			MEDIA_SPARE_MS,
};

_Static_assert(MEDIA_SPARE_MS > 3 * MEDIA_STEP_MS, "the parent kills too soon");

#endif
