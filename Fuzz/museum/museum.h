/* What the allocators of this folder share. Each is written for it, small, and whole: compiled as it
 * stands it is healthy, with -DFAULT=name it has one fault that a real allocator has had. */
#include "../include/poolfuzz_target.h"

#include <stdlib.h>
#include <string.h>

#ifndef FAULT
#define FAULT none
#endif

/* Whether the fault of the name is in. */
#define has(name) (FAULT == (name))

static inline uintptr_t round_up(uintptr_t number, uintptr_t unit) {
  return (number + unit - 1) & ~(unit - 1);
}

static inline uintptr_t round_down(uintptr_t number, uintptr_t unit) { return number & ~(unit - 1); }
