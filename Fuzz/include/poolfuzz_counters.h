/* Counters that guide a campaign: put in front of every source of a library under test,
 *
 *   clang -shared -fPIC -I Fuzz/include -include poolfuzz_counters.h \
 *     -fsanitize-coverage=inline-8bit-counters mine.c -o libmine.so
 *
 * (trace-pc-guard will do as well), and traces that reach code, or reach it more often, than any before
 * are kept and changed. Without it, a library compiled with counters cannot be loaded: nobody has the
 * functions that the compiler calls.
 */
#ifndef POOLFUZZ_COUNTERS_H
#define POOLFUZZ_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define POOLFUZZ_OWN __attribute__((weak, visibility("hidden")))
#define POOLFUZZ_UNCOUNTED __attribute__((no_sanitize("coverage"))) POOLFUZZ_OWN

/* Where the counters of this library lie; those of guards are made here, from the second on: guards that are
 * beyond the most share the first, which is not told of. */
enum { POOLFUZZ_MOST_GUARDS = 1 << 20 };
POOLFUZZ_OWN uint8_t poolfuzz_guard_counters[POOLFUZZ_MOST_GUARDS + 1];
POOLFUZZ_OWN uint8_t *poolfuzz_first_counter;
POOLFUZZ_OWN size_t poolfuzz_counter_count;

POOLFUZZ_UNCOUNTED void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop) {
  poolfuzz_first_counter = start;
  poolfuzz_counter_count = (size_t)(stop - start);
}

POOLFUZZ_UNCOUNTED void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop) {
  (void)start, (void)stop;
}

POOLFUZZ_UNCOUNTED void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop) {
  if (start == stop || *start) return;
  poolfuzz_first_counter = poolfuzz_guard_counters + 1;
  while (start < stop) {
    size_t number = ++poolfuzz_counter_count;
    *start++ = number <= POOLFUZZ_MOST_GUARDS ? (uint32_t)number : 0;
  }
}

POOLFUZZ_UNCOUNTED void __sanitizer_cov_trace_pc_guard(uint32_t *guard) {
  poolfuzz_guard_counters[*guard <= POOLFUZZ_MOST_GUARDS ? *guard : 0]++;
}

/* Optional function of the interface: where the counters of a library begin, and how many they are. */
__attribute__((no_sanitize("coverage"), weak, visibility("default")))
void poolfuzz_counters(uint8_t **start, size_t *count) {
  *start = poolfuzz_first_counter;
  *count = poolfuzz_counter_count;
}

#ifdef __cplusplus
}
#endif

#endif
