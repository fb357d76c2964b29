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
  /// Without something, the trace does something else; counted from 0.
  case outcomeDiffers(removed: [Int], actual: RemovalOutcome, expect: RemovalOutcome)
  /// Without these operations, counted from 0, the failure still shows.
  case notMinimal(removed: [Int])

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
      "without operations \(removed.map { $0 + 1 }) it \(actual.words), and not: \(expect.words)"
    case .notMinimal(let removed):
      "it fails the same without operations \(removed.map { $0 + 1 })"
    }
  }
}
