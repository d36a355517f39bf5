/*
 * fault.h  Named fault points of test builds
 *
 * FAULT("name") marks a place where a test may want the process to die, to
 * wait, or a call to fail. It is an int: 0, or the errno to be handled as if
 * the call that it stands for had failed:
 *
 *	err = FAULT("state.write");
 *	if (!err)
 *		err = state_write(...);
 *
 * It exists when CORDBOARD_FAULTS is defined (not in releases) and does
 * something when the environment asks for it, with a comma between several:
 *
 *	CORDBOARD_FAULT="[proc:]name=action[@n][+]"
 *
 *	proc    only in this process, e.g. "mediad/2" (see fault_process())
 *	action  kill          die by SIGKILL
 *	        abort         die by abort()
 *	        errno:ENOSPC  yield this errno (a name of fault.c, or a number)
 *	        delay:50      sleep for so many milliseconds (up to 60000)
 *	        busy:50       use so much processor time, as much at most
 *	        hold:/a/file  wait as long as that file is there (up to 60 s)
 *	@n      only when passed for the n-th time (from 1), else every time
 *	+       in each incarnation of a worker, else in the first alone: who
 *	        succeeds the killed one is not to die as well
 *
 * Names are [a-z0-9._-], "part.place". What cannot be read ends the process
 * with a message: a test that tests nothing must not pass.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_FAULT_H
#define COMMON_FAULT_H

#include <stdint.h>

#ifdef CORDBOARD_FAULTS
#define FAULT(name) fault_point(name)
#else
#define FAULT(name) fault_none()
#endif

static inline int fault_none(void)
{
	return 0;
}

int fault_point(const char *name);

/* Which process this is: its name and the incarnation of the worker, from 1.
 * Called once after fork; reads the environment anew. */
void fault_process(const char *proc, uint32_t incarnation);

#endif
