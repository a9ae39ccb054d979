/*
 * Starts a program that dies with its parent:  drover-exec PARENT_PID PROGRAM ARGS...
 *
 * Asks the kernel for SIGKILL at the parent's death, makes sure that the parent did not die before
 * it asked, and becomes the program. The process id, the inherited descriptors and the environment
 * stay as they are. The kernel means the parent's thread: it is the thread that spawned us whose
 * end kills.
 *
 * Exit codes of its own: 125 for wrong use or a parent that is gone, 126 for a program that cannot
 * be run, 127 for one that does not exist.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { EXIT_NOT_STARTED = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

static long parse_pid(const char* text) {
  char* end = NULL;
  errno = 0;
  const long pid = strtol(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && pid > 0 ? pid : -1;
}

/* An ignored or blocked signal would survive exec, and the program could then not be ended by TERM.
 */
static void reset_signals(void) {
  for (int number = 1; number <= SIGRTMAX; number++) {
    if (number != SIGKILL && number != SIGSTOP)
      signal(number, SIG_DFL); /* reserved numbers just fail */
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

int main(int argc, char** argv) {
  const long parent = argc >= 3 ? parse_pid(argv[1]) : -1;
  if (parent < 0) {
    fprintf(stderr, "usage: drover-exec PARENT_PID PROGRAM ARGS...\n");
    return EXIT_NOT_STARTED;
  }
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    fprintf(stderr, "drover-exec: cannot tie \"%s\" to its parent: %s\n", argv[2], strerror(errno));
    return EXIT_NOT_STARTED;
  }
  /*
   * Had the parent died before prctl, we would have another one by now and never get the signal.
   * 0 is a parent outside our PID namespace: its number there is not ours to compare, and an orphan
   * gets a parent inside the namespace, so 0 says that the first one still lives.
   */
  const long now = getppid();
  if (now != parent && now != 0) {
    fprintf(stderr, "drover-exec: \"%s\" not started: parent %ld is gone, now it is %ld\n", argv[2],
            parent, now);
    return EXIT_NOT_STARTED;
  }
  reset_signals();
  execvp(argv[2], &argv[2]);
  const int why = errno;
  fprintf(stderr, "drover-exec: cannot run \"%s\": %s\n", argv[2], strerror(why));
  return why == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}
