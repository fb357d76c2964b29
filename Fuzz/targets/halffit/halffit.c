/* An allocator after the published idea of half-fit (Ogasawara, 1995), as o1heap has it: a request becomes a
 * power of two, and is cut from the front of the first free piece in the lowest list all of whose pieces are
 * large enough; what is left stays whole. It has a bound of its own: for M bytes of such blocks, the largest n times
 * the smallest, it never needs more than 2 M (1 + log2 n), rounded up (o1heap's README). .ci/contest holds the worst
 * that programs reach against that.
 *
 * What it knows of pieces lies beside the arena, in a row for each unit of 16 bytes, so that blocks have no
 * headers: each is at most twice what was asked for. */
#include "../../include/poolfuzz_target.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { UNIT = 16, LISTS = 32, NONE = 0xFFFFFFFF };

struct piece {
  uint32_t units;            /* of a piece that begins here; else 0 */
  uint32_t before;           /* units of the piece before it in memory; 0 for the first */
  uint32_t next, previous;   /* in its list, while it is free */
  uint32_t is_free, unused[3];
};

struct allocator {
  char *arena;
  uint32_t units, map, last;
  uint32_t lists[LISTS];
  struct piece *pieces;
};

static uint32_t floor_log2(uint32_t number) { return 31 - (uint32_t)__builtin_clz(number); }

static void list(struct allocator *a, uint32_t at) {
  struct piece *p = &a->pieces[at];
  uint32_t index = floor_log2(p->units), head = a->lists[index];
  p->is_free = 1, p->next = head, p->previous = NONE;
  if (head != NONE) a->pieces[head].previous = at;
  a->lists[index] = at;
  a->map |= 1u << index;
}

static void unlist(struct allocator *a, uint32_t at) {
  struct piece *p = &a->pieces[at];
  uint32_t index = floor_log2(p->units);
  if (p->next != NONE) a->pieces[p->next].previous = p->previous;
  if (p->previous != NONE) a->pieces[p->previous].next = p->next;
  else if ((a->lists[index] = p->next) == NONE) a->map &= ~(1u << index);
  p->is_free = 0;
}

/* A piece of so many units behind one of `before`. */
static void put(struct allocator *a, uint32_t at, uint32_t units, uint32_t before) {
  a->pieces[at].units = units, a->pieces[at].before = before;
  if (at + units < a->units) a->pieces[at + units].before = units;
  else a->last = at;
}

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_STABLE_USABLE_SIZE;
  c->natural_alignment = UNIT;
  c->largest_alignment = UNIT;
  c->arena_alignment = 4096;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  if (!a) return NULL;
  a->arena = configuration->arena;
  uint64_t units = configuration->arena_bytes / UNIT;
  a->units = units < 1u << 30 ? (uint32_t)units : 1u << 30;
  for (uint32_t i = 0; i < LISTS; i++) a->lists[i] = NONE;
  /* Mapped, not allocated: most rows are never touched. */
  a->pieces = mmap(NULL, (size_t)a->units * sizeof *a->pieces, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (a->pieces == MAP_FAILED) return free(a), NULL;
  put(a, 0, a->units, 0);
  list(a, 0);
  return a;
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag, size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag;
  if (bytes > (size_t)a->units * UNIT || alignment > UNIT) return NULL;
  uint32_t wanted = bytes > UNIT ? (uint32_t)((bytes + UNIT - 1) / UNIT) : 1;
  uint32_t index = wanted > 1 ? floor_log2(wanted - 1) + 1 : 0;
  uint32_t fit = index < LISTS ? a->map >> index << index : 0;
  if (!fit) return NULL;
  uint32_t at = a->lists[__builtin_ctz(fit)], units = 1u << index;
  uint32_t left = a->pieces[at].units - units;
  unlist(a, at);
  put(a, at, units, a->pieces[at].before);
  if (left) {
    put(a, at + units, left, units);
    list(a, at + units);
  }
  return a->arena + (size_t)at * UNIT;
}

static uint32_t place(struct allocator *a, const void *address) {
  return (uint32_t)(((const char *)address - a->arena) / UNIT);
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  uint32_t at = place(a, address), units = a->pieces[at].units, before = a->pieces[at].before;
  (void)tag;
  if (at + units < a->units && a->pieces[at + units].is_free) {
    uint32_t more = a->pieces[at + units].units;
    unlist(a, at + units);
    units += more;
  }
  if (at && a->pieces[at - before].is_free) {
    at -= before, units += before;
    unlist(a, at);
    before = a->pieces[at].before;
  }
  put(a, at, units, before);
  list(a, at);
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  struct allocator *a = allocator;
  return (size_t)a->pieces[place(a, address)].units * UNIT;
}

/* Up to the end of the last block: what lies behind was never needed or can be given back. */
size_t poolfuzz_footprint(void *allocator) {
  struct allocator *a = allocator;
  return (size_t)(a->pieces[a->last].is_free ? a->last : a->units) * UNIT;
}

void poolfuzz_destroy(void *allocator) {
  struct allocator *a = allocator;
  munmap(a->pieces, (size_t)a->units * sizeof *a->pieces);
  free(a);
}
