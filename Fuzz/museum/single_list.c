/* A heap of one list: free blocks by address, joined with their neighbours, the size in front of each and
 * its highest bit set while the block is live; what is free in all is counted.
 *
 *   size_wraps      a size near the largest number and the header come to a small number
 *   counts_nothing  what is free at the beginning is not counted, so that nothing is ever served
 */
#include "museum.h"

enum fault { none, size_wraps, counts_nothing };
enum { UNIT = 16, HEADER = 16 };
static const size_t LIVE = (size_t)1 << 63;

struct block {
  struct block *next;
  size_t bytes; /* with the header */
};

struct allocator {
  struct block *free;
  size_t free_bytes;
};

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_JOINS | POOLFUZZ_REFINDS;
  c->zero_policy = POOLFUZZ_ZERO_NULL;
  c->largest_alignment = 0;
  c->fit_factor = 1;
  c->fit_bytes = 2 * HEADER + UNIT;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  if (!a) return NULL;
  a->free = configuration->arena;
  *a->free = (struct block){NULL, configuration->arena_bytes};
  if (!has(counts_nothing)) a->free_bytes = configuration->arena_bytes;
  return a;
}

static void list(struct allocator *a, struct block *b) {
  struct block **link = &a->free, *before = NULL;
  while (*link && *link < b) before = *link, link = &before->next;
  b->next = *link;
  *link = b;
  if (b->next && (char *)b + b->bytes == (char *)b->next) {
    b->bytes += b->next->bytes;
    b->next = b->next->next;
  }
  if (before && (char *)before + before->bytes == (char *)b) {
    before->bytes += b->bytes;
    before->next = b->next;
  }
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag, (void)alignment;
  size_t need = round_up(bytes + HEADER, UNIT);
  if (bytes == 0 || (need < bytes && !has(size_wraps))) return NULL;
  if (need < HEADER + UNIT) need = HEADER + UNIT;
  if (need > a->free_bytes) return NULL;
  for (struct block **link = &a->free; *link; link = &(*link)->next) {
    struct block *b = *link;
    if (b->bytes < need) continue;
    *link = b->next;
    if (b->bytes - need >= HEADER + UNIT) {
      struct block *rest = (struct block *)((char *)b + need);
      rest->bytes = b->bytes - need;
      b->bytes = need;
      list(a, rest);
    }
    a->free_bytes -= b->bytes;
    b->bytes |= LIVE;
    return (char *)b + HEADER;
  }
  return NULL;
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  struct block *b = (struct block *)((char *)address - HEADER);
  (void)tag;
  if (!(b->bytes & LIVE)) return;
  b->bytes &= ~LIVE;
  a->free_bytes += b->bytes;
  list(a, b);
}

void poolfuzz_destroy(void *allocator) { free(allocator); }
