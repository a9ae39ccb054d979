/* Floating point, processes, and devices that are read or written. */
#include <sys/wait.h>

#include "busy.h"

static double series(void) {
  double x = 0.4, sum = 0;
  for (int i = 0; i < 4000; i++) {
    x = 3.99 * x * (1 - x);
    sum += x / (1 + i);
  }
  return sum;
}

void run_floats(const char* argument) {
  (void)argument;
  double wanted = series();
  for (;;) {
    double got = series();
    if (memcmp(&got, &wanted, sizeof got) != 0) wrong("a sum of %.17g became %.17g", wanted, got);
    own->done++;
    rest_ms(20);
  }
}

void run_processes(const char* argument) {
  (void)argument;
  for (uint64_t number = 1;; number++) {
    unsigned a = (unsigned)(mixed(number) % 30000), b = (unsigned)(number % 30000);
    char script[64], wanted[32], got[32] = {0};
    snprintf(script, sizeof script, "echo $((%u * %u))", a, b);
    snprintf(wanted, sizeof wanted, "%u\n", a * b);
    int ends[2];
    if (pipe(ends) != 0) give_up("no pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) give_up("no process: %s", strerror(errno));
    if (child == 0) {
      dup2(ends[1], 1);
      execl("/bin/busybox", "sh", "-c", script, (char*)NULL);
      _exit(127);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t more;
    while (length < sizeof got - 1 &&
           (more = read(ends[0], got + length, sizeof got - 1 - length)) > 0)
      length += (size_t)more;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0)
      wrong("a process ended with status %x", status);
    else if (strcmp(got, wanted) != 0)
      wrong("a process said %s instead of %s", got, wanted);
    own->done++;
    rest_ms(150);
  }
}

void run_random(const char* path) {
  unsigned char last[16] = {0}, bytes[16];
  int file = open(path, O_RDONLY);
  if (file < 0) give_up("%s does not open: %s", path, strerror(errno));
  for (;;) {
    if (read(file, bytes, sizeof bytes) != sizeof bytes)
      give_up("%s is not read: %s", path, strerror(errno));
    if (memcmp(bytes, last, sizeof bytes) == 0) wrong("%s gives the same bytes twice", path);
    memcpy(last, bytes, sizeof last);
    own->done++;
    rest_ms(50);
  }
}

void run_port(const char* path) {
  int file = open(path, O_WRONLY);
  if (file < 0) give_up("%s does not open: %s", path, strerror(errno));
  char text[64];
  memset(text, 'x', sizeof text);
  for (;;) {
    if (write(file, text, sizeof text) != sizeof text)
      give_up("%s is not written: %s", path, strerror(errno));
    own->done++;
    rest_ms(50);
  }
}
