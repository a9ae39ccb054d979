/*
 * Runs a program as a child and lets none of its descendants outlive it.
 *
 * - The parent's death, or SIGUSR1, kills the program and all its descendants, those in sessions of
 *   their own too.
 * - When the program ends, its descendants get half a second to end as well and are then killed.
 * - The supervisor ends as the program did: with its exit code, or by the signal that ended it.
 * - All other signals that can be blocked pass it by: the program is in the same process group and
 *   gets the group's signals itself.
 * - Descriptors from 3 up are the program's alone, so their other ends see when it closes them.
 *
 * Leaves out its own death by SIGKILL: then the kernel ends the program, but not
 * the program's children.
 */
#ifndef DROVER_EXEC_SUPERVISE_H
#define DROVER_EXEC_SUPERVISE_H

/* The exit code; does not return when the program was ended by a signal. */
int supervise(long parent, char** words);

#endif
