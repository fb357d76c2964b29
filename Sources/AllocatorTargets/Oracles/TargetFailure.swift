import PoolFuzzing
import PropertyTesting

/// Something that an allocator under test did wrong.
public struct TargetFailure: Sendable, Equatable {
  /// What every allocator owes its callers, and what its process owes us.
  public enum Rule: String, Sendable, CaseIterable {
    /// No two live blocks share a byte, usable bytes counted.
    case overlap = "target.overlap"
    /// An address is a multiple of what was asked for.
    case alignment = "target.alignment"
    /// A block of no bytes is NULL or has an address of its own.
    case zeroSize = "target.zero-size"
    /// A live block keeps what its owner wrote.
    case payload = "target.payload"
    /// A block has at least the bytes that were asked for, and the same as long as it lives.
    case usableSize = "target.usable-size"
    /// An allocator without a live block serves what a fresh one served.
    case refusal = "target.refusal"
    /// Emptied, it serves the largest request that the fresh one served.
    case emptied = "target.emptied"
    /// Emptied again and again, it does not hold more each time.
    case leak = "target.leak"
    /// It holds at least what is live.
    case footprint = "target.footprint"
    /// Its own check holds.
    case check = "target.check"
    /// Its walk tells of every live block once.
    case walk = "target.walk"
    /// It can be created.
    case creation = "target.creation"
    /// The caller's stack is the caller's.
    case stack = "target.stack"
    /// It does not grow without bound.
    case growth = "target.growth"
    /// It does not end the process by a signal.
    case crash = "target.crash"
    /// It does not end the process.
    case exit = "target.exit"
    /// It answers.
    case hang = "target.hang"
    /// Standard output is not its own.
    case output = "target.output"
  }

  /// The broken rule.
  public let rule: Rule
  /// What tells two failures of one rule apart: a signal's name, or nothing.
  public let variant: String
  /// What was seen.
  public let text: String
  /// The operation that showed it; the number of operations for the end.
  public let step: Int

  /// What makes it the same failure in another trace.
  public func identity(in trace: PoolFuzzTrace) -> FailureIdentity {
    let word =
      step < trace.operations.count ? trace.operations[step].operationKind.word : "end"
    return FailureIdentity("\(rule.rawValue)\(variant.isEmpty ? "" : "-\(variant)") after \(word)")
  }
}
