import PropertyTesting

/// What an allocator owes its callers, and what its process owes us: one row for each rule.
///
/// A rule holds because the C standard says so (ISO/IEC 9899:2024, its clause in the row), because the
/// header asks it of every library, or because the library has declared it. What is not declared is
/// never judged.
public enum TargetRule: String, Sendable, CaseIterable {
  case overlap = "target.overlap"
  case alignment = "target.alignment"
  case outside = "target.outside"
  case outsideWrite = "target.outside-write"
  case zeroSize = "target.zero-size"
  case usableSize = "target.usable-size"
  case usableChange = "target.usable-change"
  case payload = "target.payload"
  case reallocContent = "target.realloc-content"
  case reallocFailure = "target.realloc-failure"
  case reallocAlignment = "target.realloc-alignment"
  case resizeMoves = "target.resize-moves"
  case zeroes = "target.zeroes"
  case overflow = "target.overflow"
  case hugeSize = "target.huge-size"
  case servesNothing = "target.serves-nothing"
  case refusal = "target.refusal"
  case fit = "target.fit"
  case refind = "target.refind"
  case emptied = "target.emptied"
  case exhaustion = "target.exhaustion"
  case leak = "target.leak"
  case addressSpace = "target.address-space"
  case growth = "target.growth"
  case footprint = "target.footprint"
  case check = "target.check"
  case walk = "target.walk"
  case creation = "target.creation"
  case stack = "target.stack"
  case output = "target.output"
  case crash = "target.crash"
  case exit = "target.exit"
  case hang = "target.hang"
  case doubleFree = "target.double-free"
  case foreignFree = "target.foreign-free"
  case interiorFree = "target.interior-free"
  case overflowedBlock = "target.overflowed-block"

  /// What the rule says.
  public var sentence: String { row.sentence }
  /// Where it comes from: a clause of the C standard, the header, or a declaration.
  public var source: String { row.source }

  private static let header = "poolfuzz_target.h"

  /// The table.
  private var row: (sentence: String, source: String) {
    switch self {
    case .overlap: ("No two live blocks share a byte, usable bytes counted.", "C 7.24.3")
    case .alignment:
      (
        "An address is a multiple of the alignment asked for, else of the natural one.",
        "C 7.24.3, 7.24.3.1; natural_alignment"
      )
    case .outside:
      ("A block lies in the arena, in a region or in what grow gave.", "POOLFUZZ_IN_ARENA")
    case .outsideWrite: ("No byte before or behind the memory given is written.", Self.header)
    case .zeroSize:
      (
        "A request of no bytes is NULL or has an address of its own, as declared.",
        "C 7.24.3; zero_policy"
      )
    case .usableSize: ("A block has at least the bytes asked for.", "C 7.24.3.6; " + Self.header)
    case .usableChange:
      ("The usable size stays as long as the block lives.", "POOLFUZZ_STABLE_USABLE_SIZE")
    case .payload: ("A live block keeps what its owner wrote.", "C 7.24.3")
    case .reallocContent:
      ("A reallocated block begins with the old bytes, up to the smaller size.", "C 7.24.3.7")
    case .reallocFailure:
      ("A reallocation that fails leaves the old block as it was.", "C 7.24.3.7")
    case .reallocAlignment:
      ("A reallocated block keeps its alignment.", "POOLFUZZ_REALLOC_KEEPS_ALIGNMENT")
    case .resizeMoves: ("A block that is resized in place has the new size there.", Self.header)
    case .zeroes: ("Every byte of zeroed memory is zero.", "C 7.24.3.2")
    case .overflow: ("A count times a size that overflows is refused.", "C 7.24.3.2")
    case .hugeSize:
      ("A request for more than there can be is refused.", "C 7.24.3; largest_bytes")
    case .servesNothing: ("A fresh allocator serves something.", Self.header)
    case .refusal:
      ("With nothing live, half of what a fresh allocator serves is served.", "POOLFUZZ_JOINS")
    case .fit:
      (
        "A request is served where a gap is fit_factor times as large and fit_bytes more.",
        "POOLFUZZ_JOINS, POOLFUZZ_IN_ARENA"
      )
    case .refind:
      (
        "A request is served where a block of the same request was just freed.",
        "POOLFUZZ_REFINDS"
      )
    case .emptied:
      ("Emptied, it serves the largest request that a fresh one serves.", "POOLFUZZ_JOINS")
    case .exhaustion:
      ("Emptied, it serves what it has served in an earlier round.", "POOLFUZZ_JOINS")
    case .leak: ("Emptied again and again, it does not hold more each time.", Self.header)
    case .addressSpace:
      ("Emptied again and again, it does not take more address space each time.", Self.header)
    case .growth: ("It does not grow without bound.", "--memory-limit")
    case .footprint: ("It holds at least what is live.", Self.header)
    case .check: ("Its own check holds after every operation.", Self.header)
    case .walk: ("Its walk tells of every live block once.", Self.header)
    case .creation: ("It can be created.", Self.header)
    case .stack: ("Its caller's variables are not its own.", "C 6.2.4")
    case .output: ("Standard output is not its own.", Self.header)
    case .crash: ("No signal ends the process.", Self.header)
    case .exit: ("It does not end the process.", Self.header)
    case .hang: ("It answers.", "--timeout")
    case .doubleFree: ("A block that is freed twice is noticed.", "POOLFUZZ_DETECTS_DOUBLE_FREE")
    case .foreignFree:
      ("Memory of others that is freed is noticed.", "POOLFUZZ_DETECTS_FOREIGN_FREE")
    case .interiorFree:
      ("An address within a block that is freed is noticed.", "POOLFUZZ_DETECTS_INTERIOR_FREE")
    case .overflowedBlock:
      ("A byte changed behind a block is noticed when it is freed.", "POOLFUZZ_DETECTS_OVERFLOW")
    }
  }

