/* An allocator after the published idea of two-level segregated fit (Masmano et al., 2004), written
 * for the tests of this suite: the arena that it is given, boundary tags, bitmaps that find a list in
 * constant time. Only where these find nothing are the lists searched whose blocks may be too small, so
 * that a request is served wherever it fits.
 *
 * Planted bugs, by the option `plant=NAME`:
 *   no-forward-merge     a freed block is not joined with its successor
 *   split-too-early      a split leaves a block one granule too short
 *   ignores-alignment    a request's alignment is not looked at
 *   usable-counts-header the usable size counts the next block's header
 *   loses-remainder      what is left of a split is on no list
 *   head-insert-cycle    a list's head links to itself once it has two blocks
 */
#include "../../include/poolfuzz_target.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { GRANULE = 16, HEADER = 16, SECOND_BITS = 4, SECONDS = 1 << SECOND_BITS, FIRSTS = 40 };

enum plant {
  NONE, NO_FORWARD_MERGE, SPLIT_TOO_EARLY, IGNORES_ALIGNMENT, USABLE_COUNTS_HEADER,
  LOSES_REMAINDER, HEAD_INSERT_CYCLE
};

static const char *const plant_names[] = {
  "none", "no-forward-merge", "split-too-early", "ignores-alignment", "usable-counts-header",
  "loses-remainder", "head-insert-cycle"
};

/* A block's header; sizes are of bodies. A free block's body begins with its links. */
struct block {
  uint64_t previous_bytes; /* body of the block before in memory; 0 for the first */
  uint64_t bytes_and_free; /* body of this one; the lowest bit is set while it is free */
};

struct links {
  struct block *next, *previous;
};

struct allocator {
  enum plant plant;
  char *start, *end; /* the first block and the last, which has no body */
  uint64_t first_map;
  uint32_t second_map[FIRSTS];
  struct block *lists[FIRSTS][SECONDS];
};

static uint64_t body_bytes(const struct block *b) { return b->bytes_and_free & ~(uint64_t)1; }
static int is_free(const struct block *b) { return (int)(b->bytes_and_free & 1); }
static char *body(struct block *b) { return (char *)b + HEADER; }
static struct links *links(struct block *b) { return (struct links *)body(b); }
static struct block *successor(struct block *b) { return (struct block *)(body(b) + body_bytes(b)); }
static struct block *predecessor(struct block *b) {
  return (struct block *)((char *)b - b->previous_bytes - HEADER);
}

static void set_bytes(struct block *b, uint64_t bytes, int free) {
  b->bytes_and_free = bytes | (uint64_t)free;
  successor(b)->previous_bytes = bytes;
}

/* The class of a size: its power of two, and its sixteenth of the way to the next. */
static void class_of(uint64_t bytes, int *first, int *second) {
  uint64_t granules = bytes / GRANULE;
  if (granules < SECONDS) {
    *first = 0;
    *second = (int)granules;
    return;
  }
  int top = 63 - __builtin_clzll(granules);
  *first = top - SECOND_BITS + 1;
  *second = (int)(granules >> (top - SECOND_BITS)) & (SECONDS - 1);
}

static void insert(struct allocator *a, struct block *b) {
  int first, second;
  class_of(body_bytes(b), &first, &second);
  struct block *head = a->lists[first][second];
  links(b)->next = head;
  links(b)->previous = NULL;
  if (head) links(head)->previous = b;
  if (a->plant == HEAD_INSERT_CYCLE && head && links(head)->next) links(b)->next = b;
  a->lists[first][second] = b;
  a->first_map |= (uint64_t)1 << first;
  a->second_map[first] |= 1u << second;
}

static void unlink_block(struct allocator *a, struct block *b) {
  int first, second;
  class_of(body_bytes(b), &first, &second);
  struct links *l = links(b);
  if (l->previous) links(l->previous)->next = l->next;
  else a->lists[first][second] = l->next;
  if (l->next) links(l->next)->previous = l->previous;
  if (a->lists[first][second]) return;
  a->second_map[first] &= ~(1u << second);
  if (!a->second_map[first]) a->first_map &= ~((uint64_t)1 << first);
}

