/* The limit: append a group of events, make them durable, and again. Prints one JSON line. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int group = atoi(argv[2]);
  size_t size = (size_t)group * atoi(argv[3]);
  double limit = atof(argv[4]) * 1000;
  int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  char *bytes = malloc(size);
  size_t room = 1 << 20, count = 0;
  double *waits = malloc(room * sizeof *waits);
  if (fd < 0 || !bytes || !waits) return 1;
  memset(bytes, 'x', size);
  double start = now(), at = start;
  while (at - start < limit && count < room) {
    if (write(fd, bytes, size) != (ssize_t)size || sync_data(fd) != 0) return 1;
    double then = now();
    waits[count++] = then - at;
    at = then;
  }
  qsort(waits, count, sizeof *waits, ascending);
  printf("{\"perSecond\":%f,\"p50\":%f,\"p99\":%f}\n", count * (double)group / ((at - start) / 1e6), waits[count / 2],
         waits[(size_t)(count * 0.99)]);
  return 0;
}
