/* Small blocks of one size each from spans of 64 KiB, large ones and those aligned to a page and more from
 * mappings of their own, between pages that nobody can touch. A library of the interface's version 1: it
 * maps its own memory and declares nothing.
 *
 *   first_huge       the first call of all is not prepared for where it is a huge one
 *   freed_as_small   a small block that lies in a mapping for its alignment is taken for one of a span
 *                    when it is reallocated
 *   copies_from_map  an aligned huge block that grows is copied as if it began where its mapping does
 */
#include "museum.h"

#include <sys/mman.h>

enum fault { none, first_huge, freed_as_small, copies_from_map };
enum { UNIT = 16, SMALL = 2048, SPAN = 1 << 16, PAGE = 4096, HEADER = 64, MAPPED = 0x3A99ED };

/* At the start of a span, and at the start of the mapping of a large block. */
struct head {
  uint32_t kind, unused;
  size_t bytes; /* of each block; of the whole mapping without its guards */
};

struct allocator {
  void *free[SMALL / UNIT + 1];
  void *spans[4096];
  int span_count;
  size_t *page_bytes; /* set up by the first call */
};

static size_t system_page = PAGE;
static void prepare(struct allocator *a) { a->page_bytes = &system_page; }

static char *map(size_t bytes) {
  char *memory = mmap(NULL, bytes + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  if (mprotect(memory + PAGE, bytes, PROT_READ | PROT_WRITE)) {
    munmap(memory, bytes + 2 * PAGE);
    return NULL;
  }
  return memory + PAGE;
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  (void)configuration;
  struct allocator *a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return a == MAP_FAILED ? NULL : a;
}

/* A large block has the size and place of its mapping in the sixteen bytes before it. */
static void *take_large(struct allocator *a, size_t bytes, size_t alignment) {
  if (bytes > (size_t)1 << 46) return NULL;
  if (alignment < HEADER) alignment = HEADER;
  size_t whole = round_up(bytes + HEADER + alignment, *a->page_bytes);
  char *memory = map(whole);
  if (!memory) return NULL;
  struct head *place = (struct head *)round_up((uintptr_t)memory + HEADER, alignment) - 1;
  *place = (struct head){MAPPED, (uint32_t)((char *)place - memory), whole};
  return place + 1;
}

static struct head *head_of(const void *address) { return (struct head *)address - 1; }
static char *mapping_of(struct head *h) { return (char *)h - h->unused; }

static void free_large(void *address) {
  struct head *h = head_of(address);
  munmap(mapping_of(h) - PAGE, h->bytes + 2 * PAGE);
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag;
  if (bytes > SMALL || alignment > UNIT) {
    if (!a->page_bytes && !(has(first_huge) && bytes > SPAN)) prepare(a);
    return take_large(a, bytes, alignment);
  }
  if (!a->page_bytes) prepare(a);
  size_t class = bytes ? (bytes + UNIT - 1) / UNIT : 1;
  if (!a->free[class]) {
    char *span = a->span_count < 4096 ? map(SPAN) : NULL;
    if (!span) return NULL;
    a->spans[a->span_count++] = span;
    size_t stride = class * UNIT + sizeof(struct head);
    for (size_t at = 0; at + stride <= SPAN; at += stride) {
      *(struct head *)(span + at) = (struct head){0, 0, class * UNIT};
      void **block = (void **)(span + at + sizeof(struct head));
      *block = a->free[class];
      a->free[class] = block;
    }
  }
  void **block = a->free[class];
  a->free[class] = *block;
  return block;
}

static void free_small(struct allocator *a, void *address, size_t bytes) {
  int i = 0;
  while (i < a->span_count && (size_t)((char *)address - (char *)a->spans[i]) >= SPAN) i++;
  if (i == a->span_count) abort();
  size_t class = bytes / UNIT;
  *(void **)address = a->free[class];
  a->free[class] = address;
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct head *h = head_of(address);
  (void)tag;
  if (h->kind == MAPPED) free_large(address);
  else free_small(allocator, address, h->bytes);
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  struct head *h = head_of(address);
  (void)allocator;
  return h->kind == MAPPED ? h->bytes - h->unused - sizeof *h : h->bytes;
}

void *poolfuzz_reallocate(void *allocator, void *address, size_t bytes, uint32_t tag,
                          size_t alignment) {
  struct allocator *a = allocator;
  if (!address) return poolfuzz_allocate(a, 0, bytes, tag, alignment);
  struct head *h = head_of(address);
  size_t old = poolfuzz_usable_size(a, address);
  if (bytes <= old && bytes > old / 2) return address;
  void *place = poolfuzz_allocate(a, 0, bytes, tag, alignment);
  if (!place) return NULL;
  size_t kept = old < bytes ? old : bytes;
  if (has(copies_from_map) && h->kind == MAPPED && bytes > old) kept = h->bytes - HEADER < bytes ? h->bytes - HEADER : bytes;
  memcpy(place, address, kept);
  if (has(freed_as_small) && h->kind == MAPPED && old <= PAGE && bytes <= SMALL) free_small(a, address, bytes);
  else poolfuzz_free(a, address, tag);
  return place;
}

size_t poolfuzz_natural_alignment(void) { return UNIT; }

void poolfuzz_destroy(void *allocator) {
  struct allocator *a = allocator;
  for (int i = 0; i < a->span_count; i++) munmap((char *)a->spans[i] - PAGE, SPAN + 2 * PAGE);
  munmap(a, sizeof *a);
}
