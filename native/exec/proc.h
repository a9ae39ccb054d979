/* What the supervisor learns about itself from /proc. Leaves out what system calls
 * answer directly. */
#ifndef DROVER_EXEC_PROC_H
#define DROVER_EXEC_PROC_H

#include <stdbool.h>

/* Sends a signal to each child, dead ones too; false when /proc does not show which they are. */
bool signal_children(int signal_number);

/* Closes every descriptor of this process from `first` up. */
void close_from(int first);

#endif
