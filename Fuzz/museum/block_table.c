/* A heap whose blocks are described in a table beside it: fresh blocks are cut off behind the highest
 * one, freed ones listed by address and joined. The highest free block takes any size that still fits
 * below the limit.
 *
 *   past_limit      the highest free block is made longer without a look at the limit
 *   serves_nothing  the table is never filled
 */
#include "museum.h"

enum fault { none, past_limit, serves_nothing };
enum { UNIT = 8, DESCRIPTIONS = 8192 };

struct block {
  struct block *next;
  char *start;
  size_t bytes;
};

struct allocator {
  char *top, *limit;
  size_t arena_bytes;
  struct block *unused, *free, *live, table[DESCRIPTIONS];
};

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_JOINS | POOLFUZZ_REFINDS;
  c->zero_policy = POOLFUZZ_ZERO_NULL;
  c->largest_alignment = 0;
  c->fit_factor = 1;
  c->fit_bytes = 4 * UNIT;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  if (!a) return NULL;
  a->top = configuration->arena;
  a->limit = a->top + configuration->arena_bytes;
  a->arena_bytes = configuration->arena_bytes;
  int count = has(serves_nothing) ? 0 : DESCRIPTIONS;
  for (int i = 0; i < count; i++) a->table[i].next = i + 1 < count ? &a->table[i + 1] : NULL;
  a->unused = count ? a->table : NULL;
  return a;
}

static struct block *described(struct allocator *a, char *start, size_t bytes) {
  struct block *b = a->unused;
  if (!b) return NULL;
  a->unused = b->next;
  *b = (struct block){NULL, start, bytes};
  return b;
}

static void list(struct allocator *a, struct block *b) {
  struct block **link = &a->free, *before = NULL;
  while (*link && (*link)->start < b->start) before = *link, link = &before->next;
  b->next = *link;
  *link = b;
  for (int i = 0; i < 2; i++) {
    struct block *first = i ? before : b, *second = first ? first->next : NULL;
    if (!second || first->start + first->bytes != second->start) continue;
    first->bytes += second->bytes;
    first->next = second->next;
    second->next = a->unused;
    a->unused = second;
  }
}

static struct block *take(struct allocator *a, size_t need) {
  for (struct block **link = &a->free; *link; link = &(*link)->next) {
    struct block *b = *link;
    int is_highest = b->start + b->bytes == a->top;
    int fits = has(past_limit) || need <= (size_t)(a->limit - b->start);
    if (b->bytes < need && !(is_highest && fits)) continue;
    *link = b->next;
    if (is_highest) a->top = b->start + need;
    else if (b->bytes > need) {
      struct block *rest = described(a, b->start + need, b->bytes - need);
      if (rest) list(a, rest);
      else need = b->bytes;
    }
    b->bytes = need;
    return b;
  }
  struct block *b = need <= (size_t)(a->limit - a->top) ? described(a, a->top, need) : NULL;
  if (b) a->top += need;
  return b;
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag, (void)alignment;
  if (bytes == 0 || bytes > a->arena_bytes) return NULL;
  struct block *b = take(a, round_up(bytes, UNIT));
  if (!b) return NULL;
  b->next = a->live;
  a->live = b;
  return b->start;
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  (void)tag;
  for (struct block **link = &a->live; *link; link = &(*link)->next) {
    struct block *b = *link;
    if (b->start != address) continue;
    *link = b->next;
    list(a, b);
    return;
  }
}

void poolfuzz_destroy(void *allocator) { free(allocator); }
