/* A binary buddy allocator (Knowlton, 1965), written for the tests of this suite: one arena, sizes in
 * powers of two, the order of each block in a table beside the arena.
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
  uint64_t mapped_bytes, arena_bytes;
  enum plant plant;
  char *arena;
  struct node *lists[ORDERS];
  uint8_t orders[]; /* of the block that begins at each unit, with FREE; INNER elsewhere */
};

static uint64_t unit_of(struct allocator *a, const void *address) {
  return (uint64_t)((const char *)address - a->arena) >> SMALLEST;
}

static void push(struct allocator *a, char *address, int order) {
  struct node *n = (struct node *)address;
  n->next = a->lists[order];
  n->previous = NULL;
  if (n->next) n->next->previous = n;
  a->lists[order] = n;
  a->orders[unit_of(a, address)] = (uint8_t)(order | FREE);
}

static void take(struct allocator *a, char *address, int order) {
  struct node *n = (struct node *)address;
  if (n->previous) n->previous->next = n->next;
  else a->lists[order] = n->next;
  if (n->next) n->next->previous = n->previous;
  a->orders[unit_of(a, address)] = INNER;
}

static int order_of(struct allocator *a, uint64_t bytes) {
  int order = SMALLEST;
  uint64_t slack = a->plant == ROUNDS_DOWN && bytes > 1024 ? 8 : 0;
  while (order < ORDERS - 1 && ((uint64_t)1 << order) + slack < bytes) order++;
  return order;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  uint64_t arena = 1 << 12;
  while (arena * 2 <= configuration->arena_bytes) arena *= 2;
  uint64_t tables = (sizeof(struct allocator) + (arena >> SMALLEST) + 4095) & ~(uint64_t)4095;
  /* As much again, so that the arena can begin at a multiple of its size. */
  uint64_t mapped = tables + 2 * arena;
  char *memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  struct allocator *a = (struct allocator *)memory;
  a->mapped_bytes = mapped;
  a->arena_bytes = arena;
  a->arena = (char *)(((uintptr_t)memory + tables + arena - 1) & ~(uintptr_t)(arena - 1));
  for (unsigned i = 0; i < sizeof plant_names / sizeof *plant_names; i++) {
    const char *name = strncmp(configuration->option, "plant=", 6) ? "" : configuration->option + 6;
    if (!strcmp(name, plant_names[i])) a->plant = (enum plant)i;
  }
  memset(a->orders, INNER, arena >> SMALLEST);
  push(a, a->arena, 63 - __builtin_clzll(arena));
  return a;
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool;
  (void)tag;
  if (bytes > a->arena_bytes) return NULL;
  /* A block begins at a multiple of its size. */
  int wanted = order_of(a, bytes > alignment ? bytes : alignment);
  int order = wanted;
  while (order < ORDERS && !a->lists[order]) order++;
  if (order == ORDERS) return NULL;
  char *address = (char *)a->lists[order];
  take(a, address, order);
  int whole = order;
  while (order > wanted) {
    order--;
    push(a, address + ((uint64_t)1 << order), order);
  }
  if (a->plant == FORGETS_ORDER && whole == wanted + 3) order = wanted + 1;
  a->orders[unit_of(a, address)] = (uint8_t)order;
  return address;
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  (void)tag;
  char *at = address;
  int order = a->orders[unit_of(a, at)] & ~FREE;
  a->orders[unit_of(a, at)] = INNER;
  while (a->plant != NEVER_MERGES && ((uint64_t)1 << order) < a->arena_bytes) {
    uint64_t offset = (uint64_t)(at - a->arena);
    uint64_t other = offset ^ ((uint64_t)1 << order);
    if (a->plant == WRONG_BUDDY && order == 7 && offset >= 128) other = offset - 128;
    if (other >= a->arena_bytes || a->orders[other >> SMALLEST] != (order | FREE)) break;
    take(a, a->arena + other, order);
    if (other < offset) at = a->arena + other;
    order++;
  }
  push(a, at, order);
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  struct allocator *a = allocator;
  return (size_t)1 << (a->orders[unit_of(a, address)] & ~FREE);
}

void poolfuzz_destroy(void *allocator) {
  struct allocator *a = allocator;
  munmap(a, a->mapped_bytes);
}

size_t poolfuzz_natural_alignment(void) { return 1 << SMALLEST; }

/* Pages that hold a live block's byte, and those of free blocks smaller than a page beside them. */
size_t poolfuzz_footprint(void *allocator) {
  struct allocator *a = allocator;
  uint64_t free_bytes = 0;
  for (int order = 12; order < ORDERS; order++)
    for (struct node *n = a->lists[order]; n; n = n->next) free_bytes += (uint64_t)1 << order;
  return a->arena_bytes - free_bytes;
}

int poolfuzz_check(void *allocator, char *message, size_t message_bytes) {
  struct allocator *a = allocator;
  uint64_t units = a->arena_bytes >> SMALLEST, unit = 0;
  while (unit < units) {
    uint8_t order = a->orders[unit];
    if (order == INNER) {
      snprintf(message, message_bytes, "no block begins where one ends");
      return 1;
    }
    unit += (uint64_t)1 << ((order & ~FREE) - SMALLEST);
  }
  return 0;
}
