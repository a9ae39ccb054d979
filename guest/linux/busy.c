/*
 * Keeps a Linux guest busy while it migrates, and says what it sees as wrong. One process for each
 * thing: memory, files, sockets, network frames, timers, floating point, processes, devices. Each
 * counts what it has done; the first process prints the counters twice a second, and reads the
 * kernel's log.
 *
 * Lines on the console, which Drover reads:
 *   drover: ready                          all has begun
 *   drover: beat N at SECONDS NAME=COUNT...
 *   drover: wrong NAME: WHAT
 */
#include "busy.h"

#include <dirent.h>
#include <glob.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { most_workers = 32 };

struct worker {
  char name[24];
  void (*run)(const char* argument);
  const char* argument;
  pid_t pid;
};

static struct worker workers[most_workers];
static int worker_count;
static struct count* counts;

static void add(const char* name, void (*run)(const char*), const char* argument) {
  if (worker_count == most_workers) return;
  struct worker* worker = &workers[worker_count++];
  snprintf(worker->name, sizeof worker->name, "%.23s", name);
  worker->run = run;
  worker->argument = argument;
}

static void start(int index) {
  struct worker* worker = &workers[index];
  worker->pid = fork();
  if (worker->pid != 0) return;
  own = &counts[index];
  own_name = worker->name;
  worker->run(worker->argument);
  _exit(0);
}

/* what a healthy kernel never writes into its log */
static const char* const bad_signs[] = {
    "BUG:",
    "Oops",
    "soft lockup",
    "hard LOCKUP",
    "Call Trace",
    "Kernel panic",
    "WARNING:",
    "I/O error",
    "blocked for more",
    "rcu_preempt detected",
    "rcu: INFO",
    "EXT4-fs error",
    "EXT2-fs error",
    "nobody cared",
    "timed out",
    "completion polled",
    "controller is down",
    "general protection",
    "segfault",
    "task stuck",
};

static void read_kernel_log(int log) {
  static char record[2048];
  for (;;) {
    ssize_t length = read(log, record, sizeof record - 1);
    if (length < 0 && errno == EPIPE) continue;
    if (length <= 0) return;
    record[length] = '\0';
    char* text = strchr(record, ';');
    text = text == NULL ? record : text + 1;
    text[strcspn(text, "\n")] = '\0';
    for (size_t i = 0; i < sizeof bad_signs / sizeof bad_signs[0]; i++) {
      if (strstr(text, bad_signs[i]) == NULL) continue;
      wrong("%s", text);
      break;
    }
  }
}

static void beat(uint64_t number) {
  char line[1024];
  int length = snprintf(line, sizeof line, "drover: beat %llu at %.3f", (unsigned long long)number,
                        now(CLOCK_MONOTONIC));
  for (int i = 0; i < worker_count; i++) {
    length += snprintf(line + length, sizeof line - (size_t)length, " %s=%llu", workers[i].name,
                       (unsigned long long)counts[i].done);
    if (counts[i].lost > 0)
      length += snprintf(line + length, sizeof line - (size_t)length, " %s.lost=%llu",
                         workers[i].name, (unsigned long long)counts[i].lost);
    if (length >= (int)sizeof line - 64) break;
  }
  line[length++] = '\n';
  say(line, (size_t)length);
}

static void require_progress(void) {
  static uint64_t seen[most_workers];
  static double moved_at[most_workers];
  double time = now(CLOCK_MONOTONIC);
  for (int i = 0; i < worker_count; i++) {
    if (counts[i].done != seen[i] || moved_at[i] == 0) {
      seen[i] = counts[i].done;
      moved_at[i] = time;
    } else if (time - moved_at[i] > 2 * patience_s) {
      wrong("%s stands still for %d s", workers[i].name, 2 * patience_s);
      moved_at[i] = time;
    }
  }
}

static void add_disks(void) {
  static char paths[8][32];
  int found = 0;
  DIR* folder = opendir("/disk");
  for (struct dirent* entry; folder != NULL && (entry = readdir(folder)) != NULL && found < 8;) {
    if (entry->d_name[0] == '.') continue;
    snprintf(paths[found], sizeof paths[found], "/disk/%.20s", entry->d_name);
    add(entry->d_name, run_files, paths[found++]);
  }
}

/* The number in its name is that of the virtio device. */
static void add_port(void) {
  static glob_t found;
  if (glob("/dev/vport*p1", 0, NULL, &found) == 0) add("port", run_port, found.gl_pathv[0]);
}

static int exists(const char* path) {
  return access(path, F_OK) == 0;
}

int main(void) {
  counts = mmap(NULL, sizeof *counts * most_workers, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counts == MAP_FAILED) give_up("no memory: %s", strerror(errno));
  add("memory", run_new_memory, "4096");
  add("old-memory", run_old_memory, "4096");
  add("tmpfs", run_files, "/tmp");
  add_disks();
  add("tcp", run_tcp, NULL);
  if (exists("/sys/class/net/eth1")) add("frames", run_frames, NULL);
  add("clocks", run_clocks, NULL);
  add("floats", run_floats, NULL);
  add("processes", run_processes, NULL);
  if (exists("/sys/class/misc/hw_random") && exists("/dev/hwrng"))
    add("random", run_random, "/dev/hwrng");
  add_port();
  for (int i = 0; i < worker_count; i++) start(i);
  int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
  int is_ready = 0;
  for (uint64_t number = 1;; number++) {
    rest_ms(500);
    read_kernel_log(log);
    int status;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
      for (int i = 0; i < worker_count; i++)
        if (workers[i].pid == ended) wrong("%s ended with status %x", workers[i].name, status);
    }
    require_progress();
    int running = 0;
    for (int i = 0; i < worker_count; i++) running += counts[i].done > 0;
    if (!is_ready && running == worker_count) {
      say("drover: ready\n", 14);
      is_ready = 1;
    }
    beat(number);
  }
}
