/*
 * rest_registrations.h  Registrations of a tenant, a page at a time
 *
 * There is no list of them: Redis is walked by SCAN (decision 35). A step of
 * SCAN is a part of its table; within a step keys come by a hash of theirs, and
 * devices by a hash of theirs. The cursor of a page is where the step begins
 * and ends, and the last device that was told: the step is made again, and what
 * was told is passed over. Ends it elsewhere, as the table has another size
 * now, all of it is told: so a registration may be told twice, and one that is
 * there all the time is told.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_REGISTRATIONS_H
#define SIGD_ADMIN_REST_REGISTRATIONS_H

#include "sigd/admin/rest_list.h"
#include "sigd/registrar/binding.h"

/* Of a user, or of a step: by `at`, which is the same for the same name. */
struct rest_reg_key {
	uint64_t at;
	char text[BINDING_KEY_MAX];
};

struct rest_reg_walk {
	struct admin *admin;
	struct admin_resp *resp;
	char pattern[BINDING_KEY_MAX];
	uint64_t from, to;     /* the step, as SCAN has it */
	uint64_t key, device;  /* the last that was told of it; 0, 0: none */
	bool again;            /* the step was made before */
	bool end;              /* behind it there is none */
	struct rest_reg_key *keys; /* of the step, in order */
	size_t n;
};

/* cursor NULL: from the first. False: resp is a 400, or a 503. The caller ends
 * it by mem_deref() of walk->keys. */
bool rest_reg_walk_begin(struct rest_reg_walk *walk, const char *tenant,
			 const char *cursor);
/* The step's keys; what was told of it is left out. False: resp is a 503. */
bool rest_reg_walk_step(struct rest_reg_walk *walk);
/* To the next step; false: there is none. */
bool rest_reg_walk_next(struct rest_reg_walk *walk);
/* Never 0. */
uint64_t rest_reg_hash(const char *text, size_t len);

#endif
