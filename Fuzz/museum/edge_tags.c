/* Regions with their size in front and, with the lowest bit set while they are free, again at their end:
 * by the tag before it, a region that is freed knows whether its predecessor is free. What an aligned
 * request leaves in front of its block goes to the region before it, whose end moves up.
 *
 *   stale_tag  the end tag of the region that took the bytes in front is not written at its new place
 */
#include "museum.h"

enum fault { none, stale_tag };
enum { UNIT = 8, HEADER = 8, FOOTER = 8, LEAST = 32 };

struct region {
  size_t bytes; /* of all of it */
  struct region *next, *previous; /* while it is free */
};

struct allocator {
  char *start, *end;
  struct region free; /* the list's head */
};

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  /* The usable size of a block grows with what an aligned neighbour leaves in front of itself. */
  c->promises = POOLFUZZ_IN_ARENA;
  c->natural_alignment = UNIT;
}

static size_t *end_tag(struct region *r) { return (size_t *)((char *)r + r->bytes - FOOTER); }
static struct region *after(struct region *r) { return (struct region *)((char *)r + r->bytes); }

static void list(struct allocator *a, struct region *r) {
  r->next = a->free.next;
  r->previous = &a->free;
  r->next->previous = r->previous->next = r;
  *end_tag(r) = r->bytes | 1;
}

static void unlist(struct region *r) {
  r->next->previous = r->previous;
  r->previous->next = r->next;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  if (!a) return NULL;
  a->free.next = a->free.previous = &a->free;
  /* A tag before the first region and a header behind the last say that there is nothing. */
  a->start = (char *)configuration->arena + 2 * HEADER;
  a->end = a->start + round_down(configuration->arena_bytes, UNIT) - 3 * HEADER;
  ((size_t *)a->start)[-1] = 0;
  *(size_t *)a->end = 0;
  struct region *whole = (struct region *)a->start;
  whole->bytes = (size_t)(a->end - a->start);
  list(a, whole);
  return a;
}

static int is_free(struct allocator *a, struct region *r) {
  return (char *)r < a->end && (*end_tag(r) & 1);
}

/* Makes the front of a region so many bytes long and lists the rest. */
static void cut(struct allocator *a, struct region *r, size_t bytes) {
  if (r->bytes >= bytes + LEAST) {
    struct region *rest = (struct region *)((char *)r + bytes);
    rest->bytes = r->bytes - bytes;
    r->bytes = bytes;
    list(a, rest);
  }
  *end_tag(r) = r->bytes;
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag;
  if (bytes > (size_t)(a->end - a->start)) return NULL;
  size_t need = round_up(bytes + HEADER + FOOTER, UNIT);
  if (need < LEAST) need = LEAST;
  for (struct region *r = a->free.next; r != &a->free; r = r->next) {
    size_t front = round_up((uintptr_t)r + HEADER, alignment < UNIT ? UNIT : alignment) - HEADER - (uintptr_t)r;
    int is_first = (char *)r == a->start;
    while (is_first && front && front < LEAST) front += alignment;
    if (r->bytes < need || r->bytes - need < front) continue;
    unlist(r);
    if (front) {
      struct region *block = (struct region *)((char *)r + front);
      block->bytes = r->bytes - front;
      if (is_first) {
        r->bytes = front;
        list(a, r);
      } else {
        /* The region before is live: two free ones are joined. */
        struct region *before = (struct region *)((char *)r - (((size_t *)r)[-1] & ~(size_t)1));
        before->bytes += front;
        if (!has(stale_tag)) *end_tag(before) = before->bytes;
      }
      r = block;
    }
    cut(a, r, need);
    return (char *)r + HEADER;
  }
  return NULL;
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  struct region *r = (struct region *)((char *)address - HEADER);
  (void)tag;
  if (is_free(a, after(r))) {
    unlist(after(r));
    r->bytes += after(r)->bytes;
  }
  size_t before = ((size_t *)r)[-1];
  if (before & 1) {
    struct region *first = (struct region *)((char *)r - (before & ~(size_t)1));
    unlist(first);
    first->bytes += r->bytes;
    r = first;
  }
  list(a, r);
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  (void)allocator;
  return *(const size_t *)((const char *)address - HEADER) - HEADER - FOOTER;
}

void poolfuzz_destroy(void *allocator) { free(allocator); }
