/// A failing trace as a program in C that shows the failure without this suite: it links the library,
/// makes the calls, and ends with 1, or as the library ends it, where the failure shows.
///
/// It looks at what a caller can see: addresses, alignments, contents, what is refused. A walk, a
/// caller's stack and standard output it leaves to whoever reads the finding.
public struct CProgram: Sendable, CustomStringConvertible {
  private let trace: TargetTrace
  private let failure: TargetFailure
  private let library: String
  private let option: String
  private let capabilities: TargetCapabilities
  private let freshBytes: UInt64

  /// The program of a trace and what it shows on a library.
  public init(
    _ trace: TargetTrace, _ failure: TargetFailure, _ settings: TargetSettings,
    _ tester: TargetTester
  ) {
    self.trace = trace.numberedInOrderOfUse
    self.failure = failure
    let isMalloc = settings.library == "malloc"
    library =
      isMalloc
      ? ""
      : settings.library.hasPrefix("malloc:")
        ? String(settings.library.dropFirst(7)) : settings.library
    option = settings.option
    capabilities = tester.capabilities
    freshBytes = tester.knownFreshBytes(of: trace.configuration)
  }

  private var isMalloc: Bool { capabilities.interface == 0 }
  private var slotCount: Int { Int(trace.operations.map(\.slot).max() ?? 0) + 1 }
  private var isRepeated: Bool {
    [.leak, .addressSpace, .exhaustion, .growth].contains(failure.rule)
  }

  /// The text.
  public var description: String {
    var lines = [
      "/* \(failure.identity(in: trace)): \(failure.rule.sentence) (\(failure.rule.source))",
      " * Seen: \(Self.comment(failure.text)).",
      " * cc \(isMalloc ? "" : "-I FOLDER_OF_poolfuzz_target.h ")THIS.c \(library) -o this"
        + "\(hasThreads ? " -pthread" : "") && ./this",
      " * ends with 1 or by a signal where it shows. */",
    ]
    lines += isMalloc ? mallocBeginning : interfaceBeginning
    lines += helpers
    if hasThreads { lines += steps + relay }
    lines += ["int main(void) {"] + (isMalloc ? [] : creation)
    if isRepeated { lines.append("  for (int round = 0; round < 2048; round++) {") }
    lines += hasThreads ? schedule : statements.map { "  " + $0 }
    lines += ending
    return lines.joined(separator: "\n") + "\n"
  }

  private var statements: [String] {
    trace.operations.enumerated().map { statement($1, isLast: $0 == failure.step) }
  }

