/*
 * Starts a program that dies with its parent:  drover-exec [--supervise] PARENT_PID PROGRAM ARGS...
 *
 * Plain: asks the kernel for SIGKILL at the parent's death, makes sure that the parent did not die
 * before it asked, and becomes the program. The process id, the inherited descriptors and the
 * environment stay as they are.
 *
 * --supervise: for a program that forks. The kernel's signal reaches one process only, so here the
 * launcher stays, as the program's parent, and ends all its descendants: see supervise.h.
 *
 * The kernel means the parent's thread: when the thread that spawned us ends, we are killed.
 *
 * Exit codes of its own: 125 for wrong use or a parent that is gone, 126 for a program that cannot
 * be run, 127 for one that does not exist.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "supervise.h"

static long parse_pid(const char* text) {
  char* end = NULL;
  errno = 0;
  const long pid = strtol(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && pid > 0 ? pid : -1;
}

int main(int argc, char** argv) {
  const bool stays = argc >= 2 && strcmp(argv[1], "--supervise") == 0;
  const int first = stays ? 2 : 1;
  const long parent = argc >= first + 2 ? parse_pid(argv[first]) : -1;
  if (parent < 0) {
    fprintf(stderr, "usage: drover-exec [--supervise] PARENT_PID PROGRAM ARGS...\n");
    return EXIT_NOT_STARTED;
  }
  char** words = &argv[first + 1];
  if (stays) return supervise(parent, words);
  if (!tie_to_parent(parent, SIGKILL, words[0])) return EXIT_NOT_STARTED;
  forget_dispositions();
  return become_program(words);
}
