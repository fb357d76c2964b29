/* Slots of powers of two in a tree of bits beside the arena, as buddies: a bit says that the slot is taken
 * or has something taken in it. The arena may change its size; what lies behind its end is marked taken.
 *
 *   unmasked_slots  of what lies behind the end, the smallest slots at the border are not marked
 *   copies_old      a block that moves into a smaller slot is copied as long as it was
 */
#include "museum.h"

enum fault { none, unmasked_slots, copies_old };
enum { SMALLEST = 6, LEVELS = 20 };

struct allocator {
  char *arena;
  size_t arena_bytes;
  unsigned levels; /* slots of level 0 are the whole, of level - 1 the smallest */
  /* For each slot: 0 free, 1 something in it is taken, 2 it is taken itself, 3 behind the end. */
  uint8_t *states;
  size_t capacity;
};

void poolfuzz_capabilities(struct poolfuzz_capabilities *c) {
  c->promises = POOLFUZZ_IN_ARENA | POOLFUZZ_JOINS | POOLFUZZ_REFINDS | POOLFUZZ_STABLE_USABLE_SIZE;
  c->natural_alignment = 16;
  c->largest_alignment = 64;
  c->arena_alignment = 64;
  c->fit_bytes = 256;
}

static size_t slot_bytes(unsigned level, unsigned levels) { return (size_t)1 << (SMALLEST + levels - 1 - level); }
static uint8_t *state(struct allocator *a, unsigned level, size_t i) {
  return &a->states[((size_t)1 << level) - 1 + i];
}

static void update_above(struct allocator *a, unsigned level, size_t i) {
  while (level > 0) {
    level--, i /= 2;
    *state(a, level, i) = *state(a, level + 1, 2 * i) || *state(a, level + 1, 2 * i + 1);
  }
}

/* Marks or unmarks what lies behind an end of so many bytes. */
static void mask(struct allocator *a, size_t end) {
  size_t count = (size_t)1 << (a->levels - 1);
  size_t first = (end + (has(unmasked_slots) ? 3 << SMALLEST : 0)) >> SMALLEST;
  for (size_t i = 0; i < count; i++) {
    uint8_t *s = state(a, a->levels - 1, i);
    if (*s != 0 && *s != 3) continue;
    *s = i < first ? 0 : 3;
  }
  for (unsigned level = a->levels - 1; level-- > 0;)
    for (size_t i = 0; i < (size_t)1 << level; i++)
      if (*state(a, level, i) != 2)
        *state(a, level, i) = *state(a, level + 1, 2 * i) || *state(a, level + 1, 2 * i + 1);
}

void *poolfuzz_create(const struct poolfuzz_configuration *configuration) {
  struct allocator *a = calloc(1, sizeof *a);
  if (!a) return NULL;
  a->arena = configuration->arena;
  a->arena_bytes = configuration->arena_bytes;
  a->levels = LEVELS;
  /* Room to grow to twice the size and more. */
  while (a->levels > 1 && slot_bytes(1, a->levels) >= 4 * a->arena_bytes) a->levels--;
  a->capacity = slot_bytes(0, a->levels);
  a->states = calloc((size_t)1 << a->levels, 1);
  size_t count = (size_t)1 << (a->levels - 1);
  for (size_t i = a->arena_bytes >> SMALLEST; i < count; i++) *state(a, a->levels - 1, i) = 3;
  for (unsigned level = a->levels - 1; level-- > 0;)
    for (size_t i = 0; i < (size_t)1 << level; i++)
      *state(a, level, i) = *state(a, level + 1, 2 * i) || *state(a, level + 1, 2 * i + 1);
  return a;
}

/* The first free slot of a level below a slot; the number of slots where there is none. */
static size_t first_free(struct allocator *a, unsigned at, size_t i, unsigned level) {
  uint8_t s = *state(a, at, i);
  if (at == level) return s == 0 ? i : (size_t)1 << level;
  if (s >= 2) return (size_t)1 << level;
  if (s == 0) return i << (level - at);
  size_t left = first_free(a, at + 1, 2 * i, level);
  return left < (size_t)1 << level ? left : first_free(a, at + 1, 2 * i + 1, level);
}

void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment) {
  struct allocator *a = allocator;
  (void)pool, (void)tag, (void)alignment;
  if (bytes > a->arena_bytes) return NULL;
  unsigned level = a->levels - 1;
  while (level > 0 && slot_bytes(level, a->levels) < bytes) level--;
  size_t i = first_free(a, 0, 0, level);
  if (i >= (size_t)1 << level || slot_bytes(level, a->levels) < bytes) return NULL;
  *state(a, level, i) = 2;
  update_above(a, level, i);
  return a->arena + i * slot_bytes(level, a->levels);
}

/* The slot of a live block: of all that begin there, the one that is taken itself. */
static unsigned level_of(struct allocator *a, const void *address) {
  size_t offset = (size_t)((const char *)address - a->arena);
  unsigned level = 0;
  while (level < a->levels - 1 &&
         (offset % slot_bytes(level, a->levels) || *state(a, level, offset / slot_bytes(level, a->levels)) != 2))
    level++;
  return level;
}

size_t poolfuzz_usable_size(void *allocator, const void *address) {
  struct allocator *a = allocator;
  return slot_bytes(level_of(a, address), a->levels);
}

void poolfuzz_free(void *allocator, void *address, uint32_t tag) {
  struct allocator *a = allocator;
  unsigned level = level_of(a, address);
  size_t i = (size_t)((char *)address - a->arena) / slot_bytes(level, a->levels);
  (void)tag;
  *state(a, level, i) = 0;
  update_above(a, level, i);
}

void *poolfuzz_reallocate(void *allocator, void *address, size_t bytes, uint32_t tag,
                          size_t alignment) {
  struct allocator *a = allocator;
  if (!address) return poolfuzz_allocate(a, 0, bytes, tag, alignment);
  size_t old = poolfuzz_usable_size(a, address);
  if (bytes <= old && bytes > old / 2) return address;
  void *place = poolfuzz_allocate(a, 0, bytes, tag, alignment);
  if (!place) return NULL;
  size_t count = has(copies_old) || old < bytes ? old : bytes;
  /* From the first byte on: what copies the last ones first may overwrite others than the neighbours. */
  for (size_t i = 0; i < count; i++) ((volatile char *)place)[i] = ((char *)address)[i];
  poolfuzz_free(a, address, tag);
  return place;
}

int poolfuzz_resize_arena(void *allocator, size_t bytes) {
  struct allocator *a = allocator;
  if (bytes > a->capacity) return 0;
  for (unsigned level = 0; level < a->levels; level++)
    for (size_t i = 0; i < (size_t)1 << level; i++)
      if (*state(a, level, i) == 2 && (i + 1) * slot_bytes(level, a->levels) > bytes) return 0;
  a->arena_bytes = bytes;
  mask(a, bytes);
  return 1;
}

void poolfuzz_destroy(void *allocator) {
  free(((struct allocator *)allocator)->states);
  free(allocator);
}
