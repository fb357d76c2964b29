/* An allocator that has every function of the interface and keeps every promise, first fit over one
 * list of blocks for each piece of memory; and then does not, by the option `plant=NAME`: one fault for
 * each rule, named after it where the rule is not plain from the name. Without an option it is the healthy
 * twin. The bad days of whoever tests allocators (hang, sleep, crash, abort, exit, print, grow, stack,
 * leak, uneven, wild, spread) come with the first request of 1,000 to 1,999 bytes that follows ten others; most
 * other faults with requests of 64 bytes and more. */
#define _GNU_SOURCE
#include "../../include/poolfuzz_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { UNIT = 16, HEADER = 48, CANARY = 8, RANGES = 24, MAGIC = 0x51A5C0DE, FREE = 0x0F2EE000,
       LOST = 0x10570000 };

struct block {
  uint32_t magic, pad;
  uint64_t body;      /* bytes behind the header */
  uint64_t requested; /* bytes that the caller may use; a canary lies behind */
  uint64_t unused[3];
};

struct range {
  char *start, *end;
};

struct allocator {
  struct poolfuzz_configuration given;
  char plant[32];
  struct range ranges[RANGES];
  int count;
  unsigned requests, usable_calls, unlucky;
  size_t leaked, last_freed;
  void *last, *zero;
  size_t last_bytes;
};

/* Of each thread but the first, with the fault thread-cache: a block that it keeps for its next request,
 * and that nobody gets back when it ends. */
static __thread struct block *kept;
static volatile unsigned sink;
static char somewhere[1 << 14] __attribute__((aligned(4096)));

static int has(const struct allocator *a, const char *plant) { return !strcmp(a->plant, plant); }
static char *body(struct block *b) { return (char *)b + HEADER; }
static struct block *of(void *address) { return (struct block *)((char *)address - HEADER); }
static struct block *next(struct block *b) { return (struct block *)(body(b) + b->body); }

static int add_range(struct allocator *a, char *memory, size_t bytes) {
  char *start = (char *)(((uintptr_t)memory + UNIT - 1) & ~(uintptr_t)(UNIT - 1));
  char *end = (char *)((uintptr_t)(memory + bytes) & ~(uintptr_t)(UNIT - 1));
  if (a->count == RANGES || end < start + HEADER + UNIT) return 0;
  a->ranges[a->count++] = (struct range){start, end};
  *(struct block *)start = (struct block){FREE, 0, (uint64_t)(end - start) - HEADER, 0, {0}};
  return 1;
}

static void join(struct allocator *a) {
  if (has(a, "emptied")) return;
  for (int i = 0; i < a->count; i++)
    for (struct block *b = (struct block *)a->ranges[i].start; (char *)b < a->ranges[i].end;) {
      struct block *n = next(b);
      if (b->magic == FREE && (char *)n < a->ranges[i].end && n->magic == FREE)
        b->body += HEADER + n->body;
      else
        b = n;
    }
}

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

static void misbehave(struct allocator *a, const char *what, size_t bytes) {
  char here;
  if (!strcmp(what, "hang")) while (1) sink++;
  if (!strcmp(what, "sleep")) sleep(1000);
  if (!strcmp(what, "crash")) *(volatile char *)8 = 1;
  if (!strcmp(what, "abort")) abort();
  if (!strcmp(what, "exit")) exit(0);
  if (!strcmp(what, "print")) printf("the allocator says hello\n"), fflush(stdout);
  if (!strcmp(what, "stack")) smash_caller(&here);
  if (!strcmp(what, "leak")) a->leaked += bytes;
  if (!strcmp(what, "uneven")) a->leaked += bytes + a->requests % 64;
  if (!strcmp(what, "spread"))
    mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!strcmp(what, "wild")) memset((void *)((uintptr_t)a & ~(uintptr_t)0xFFFFFFF), 1, 1 << 20);
  if (!strcmp(what, "grow"))
    for (int i = 0; i < 640; i++) {
      char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED) return;
      memset(memory, 1, 1 << 20);
    }
}

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_JOINS | POOLFUZZ_REFINDS | POOLFUZZ_STABLE_USABLE_SIZE |
                POOLFUZZ_REALLOC_KEEPS_ALIGNMENT | POOLFUZZ_GROWS | POOLFUZZ_DETECTS_DOUBLE_FREE |
                POOLFUZZ_DETECTS_FOREIGN_FREE | POOLFUZZ_DETECTS_INTERIOR_FREE |
                POOLFUZZ_DETECTS_OVERFLOW | POOLFUZZ_THREADS;
  c->zero_policy = POOLFUZZ_ZERO_UNIQUE;
  c->realloc_zero = POOLFUZZ_REALLOC_ZERO_FREES;
  c->natural_alignment = UNIT;
  c->arena_alignment = 1;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  if (!a) return NULL;
  const char *option = configuration->option;
  snprintf(a->plant, sizeof a->plant, "%s", strncmp(option, "plant=", 6) ? option : option + 6);
  a->given = *configuration;
  add_range(a, configuration->arena, configuration->arena_bytes);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  a->unlucky = (now.tv_nsec >> 8) % 8 == 0;
  if (!has(a, "creation")) return a;
  errno = 0;
  return NULL;
}

