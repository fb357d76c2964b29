/// What a trace does without some of its operations.
public enum RemovalOutcome: Sendable, Equatable {
  /// Nothing is wrong any more: what was removed is needed.
  case passes
  /// Something else goes wrong, at the operation of that number in the whole trace, from 0; the
  /// number of operations stands for the end of the run.
  case failsOtherwise(FailureIdentity, step: Int)
  /// The same failure still shows: what was removed is not needed.
  case failsTheSame

  /// The words used in a certificate.
  public var words: String {
    switch self {
    case .passes: "passes"
    case .failsOtherwise(let identity, let step): "fails otherwise at \(step + 1): \(identity)"
    case .failsTheSame: "fails the same"
    }
  }

  init?(text: Substring) {
    let prefix = "fails otherwise at "
    switch text {
    case "passes": self = .passes
    case "fails the same": self = .failsTheSame
    default:
      guard text.hasPrefix(prefix) else { return nil }
      let parts = text.dropFirst(prefix.count).split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let number = Int(parts[0]), number > 0, parts[1].first == " " else {
        return nil
      }
      self = .failsOtherwise(FailureIdentity(String(parts[1].dropFirst())), step: number - 1)
    }
  }
}
