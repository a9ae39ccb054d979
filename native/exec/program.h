/*
 * The steps that both ways of starting a program share: the tie to a parent, clean signals, exec.
 * Leaves out who calls them in which process: see drover-exec.c and supervise.c.
 */
#ifndef DROVER_EXEC_PROGRAM_H
#define DROVER_EXEC_PROGRAM_H

#include <stdbool.h>

enum { EXIT_NOT_STARTED = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

/* Asks for `signal_number` at the parent's death; false, and said why, when that is too late. */
bool tie_to_parent(long parent, int signal_number, const char* program);

/* An ignored signal would survive exec, and the program could then not be ended by TERM. */
void forget_dispositions(void);

/* Unblocks all signals and becomes the program. Returns the exit code when that did not work. */
int become_program(char** words);

#endif
