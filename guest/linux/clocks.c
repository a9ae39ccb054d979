/* Clocks that must not go back or apart, and timers. */
#include <sys/io.h>
#include <sys/timerfd.h>

#include "busy.h"

/* The power-management timer of the chip set, which counts apart from the kernel's clock. */
enum { pm_timer_port = 0x608 };
static const double pm_timer_hz = 3579545;
static const double pm_timer_wraps_s = 16777216 / 3579545.0;

static uint64_t time_stamp(void) {
  uint32_t low, high;
  __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t)high << 32 | low;
}

void run_clocks(const char* argument) {
  (void)argument;
  int has_timer = iopl(3) == 0;
  clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_REALTIME};
  const char* names[] = {"monotonic clock", "raw clock", "clock since boot", "time of day"};
  double last[4] = {0};
  uint64_t stamp = time_stamp();
  double checked_at = 0;
  uint32_t checked_timer = 0;
  double started_at = now(CLOCK_MONOTONIC);
  int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec each = {{0, 50000000}, {0, 50000000}};
  timerfd_settime(timer, 0, &each, NULL);
  uint64_t expirations = 0;
  for (;;) {
    double before = now(CLOCK_MONOTONIC);
    rest_ms(10);
    double after = now(CLOCK_MONOTONIC);
    if (after - before < 0.01) wrong("a sleep of 10 ms ended after %.6f s", after - before);
    if (after - before > patience_s) wrong("a sleep of 10 ms took %.3f s", after - before);
    for (int i = 0; i < 4; i++) {
      double time = now(clocks[i]);
      if (time < last[i])
        wrong("the %s went back by %.9f s, from %.9f", names[i], last[i] - time, last[i]);
      last[i] = time;
    }
    uint64_t next_stamp = time_stamp();
    if (next_stamp < stamp)
      wrong("the time-stamp counter went back from %llu to %llu", (unsigned long long)stamp,
            (unsigned long long)next_stamp);
    stamp = next_stamp;
    /* two clocks of different devices go at one pace */
    double t0 = now(CLOCK_MONOTONIC);
    uint32_t pm = has_timer ? inl(pm_timer_port) & 0xffffff : 0;
    double t1 = now(CLOCK_MONOTONIC);
    if (has_timer && t1 - t0 < 0.001) {
      double passed = t0 - checked_at;
      double counted = ((pm - checked_timer) & 0xffffff) / pm_timer_hz;
      if (checked_at > 0 && passed < pm_timer_wraps_s / 2) {
        double apart = counted - passed;
        if (apart > pm_timer_wraps_s / 2) apart -= pm_timer_wraps_s;
        if (apart > 0.1 || apart < -0.1)
          wrong("in %.6f s of the monotonic clock the power-management timer went on by %.6f s",
                passed, counted);
      }
      checked_at = t0;
      checked_timer = pm;
    }
    uint64_t more = 0;
    struct pollfd ready = {timer, POLLIN, 0};
    if (poll(&ready, 1, 0) == 1 && read(timer, &more, sizeof more) == sizeof more)
      expirations += more;
    double due = (now(CLOCK_MONOTONIC) - started_at) / 0.05;
    if ((double)expirations > due + 1 || (double)expirations < due - 1 - patience_s / 0.05)
      wrong("a timer of 50 ms fired %llu times, and %.1f were due", (unsigned long long)expirations,
            due);
    own->done++;
  }
}
