/* Free blocks in lists by class, eight to each power of two, found by bitmaps; a request searches from
 * the next class up, all of whose blocks are large enough. Neighbours are joined.
 *
 *   zero_length        what a request of no bytes comes to is not looked at before a block is taken
 *   beyond_classes     a size at or above the largest block is looked for behind the last class
 *   trimmed_below      a block is cut to what was asked for and not to the size that was searched, so that
 *                      it lies in a lower class than the same request searches once it is freed
 *   realloc_wraps      a size near the largest number is rounded to nothing when a block is reallocated
 *   moved_unaligned    a block that has to move loses its alignment
 */
#include "museum.h"

enum fault { none, exact, zero_length, beyond_classes, trimmed_below, realloc_wraps, moved_unaligned };
enum { UNIT = 16, HEADER = 16, STEPS = 8, LARGEST_LOG = 30, CLASSES = (LARGEST_LOG - 6) * STEPS };

struct block {
  size_t before; /* bytes of the body of the block before in memory; 0 for the first */
  size_t bytes;  /* of the body; the lowest bit is set while it is free */
  struct block *next, *previous;
};

/* It lies at the start of the arena, in front of the first block. */
struct allocator {
  char *start, *end;
  uint64_t map[CLASSES / 64];
  struct block *lists[CLASSES];
};

static size_t size_of(const struct block *b) { return b->bytes & ~(size_t)1; }
static int is_free(const struct block *b) { return (int)(b->bytes & 1); }
static char *body(struct block *b) { return (char *)b + HEADER; }
static struct block *block_of(void *address) { return (struct block *)((char *)address - HEADER); }
static struct block *after(struct block *b) { return (struct block *)(body(b) + size_of(b)); }

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_JOINS | POOLFUZZ_STABLE_USABLE_SIZE |
                POOLFUZZ_REALLOC_KEEPS_ALIGNMENT;
  /* An aligned block is searched for with room to spare, and freed without: who promises to find the
   * same again (FAULT=exact, healthy) aligns nothing. */
  if (has(trimmed_below) || has(exact)) c->promises |= POOLFUZZ_REFINDS, c->largest_alignment = UNIT;
  c->natural_alignment = UNIT;
  c->fit_factor = 2;
  c->fit_bytes = 256;
}

/* The class of a size, and the first size of the class that a request for it searches. */
static unsigned class_of(size_t bytes) {
  if (bytes < UNIT * STEPS) return (unsigned)(bytes / UNIT);
  unsigned log = 63 - (unsigned)__builtin_clzll(bytes);
  return (log - 6) * STEPS + (unsigned)(bytes >> (log - 3)) % STEPS;
}

static size_t searched(size_t bytes) {
  if (bytes < UNIT * STEPS) return bytes;
  return round_up(bytes, (size_t)1 << (60 - __builtin_clzll(bytes)));
}

static void set(struct block *b, size_t bytes, int free) {
  b->bytes = bytes | (size_t)free;
  after(b)->before = bytes;
}

static void list(struct allocator *a, struct block *b) {
  unsigned c = class_of(size_of(b));
  b->bytes |= 1;
  b->next = a->lists[c];
  b->previous = NULL;
  if (b->next) b->next->previous = b;
  a->lists[c] = b;
  a->map[c / 64] |= (uint64_t)1 << c % 64;
}

static void unlist(struct allocator *a, struct block *b) {
  unsigned c = class_of(size_of(b));
  if (b->previous) b->previous->next = b->next;
  else a->lists[c] = b->next;
  if (b->next) b->next->previous = b->previous;
  if (!a->lists[c]) a->map[c / 64] &= ~((uint64_t)1 << c % 64);
  b->bytes &= ~(size_t)1;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = configuration->arena;
  size_t bytes = round_down(configuration->arena_bytes, UNIT);
  if (bytes < sizeof *a + 2 * HEADER + UNIT) return NULL;
  memset(a, 0, sizeof *a);
  a->start = (char *)a + round_up(sizeof *a, UNIT);
  a->end = (char *)a + bytes - HEADER;
  ((struct block *)a->end)->bytes = 0;
  struct block *whole = (struct block *)a->start;
  whole->before = 0;
  set(whole, (size_t)(a->end - a->start) - HEADER, 0);
  list(a, whole);
  return a;
}

