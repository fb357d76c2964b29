#!/usr/bin/env python3
"""How fast a target is tested: the calls of one trace a second of processor time, beside a loop in C that makes
the same calls, writes every byte of every block and looks at every one before it is freed.

  Fuzz/target-rate.py POOLFUZZ [LIBRARY]...      by default the TLSF of this repository, and malloc

The trace is run so many times that what is done once does not count; `traces` is what short traces of a
campaign cost beside, by the trace. Processor time is that of `perf stat`, of the workers too; so other work on
the machine changes little.
"""
import os, pathlib, random, re, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROUNDS, OPERATIONS, SLOTS, TRACES = 2000, 240, 24, 400

LOOP = r"""
#include "poolfuzz_target.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
struct call { int what, slot; size_t bytes; };
static const struct call calls[] = { CALLS };
enum { COUNT = sizeof calls / sizeof *calls };
static void *heap;
static void *(*allocate)(void *, uint32_t, size_t, uint32_t, size_t);
static void *(*reallocate)(void *, void *, size_t, uint32_t, size_t);
static void (*release)(void *, void *, uint32_t);
static void *(*plain)(size_t), *(*again)(void *, size_t);
static void (*give)(void *);
static void *by_malloc(void *h, uint32_t p, size_t b, uint32_t t, size_t a) { return plain(b); }
static void *by_realloc(void *h, void *o, size_t b, uint32_t t, size_t a) { return again(o, b); }
static void by_free(void *h, void *o, uint32_t t) { give(o); }
struct block { char *at; size_t bytes; uint64_t seed; } blocks[SLOTS];
static void fill(struct block *b, uint64_t seed) {
  b->seed = seed;
  size_t words = b->bytes / 8;
  for (size_t i = 0; i < words; i++) { uint64_t w = seed + i * 0x9E3779B97F4A7C15u; memcpy(b->at + i * 8, &w, 8); }
  for (size_t i = words * 8; i < b->bytes; i++) b->at[i] = (char)seed;
}
static void verify(struct block *b, size_t bytes) {
  size_t words = bytes / 8;
  uint64_t wrong = 0;
  for (size_t i = 0; i < words; i++) { uint64_t w; memcpy(&w, b->at + i * 8, 8); wrong |= w ^ (b->seed + i * 0x9E3779B97F4A7C15u); }
  if (bytes == b->bytes) for (size_t i = words * 8; i < bytes; i++) wrong |= (uint64_t)(b->at[i] ^ (char)b->seed);
  if (wrong) puts("wrong"), exit(1);
}
static void drop(struct block *b) { verify(b, b->bytes); release(heap, b->at, 0); b->at = NULL; }
int main(int n, char **words) {
  void *library = dlopen(strcmp(words[1], "malloc") ? words[1] : "libc.so.6", RTLD_NOW);
  if (!library) return puts(dlerror()), 1;
  void *(*create)(const struct poolfuzz_configuration *) = dlsym(library, "poolfuzz_create");
  if (create) {
    struct poolfuzz_configuration c = {2, 3, 1 << 20, "", NULL, NULL, NULL};
    c.arena = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    heap = create(&c), allocate = dlsym(library, "poolfuzz_allocate");
    release = dlsym(library, "poolfuzz_free"), reallocate = dlsym(library, "poolfuzz_reallocate");
  } else {
    plain = dlsym(library, "malloc"), again = dlsym(library, "realloc"), give = dlsym(library, "free");
    allocate = by_malloc, reallocate = by_realloc, release = by_free;
  }
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < COUNT; i++) {
      struct call c = calls[i];
      struct block *b = &blocks[c.slot];
      if (c.what == 0 && !b->at && (b->at = allocate(heap, 0, c.bytes, 0, 0))) b->bytes = c.bytes, fill(b, i + round);
      if (c.what == 1 && b->at) drop(b);
      if (c.what == 2 && b->at && reallocate) {
        size_t kept = b->bytes < c.bytes ? b->bytes : c.bytes;
        verify(b, b->bytes);
        char *at = reallocate(heap, b->at, c.bytes, 0, 0);
        if (at) b->at = at, verify(b, kept / 8 * 8), b->bytes = c.bytes, fill(b, i + round);
      }
    }
    for (int s = 0; s < SLOTS; s++) if (blocks[s].at) drop(&blocks[s]);
  }
  return 0;
}
"""


def seconds(*words):
    done = subprocess.run(["perf", "stat", "-x,", "-e", "task-clock", *map(str, words)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    found = re.search(r"^([\d.]+),msec,task-clock", done.stderr, re.M)
    if done.returncode != 0 or not found:
        sys.exit(f"{words[0]}: exit {done.returncode}\n{done.stdout[-900:]}{done.stderr[-900:]}")
    return float(found[1]) / 1000


def program():
    """Calls as the campaign's: two of three blocks are small, few are large; a fifth of all are reallocations."""
    rng, live, calls = random.Random(1), set(), []
    def size():
        return rng.choice([rng.randint(1, 256), 16 * rng.randint(1, 64), 1 << rng.randint(0, 12),
                           rng.randint(1, 4096), rng.randint(1, 20000)])
    for _ in range(OPERATIONS):
        slot = rng.randrange(SLOTS)
        if slot not in live:
            calls.append((0, slot, size()))
            live.add(slot)
        elif rng.random() < 0.3:
            calls.append((2, slot, size()))
        else:
            calls.append((1, slot, 0))
            live.remove(slot)
    return calls


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    poolfuzz = os.path.realpath(sys.argv[1])
    libraries = sys.argv[2:] or [str(ROOT / ".build/release/libtarget-tlsf.so"), "malloc"]
    calls = program()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        source, loop = folder / "loop.c", folder / "loop"
        rows = ", ".join("{%d, %d, %d}" % call for call in calls)
        source.write_text(LOOP.replace("CALLS", rows))
        subprocess.run(["clang", "-O2", "-w", f"-DSLOTS={SLOTS}", f"-DROUNDS={ROUNDS}", "-I", ROOT / "Fuzz/include",
                        "-o", loop, source, "-ldl"], check=True)
        lines = {0: "alloc s{1} NonPaged {2} Test", 1: "free s{1}", 2: "realloc s{1} {2}"}
        text = "".join(lines[call[0]].format(*call) + "\n" for call in calls)
        def trace(rounds):
            path = folder / f"{rounds}.trace"
            path.write_text(f"target arena=1048576 rounds={rounds}\n{text}")
            return path
        made = ROUNDS * len(calls)
        for library in libraries:
            if library != "malloc":
                library = os.path.realpath(library)
            runs = [seconds(poolfuzz, "replay", "--quiet", "--target", library, trace(rounds))
                    for rounds in (1, ROUNDS)]
            plain = seconds(loop, library)
            tested = runs[1] - runs[0]
            short = seconds(poolfuzz, "fuzz", "--quiet", "--target", library, "--mix", "general", "--traces", TRACES,
                            "--seed", 1, "--corpus", folder / "corpus") - runs[0]
            print(f"{os.path.basename(library)}: {made / tested / 1e6:.2f} million calls a second tested,"
                  f" {made / plain / 1e6:.2f} in the loop, ratio {plain / tested:.2f};"
                  f" {short / TRACES * 1e6:.0f} microseconds a short trace")


if __name__ == "__main__":
    main()
