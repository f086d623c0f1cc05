/*
 * Shifts the wall clock of a program by as many microseconds as a file says, which may change at any time. Preloaded;
 * the file's name is in SHIFT_FILE. The monotonic clock stays as it is. The time is asked of the kernel directly, as
 * looking up the functions that are replaced could come before the program's own memory is ready.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define US_PER_S 1000000LL

static volatile int64_t *shift_us;

__attribute__((constructor)) static void open_shift(void) {
  const char *name = getenv("SHIFT_FILE");
  int file = name ? open(name, O_RDONLY) : -1;
  if (file < 0) abort();
  void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) abort();
  shift_us = mapped;
  close(file);
}

static int64_t now_us(void) {
  struct timespec real;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &real);
  return real.tv_sec * US_PER_S + real.tv_nsec / 1000 + (shift_us ? *shift_us : 0);
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  int64_t us = now_us();
  time->tv_sec = us / US_PER_S;
  time->tv_usec = us % US_PER_S;
  return 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return syscall(SYS_clock_gettime, clock, time);
  int64_t us = now_us();
  time->tv_sec = us / US_PER_S;
  time->tv_nsec = us % US_PER_S * 1000;
  return 0;
}

time_t time(time_t *result) {
  time_t seconds = now_us() / US_PER_S;
  if (result) *result = seconds;
  return seconds;
}
