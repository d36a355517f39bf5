/*
 * rest_follow_work.c  What is unpacked for those who follow traces, in a second
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/admin/rest_follow_work.h"

struct rest_follow_share *rest_follow_share(struct rest_follow_work *work,
					    uint64_t second, const char *by,
					    const char *tenant)
{
	struct rest_follow_share *share = work->shares;
	char who[sizeof(share->who)];

	if (work->second != second)
		*work = (struct rest_follow_work){.second = second};
	/* a token may be called as a tenant is */
	(void)re_snprintf(who, sizeof(who), "%c%s", tenant ? 't' : 'b',
			  tenant ? tenant : by ? by : "");
	for (size_t i = 0; i < work->n; i++) {
		share = &work->shares[i];
		if (!strcmp(share->who, who))
			return share;
	}
	if (work->n < FOLLOW_SHARES) {
		share = &work->shares[work->n++];
		str_ncpy(share->who, who, sizeof(share->who));
	}
	return share;
}

const char *rest_follow_wait(const struct rest_follow_work *work,
			     const struct rest_follow_share *share)
{
	if (share->bytes >= FOLLOW_WORK_SHARE)
		return "Too much is followed with this token, or of this "
		       "tenant: wait.";
	if (work->bytes + FOLLOW_WORK > FOLLOW_WORK_ALL)
		return "Too much is followed at once: wait.";
	return NULL;
}

void rest_follow_worked(struct rest_follow_work *work,
			struct rest_follow_share *share, size_t bytes)
{
	share->bytes += bytes;
	work->bytes += bytes;
}