/* A free block's place for the request; the block, split so that `place` is where its body begins. */
static struct block *take(struct block *b, size_t need, size_t alignment) {
  uintptr_t place = ((uintptr_t)body(b) + alignment - 1) & ~(uintptr_t)(alignment - 1);
  uint64_t front = place - (uintptr_t)body(b);
  while (front && front < HEADER + UNIT) front += alignment;
  if (b->magic != FREE || front > b->body || need > b->body - front) return NULL;
  if (front) {
    struct block *second = (struct block *)(body(b) + front - HEADER);
    *second = (struct block){FREE, 0, b->body - front, 0, {0}};
    b->body = front - HEADER;
    b = second;
  }
  if (b->body >= need + HEADER + UNIT) {
    struct block *rest = (struct block *)(body(b) + need);
    *rest = (struct block){FREE, 0, b->body - need - HEADER, 0, {0}};
    b->body = need;
  }
  return b;
}

static struct block *find(struct allocator *a, size_t need, size_t alignment) {
  for (int i = 0; i < a->count; i++)
    for (struct block *b = (struct block *)a->ranges[i].start; (char *)b < a->ranges[i].end;
         b = next(b)) {
      struct block *found = take(b, need, alignment);
      if (found) return found;
    }
  return NULL;
}

static void seal(struct block *b, size_t bytes) {
  b->magic = MAGIC;
  b->requested = bytes;
  memset(body(b) + bytes, 0xCA, CANARY);
}

static int live_count(struct allocator *a) {
  int live = 0;
  for (int i = 0; i < a->count; i++)
    for (struct block *b = (struct block *)a->ranges[i].start; (char *)b < a->ranges[i].end; b = next(b))
      live += b->magic == MAGIC;
  return live;
}

static int refuses(struct allocator *a, size_t bytes) {
  if (has(a, "serves-nothing")) return 1;
  if (has(a, "refusal") && bytes >= 64 && bytes < 4096 && live_count(a) == 0) return 1;
  if (has(a, "fit") && bytes >= 64 && live_count(a) > 0) return 1;
  return has(a, "refind") && bytes >= 64 && bytes == a->last_freed && live_count(a) > 0;
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool;
  (void)tag;
  if (++a->requests > 10 && bytes >= 1000 && bytes < 2000) misbehave(a, a->plant, bytes);
  if (has(a, "flaky") && a->unlucky && bytes >= 64) abort();
  if (refuses(a, bytes)) return NULL;
  if (bytes > (size_t)1 << 40 && !has(a, "huge-size")) return NULL;
  if (alignment < UNIT || (has(a, "alignment") && bytes >= 64)) alignment = UNIT;
  size_t need = (bytes + CANARY + UNIT - 1) & ~(size_t)(UNIT - 1);
  if (need < UNIT) need = UNIT;
  if (bytes == 0 && a->zero && has(a, "zero-size")) return a->zero;
  if (bytes >= 64 && bytes < 4096 && has(a, "outside")) return somewhere;
  if (bytes >= 64 && a->last && bytes <= a->last_bytes && has(a, "overlap")) return a->last;
  if (has(a, "huge-size") && bytes > (size_t)1 << 40) need = 64, bytes = 40;
  struct block *b = NULL;
  if (kept && kept->body >= need && alignment <= UNIT) b = kept, kept = NULL, a->leaked -= b->body;
  if (!b) b = find(a, need, alignment);
  if (!b) {
    size_t wanted = need + alignment + 2 * HEADER + UNIT;
    char *more = a->count < RANGES && wanted < 1 << 30
                   ? a->given.grow(a->given.grow_context, wanted) : NULL;
    if (!more && has(a, "grow-null") && a->count < RANGES) *(volatile char *)more = 1;
    if (!more || !add_range(a, more, wanted)) return NULL;
    b = find(a, need, alignment);
    if (!b) return NULL;
  }
  seal(b, bytes);
  if (bytes >= 64 && has(a, "outside-write")) ((char *)a->given.arena)[a->given.arena_bytes] = 1;
  a->last = body(b);
  a->last_bytes = bytes;
  if (bytes == 0) a->zero = body(b);
  return body(b);
}

