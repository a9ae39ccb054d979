#include "program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

bool tie_to_parent(long parent, int signal_number, const char* program) {
  if (prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0) {
    fprintf(stderr, "drover-exec: cannot tie \"%s\" to its parent: %s\n", program, strerror(errno));
    return false;
  }
  /*
   * Had the parent died before prctl, we would have another one by now and never get the signal.
   * 0 is a parent outside our PID namespace: its number there is not ours to compare, and an orphan
   * gets a parent inside the namespace, so 0 says that the first one still lives.
   */
  const long now = getppid();
  if (now == parent || now == 0) return true;
  fprintf(stderr, "drover-exec: \"%s\" not started: parent %ld is gone, now it is %ld\n", program,
          parent, now);
  return false;
}

void forget_dispositions(void) {
  for (int number = 1; number <= SIGRTMAX; number++) {
    if (number != SIGKILL && number != SIGSTOP)
      signal(number, SIG_DFL); /* reserved numbers just fail */
  }
}

int become_program(char** words) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execvp(words[0], words);
  const int why = errno;
  fprintf(stderr, "drover-exec: cannot run \"%s\": %s\n", words[0], strerror(why));
  return why == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}
