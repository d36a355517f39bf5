/*
 * turns.h  Whose turn it is in a group (`round-robin`), in this worker
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_TURNS_H
#define SIGD_PROXY_CONN_TURNS_H

#include <stdint.h>

struct route_group;
struct turns;

/* So many groups have a count of their own; more share some, and their turns
 * come less evenly. */
enum { TURNS = 1024 };

int turns_alloc(struct turns **turnsp);
/* 0, 1, 2 .. from anywhere, also over a reload. turns NULL: 0. */
uint32_t turns_next(struct turns *turns, const struct route_group *group);

#endif
