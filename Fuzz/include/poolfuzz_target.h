/* The interface of an allocator that `poolfuzz fuzz --target LIBRARY.so` puts under test.
 *
 * A shared library exports these functions by their names. Five must be there; what an allocator
 * cannot tell it leaves out, and the checks that need it are not made. Everything is called from one
 * thread of a process of its own: a crash, a hang or an exit ends nothing but that process.
 */
#ifndef POOLFUZZ_TARGET_H
#define POOLFUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an allocator is created with. */
struct poolfuzz_configuration {
  uint32_t version;      /* of this structure: 1 */
  uint32_t pool_count;   /* requests name pools 0 to pool_count - 1 */
  uint64_t arena_bytes;  /* what an allocator of fixed size should manage in all */
  const char *option;    /* the text of --target-option, or "" */
};

/* Required. A fresh allocator; NULL means that it cannot be created. */
void *poolfuzz_create(const struct poolfuzz_configuration *configuration);

/* Required. At least `bytes` bytes at a multiple of `alignment` (a power of two; 0 means the natural
 * one), or NULL. Zero bytes may be answered with NULL or with an address of their own. */
void *poolfuzz_allocate(void *allocator, uint32_t pool, size_t bytes, uint32_t tag,
                        size_t alignment);

/* Required. Gives back what allocate returned; never NULL. */
void poolfuzz_free(void *allocator, void *address, uint32_t tag);

/* Required. How many bytes at a live address the caller may use: at least what it asked for, the
 * same as long as the block lives. The caller will use them. */
size_t poolfuzz_usable_size(void *allocator, const void *address);

/* Required. Everything goes, live blocks too. */
void poolfuzz_destroy(void *allocator);

/* Optional. The alignment of every block, for requests that name none; 8 where it is left out. */
size_t poolfuzz_natural_alignment(void);

/* Optional. Bytes that the allocator holds for its blocks and cannot give to anybody else. Where it
 * is left out, the resident set of the process is measured instead. */
size_t poolfuzz_footprint(void *allocator);

/* Optional. The allocator's own consistency check: 0, or else a message in `message`. */
int poolfuzz_check(void *allocator, char *message, size_t message_bytes);

/* Optional. Calls `visit` for every block, in any order; `is_free` is 0 for live ones, of which
 * `address` is what allocate returned. */
typedef void (*poolfuzz_visit)(void *context, const void *address, size_t bytes, int is_free);
void poolfuzz_walk(void *allocator, poolfuzz_visit visit, void *context);

#ifdef __cplusplus
}
#endif

#endif