  /// Whether an allocator with these promises and functions is ever judged by the rule.
  public func isJudged(with capabilities: TargetCapabilities) -> Bool {
    let (promises, functions) = (capabilities.promises, capabilities.functions)
    let joins = promises.contains(.joins)
    return switch self {
    case .outside: promises.contains(.inArena)
    case .usableSize: functions.contains(.usableSize)
    case .usableChange: functions.contains(.usableSize) && promises.contains(.stableUsableSize)
    case .reallocContent, .reallocFailure: functions.contains(.reallocate)
    case .reallocAlignment:
      functions.contains(.reallocate) && promises.contains(.reallocKeepsAlignment)
    case .resizeMoves: functions.contains(.resize)
    case .zeroes, .overflow: functions.contains(.allocateZeroed)
    case .servesNothing: !promises.contains(.lawfulNull)
    case .refusal, .emptied: joins && !promises.contains(.lawfulNull)
    case .fit: joins && promises.contains(.inArena) && !promises.contains(.lawfulNull)
    case .refind: promises.contains(.refinds) && !promises.contains(.lawfulNull)
    case .exhaustion: joins && capabilities.interface != 1
    case .footprint: functions.contains(.footprint)
    case .check: functions.contains(.check)
    case .walk: functions.contains(.walk)
    case .doubleFree: promises.contains(.detectsDoubleFree)
    case .foreignFree: promises.contains(.detectsForeignFree)
    case .interiorFree: promises.contains(.detectsInteriorFree)
    case .overflowedBlock: promises.contains(.detectsOverflow)
    case .overlap, .alignment, .outsideWrite, .zeroSize, .payload, .hugeSize, .leak, .addressSpace,
      .growth, .creation, .stack, .output, .crash, .exit, .hang:
      true
    }
  }

  /// The rule of a name, with or without `target.`.
  public static func named(_ name: String) -> TargetRule? {
    TargetRule(rawValue: name) ?? TargetRule(rawValue: "target." + name)
  }
}

/// Something that an allocator under test did wrong.
public struct TargetFailure: Sendable, Equatable {
  /// The broken rule.
  public let rule: TargetRule
  /// What tells two failures of one rule apart: a signal's name, or nothing.
  public let variant: String
  /// What was seen.
  public let text: String
  /// The operation that showed it; the number of operations for the end.
  public let step: Int
  /// Whether it came in a later round of the trace, so that the operations behind it belong to it.
  public var isOfLaterRound = false
  /// The calls that led to a signal, the last first: library, offset, name.
  public var backtrace: [String] = []

  /// What makes it the same failure in another trace.
  public func identity(in trace: TargetTrace) -> FailureIdentity {
    let word = step < trace.operations.count ? trace.operations[step].word : "end"
    return FailureIdentity("\(rule.rawValue)\(variant.isEmpty ? "" : "-\(variant)") after \(word)")
  }
}