/* A free block of at least `bytes`: from a class all of whose blocks are large enough. */
static struct block *find(struct allocator *a, uint64_t bytes) {
  int first, second;
  uint64_t granules = bytes / GRANULE;
  if (granules >= SECONDS) {
    int top = 63 - __builtin_clzll(granules);
    bytes += (((uint64_t)1 << (top - SECOND_BITS)) - 1) * GRANULE;
  }
  class_of(bytes, &first, &second);
  if (first >= FIRSTS) return NULL;
  uint32_t seconds = a->second_map[first] & (~0u << second);
  if (!seconds) {
    uint64_t firsts = first + 1 < 64 ? a->first_map & (~(uint64_t)0 << (first + 1)) : 0;
    if (!firsts) return NULL;
    first = __builtin_ctzll(firsts);
    seconds = a->second_map[first];
  }
  return a->lists[first][__builtin_ctz(seconds)];
}

/* Bytes from a free block's body to where a block of an alignment can begin in it: none, or room for
 * a block of its own. */
static uint64_t front_bytes(struct block *b, uint64_t alignment) {
  uintptr_t at = ((uintptr_t)body(b) + alignment - 1) & ~(uintptr_t)(alignment - 1);
  uint64_t front = at - (uintptr_t)body(b);
  while (front != 0 && front < HEADER + GRANULE) front += alignment;
  return front;
}

/* The classes of `least` to `most` hold blocks that are large enough and blocks that are not. */
static struct block *find_exactly(struct allocator *a, uint64_t least, uint64_t most,
                                  uint64_t alignment) {
  int first, second, last, last_second;
  class_of(least, &first, &second);
  class_of(most, &last, &last_second);
  for (int i = first * SECONDS + second; i <= last * SECONDS + last_second; i++)
    for (struct block *b = i < FIRSTS * SECONDS ? a->lists[i / SECONDS][i % SECONDS] : NULL; b;
         b = links(b)->next)
      if (body_bytes(b) >= least + front_bytes(b, alignment)) return b;
  return NULL;
}

