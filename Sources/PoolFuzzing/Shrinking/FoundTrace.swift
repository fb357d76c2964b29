import ContentHash
import KernelPool
import PoolTrace
import PropertyTesting

/// A failing trace as it is filed: the trace with its identity, its planted bug and the command
/// that replays it in comments, and a certificate beside it.
public struct FoundTrace: Sendable {
  /// The trace.
  public let trace: PoolFuzzTrace
  /// The failure.
  public let identity: FailureIdentity
  /// The certificate, if the trace was reduced.
  public let certificate: Certificate?

  private static let mutantPrefix = "# mutant: "
  private static let identityPrefix = "# failure: "

  /// A failing trace.
  public init(_ trace: PoolFuzzTrace, _ identity: FailureIdentity, _ certificate: Certificate?) {
    self.trace = trace
    self.identity = identity
    self.certificate = certificate
  }

  /// Reads what `text` wrote, with the text of its certificate.
  public init(text: String, certificate: String?) throws {
    var mutant = Mutant.none
    var identity = FailureIdentity("")
    for line in text.split(separator: "\n") {
      if line.hasPrefix(Self.mutantPrefix) {
        mutant = Mutant(rawValue: String(line.dropFirst(Self.mutantPrefix.count))) ?? .none
      }
      if line.hasPrefix(Self.identityPrefix) {
        identity = FailureIdentity(String(line.dropFirst(Self.identityPrefix.count)))
      }
    }
    trace = try PoolFuzzTrace.reading(text, mutant: mutant)
    self.identity = identity
    self.certificate = try certificate.map { try Certificate(parsing: $0) }
  }

  /// The trace file. It depends on the trace and its failure alone.
  public var text: String {
    let mutant = trace.configuration.mutant
    var comments = ["failure: \(identity)"]
    if mutant != .none { comments.append("mutant: \(mutant.rawValue)") }
    comments.append(
      "replay: poolfuzz replay\(mutant == .none ? "" : " --mutant \(mutant.rawValue)") FILE")
    return trace.text(comments: comments)
  }

  /// The folder of the failure: its identity in letters that any file system takes.
  public var folderName: String {
    String(
      identity.description.map { character in
        character.isASCII
          && (character.isLetter || character.isNumber || character == "."
            || character == "-")
          ? character : "_"
      })
  }

  /// The name of the file: the hash of its text (FNV-1a).
  public var contentHash: String { ContentHash.of(text) }
}
