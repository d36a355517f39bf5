/*
 * feed_file.h  Events as lines of JSON at the end of a file
 *
 * The file is opened anew when another one has its name (logrotate), and made
 * with mode 0640. A batch is written whole or given again: what was written
 * of one that failed is cut off.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_FEED_FEED_FILE_H
#define SIGD_FEED_FEED_FILE_H

#include "sigd/feed/feed.h"

struct feed_file;

/* path is copied. The caller owns *filep. */
int feed_file_alloc(struct feed_file **filep, const char *path);
/* For feed_params; sink is a struct feed_file. */
void feed_file_deliver(void *sink, struct feed_event *const *events, size_t n,
		       feed_done_h *doneh, void *arg);

#endif
