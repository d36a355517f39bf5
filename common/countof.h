/*
 * countof.h  Elements of an array (libre's macro has two names)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_COUNTOF_H
#define COMMON_COUNTOF_H

#define COUNTOF(array) (sizeof(array) / sizeof((array)[0]))

#endif