static struct block *find(struct allocator *a, size_t bytes) {
  unsigned c = class_of(searched(bytes));
  if (has(beyond_classes) && c >= CLASSES) return a->lists[c];
  for (; c < CLASSES; c++)
    if (a->map[c / 64] & (uint64_t)1 << c % 64) return a->lists[c];
  return NULL;
}

/* Cuts off the end of a live block, joined with what is free behind it. */
static void cut(struct allocator *a, struct block *b, size_t bytes) {
  size_t whole = size_of(b);
  if (whole < bytes + HEADER + UNIT) return;
  set(b, bytes, 0);
  struct block *rest = after(b);
  set(rest, whole - bytes - HEADER, 0);
  struct block *next = after(rest);
  if ((char *)next < a->end && is_free(next)) {
    unlist(a, next);
    set(rest, size_of(rest) + HEADER + size_of(next), 0);
  }
  list(a, rest);
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag;
  if (bytes > (size_t)(a->end - a->start) && !has(beyond_classes)) return NULL;
  if (bytes > (size_t)1 << 62 || alignment > (size_t)1 << 30) return NULL;
  size_t need = round_up(bytes, UNIT);
  if (!need && !has(zero_length)) need = UNIT;
  size_t wanted = alignment > UNIT ? need + alignment + HEADER + UNIT : need;
  struct block *b = find(a, wanted);
  if (!b) return NULL;
  unlist(a, b);
  if (alignment > UNIT) {
    uintptr_t place = round_up((uintptr_t)body(b), alignment);
    while (place != (uintptr_t)body(b) && place - (uintptr_t)body(b) < HEADER + UNIT) place += alignment;
    size_t front = place - (uintptr_t)body(b), whole = size_of(b);
    if (front) {
      set(b, front - HEADER, 0);
      list(a, b);
      b = block_of((void *)place);
      b->before = front - HEADER;
      set(b, whole - front, 0);
    }
  }
  cut(a, b, has(trimmed_below) ? need : searched(need));
  return body(b);
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  struct block *b = block_of(address), *next = after(b);
  (void)tag;
  if ((char *)next < a->end && is_free(next)) {
    unlist(a, next);
    set(b, size_of(b) + HEADER + size_of(next), 0);
  }
  struct block *before = (struct block *)((char *)b - b->before - HEADER);
  if ((char *)b > a->start && is_free(before)) {
    unlist(a, before);
    set(before, size_of(before) + HEADER + size_of(b), 0);
    b = before;
  }
  list(a, b);
}

void *poolfuzz_reallocate(void *allocator, void *address, size_t bytes, uint32_t tag,
                          size_t alignment) {
  struct allocator *a = allocator;
  if (!address) return poolfuzz_allocate(a, 0, bytes, tag, alignment);
  if (bytes > (size_t)(a->end - a->start) && !has(realloc_wraps)) return NULL;
  struct block *b = block_of(address), *next = after(b);
  size_t old = size_of(b), need = searched(round_up(bytes, UNIT));
  if (!need && !has(realloc_wraps)) need = UNIT;
  if (alignment && (uintptr_t)address % alignment) need = (size_t)1 << 62;
  if (need > old && (char *)next < a->end && is_free(next) && old + HEADER + size_of(next) >= need) {
    unlist(a, next);
    set(b, old + HEADER + size_of(next), 0);
  }
  if (size_of(b) >= need) {
    cut(a, b, need ? need : old);
    return address;
  }
  void *place = poolfuzz_allocate(a, 0, bytes, tag, has(moved_unaligned) ? 0 : alignment);
  if (!place) return NULL;
  memcpy(place, address, old < bytes ? old : bytes);
  poolfuzz_free(a, address, tag);
  return place;
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  (void)allocator;
  return size_of(block_of((void *)address));
}

int poolfuzz_check(void *allocator, char *message, size_t message_bytes) {
  struct allocator *a = allocator;
  size_t before = 0;
  struct block *b = (struct block *)a->start;
  for (; (char *)b < a->end; before = size_of(b), b = after(b))
    if (b->before != before) break;
  if ((char *)b == a->end && b->before == before) return 0;
  strncpy(message, "a block's header does not fit its neighbour's", message_bytes);
  return 1;
}

void poolfuzz_destroy(void *allocator) { (void)allocator; }
