/*
 * cfg_path.h  Files that a configuration names
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CFG_PATH_H
#define COMMON_CFG_PATH_H

#include <stddef.h>

/* Reads at most limit bytes of a regular file into new memory with a 0
 * byte behind (mem_deref() frees); EFBIG when there is more. */
int cfg_read_file(char **textp, size_t *len, const char *path, size_t limit);

/* The path of `name` seen from the folder of `file`; mem_deref() frees. */
int cfg_path_beside(char **pathp, const char *file, const char *name);

#endif