  private static func comment(_ text: String) -> String {
    text.replacing("*/", with: "* /").filter { !$0.isNewline }
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  // MARK: Parts

  private var mallocBeginning: [String] {
    [
      "#define _GNU_SOURCE", "#include <malloc.h>", "#include <stdio.h>", "#include <stdlib.h>",
      "#include <string.h>", "#define USABLE(q, bytes) malloc_usable_size(q)",
      "static void *aligned(size_t a, size_t n) {",
      "  void *q = NULL;",
      "  return n % a ? (posix_memalign(&q, a < 8 ? 8 : a, n) ? NULL : q) : aligned_alloc(a, n);",
      "}",
    ]
  }

  private var interfaceBeginning: [String] {
    let usable =
      capabilities.functions.contains(.usableSize) ? "poolfuzz_usable_size(a, q)" : "(bytes)"
    return [
      "#define _GNU_SOURCE", "#include \"poolfuzz_target.h\"", "#include <stdio.h>",
      "#include <stdlib.h>", "#include <string.h>", "#include <sys/mman.h>",
      "#define USABLE(q, bytes) \(usable)",
      "static void *a; static char *arena, *more; static size_t grown, arena_bytes = \(arena);",
    ] + growth
  }

  private var arena: UInt64 { trace.configuration.arenaBytes }

  private var helpers: [String] {
    [
      "static unsigned char *p[\(slotCount)]; static size_t n[\(slotCount)], r[\(slotCount)];",
      "static void bad(const char *what) { printf(\"%s\\n\", what); exit(1); }",
      "static void look(int s, size_t to) {",
      "  for (size_t i = 0; p[s] && i < to && i < n[s]; i++)",
      "    if (p[s][i] != (unsigned char)(s * 37 + i)) bad(\"content\");",
      "}",
      "static void take(int s, void *q, size_t bytes, size_t alignment) {",
      "  if (!q) return;",
      "  if (p[s]) { p[s] = q; look(s, r[s] < bytes ? r[s] : bytes); }",
      "  p[s] = q, r[s] = bytes, n[s] = bytes >> 24 ? 0 : USABLE(q, bytes);",
      "  if ((size_t)q % alignment) bad(\"alignment\");",
      "  if (n[s] < bytes && n[s]) bad(\"usable size\");",
      "  for (int i = 0; i < \(slotCount); i++)",
      "    if (i != s && p[i] && p[s] < p[i] + n[i] + !n[i] && p[i] < p[s] + n[s] + !n[s])",
      "      bad(\"overlap\");",
      "  for (size_t i = 0; i < n[s]; i++) p[s][i] = (unsigned char)(s * 37 + i);",
      "}",
    ]
  }

  private var creation: [String] {
    let offset = trace.configuration.offset
    return [
      "  char *map = mmap(NULL, arena_bytes + 12288, PROT_READ | PROT_WRITE,",
      "                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);",
      "  memset(map, 0xA5, arena_bytes + 12288);",
      "  arena = map + 4096 + \(offset);",
      "  struct poolfuzz_configuration c = {\(capabilities.interface), 3, arena_bytes,"
        + " \(Self.quoted(option)), arena, grow, NULL};",
      "  if (!(a = poolfuzz_create(&c))) bad(\"creation\");",
    ]
  }

  private var growth: [String] {
    [
      "static void *grow(void *context, size_t bytes) {",
      "  static int calls;",
      "  (void)context;",
      "  if (!more) more = mmap(NULL, arena_bytes + 4096, PROT_READ | PROT_WRITE,",
      "                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);",
      "  if (++calls == \(trace.configuration.refusedGrowth) || bytes > arena_bytes - grown)"
        + " return NULL;",
      "  return (grown += bytes), more + grown - bytes;",
      "}",
    ]
  }

  private var ending: [String] {
    var lines: [String] = []
    let free = isMalloc ? "free(p[s])" : "poolfuzz_free(a, p[s], 0)"
    lines.append(
      "  for (int s = 0; s < \(slotCount); s++) if (p[s]) look(s, n[s]), \(free), p[s] = NULL;")
    if isRepeated {
      if failure.rule == .leak, capabilities.functions.contains(.footprint) {
        lines.append("  static size_t held[2048];")
        lines.append("  held[round] = poolfuzz_footprint(a);")
        lines.append(
          "  if (round == 2047 && held[2047] > held[1023] && held[1023] > held[511])"
            + " bad(\"leak\");")
      }
      lines.append("  }")
    }
    if failure.rule == .emptied {
      lines.append("  if (!\(allocation(freshBytes, 0))) bad(\"refused\");")
    }
    return lines + ["  return 0;", "}"]
  }

  // MARK: Calls

  private func allocation(_ bytes: UInt64, _ alignment: UInt64) -> String {
    if isMalloc {
      return alignment > 8 ? "aligned(\(alignment), \(bytes)u)" : "malloc(\(bytes)u)"
    }
    return "poolfuzz_allocate(a, 0, \(bytes)u, 0, \(alignment))"
  }

  private func statement(_ operation: TargetOperation, isLast: Bool) -> String {
    let slot = operation.slot
    let bytes = operation.bytes
    let natural = capabilities.naturalAlignment
    switch operation.call {
    case .allocate:
      let alignment = max(operation.second, bytes >= natural ? natural : 1)
      return "take(\(slot), \(allocation(bytes, operation.second)), \(bytes)u, \(alignment));"
        + expectation(slot, isLast)
    case .allocateZeroed: return zeroed(operation) + expectation(slot, isLast)
    case .reallocate:
      let call =
        isMalloc
        ? "realloc(p[\(slot)], \(bytes)u)"
        : "poolfuzz_reallocate(a, p[\(slot)], \(bytes)u, 0, \(operation.second))"
      let alignment = max(operation.second, 1)
      return "look(\(slot), n[\(slot)]); take(\(slot), \(call), \(bytes)u, \(alignment));"
        + " look(\(slot), n[\(slot)]);" + expectation(slot, isLast)
    case .resize:
      return "if (p[\(slot)] && poolfuzz_resize(a, p[\(slot)], \(bytes)u) == 1)"
        + " take(\(slot), p[\(slot)], \(bytes)u, 1);"
    case .free: return freeing(slot, isMalloc ? "free(p[\(slot)])" : Self.free(slot))
    case .freeSized:
      return freeing(slot, "poolfuzz_free_sized(a, p[\(slot)], r[\(slot)], 0, 0)")
    case .fill, .verify: return "look(\(slot), n[\(slot)]);"
    case .addRegion: return "poolfuzz_add_region(a, calloc(1, \(bytes)u), \(bytes)u);"
    case .resizeArena: return "poolfuzz_resize_arena(a, \(bytes)u);"
    case .reset: return "poolfuzz_reset(a); memset(p, 0, sizeof p);"
    case .misuse: return misuse(operation)
    case .thread, .endThread: return ""
    }
  }

  private static func free(_ slot: UInt32) -> String { "poolfuzz_free(a, p[\(slot)], 0)" }

  private func freeing(_ slot: UInt32, _ call: String) -> String {
    "look(\(slot), n[\(slot)]); if (p[\(slot)]) \(call), p[\(slot)] = NULL;"
  }

  private func zeroed(_ operation: TargetOperation) -> String {
    let (slot, count, bytes) = (operation.slot, operation.second, operation.bytes)
    let call =
      isMalloc
      ? "calloc(\(count)u, \(bytes)u)" : "poolfuzz_allocate_zeroed(a, 0, \(count)u, \(bytes)u, 0)"
    guard let all = operation.requestedBytes else {
      return "if (\(call)) bad(\"count times size overflow, and are served\");"
    }
    return "unsigned char *z\(slot) = \(call);"
      + " for (size_t i = 0; z\(slot) && i < \(all)u; i++) if (z\(slot)[i]) bad(\"zeroes\");"
      + " take(\(slot), z\(slot), \(all)u, 1);"
  }

  /// What the last call should have come to.
  private func expectation(_ slot: UInt32, _ isLast: Bool) -> String {
    switch failure.rule {
    case .hugeSize where isLast, .overflow where isLast:
      " if (p[\(slot)]) bad(\"served\");"
    case .servesNothing where isLast, .refusal where isLast, .fit where isLast,
      .refind where isLast, .exhaustion where isLast:
      " if (!p[\(slot)]) bad(\"refused\");"
    case .check:
      " { char m[256]; if (poolfuzz_check(a, m, sizeof m)) bad(m); }"
    default: ""
    }
  }

  private func misuse(_ operation: TargetOperation) -> String {
    let (slot, offset) = (operation.slot, operation.bytes)
    let call =
      switch operation.misuse {
      case .double: "\(Self.free(slot)); \(Self.free(slot));"
      case .interior: "poolfuzz_free(a, p[\(slot)] + \(offset), 0);"
      case .foreign: "static char other[8192]; poolfuzz_free(a, other + \(offset), 0);"
      case .behind: "p[\(slot)][r[\(slot)] + \(offset)] ^= 0xFF; \(Self.free(slot));"
      }
    let check =
      capabilities.functions.contains(.check)
      ? " { char m[256]; if (poolfuzz_check(a, m, sizeof m)) exit(0); }" : ""
    return call + check + " bad(\"not noticed\");"
  }
}

// MARK: Threads

/// A trace of several threads becomes a function that makes the call of a number, and a schedule that has
/// one thread at a time make it.
extension CProgram {
  private var hasThreads: Bool { trace.operations.contains { $0.call == .thread } }

