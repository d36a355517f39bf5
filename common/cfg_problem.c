/*
 * cfg_problem.c  What is wrong with a configuration, for programs
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/cfg_schema.h"

int cfg_problem_json(struct re_printf *pf, const struct cfg_problem *problem)
{
	int err = re_hprintf(pf, "{\"severity\":\"%s\"",
			     problem->warning ? "warning" : "error");

	if (problem->pos.file)
		err |= re_hprintf(pf, ",\"file\":%H", cfg_print_json,
				  problem->pos.file);
	if (problem->pos.line)
		err |= re_hprintf(pf, ",\"line\":%u,\"column\":%u",
				  problem->pos.line, problem->pos.col);
	err |= re_hprintf(pf, ",\"text\":%H", cfg_print_json, problem->text);
	if (problem->field)
		err |= re_hprintf(pf, ",\"field\":%H", cfg_print_json,
				  problem->field);
	if (problem->more)
		err |= re_hprintf(pf, ",\"explanation\":%H", cfg_print_json,
				  problem->more);
	return err | re_hprintf(pf, "}");
}

int cfg_errors_json(struct re_printf *pf, const struct cfg_errors *errs)
{
	struct cfg_problem problem;
	int err = re_hprintf(pf, "[");

	for (size_t i = 0; cfg_errors_at(errs, i, &problem); i++)
		err |= re_hprintf(pf, "%s%H", i ? "," : "", cfg_problem_json,
				  &problem);
	return err | re_hprintf(pf, "]");
}
