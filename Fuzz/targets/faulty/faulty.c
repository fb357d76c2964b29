/* An allocator that behaves, and then does not: the bad days of whoever tests allocators. The option
 * names what happens at the first request of 1,000 to 1,999 bytes that follows ten others:
 * hang, crash, abort, exit, print, grow, stack, leak, wild, sleep; nothing without one. */
#include "../../include/poolfuzz_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CAPACITY = 1 << 16 };

struct allocator {
  char option[32];
  unsigned requests;
  size_t leaked;
};

static volatile unsigned sink;

/* Finds the variables of whoever called, by the marks it keeps in them, and changes one. */
static void smash_caller(char *stack) {
  for (int i = 0; i < 8192; i++) {
    int count = 0;
    while (count < 64 && stack[i + count] == (char)0xA5) count++;
    if (count < 64) continue;
    stack[i + 8] = 0;
    return;
  }
}

static void misbehave(struct allocator *a, const char *what) {
  char here;
  if (!strcmp(what, "hang")) while (1) sink++;
  if (!strcmp(what, "sleep")) sleep(1000);
  if (!strcmp(what, "crash")) *(volatile char *)8 = 1;
  if (!strcmp(what, "abort")) abort();
  if (!strcmp(what, "exit")) exit(0);
  if (!strcmp(what, "print")) printf("the allocator says hello\n"), fflush(stdout);
  if (!strcmp(what, "stack")) smash_caller(&here);
  if (!strcmp(what, "wild")) memset((void *)((uintptr_t)a & ~(uintptr_t)0xFFFFFFF), 1, 1 << 20);
  if (!strcmp(what, "grow"))
    for (int i = 0; i < 640; i++) {
      char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED) return;
      memset(memory, 1, 1 << 20);
    }
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  if (a) snprintf(a->option, sizeof a->option, "%s", configuration->option);
  return a;
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  void *memory = NULL;
  (void)pool;
  (void)tag;
  if (++a->requests > 10 && bytes >= 1000 && bytes < 2000) {
    misbehave(a, a->option);
    if (!strcmp(a->option, "leak")) a->leaked += bytes;
  }
  if (posix_memalign(&memory, alignment < 16 ? 16 : alignment, bytes ? bytes : 1)) return NULL;
  return memory;
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  (void)allocator;
  (void)tag;
  free(address);
}

size_t malloc_usable_size(void *);
size_t poolfuzz_usable_size(void *allocator, const void *address) {
  (void)allocator;
  return malloc_usable_size((void *)address);
}

size_t poolfuzz_footprint(void *allocator) {
  struct allocator *a = allocator;
  return CAPACITY * (size_t)1024 + a->leaked;
}

void poolfuzz_destroy(void *allocator) { free(allocator); }
