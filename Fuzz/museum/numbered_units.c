/* A heap of units of eight bytes that are known by their number: each block begins with the numbers of
 * the next and the previous one, 16 bits wide, with the highest bit of the next set while it is free.
 * First fit; a block that cannot grow where it lies is moved.
 *
 *   narrow_count   how many units a request needs is counted in 16 bits
 *   realloc_frees  a block that finds no larger place is freed, although the answer is NULL
 */
#include "museum.h"

enum fault { none, narrow_count, realloc_frees };
enum { UNIT = 8, MOST_UNITS = 0x7FFF, FREE = 0x8000 };

struct unit {
  uint16_t next, previous;
  uint32_t requested;
};

struct allocator {
  struct unit *units;
  uint32_t count; /* the last is the end and has no body */
};

static uint16_t next_of(struct allocator *a, uint32_t i) { return a->units[i].next & 0x7FFF; }
static int is_free(struct allocator *a, uint32_t i) { return (a->units[i].next & FREE) != 0; }
static uint32_t size_of(struct allocator *a, uint32_t i) { return next_of(a, i) - i; }

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_JOINS | POOLFUZZ_REFINDS;
  c->realloc_zero = POOLFUZZ_REALLOC_ZERO_FREES;
  c->largest_alignment = 0;
  c->fit_factor = 1;
  c->fit_bytes = 4 * UNIT;
}

static void set(struct allocator *a, uint32_t i, uint32_t next, int free) {
  a->units[i].next = (uint16_t)(next | (free ? FREE : 0));
  a->units[next].previous = (uint16_t)i;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  if (!a) return NULL;
  a->units = configuration->arena;
  uint64_t count = configuration->arena_bytes / UNIT;
  a->count = count < MOST_UNITS ? (uint32_t)count : MOST_UNITS;
  a->units[a->count - 1].next = (uint16_t)(a->count - 1);
  set(a, 0, a->count - 1, 1);
  return a;
}

/* The units of a request, with the header; 0 where there are never so many. */
static uint32_t units_of(size_t bytes) {
  if (has(narrow_count)) return (uint16_t)(1 + (bytes + UNIT - 1) / UNIT);
  return bytes > MOST_UNITS * UNIT ? 0 : (uint32_t)(1 + (bytes + UNIT - 1) / UNIT);
}

/* Cuts off what a block has beyond so many units. */
static void cut(struct allocator *a, uint32_t i, uint32_t need) {
  uint32_t next = next_of(a, i);
  if (next - i > need) {
    set(a, i + need, next, 1);
    set(a, i, i + need, 0);
    uint32_t after = next_of(a, i + need);
    if (after < a->count - 1 && is_free(a, after)) set(a, i + need, next_of(a, after), 1);
  } else {
    set(a, i, next, 0);
  }
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag, (void)alignment;
  uint32_t need = units_of(bytes);
  if (need < 2) need = need ? 2 : MOST_UNITS + 1;
  for (uint32_t i = 0; i < a->count - 1; i = next_of(a, i)) {
    if (!is_free(a, i) || size_of(a, i) < need) continue;
    cut(a, i, need);
    a->units[i].requested = (uint32_t)bytes;
    return &a->units[i + 1];
  }
  return NULL;
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  uint32_t i = (uint32_t)((struct unit *)address - a->units) - 1;
  (void)tag;
  /* The links of what is free lie in its body. */
  a->units[i + 1] = (struct unit){0};
  uint32_t next = next_of(a, i);
  if (next < a->count - 1 && is_free(a, next)) next = next_of(a, next);
  if (i > 0 && is_free(a, a->units[i].previous)) i = a->units[i].previous;
  set(a, i, next, 1);
}

void *poolfuzz_reallocate(void *allocator, void *address, size_t bytes, uint32_t tag,
                          size_t alignment) {
  struct allocator *a = allocator;
  if (!address) return poolfuzz_allocate(a, 0, bytes, tag, alignment);
  if (!bytes) {
    poolfuzz_free(a, address, tag);
    return NULL;
  }
  uint32_t i = (uint32_t)((struct unit *)address - a->units) - 1, need = units_of(bytes);
  if (need < 2) need = need ? 2 : MOST_UNITS + 1;
  uint32_t next = next_of(a, i);
  if (next < a->count - 1 && is_free(a, next) && next_of(a, next) - i >= need && size_of(a, i) < need)
    set(a, i, next_of(a, next), 0);
  if (size_of(a, i) >= need) {
    cut(a, i, need);
    a->units[i].requested = (uint32_t)bytes;
    return address;
  }
  size_t kept = a->units[i].requested;
  void *place = poolfuzz_allocate(a, 0, bytes, tag, 0);
  if (place) memcpy(place, address, kept < bytes ? kept : bytes);
  if (place || has(realloc_frees)) poolfuzz_free(a, address, tag);
  return place;
}

int poolfuzz_check(void *allocator, char *message, size_t message_bytes) {
  struct allocator *a = allocator;
  for (uint32_t i = 0; i != a->count - 1; i = next_of(a, i))
    if (next_of(a, i) <= i || next_of(a, i) > a->count - 1 || a->units[next_of(a, i)].previous != i) {
      strncpy(message, "a block's numbers do not fit its neighbours'", message_bytes);
      return 1;
    }
  return 0;
}

void poolfuzz_destroy(void *allocator) { free(allocator); }
