#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"
#include "program.h"

/* From the parent's death, and the way to ask for the end from outside. */
enum { END_SIGNAL = SIGUSR1 };

enum {
  GRACE_MS = 500,        /* for descendants, once the program has ended */
  KILL_ROUND_MS = 20,    /* a killed child wakes us; this is for one that forked while we looked */
  KILL_LIMIT_MS = 30000, /* a process that SIGKILL cannot end: hung in the kernel, or not ours */
};

static const int64_t kNever = INT64_MAX;

struct watch {
  pid_t program;
  bool ended; /* the program has, by `status` */
  int status;
};

static int64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes all that has ended. False: no child is left, so no descendant, as orphans become ours. */
static bool reap(struct watch* watch) {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid == 0) return true;
    if (pid < 0) return false; /* ECHILD: with all signals blocked nothing interrupts */
    if (pid == watch->program) {
      watch->ended = true;
      watch->status = status;
    }
  }
}

/* The next end signal or death of a child, or 0 after `wait_ms`. */
static int next_signal(int64_t wait_ms) {
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, END_SIGNAL);
  const struct timespec limit = {wait_ms / 1000, wait_ms % 1000 * 1000000};
  const int number =
      wait_ms == kNever ? sigwaitinfo(&awaited, NULL) : sigtimedwait(&awaited, NULL, &limit);
  return number > 0 ? number : 0;
}

/*
 * Only our own children are killed, round after round: the death of one makes its children ours.
 * None but us can reap them, so a process id never names a stranger, which it could further down.
 */
static void kill_children(const struct watch* watch) {
  if (signal_children(SIGKILL) || watch->ended) return;
  kill(watch->program, SIGKILL); /* the one child that is known without /proc */
}

static void watch_to_the_end(struct watch* watch) {
  int64_t kill_from_ms = kNever;
  while (reap(watch)) {
    const int64_t now_ms = monotonic_ms();
    if (watch->ended && kill_from_ms == kNever) kill_from_ms = now_ms + GRACE_MS;
    int64_t wait_ms = kNever;
    if (now_ms < kill_from_ms) {
      if (kill_from_ms != kNever) wait_ms = kill_from_ms - now_ms;
    } else if (now_ms < kill_from_ms + KILL_LIMIT_MS) {
      kill_children(watch);
      wait_ms = KILL_ROUND_MS;
    } else {
      fprintf(stderr, "drover-exec: processes started by %ld still there %d s after SIGKILL\n",
              (long)watch->program, KILL_LIMIT_MS / 1000);
      return;
    }
    if (next_signal(wait_ms) == END_SIGNAL && kill_from_ms > now_ms) kill_from_ms = now_ms;
  }
}

static int end_like(const struct watch* watch) {
  if (watch->ended && WIFEXITED(watch->status)) return WEXITSTATUS(watch->status);
  const int number = watch->ended ? WTERMSIG(watch->status) : SIGKILL;
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the core worth having is the program's */
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  raise(number);
  sigprocmask(SIG_UNBLOCK, &one, NULL);
  return EXIT_NOT_STARTED; /* not reached: each signal that ends a process ends this one */
}

int supervise(long parent, char** words) {
  /* All signals wait from here on: the parent's death is seen whenever it happens. */
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  forget_dispositions();
  if (!tie_to_parent(parent, END_SIGNAL, words[0])) return EXIT_NOT_STARTED;
  const pid_t self = getpid();
  /* Nothing runs yet, so a failure here costs nothing but the start. */
  const bool adopts = prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
  const pid_t program = adopts ? fork() : -1;
  if (program < 0) {
    fprintf(stderr, "drover-exec: cannot supervise \"%s\": %s\n", words[0], strerror(errno));
    return EXIT_NOT_STARTED;
  }
  if (program == 0) {
    _exit(tie_to_parent(self, SIGKILL, words[0]) ? become_program(words) : EXIT_NOT_STARTED);
  }
  close_from(3);
  struct watch watch = {.program = program, .ended = false, .status = 0};
  watch_to_the_end(&watch);
  return end_like(&watch);
}