static void lose_or_free(struct allocator *a, struct block *b) {
  b->magic = FREE;
  if (has(a, "thread-cache") && gettid() != getpid() && !kept) {
    b->magic = LOST;
    a->leaked += b->body;
    kept = b;
    return;
  }
  if (has(a, "exhaustion") && b->requested >= 500000) b->magic = LOST;
  a->last_freed = b->requested;
  if (a->last == body(b)) a->last = NULL;
  if (a->zero == body(b)) a->zero = NULL;
  struct block *n = next(b);
  if (has(a, "payload") && b->requested >= 64)
    for (int i = 0; i < a->count; i++)
      if ((char *)n > a->ranges[i].start && (char *)n < a->ranges[i].end && n->magic == MAGIC)
        body(n)[n->requested / 2] ^= 1;
  join(a);
}

/* The header of a live block, unless somebody gives back what is none. */
static struct block *judged(struct allocator *a, void *address) {
  for (int i = 0; i < a->count; i++)
    for (struct block *b = (struct block *)a->ranges[i].start; (char *)b < a->ranges[i].end;
         b = next(b)) {
      if ((char *)address < (char *)b || (char *)address >= body(b) + b->body) continue;
      if (body(b) != address) return has(a, "interior-free") ? NULL : (abort(), NULL);
      if (b->magic != MAGIC) return has(a, "double-free") ? NULL : (abort(), NULL);
      for (int k = 0; k < CANARY; k++)
        if (body(b)[b->requested + k] != (char)0xCA && !has(a, "overflowed-block")) abort();
      return b;
    }
  return has(a, "foreign-free") ? NULL : (abort(), NULL);
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  (void)tag;
  if (address >= (void *)somewhere && address < (void *)(somewhere + sizeof somewhere)) return;
  struct block *b = judged(a, address);
  if (b) lose_or_free(a, b);
}

void poolfuzz_free_sized(void *allocator, void *address, size_t bytes, size_t alignment,
                         uint32_t tag) {
  (void)alignment;
  if (of(address)->requested != bytes && address != (void *)somewhere) abort();
  poolfuzz_free(allocator, address, tag);
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  struct allocator *a = allocator;
  if (address >= (void *)somewhere && address < (void *)(somewhere + sizeof somewhere)) return 64;
  const struct block *b = (const struct block *)((const char *)address - HEADER);
  if (has(a, "usable-size") && b->requested >= 64) return b->requested - 8;
  return has(a, "usable-change") ? b->requested + (a->usable_calls++ & 1 ? 0 : 4) : b->requested;
}

int poolfuzz_resize(void *allocator, void *address, size_t bytes) {
  struct allocator *a = allocator;
  struct block *b = of(address);
  if (has(a, "resize-moves") && bytes >= 64) return 1;
  if (bytes > b->body - CANARY || bytes > (size_t)1 << 40) return 0;
  seal(b, bytes);
  return 1;
}

