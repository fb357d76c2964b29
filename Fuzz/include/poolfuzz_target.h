/* The interface of an allocator that `poolfuzz fuzz --target LIBRARY.so` puts under test, version 2.
 *
 * A shared library exports these functions by their names. Four must be there: create, allocate, free,
 * destroy. Everything else is optional, and what is not exported is not called. What an allocator
 * promises beyond that it declares once, in `poolfuzz_capabilities`: a promise that is not made is not
 * held against it. Everything is called in a process of its own, by one thread at a time and of one
 * thread unless THREADS is promised: a crash, a hang or an exit ends nothing but that process.
 *
 * A library of version 1 exports no `poolfuzz_capabilities`. It loads as before, must have
 * `poolfuzz_usable_size`, and is judged by what version 1 demanded of everybody.
 */
#ifndef POOLFUZZ_TARGET_H
#define POOLFUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* More memory, as `sbrk` gives it: zeroed, directly behind what the last call gave, writable up to its
 * end and no further. NULL once all calls together want more than `arena_bytes`, and where a trace says
 * `target refuse=N`, at the N-th call. */
typedef void *(*poolfuzz_grow)(void *context, size_t bytes);

/* What an allocator is created with. */
struct poolfuzz_configuration {
  uint32_t version;      /* 2; 1 for a library without poolfuzz_capabilities */
  uint32_t pool_count;   /* requests name pools 0 to pool_count - 1 */
  uint64_t arena_bytes;  /* what an allocator of fixed size should manage in all */
  const char *option;    /* the text of --target-option, or "" */
  /* From here on version 2 only. */
  void *arena;           /* arena_bytes bytes, full of garbage; what lies before and behind is not yours */
  poolfuzz_grow grow;    /* for an allocator that grows; never NULL */
  void *grow_context;    /* the first argument of grow */
};

/* Promises, to be joined by |. */
enum poolfuzz_promise {
  /* Every block lies in `arena`, in what `grow` or `poolfuzz_add_region` gave. */
  POOLFUZZ_IN_ARENA = 1 << 0,
  /* Neighbours that are free are joined: emptied, it serves what a fresh one serves, and a request is
   * served wherever a gap between live blocks is `fit_factor` times as large and `fit_bytes` more. */
  POOLFUZZ_JOINS = 1 << 1,
  /* A request is served where a block of the same request has just been freed. */
  POOLFUZZ_REFINDS = 1 << 2,
  /* NULL is a lawful answer to any request: no refusal is judged, also where JOINS is declared. */
  POOLFUZZ_LAWFUL_NULL = 1 << 3,
  /* The usable size of a block stays what it was as long as the block lives. */
  POOLFUZZ_STABLE_USABLE_SIZE = 1 << 4,
  /* A block keeps the alignment it was asked for when poolfuzz_reallocate moves it. */
  POOLFUZZ_REALLOC_KEEPS_ALIGNMENT = 1 << 5,
  /* It takes memory by `grow` when it needs more: NULL from there must do no harm. */
  POOLFUZZ_GROWS = 1 << 6,
  /* Every free has to say the size: poolfuzz_free_sized is called in place of poolfuzz_free. */
  POOLFUZZ_FREES_BY_SIZE = 1 << 7,
  /* Misuse is noticed: the process ends by a signal or an exit, or poolfuzz_check objects. */
  POOLFUZZ_DETECTS_DOUBLE_FREE = 1 << 8,   /* freeing what was freed just before */
  POOLFUZZ_DETECTS_FOREIGN_FREE = 1 << 9,  /* freeing memory that is none of its own */
  POOLFUZZ_DETECTS_INTERIOR_FREE = 1 << 10, /* freeing an address within a live block */
  POOLFUZZ_DETECTS_OVERFLOW = 1 << 11,     /* a changed byte behind the bytes asked for, at the free */
  /* Any thread may call, and free what another one was given; what a thread keeps for itself does not
   * outlive it. */
  POOLFUZZ_THREADS = 1 << 12
};

/* What a request of no bytes is answered with. */
enum poolfuzz_zero_policy {
  POOLFUZZ_ZERO_EITHER = 0, /* NULL or an address of its own */
  POOLFUZZ_ZERO_NULL = 1,   /* always NULL */
  POOLFUZZ_ZERO_UNIQUE = 2  /* an address of its own; NULL only where memory has run out */
};

/* What poolfuzz_reallocate does with a live block and no bytes. */
enum poolfuzz_realloc_zero {
  POOLFUZZ_REALLOC_ZERO_UNDEFINED = 0, /* C23 says so: it is never asked */
  POOLFUZZ_REALLOC_ZERO_FREES = 1,     /* the block is freed, the answer is NULL */
  POOLFUZZ_REALLOC_ZERO_RESIZES = 2    /* like any other size: a block, or NULL and the old one stays */
};

