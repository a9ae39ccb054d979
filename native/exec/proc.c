#include "proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The next entry of a folder whose name is a number, or -1 after the last. */
static long next_number(DIR* folder) {
  for (;;) {
    const struct dirent* entry = readdir(folder);
    if (entry == NULL) return -1;
    char* end = NULL;
    const long number = strtol(entry->d_name, &end, 10);
    if (end != entry->d_name && *end == '\0') return number;
  }
}

/* 0 for a process that is gone. */
static long parent_of(int proc, long pid) {
  char text[512];
  /* The C library has no snprintf_s. NOLINTNEXTLINE(clang-analyzer-security.*) */
  snprintf(text, sizeof text, "%ld/stat", pid);
  const int file = openat(proc, text, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return 0;
  text[length] = '\0';
  /* `pid (name) state parent`, where a name may hold brackets and spaces of its own. */
  const char* after_name = strrchr(text, ')');
  if (after_name == NULL || strlen(after_name) < 4) return 0;
  return strtol(after_name + 4, NULL, 10);
}

/* The /proc of another PID namespace counts differently: its numbers would name strangers here. */
static bool proc_counts_as_we_do(void) {
  char text[32];
  const ssize_t length = readlink("/proc/self", text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = '\0';
  return strtol(text, NULL, 10) == getpid();
}

/*
 * Goes over all processes: the kernel's own list of children is an option that some kernels lack,
 * and this is done only when something has to be killed.
 */
bool signal_children(int signal_number) {
  DIR* folder = proc_counts_as_we_do() ? opendir("/proc") : NULL;
  if (folder == NULL) return false;
  const pid_t self = getpid();
  for (long pid = next_number(folder); pid >= 0; pid = next_number(folder)) {
    if (parent_of(dirfd(folder), pid) == self) kill((pid_t)pid, signal_number);
  }
  closedir(folder);
  return true;
}

/* SAFETY: the folder lists descriptors by number, so closing one does not make it skip another. */
void close_from(int first) {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == NULL) return;
  for (long fd = next_number(folder); fd >= 0; fd = next_number(folder)) {
    if (fd >= first && fd != dirfd(folder)) close((int)fd);
  }
  closedir(folder);
}