void *poolfuzz_reallocate(void *allocator, void *address, size_t bytes, uint32_t tag,
                          size_t alignment) {
  struct allocator *a = allocator;
  if (!address) return poolfuzz_allocate(allocator, 0, bytes, tag, alignment);
  if (!bytes) {
    poolfuzz_free(allocator, address, tag);
    return NULL;
  }
  struct block *old = of(address);
  size_t kept = old->requested < bytes ? old->requested : bytes;
  uintptr_t mask = alignment ? alignment - 1 : 0;
  if (!((uintptr_t)address & mask) && poolfuzz_resize(allocator, address, bytes)) return address;
  void *place = poolfuzz_allocate(allocator, 0, bytes, tag, has(a, "realloc-alignment") ? 0 : alignment);
  if (!place) {
    if (has(a, "realloc-failure")) memset(address, 0xDD, old->requested);
    return NULL;
  }
  if (place == (void *)somewhere) return place;
  if (has(a, "realloc-boundary") && old->requested == 4096 && bytes == 24577) kept--;
  memcpy(place, address, has(a, "realloc-content") ? kept / 2 : kept);
  poolfuzz_free(allocator, address, tag);
  return place;
}

void *poolfuzz_allocate_zeroed(void *allocator, uint32_t pool, size_t count, size_t bytes,
                               uint32_t tag) {
  struct allocator *a = allocator;
  size_t all;
  if (__builtin_mul_overflow(count, bytes, &all) && !has(a, "overflow")) return NULL;
  void *place = poolfuzz_allocate(allocator, pool, all, tag, 0);
  if (place) memset(place, 0, has(a, "zeroes") && all >= 64 ? all - 1 : all);
  return place;
}

int poolfuzz_add_region(void *allocator, void *memory, size_t bytes) {
  return add_range(allocator, memory, bytes);
}

int poolfuzz_resize_arena(void *allocator, size_t bytes) {
  struct allocator *a = allocator;
  struct range *r = &a->ranges[0];
  if (!a->count || r->start < (char *)a->given.arena ||
      r->start >= (char *)a->given.arena + a->given.arena_bytes) return 0;
  char *end = (char *)(((uintptr_t)a->given.arena + bytes) & ~(uintptr_t)(UNIT - 1));
  struct block *last = (struct block *)r->start;
  while ((char *)next(last) < r->end) last = next(last);
  if (end > r->end && end >= r->end + HEADER + UNIT) {
    *(struct block *)r->end = (struct block){FREE, 0, (uint64_t)(end - r->end) - HEADER, 0, {0}};
    r->end = end;
  } else if (last->magic == FREE && end >= body(last) + UNIT && end <= r->end) {
    last->body = (uint64_t)(end - body(last));
    r->end = end;
  } else {
    return 0;
  }
  a->given.arena_bytes = bytes;
  join(a);
  return 1;
}

void poolfuzz_reset(void *allocator) {
  struct allocator *a = allocator;
  for (int i = 0; i < a->count; i++)
    *(struct block *)a->ranges[i].start = (struct block){
      FREE, 0, (uint64_t)(a->ranges[i].end - a->ranges[i].start) - HEADER, 0, {0}};
  a->last = a->zero = NULL;
}

size_t poolfuzz_footprint(void *allocator) {
  struct allocator *a = allocator;
  size_t bytes = a->leaked;
  for (int i = 0; i < a->count; i++) bytes += (size_t)(a->ranges[i].end - a->ranges[i].start);
  return has(a, "footprint") ? 8 : bytes;
}

int poolfuzz_check(void *allocator, char *message, size_t message_bytes) {
  struct allocator *a = allocator;
  snprintf(message, message_bytes, "a header is neither a live block's nor a free one's");
  if (has(a, "check") && a->last_bytes >= 64) return 1;
  for (int i = 0; i < a->count; i++) {
    struct block *b = (struct block *)a->ranges[i].start;
    for (; (char *)b < a->ranges[i].end; b = next(b))
      if (b->magic != MAGIC && b->magic != FREE && b->magic != LOST) return 1;
    if ((char *)b != a->ranges[i].end) return 1;
  }
  return 0;
}

void poolfuzz_walk(void *allocator, poolfuzz_visit visit, void *context) {
  struct allocator *a = allocator;
  int skips = has(a, "walk");
  for (int i = 0; i < a->count; i++)
    for (struct block *b = (struct block *)a->ranges[i].start; (char *)b < a->ranges[i].end; b = next(b)) {
      if (b->magic == LOST || (b->magic == MAGIC && b->requested >= 64 && skips)) continue;
      visit(context, body(b), b->body, b->magic == FREE);
    }
}

void poolfuzz_destroy(void *allocator) { free(allocator); }