/* What an allocator declares. It gets the values named here and changes those that it knows better. */
struct poolfuzz_capabilities {
  uint32_t version;           /* 2: the fields up to here are there; later ones come behind */
  uint32_t promises;          /* poolfuzz_promise; 0 */
  uint32_t zero_policy;       /* poolfuzz_zero_policy; EITHER */
  uint32_t realloc_zero;      /* poolfuzz_realloc_zero; UNDEFINED */
  uint64_t natural_alignment; /* of every block whose request names none; 8 */
  uint64_t largest_alignment; /* larger ones are not asked for; 4096. 0: none is ever asked for */
  uint64_t smallest_bytes;    /* smaller requests are not made, but for none at all; 0 */
  uint64_t largest_bytes;     /* larger requests must be refused; the largest number */
  uint64_t arena_alignment;   /* base and size of the arena and of regions are multiples of it; 16 */
  uint64_t fit_factor;        /* see JOINS; 4, which suits powers of two */
  uint64_t fit_bytes;         /* see JOINS; 256 */
};

/* Optional, and what makes it version 2. */
void poolfuzz_capabilities(struct poolfuzz_capabilities *capabilities);

/* Required. A fresh allocator; NULL means that it cannot be created, with ENOMEM in errno that the
 * machine has not the memory. */
void *poolfuzz_create(const struct poolfuzz_configuration *configuration);

/* Required. At least `bytes` bytes at a multiple of `alignment` (a power of two; 0 means the natural
 * one), or NULL. `bytes` may be any number. */
void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment);

/* Required. Gives back what an allocating function returned; never NULL. */
void poolfuzz_free(void *allocator, void *address, uint32_t tag);

/* Required. Everything goes, live blocks too. */
void poolfuzz_destroy(void *allocator);

/* Optional; required of version 1. How many bytes at a live address the caller may use: at least what
 * it asked for. The caller will use them. Where it is left out these are the bytes asked for. */
size_t poolfuzz_usable_size(void *allocator, const void *address);

/* Optional, version 1 only: the natural alignment; 8 where it is left out. */
size_t poolfuzz_natural_alignment(void);

/* Optional. The block with so many bytes, moved where need be, its content kept up to the smaller of
 * both sizes. NULL means that it could not be, and that the old block is as it was. `address` NULL asks
 * for a new block. `alignment` as in poolfuzz_allocate, for the new place; 0 unless the block had one. */
void *poolfuzz_reallocate(void *allocator, void *address, size_t bytes, uint32_t tag,
                          size_t alignment);

/* Optional. `count` times `bytes` bytes, all zero; NULL also where the product overflows. */
void *poolfuzz_allocate_zeroed(void *allocator, uint32_t pool, size_t count, size_t bytes,
                               uint32_t tag);

/* Optional. Like poolfuzz_free, with the size and alignment that the block was asked for with. */
void poolfuzz_free_sized(void *allocator, void *address, size_t bytes, size_t alignment,
                         uint32_t tag);

/* Optional. Gives a live block so many bytes where it lies: 1 where that was done, 0 where nothing was. */
int poolfuzz_resize(void *allocator, void *address, size_t bytes);

/* Optional. So many more bytes to manage, full of garbage: 1, or 0 where it takes none. */
int poolfuzz_add_region(void *allocator, void *memory, size_t bytes);

/* Optional. The arena now has so many bytes, at the same address: 1, or 0 where it stays as it was,
 * as it must where a live block lies in what would go. */
int poolfuzz_resize_arena(void *allocator, size_t bytes);

/* Optional. Everything goes, live blocks too, and the allocator is as if it had just been created. */
void poolfuzz_reset(void *allocator);

/* Optional. Bytes that the allocator holds for its blocks and cannot give to anybody else. Where it
 * is left out, the resident set of the process is measured instead. */
size_t poolfuzz_footprint(void *allocator);

/* Optional. The allocator's own consistency check: 0, or else a message in `message`. */
int poolfuzz_check(void *allocator, char *message, size_t message_bytes);

/* Optional. Calls `visit` for every block, in any order; `is_free` is 0 for live ones, of which
 * `address` is what allocate returned. */
typedef void (*poolfuzz_visit)(void *context, const void *address, size_t bytes, int is_free);
void poolfuzz_walk(void *allocator, poolfuzz_visit visit, void *context);

/* Optional. Where the bytes begin that count how often each place of the library's code was reached, and
 * how many they are. Nobody writes it: poolfuzz_counters.h has it. */
void poolfuzz_counters(uint8_t **start, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
