/*
 * rest_question.h  What is wrong with a question of routes/explain
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_QUESTION_H
#define SIGD_ADMIN_REST_QUESTION_H

#include <re.h>

struct cfg_errors;
struct cfg_node;

struct rest_question {
	const struct cfg_errors *errs;
	const struct cfg_node *root; /* of the body; NULL: it cannot be read */
};

/* For %H: cfg_errors_json(), and each has its `field`, a JSON pointer. */
int rest_question_json(struct re_printf *pf,
		       const struct rest_question *question);

#endif
