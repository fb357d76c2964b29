/* A heap that guesses: a program that asks again and again for one unit more than before, as one does that
 * makes a buffer longer piece by piece, will do so again. The surer the heap is, the more it sets aside; lists of
 * free blocks by size, all other memory from what was never used.
 *
 *   hands_out_twice   what was set aside at the sixth guess in a row is handed out and still counts as unused
 *
 * Nothing leads there but six right requests in a row: random calls do not come so far, a search that sees
 * which code was reached does.
 */
#include "museum.h"

enum fault { none, hands_out_twice };
enum { UNIT = 16, HEADER = 16, CLASSES = 64, SURE = 6 };

struct block {
  size_t units;
  struct block *next;
};

struct allocator {
  char *unused, *end;
  struct block *free[CLASSES + 1];
  size_t last, guesses, ahead;
};

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA;
  c->zero_policy = POOLFUZZ_ZERO_NULL;
  c->largest_alignment = 0;
  c->largest_bytes = CLASSES * UNIT;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  a->unused = (char *)round_up((uintptr_t)configuration->arena, UNIT);
  a->end = (char *)configuration->arena + configuration->arena_bytes;
  return a;
}

void poolfuzz_destroy(void *allocator) { free(allocator); }

static struct block *carve(struct allocator *a, size_t units) {
  size_t bytes = HEADER + units * UNIT;
  if (bytes > (size_t)(a->end - a->unused)) return NULL;
  struct block *b = (struct block *)a->unused;
  a->unused += bytes;
  b->units = units;
  return b;
}

/* How much is set aside for the next right guess; each step is a place of its own in the code. */
static void become_surer(struct allocator *a) {
  if (a->guesses == 1) a->ahead = 1;
  if (a->guesses == 2) a->ahead += 1;
  if (a->guesses == 3) a->ahead *= 2;
  if (a->guesses == 4) a->ahead += 3;
  if (a->guesses == 5) a->ahead *= 3;
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag, size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag, (void)alignment;
  if (bytes == 0 || bytes > CLASSES * UNIT) return NULL;
  size_t units = (bytes + UNIT - 1) / UNIT;
  struct block *b = a->free[units];
  if (units == a->last + 1) {
    a->guesses++;
    become_surer(a);
  } else {
    a->guesses = a->ahead = 0;
  }
  a->last = units;
  if (b) {
    a->free[units] = b->next;
  } else {
    char *before = a->unused;
    b = carve(a, units);
    if (b && a->guesses >= SURE) {
      if (has(hands_out_twice)) a->unused = before;
      a->guesses = a->ahead = 0;
    }
  }
  return b ? (char *)b + HEADER : NULL;
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  struct block *b = (struct block *)((char *)address - HEADER);
  (void)tag;
  b->next = a->free[b->units];
  a->free[b->units] = b;
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  (void)allocator;
  return ((const struct block *)((const char *)address - HEADER))->units * UNIT;
}
