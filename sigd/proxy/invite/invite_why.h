/*
 * invite_why.h  Why a call goes where it goes, kept with its record
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INVITE_INVITE_WHY_H
#define SIGD_PROXY_INVITE_INVITE_WHY_H

#include "sigd/call/call_record.h"

struct route_plan;

/* The plan's explanation, with the first of its rules left out when there is
 * no room for all. */
void invite_why(char why[CALL_WHY_MAX + 1], const struct route_plan *plan);

#endif
