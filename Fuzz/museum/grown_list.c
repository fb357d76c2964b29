/* A heap that grows: chunks with their size in front, the free ones in one list by address, joined with
 * their neighbours. Where nothing fits, the last free chunk is made longer by what grow gives, if it lies
 * at the heap's end. With FAULT=buckets, still healthy, small chunks have a list for each size beside it.
 *
 *   empty_list     where grow refuses, the last free chunk is looked at although there is none
 *   stays_listed   a chunk that is made longer at the heap's end stays listed if it is the only one
 *   lost_pieces    what an aligned request cuts off from a chunk of a bucket goes to no list
 */
#include "museum.h"

enum fault { none, empty_list, stays_listed, buckets, lost_pieces };
enum { UNIT = 16, HEADER = 16, LEAST = 16, BUCKETS = 17 };

struct chunk {
  size_t bytes; /* of the body */
  struct chunk *next;
};

struct allocator {
  struct poolfuzz_configuration given;
  struct chunk *free, *buckets[BUCKETS];
  char *end;
  size_t grown;
};

static int has_buckets(void) { return has(buckets) || has(lost_pieces); }
static char *body(struct chunk *c) { return (char *)c + HEADER; }
static struct chunk *chunk_of(const void *address) { return (struct chunk *)((char *)address - HEADER); }
static char *end_of(struct chunk *c) { return body(c) + c->bytes; }

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_GROWS | POOLFUZZ_STABLE_USABLE_SIZE;
  c->natural_alignment = UNIT;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  if (a) a->given = *configuration;
  return a;
}

static void *more(struct allocator *a, size_t bytes) {
  char *memory = a->given.grow(a->given.grow_context, bytes);
  if (!memory) return NULL;
  a->end = memory + bytes;
  a->grown += bytes;
  return memory;
}

static void list(struct allocator *a, struct chunk *c) {
  struct chunk **link = &a->free, *before = NULL;
  while (*link && *link < c) before = *link, link = &before->next;
  if (*link == c) return; /* freed before */
  c->next = *link;
  *link = c;
  if (c->next && end_of(c) == (char *)c->next) {
    c->bytes += HEADER + c->next->bytes;
    c->next = c->next->next;
  }
  if (before && end_of(before) == (char *)c) {
    before->bytes += HEADER + c->bytes;
    before->next = c->next;
  }
}

/* The last free chunk, so much longer, if it lies at the end of the heap. */
static struct chunk *lengthened(struct allocator *a, size_t bytes) {
  struct chunk **link = &a->free;
  if (!has(empty_list) && !*link) return NULL;
  while ((*link)->next) link = &(*link)->next;
  struct chunk *last = *link;
  if (end_of(last) != a->end || last->bytes >= bytes) return NULL;
  size_t missing = bytes - last->bytes;
  if (!more(a, missing)) return NULL;
  last->bytes = bytes;
  if (!has(stays_listed) || link != &a->free) *link = NULL;
  return last;
}

/* Lists what the buckets have, before the heap grows. */
static int emptied_buckets(struct allocator *a) {
  int any = 0;
  for (int i = 0; i < BUCKETS; i++)
    for (struct chunk *c; (c = a->buckets[i]); any = 1) {
      a->buckets[i] = c->next;
      list(a, c);
    }
  return any;
}

static struct chunk *take(struct allocator *a, size_t bytes) {
  for (struct chunk **link = &a->free; *link; link = &(*link)->next) {
    struct chunk *c = *link;
    if (c->bytes < bytes) continue;
    *link = c->next;
    return c;
  }
  if (emptied_buckets(a)) return take(a, bytes);
  struct chunk *c = more(a, HEADER + bytes);
  if (!c) return lengthened(a, bytes);
  c->bytes = bytes;
  return c;
}

/* Gives back what lies behind so many bytes of a chunk. */
static void cut(struct allocator *a, struct chunk *c, size_t bytes) {
  if (c->bytes < bytes + HEADER + LEAST) return;
  struct chunk *rest = (struct chunk *)(body(c) + bytes);
  rest->bytes = c->bytes - bytes - HEADER;
  c->bytes = bytes;
  list(a, rest);
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag;
  if (bytes > a->given.arena_bytes || alignment > a->given.arena_bytes) return NULL;
  size_t need = round_up(bytes ? bytes : 1, UNIT);
  size_t wanted = alignment > UNIT ? need + alignment + HEADER + LEAST : need;
  size_t bucket = wanted / UNIT;
  struct chunk *c = NULL;
  int is_bucket = has_buckets() && bucket < BUCKETS;
  if (is_bucket && (c = a->buckets[bucket])) a->buckets[bucket] = c->next;
  int is_lost = is_bucket && has(lost_pieces);
  if (!c && !(c = take(a, wanted))) return NULL;
  if (alignment > UNIT) {
    uintptr_t place = round_up((uintptr_t)body(c), alignment);
    while (place != (uintptr_t)body(c) && place - (uintptr_t)body(c) < HEADER + LEAST) place += alignment;
    size_t front = place - (uintptr_t)body(c);
    if (front) {
      struct chunk *second = chunk_of((void *)place);
      second->bytes = c->bytes - front;
      c->bytes = front - HEADER;
      if (!is_lost) list(a, c);
      c = second;
    }
  }
  if (!is_lost) cut(a, c, need);
  else if (c->bytes >= need + HEADER + LEAST) c->bytes = need;
  return body(c);
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  struct chunk *c = chunk_of(address);
  (void)tag;
  if (!has_buckets() || c->bytes / UNIT >= BUCKETS) {
    list(a, c);
    return;
  }
  c->next = a->buckets[c->bytes / UNIT];
  a->buckets[c->bytes / UNIT] = c;
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  (void)allocator;
  return chunk_of(address)->bytes;
}

size_t poolfuzz_footprint(void *allocator) { return ((struct allocator *)allocator)->grown; }

void poolfuzz_destroy(void *allocator) { free(allocator); }