  private var steps: [String] {
    let cases = zip(trace.operations, statements).enumerated().compactMap { index, step in
      [.thread, .endThread].contains(step.0.call) ? nil : "  case \(index): { \(step.1) break; }"
    }
    return ["static void step(int number) {", "  switch (number) {"] + cases + ["  }", "}"]
  }

  private var relay: [String] {
    [
      "#include <pthread.h>", "#include <semaphore.h>",
      "static pthread_t threads[\(TargetThreads.mostThreads)];",
      "static sem_t begin[\(TargetThreads.mostThreads)], done;",
      "static char lives[\(TargetThreads.mostThreads)]; static int now;",
      "static void *serve(void *k) {",
      "  while (1) {",
      "    sem_wait(&begin[(size_t)k]);",
      "    if (now < 0) return NULL;",
      "    step(now), sem_post(&done);",
      "  }",
      "}",
      "static void on(int k, int number) {",
      "  if (!lives[k]) {",
      "    sem_init(&begin[k], 0, 0), lives[k] = 1;",
      "    pthread_create(&threads[k], NULL, serve, (void *)(size_t)k);",
      "  }",
      "  now = number, sem_post(&begin[k]), sem_wait(&done);",
      "}",
      "static void end(int k) {",
      "  if (lives[k]) now = -1, sem_post(&begin[k]), pthread_join(threads[k], NULL), lives[k] = 0;",
      "}",
    ]
  }

  private var schedule: [String] {
    var lines = ["  sem_init(&done, 0, 0);"]
    var current: UInt64 = 0
    for (index, operation) in trace.operations.enumerated() {
      switch operation.call {
      case .thread: current = operation.bytes
      case .endThread:
        lines.append("  end(\(operation.bytes));")
        if current == operation.bytes { current = 0 }
      default: lines.append(current == 0 ? "  step(\(index));" : "  on(\(current), \(index));")
      }
    }
    return lines + ["  for (int k = 1; k < \(TargetThreads.mostThreads); k++) end(k);"]
  }
}
