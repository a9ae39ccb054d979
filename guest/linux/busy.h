/*
 * What the workers of the Linux guest share: each is a process of its own that keeps one thing
 * busy, counts what it has done, and complains of what it sees as wrong.
 */
#ifndef DROVER_BUSY_H
#define DROVER_BUSY_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum {
  page_bytes = 4096,
  /* of guest time: a host that lets the guest wait this long is not merely busy */
  patience_s = 60,
};

/* in shared memory: a counter for each worker, in a cache line of its own */
struct count {
  volatile uint64_t done;
  volatile uint64_t lost;
  char pad[48];
};

/* of this process */
extern struct count* own;
extern const char* own_name;

void say(const char* text, size_t length);
__attribute__((format(printf, 1, 2))) void wrong(const char* format, ...);

/* What ends a worker: it can find out nothing more. */
#define give_up(...)    \
  do {                  \
    wrong(__VA_ARGS__); \
    for (;;) pause();   \
  } while (0)

double now(clockid_t clock);
void rest_ms(long ms);

/* Words that follow from a seed and look like noise. */
uint64_t mixed(uint64_t value);
uint64_t noise_word(uint64_t seed, size_t i);
void fill(uint64_t* words, size_t count, uint64_t seed);
/* The first word that is not as `fill` left it; `count` if all are. */
size_t differing(const uint64_t* words, size_t count, uint64_t seed);
void* new_pages(size_t pages);

/* The workers never return. */
void run_old_memory(const char* pages);
void run_new_memory(const char* pages);
void run_files(const char* folder);
void run_tcp(const char* none);
void run_frames(const char* none);
void run_clocks(const char* none);
void run_floats(const char* none);
void run_processes(const char* none);
void run_random(const char* path);
void run_port(const char* path);

#endif
