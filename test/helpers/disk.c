/* A disk for tests: makes each sync as slow as a file says, and notes how much of each file has been synced. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static useconds_t delay_us(void) {
  char text[32] = "0";
  int fd = open(getenv("DISK_DELAY_FILE"), O_RDONLY);
  if (fd >= 0) {
    ssize_t size = read(fd, text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    close(fd);
  }
  return (useconds_t)atol(text);
}

static void note(int synced, off_t size) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", synced);
  ssize_t length = readlink(link, path, sizeof path - 1);
  int log = open(getenv("DISK_LOG_FILE"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (length > 0 && log >= 0) dprintf(log, "%lld %.*s\n", (long long)size, (int)length, path);
  if (log >= 0) close(log);
}

static int slow(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  struct stat before;
  int has_size = fstat(fd, &before) == 0;
  /* In steps: one call may be at most a second. */
  for (useconds_t left = delay_us(); left > 0;) {
    useconds_t step = left < 100000 ? left : 100000;
    usleep(step);
    left -= step;
  }
  int result = real(fd);
  if (result == 0 && has_size) note(fd, before.st_size);
  return result;
}

int fsync(int fd) { return slow("fsync", fd); }
int fdatasync(int fd) { return slow("fdatasync", fd); }
