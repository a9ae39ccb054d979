/* Console, clock and noise: what all workers use. */
#include <stdarg.h>
#include <sys/mman.h>

#include "busy.h"

enum { most_complaints = 20 };

struct count* own;
const char* own_name = "guest";

static int console(void) {
  static int fd = -1;
  if (fd < 0) fd = open("/dev/console", O_WRONLY | O_NOCTTY);
  return fd < 0 ? 2 : fd;
}

void say(const char* text, size_t length) {
  while (length > 0) {
    ssize_t written = write(console(), text, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

void wrong(const char* format, ...) {
  static int complaints;
  if (complaints++ >= most_complaints) return;
  char line[512];
  int length = snprintf(line, sizeof line, "drover: wrong %s: ", own_name);
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(line + length, sizeof line - (size_t)length - 2, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
  line[length++] = '\n';
  say(line, (size_t)length);
}

double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void rest_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR) {
  }
}

uint64_t mixed(uint64_t value) {
  value ^= value >> 30;
  value *= 0xbf58476d1ce4e5b9ull;
  value ^= value >> 27;
  value *= 0x94d049bb133111ebull;
  return value ^ value >> 31;
}

uint64_t noise_word(uint64_t seed, size_t i) {
  return mixed(seed + i * 0x9e3779b97f4a7c15ull);
}

void fill(uint64_t* words, size_t count, uint64_t seed) {
  for (size_t i = 0; i < count; i++) words[i] = noise_word(seed, i);
}

size_t differing(const uint64_t* words, size_t count, uint64_t seed) {
  for (size_t i = 0; i < count; i++) {
    if (words[i] != noise_word(seed, i)) return i;
  }
  return count;
}

void* new_pages(size_t pages) {
  void* memory = mmap(NULL, pages * page_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) give_up("no memory: %s", strerror(errno));
  return memory;
}
