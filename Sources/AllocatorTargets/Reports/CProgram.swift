/// A failing trace as a program in C that shows the failure without this suite: it links the library,
/// makes the calls, and ends with 1, or as the library ends it, where the failure shows.
///
/// It looks at what a caller can see: addresses, alignments, contents, what is refused; of these at
/// what the failed rule is about, so that it is short. A walk, a caller's stack and standard output it
/// leaves to whoever reads the finding.
public struct CProgram: Sendable, CustomStringConvertible {
  let trace: TargetTrace
  private let failure: TargetFailure
  private let library: String
  private let option: String
  private let capabilities: TargetCapabilities
  private let freshBytes: UInt64
  /// Whether what takes a block is told how many bytes were asked for; the same for every call.
  private var usesBytes = false

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
    usesBytes = filling.contains { $0.contains("bytes") }
  }

  private var isMalloc: Bool { capabilities.interface == 0 }
  private var slotCount: Int { Int(trace.operations.map(\.slot).max() ?? 0) + 1 }
  private var isRepeated: Bool {
    failure.isOfLaterRound
      || [.leak, .addressSpace, .exhaustion, .growth].contains(failure.rule)
  }

  // MARK: What the failure needs

  /// What blocks hold is looked at again, unless the rule is about something else that is looked at.
  private var looks: Bool {
    switch failure.rule {
    case .overlap, .zeroSize, .alignment, .reallocAlignment, .outside, .usableSize, .zeroes,
      .overflow, .hugeSize, .servesNothing, .refusal, .fit, .refind, .emptied, .exhaustion, .leak,
      .addressSpace, .growth, .check, .creation, .exit, .doubleFree, .foreignFree, .interiorFree,
      .overflowedBlock:
      false
    case .crash, .hang: trace.operations.contains { $0.call == .verify }
    default: true
    }
  }

  private var comparesPlaces: Bool { [.overlap, .zeroSize].contains(failure.rule) }
  private var comparesAlignment: Bool {
    [.alignment, .reallocAlignment].contains(failure.rule)
  }
  /// What was asked for counts beside what is usable.
  private var keepsRequests: Bool {
    looks
      || trace.operations.contains {
        $0.call == .freeSized || $0.call == .misuse && $0.misuse == .behind
      }
  }
  /// Blocks are freed where the trace ends: what follows is part of what was seen.
  private var frees: Bool { looks || isRepeated || failure.step >= trace.operations.count }
  private var grows: Bool { capabilities.promises.contains(.grows) || capabilities.interface == 1 }

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
    lines.append("static void bad(const char *what) { printf(\"%s\\n\", what); exit(1); }")
    if looks || (statements + ending).contains(where: { $0.contains("p[") || $0.contains("take(") })
    {
      lines += helpers
    }
    if hasThreads { lines += steps + relay }
    lines += ["int main(void) {"] + (isMalloc ? [] : creation)
    if isRepeated { lines.append("  for (int round = 0; round < 2048; round++) {") }
    lines += hasThreads ? schedule : statements.map { "  " + $0 }
    lines += ending
    return lines.joined(separator: "\n") + "\n"
  }

  /// The statement of each operation.
  var statements: [String] {
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
    var lines = [
      "#include <malloc.h>", "#include <stdio.h>", "#include <stdlib.h>", "#include <string.h>",
    ]
    if trace.operations.contains(where: { $0.call == .allocate && $0.second > 8 }) {
      lines += [
        "static void *aligned(size_t a, size_t n) {",
        "  void *q = NULL;",
        "  return n % a ? (posix_memalign(&q, a, n) ? NULL : q) : aligned_alloc(a, n);",
        "}",
      ]
    }
    return lines
  }

  private var interfaceBeginning: [String] {
    [
      "#include \"poolfuzz_target.h\"", "#include <stdio.h>", "#include <stdlib.h>",
      "#include <string.h>", "#define BYTES \(trace.configuration.arenaBytes)ul",
      "static void *a; static char *arena\(grows ? ", *more; static size_t grown" : "");",
    ] + growth
  }

  private var usable: String {
    isMalloc
      ? "malloc_usable_size(q)"
      : capabilities.functions.contains(.usableSize) ? "poolfuzz_usable_size(a, q)" : "bytes"
  }

  /// What takes a block, and what it calls.
  private var helpers: [String] {
    var lines = [
      "static unsigned char *p[\(slotCount)]; static size_t n[\(slotCount)]"
        + (keepsRequests ? ", r[\(slotCount)];" : ";")
    ]
    if looks {
      lines += [
        "static void look(int s, size_t to) {",
        "  for (size_t i = 0; p[s] && i < to && i < n[s]; i++)",
        "    if (p[s][i] != (unsigned char)(s * 37 + i)) bad(\"content\");",
        "}",
      ]
    }
    lines.append(
      "static void take(int s, unsigned char *q\(usesBytes ? ", size_t bytes" : "")"
        + "\(comparesAlignment ? ", size_t alignment" : "")) {")
    return lines + filling + ["}"]
  }

  /// What becomes of a block that is taken.
  private var filling: [String] {
    var lines = ["  if (!q) return;"]
    if looks { lines.append("  if (p[s]) p[s] = q, look(s, r[s] < bytes ? r[s] : bytes);") }
    // A block that is too large to be true is not filled, and one of no bytes has a place all the same.
    let requests = trace.operations
      .filter { [.allocate, .allocateZeroed, .reallocate, .resize].contains($0.call) }
      .map { $0.requestedBytes ?? .max }
    let fillable = requests.allSatisfy { $0 >> 24 == 0 } ? usable : "bytes >> 24 ? 0 : \(usable)"
    func place(_ slot: String) -> String {
      "n[\(slot)]" + (requests.contains(0) ? " + !n[\(slot)]" : "")
    }
    lines.append("  p[s] = q, n[s] = \(fillable)\(keepsRequests ? ", r[s] = bytes" : "");")
    if comparesAlignment { lines.append("  if ((size_t)q % alignment) bad(\"alignment\");") }
    if failure.rule == .usableSize || looks {
      lines.append("  if (n[s] < bytes && n[s]) bad(\"usable size\");")
    }
    // What it was given later is outside of neither.
    let isGivenMore = trace.operations.contains { [.addRegion, .resizeArena].contains($0.call) }
    if failure.rule == .outside, !isGivenMore {
      let other = grows ? " && (!more || (char *)q < more || (char *)q + n[s] > more + grown)" : ""
      lines.append(
        "  if (((char *)q < arena || (char *)q + n[s] > arena + BYTES)\(other)) bad(\"outside\");")
    }
    if comparesPlaces {
      lines += [
        "  for (int i = 0; i < \(slotCount); i++)",
        "    if (i != s && p[i] && q < p[i] + \(place("i")) && p[i] < q + \(place("s")))"
          + " bad(\"overlap\");",
      ]
    }
    lines.append(
      looks
        ? "  for (size_t i = 0; i < n[s]; i++) q[i] = (unsigned char)(s * 37 + i);"
        : "  memset(q, s + 1, n[s]);")
    return lines
  }

  private var creation: [String] {
    let offset = trace.configuration.offset
    return [
      "  arena = memset((char *)aligned_alloc(4096, (BYTES + 12287) / 4096 * 4096) + 4096"
        + "\(offset == 0 ? "" : " + \(offset)"), 0xA5, BYTES);"
    ]
      + (grows
        ? ["  more = memset(aligned_alloc(4096, (BYTES + 4095) / 4096 * 4096), 0, BYTES);"] : [])
      + [
        "  struct poolfuzz_configuration c = {\(capabilities.interface), 3, BYTES,"
          + " \(Self.quoted(option)), arena, grow, NULL};",
        "  if (!(a = poolfuzz_create(&c))) bad(\"creation\");",
      ]
  }

  private var growth: [String] {
    let refused = trace.configuration.refusedGrowth
    guard grows else {
      return ["static void *grow(void *c, size_t bytes) { return (void)c, (void)bytes, NULL; }"]
    }
    return ["static void *grow(void *c, size_t bytes) {"]
      + (refused == 0
        ? [] : ["  static int calls;", "  if (++calls == \(refused)) return (void)c, NULL;"])
      + ["  return (void)c, bytes > BYTES - grown ? NULL : more + (grown += bytes) - bytes;", "}"]
  }

  private var ending: [String] {
    var lines: [String] = []
    if frees {
      let free = isMalloc ? "free(p[s])" : "poolfuzz_free(a, p[s], 0)"
      lines.append(
        "  for (int s = 0; s < \(slotCount); s++) if (p[s]) \(looks ? "look(s, n[s]), " : "")"
          + "\(free), p[s] = NULL;")
    }
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

  private func taking(_ slot: UInt32, _ call: String, _ bytes: UInt64, _ alignment: UInt64)
    -> String
  {
    "take(\(slot), \(call)\(usesBytes ? ", \(bytes)u" : "")"
      + "\(comparesAlignment ? ", \(alignment)" : ""));"
  }

  private func look(_ slot: UInt32) -> String { looks ? "look(\(slot), n[\(slot)]); " : "" }

  private func statement(_ operation: TargetOperation, isLast: Bool) -> String {
    let slot = operation.slot
    let bytes = operation.bytes
    let natural = capabilities.naturalAlignment
    switch operation.call {
    case .allocate:
      let alignment = max(operation.second, bytes >= natural ? natural : 1)
      return taking(slot, allocation(bytes, operation.second), bytes, alignment)
        + expectation(slot, isLast)
    case .allocateZeroed:
      return zeroed(operation)
        + (operation.requestedBytes == nil ? "" : expectation(slot, isLast))
    case .reallocate:
      let call =
        isMalloc
        ? "realloc(p[\(slot)], \(bytes)u)"
        : "poolfuzz_reallocate(a, p[\(slot)], \(bytes)u, 0, \(operation.second))"
      return look(slot) + taking(slot, call, bytes, max(operation.second, 1))
        + expectation(slot, isLast)
    case .resize:
      return "if (p[\(slot)] && poolfuzz_resize(a, p[\(slot)], \(bytes)u) == 1)"
        + " " + taking(slot, "p[\(slot)]", bytes, 1)
    case .free: return freeing(slot, isMalloc ? "free(p[\(slot)])" : Self.free(slot))
    case .freeSized:
      return freeing(slot, "poolfuzz_free_sized(a, p[\(slot)], r[\(slot)], 0, 0)")
    case .fill, .verify: return looks ? look(slot) : ";"
    case .addRegion: return "poolfuzz_add_region(a, calloc(1, \(bytes)u), \(bytes)u);"
    case .resizeArena: return "poolfuzz_resize_arena(a, \(bytes)u);"
    case .reset: return "poolfuzz_reset(a); memset(p, 0, sizeof p);"
    case .misuse: return misuse(operation)
    case .thread, .endThread: return ""
    }
  }

  private static func free(_ slot: UInt32) -> String { "poolfuzz_free(a, p[\(slot)], 0)" }

  private func freeing(_ slot: UInt32, _ call: String) -> String {
    look(slot) + "if (p[\(slot)]) \(call), p[\(slot)] = NULL;"
  }

  private func zeroed(_ operation: TargetOperation) -> String {
    let (slot, count, bytes) = (operation.slot, operation.second, operation.bytes)
    let call =
      isMalloc
      ? "calloc(\(count)u, \(bytes)u)" : "poolfuzz_allocate_zeroed(a, 0, \(count)u, \(bytes)u, 0)"
    guard let all = operation.requestedBytes else {
      return "if (\(call)) bad(\"count times size overflow, and are served\");"
    }
    guard failure.rule == .zeroes else { return taking(slot, call, all, 1) }
    return "{ unsigned char *z = \(call);"
      + " for (size_t i = 0; z && i < \(all)u; i++) if (z[i]) bad(\"zeroes\");"
      + " \(taking(slot, "z", all, 1)) }"
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
