extension Certificate {
  /// Executes everything again and lists what does not hold; empty when the certificate is true
  /// and the trace is minimal. A claim about its length is held against a search, if there is one.
  public func discrepancies<C: MachineConfiguration, O: SlotOperation>(
    for trace: Trace<C, O>, search: (search: ShortestSearch<C, O>, limit: Int)? = nil,
    execute: (Trace<C, O>) -> Execution
  ) -> [CertificateDiscrepancy] {
    guard let actual = Certificate(of: trace, identity, execute: execute) else {
      return [.failureIsGone(identity)]
    }
    var found: [CertificateDiscrepancy] = []
    if actual.step != step { found.append(.stepDiffers(actual: actual.step, expect: step)) }
    if actual.configuration != configuration {
      found.append(
        .configurationDiffers(actual: actual.configuration, expect: configuration))
    }
    let texts = (actual.operations.map(\.text), operations.map(\.text))
    guard texts.0 == texts.1 else {
      return found + [.operationsDiffer(actual: texts.0, expect: texts.1)]
    }
    let isSameLives =
      actual.lifetimes.map(\.operations) == lifetimes.map(\.operations)
      && actual.lifetimes.map(\.slot) == lifetimes.map(\.slot)
    guard isSameLives else { return found + [.lifetimesDiffer] }
    for (left, right) in zip(actual.removals, removals) {
      let removed = left.removed.map { index in
        CertificateDiscrepancy.Removed(index: index, text: operations[index].text)
      }
      if left.outcome != right.outcome {
        found.append(
          .outcomeDiffers(
            removed: removed, actual: left.outcome, expect: right.outcome))
      }
      if left.outcome == .failsTheSame { found.append(.notMinimal(removed: removed)) }
    }
    if length != .unknown, let search,
      case .shorter(let shorter) = search.search.answer(
        trace, identity, limit: search.limit, { false }, execute)
    {
      found.append(.notShortest(shorter.operations.map(\.description)))
    }
    return found
  }

  private var removals: [(removed: [Int], outcome: RemovalOutcome)] {
    operations.enumerated().map { ([$0.offset], $0.element.without) }
      + lifetimes.map { ($0.operations, $0.without) }
  }
}

/// A statement of a certificate that does not hold.
public enum CertificateDiscrepancy: Sendable, Equatable, CustomStringConvertible {
  /// The trace does not show the failure any more.
  case failureIsGone(FailureIdentity)
  /// The failure shows at another operation; counted from 0.
  case stepDiffers(actual: Int, expect: Int)
  /// The certificate is about another configuration.
  case configurationDiffers(actual: String, expect: String)
  /// The certificate is about other operations.
  case operationsDiffer(actual: [String], expect: [String])
  /// The lifetimes are others.
  case lifetimesDiffer
  /// Without some operations, the trace does something else.
  case outcomeDiffers(removed: [Removed], actual: RemovalOutcome, expect: RemovalOutcome)
  /// A shorter trace shows the failure: its operations.
  case notShortest([String])
  /// Without these operations the failure still shows.
  case notMinimal(removed: [Removed])

  /// An operation that was left out.
  public struct Removed: Sendable, Equatable, CustomStringConvertible {
    /// Its index, from 0.
    public let index: Int
    /// Its words.
    public let text: String

    /// That operation.
    public init(index: Int, text: String) {
      self.index = index
      self.text = text
    }

    /// Its number, from 1, and its words.
    public var description: String { "\(index + 1) (\(text))" }
  }

  /// What does not hold.
  public var description: String {
    switch self {
    case .failureIsGone(let identity): "the trace does not show '\(identity)' any more"
    case .stepDiffers(let actual, let expect):
      "it shows at operation \(actual + 1), not at \(expect + 1)"
    case .configurationDiffers(let actual, let expect):
      "the configuration is '\(actual)', not '\(expect)'"
    case .operationsDiffer(let actual, let expect):
      "the operations are \(actual), not \(expect)"
    case .lifetimesDiffer: "the lifetimes are others"
    case .outcomeDiffers(let removed, let actual, let expect):
      "without \(Self.names(removed)) it \(actual.words), and not: \(expect.words)"
    case .notShortest(let operations):
      "the shorter trace '\(operations.joined(separator: "; "))' shows it as well"
    case .notMinimal(let removed):
      "it fails the same without \(Self.names(removed))"
    }
  }

  private static func names(_ removed: [Removed]) -> String {
    let names = removed.map(\.description).joined(separator: ", ")
    return removed.count == 1 ? "operation \(names)" : "operations \(names)"
  }
}
