/* A binary buddy allocator (Knowlton, 1965), written for the tests of this suite: the arena that it is
 * given, of any size and place, as the largest blocks that lie in it at a multiple of their size; the
 * order of each block in a table beside the arena.
 *
 * Planted bugs, by the option `plant=NAME`:
 *   never-merges    freed buddies stay apart
 *   wrong-buddy     two neighbours merge although they are no buddies
 *   rounds-down     a size just above a power of two gets the smaller block
 *   forgets-order   a block that is split keeps the order of the whole
 */
#include "../../include/poolfuzz_target.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { SMALLEST = 5, ORDERS = 40, FREE = 0x80, INNER = 0xFF };

enum plant { NONE, NEVER_MERGES, WRONG_BUDDY, ROUNDS_DOWN, FORGETS_ORDER };

static const char *const plant_names[] = {
  "none", "never-merges", "wrong-buddy", "rounds-down", "forgets-order"
};

struct node {
  struct node *next, *previous;
};

struct allocator {
  uint64_t mapped_bytes;
  enum plant plant;
  uintptr_t start, end; /* of the units of the arena */
  struct node *lists[ORDERS];
  uint8_t orders[]; /* of the block that begins at each unit, with FREE; INNER elsewhere */
};

static uint8_t *order_at(struct allocator *a, uintptr_t place) {
  return &a->orders[(place - a->start) >> SMALLEST];
}

static void push(struct allocator *a, uintptr_t place, int order) {
  struct node *n = (struct node *)place;
  n->next = a->lists[order];
  n->previous = NULL;
  if (n->next) n->next->previous = n;
  a->lists[order] = n;
  *order_at(a, place) = (uint8_t)(order | FREE);
}

static void take(struct allocator *a, uintptr_t place, int order) {
  struct node *n = (struct node *)place;
  if (n->previous) n->previous->next = n->next;
  else a->lists[order] = n->next;
  if (n->next) n->next->previous = n->previous;
  *order_at(a, place) = INNER;
}

static int order_of(struct allocator *a, uint64_t bytes) {
  int order = SMALLEST;
  uint64_t slack = a->plant == ROUNDS_DOWN && bytes > 1024 ? 8 : 0;
  while (order < ORDERS - 1 && ((uint64_t)1 << order) + slack < bytes) order++;
  return order;
}

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_JOINS | POOLFUZZ_REFINDS | POOLFUZZ_STABLE_USABLE_SIZE;
  c->zero_policy = POOLFUZZ_ZERO_UNIQUE;
  c->natural_alignment = 1 << SMALLEST;
  c->arena_alignment = 1;
  c->fit_factor = 4; /* a power of two up to twice the size, at a multiple of itself */
  c->fit_bytes = 4 << SMALLEST;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  uintptr_t mask = ((uintptr_t)1 << SMALLEST) - 1;
  uintptr_t start = ((uintptr_t)configuration->arena + mask) & ~mask;
  uintptr_t end = ((uintptr_t)configuration->arena + configuration->arena_bytes) & ~mask;
  if (end <= start) return NULL;
  uint64_t units = (end - start) >> SMALLEST;
  uint64_t mapped = sizeof(struct allocator) + units;
  struct allocator *a = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (a == MAP_FAILED) return NULL;
  a->mapped_bytes = mapped;
  a->start = start;
  a->end = end;
  for (unsigned i = 0; i < sizeof plant_names / sizeof *plant_names; i++) {
    const char *name = strncmp(configuration->option, "plant=", 6) ? "" : configuration->option + 6;
    if (!strcmp(name, plant_names[i])) a->plant = (enum plant)i;
  }
  memset(a->orders, INNER, units);
  for (uintptr_t place = start; place < end;) {
    int order = __builtin_ctzll(place);
    if (order >= ORDERS) order = ORDERS - 1;
    while (((uintptr_t)1 << order) > end - place) order--;
    push(a, place, order);
    place += (uintptr_t)1 << order;
  }
  return a;
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool;
  (void)tag;
  if (bytes > a->end - a->start || alignment > a->end - a->start) return NULL;
  /* A block begins at a multiple of its size. */
  int wanted = order_of(a, bytes > alignment ? bytes : alignment);
  int order = wanted;
  while (order < ORDERS && !a->lists[order]) order++;
  if (order == ORDERS) return NULL;
  uintptr_t place = (uintptr_t)a->lists[order];
  take(a, place, order);
  int whole = order;
  while (order > wanted) {
    order--;
    push(a, place + ((uintptr_t)1 << order), order);
  }
  if (a->plant == FORGETS_ORDER && whole == wanted + 3) order = wanted + 1;
  *order_at(a, place) = (uint8_t)order;
  return (void *)place;
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  (void)tag;
  uintptr_t place = (uintptr_t)address;
  int order = *order_at(a, place) & ~FREE;
  *order_at(a, place) = INNER;
  while (a->plant != NEVER_MERGES && order < ORDERS - 1) {
    uintptr_t bytes = (uintptr_t)1 << order, other = place ^ bytes;
    if (a->plant == WRONG_BUDDY && order == 7 && place - a->start >= 128) other = place - 128;
    if (other < a->start || other >= a->end || bytes > a->end - other) break;
    if (*order_at(a, other) != (order | FREE)) break;
    take(a, other, order);
    if (other < place) place = other;
    order++;
  }
  push(a, place, order);
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  return (size_t)1 << (*order_at(allocator, (uintptr_t)address) & ~FREE);
}

void poolfuzz_destroy(void *allocator) {
  struct allocator *a = allocator;
  munmap(a, a->mapped_bytes);
}

/* Pages that hold a live block's byte, and those of free blocks smaller than a page beside them. */
size_t poolfuzz_footprint(void *allocator) {
  struct allocator *a = allocator;
  uint64_t free_bytes = 0;
  for (int order = 12; order < ORDERS; order++)
    for (struct node *n = a->lists[order]; n; n = n->next) free_bytes += (uint64_t)1 << order;
  return a->end - a->start - free_bytes;
}

int poolfuzz_check(void *allocator, char *message, size_t message_bytes) {
  struct allocator *a = allocator;
  for (uintptr_t place = a->start, bytes; place < a->end; place += bytes) {
    uint8_t order = *order_at(a, place);
    bytes = (uintptr_t)1 << (order & ~FREE);
    if (order == INNER || bytes > a->end - place) {
      snprintf(message, message_bytes, "no block begins where one ends");
      return 1;
    }
    int has_buddy = !(place & bytes) && a->end - place - bytes >= bytes && (order & ~FREE) < ORDERS - 1;
    if (has_buddy && order & FREE && *order_at(a, place + bytes) == order) {
      snprintf(message, message_bytes, "two free buddies of 2^%d bytes are apart", order & ~FREE);
      return 1;
    }
  }
  return 0;
}

void poolfuzz_walk(void *allocator, poolfuzz_visit visit, void *context) {
  struct allocator *a = allocator;
  for (uintptr_t place = a->start; place < a->end;) {
    uint8_t order = *order_at(a, place);
    if (order == INNER) return;
    visit(context, (void *)place, (size_t)1 << (order & ~FREE), (order & FREE) != 0);
    place += (uintptr_t)1 << (order & ~FREE);
  }
}
