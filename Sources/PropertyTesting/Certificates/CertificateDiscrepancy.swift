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
    case .notMinimal(let removed):
      "it fails the same without \(Self.names(removed))"
    }
  }

  private static func names(_ removed: [Removed]) -> String {
    let names = removed.map(\.description).joined(separator: ", ")
    return removed.count == 1 ? "operation \(names)" : "operations \(names)"
  }
}