static void split(struct allocator *a, struct block *b, uint64_t bytes) {
  uint64_t whole = body_bytes(b);
  if (whole < bytes + HEADER + GRANULE) {
    set_bytes(b, whole, 0);
    return;
  }
  if (a->plant == SPLIT_TOO_EARLY && bytes >= 256) bytes -= GRANULE;
  set_bytes(b, bytes, 0);
  struct block *rest = successor(b);
  set_bytes(rest, whole - bytes - HEADER, 1);
  if (a->plant == LOSES_REMAINDER && whole - bytes - HEADER < 64) {
    rest->bytes_and_free &= ~(uint64_t)1;
    return;
  }
  insert(a, rest);
}

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_JOINS | POOLFUZZ_REFINDS | POOLFUZZ_STABLE_USABLE_SIZE;
  c->zero_policy = POOLFUZZ_ZERO_UNIQUE;
  c->natural_alignment = GRANULE;
  c->arena_alignment = 1;
  c->fit_factor = 1; /* headers of its own, of what is in front and of what follows; rounding */
  c->fit_bytes = 4 * HEADER + 2 * GRANULE;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  uintptr_t start = ((uintptr_t)configuration->arena + GRANULE - 1) & ~(uintptr_t)(GRANULE - 1);
  uintptr_t end = ((uintptr_t)configuration->arena + configuration->arena_bytes) & ~(uintptr_t)(GRANULE - 1);
  if (end < start + 2 * HEADER + GRANULE) return NULL;
  struct allocator *a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (a == MAP_FAILED) return NULL;
  for (unsigned i = 0; i < sizeof plant_names / sizeof *plant_names; i++) {
    const char *name = strncmp(configuration->option, "plant=", 6) ? "" : configuration->option + 6;
    if (!strcmp(name, plant_names[i])) a->plant = (enum plant)i;
  }
  a->start = (char *)start;
  a->end = (char *)end - HEADER;
  struct block *whole = (struct block *)a->start;
  whole->previous_bytes = 0;
  ((struct block *)a->end)->bytes_and_free = 0;
  set_bytes(whole, (uint64_t)(a->end - a->start) - HEADER, 1);
  insert(a, whole);
  return a;
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool;
  (void)tag;
  if (bytes > (size_t)(a->end - a->start) || alignment > (size_t)(a->end - a->start)) return NULL;
  uint64_t wanted = (bytes + GRANULE - 1) & ~(uint64_t)(GRANULE - 1);
  if (wanted < GRANULE) wanted = GRANULE;
  if (a->plant == IGNORES_ALIGNMENT || alignment < GRANULE) alignment = GRANULE;
  uint64_t search = alignment > GRANULE ? wanted + alignment + HEADER + GRANULE : wanted;
  struct block *b = find(a, search);
  if (!b) b = find_exactly(a, wanted, search, alignment);
  if (!b) return NULL;
  unlink_block(a, b);
  uint64_t front = front_bytes(b, alignment);
  if (front) {
    uint64_t whole = body_bytes(b);
    set_bytes(b, front - HEADER, 1);
    struct block *second = successor(b);
    set_bytes(second, whole - front, 0);
    insert(a, b);
    b = second;
  }
  split(a, b, wanted);
  return body(b);
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  struct block *b = (struct block *)((char *)address - HEADER);
  (void)tag;
  struct block *next = successor(b);
  if ((char *)next < a->end && is_free(next) && a->plant != NO_FORWARD_MERGE) {
    unlink_block(a, next);
    set_bytes(b, body_bytes(b) + HEADER + body_bytes(next), 0);
  }
  if ((char *)b > a->start && is_free(predecessor(b))) {
    struct block *before = predecessor(b);
    unlink_block(a, before);
    set_bytes(before, body_bytes(before) + HEADER + body_bytes(b), 0);
    b = before;
  }
  set_bytes(b, body_bytes(b), 1);
  insert(a, b);
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  struct allocator *a = allocator;
  uint64_t bytes = body_bytes((const struct block *)((const char *)address - HEADER));
  return a->plant == USABLE_COUNTS_HEADER && bytes >= 512 ? bytes + HEADER : bytes;
}

void poolfuzz_destroy(void *allocator) {
  munmap(allocator, sizeof(struct allocator));
}

/* Up to the end of the last live block: what lies behind was never needed or can be given back. */
size_t poolfuzz_footprint(void *allocator) {
  struct allocator *a = allocator;
  struct block *last = (struct block *)a->end;
  uint64_t bytes = (uint64_t)(a->end - a->start);
  if (last->previous_bytes && is_free(predecessor(last))) bytes -= last->previous_bytes + HEADER;
  return (bytes + 4095) & ~(uint64_t)4095;
}

int poolfuzz_check(void *allocator, char *message, size_t message_bytes) {
  struct allocator *a = allocator;
  uint64_t previous = 0;
  int was_free = 0;
  for (struct block *b = (struct block *)a->start; (char *)b < a->end; b = successor(b)) {
    if (b->previous_bytes != previous || body_bytes(b) < GRANULE || (was_free && is_free(b))) {
      snprintf(message, message_bytes, "a header does not fit its neighbours");
      return 1;
    }
    previous = body_bytes(b);
    was_free = is_free(b);
  }
  return 0;
}

void poolfuzz_walk(void *allocator, poolfuzz_visit visit, void *context) {
  struct allocator *a = allocator;
  for (struct block *b = (struct block *)a->start; (char *)b < a->end; b = successor(b)) {
    if (body_bytes(b) < GRANULE) return;
    visit(context, body(b), body_bytes(b), is_free(b));
  }
}
