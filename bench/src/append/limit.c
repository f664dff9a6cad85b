/*
 * The limit: make a group of events durable, and the next one. Prints one JSON line.
 * limit <file> <events in a group> <bytes of an event> <ms> append     appends, and syncs the data
 *                                                           overwrite  overwrites what is there, through O_DSYNC
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Overwritten from its beginning to its end, and again: as much as our log writes ahead at most. */
static const size_t area = 4 << 20;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int sync_data(int fd) {
#ifdef __APPLE__
  return fcntl(fd, F_FULLFSYNC);
#else
  return fdatasync(fd);
#endif
}

/* Durable before the clock runs, and made once. */
static int open_area(const char *path) {
  struct stat found;
  if (stat(path, &found) == 0 && found.st_size == (off_t)area) return open(path, O_WRONLY | O_DSYNC);

  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  char *blank = malloc(1 << 20);
  if (fd < 0 || !blank) return -1;
  memset(blank, '\n', 1 << 20);
  for (size_t at = 0; at < area; at += 1 << 20)
    if (write(fd, blank, 1 << 20) != 1 << 20) return -1;
  if (fsync(fd) != 0 || close(fd) != 0) return -1;
  return open(path, O_WRONLY | O_DSYNC);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int overwrites = strcmp(argv[5], "overwrite") == 0;
  int group = atoi(argv[2]);
  size_t size = (size_t)group * atoi(argv[3]);
  double limit = atof(argv[4]) * 1000;
  int fd = overwrites ? open_area(argv[1]) : open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  char *bytes = malloc(size);
  size_t room = 1 << 20, count = 0;
  double *waits = malloc(room * sizeof *waits);
  if (fd < 0 || !bytes || !waits || size > area) return 1;
  memset(bytes, 'x', size);
  double start = now(), at = start;
  for (off_t to = 0; at - start < limit && count < room; to = to + 2 * size > area ? 0 : to + size) {
    if (overwrites) {
      if (pwrite(fd, bytes, size, to) != (ssize_t)size) return 1;
    } else if (write(fd, bytes, size) != (ssize_t)size || sync_data(fd) != 0) return 1;
    double then = now();
    waits[count++] = then - at;
    at = then;
  }
  qsort(waits, count, sizeof *waits, ascending);
  printf("{\"perSecond\":%f,\"p50\":%f,\"p99\":%f}\n", count * (double)group / ((at - start) / 1e6), waits[count / 2],
         waits[(size_t)(count * 0.99)]);
  return 0;
}
