import ContentHash
import KernelPool
import PoolOracles
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

  /// A failing trace.
  public init(_ trace: PoolFuzzTrace, _ identity: FailureIdentity, _ certificate: Certificate?) {
    self.trace = trace
    self.identity = identity
    self.certificate = certificate
  }

  /// Reads what `text` wrote, with the text of its certificate.
  public init(text: String, certificate: String?) throws {
    var (trace, header) = try PoolFuzzTrace.readingWithHeader(text)
    trace.configuration.oracles = .replayed
    self.trace = trace
    identity = FailureIdentity(header.failure?.value ?? "")
    self.certificate = try certificate.map { try Certificate(parsing: $0) }
  }

  /// The trace file. It depends on the trace and its failure alone.
  public var text: String {
    let mutant = trace.configuration.mutant
    var comments = ["failure: \(identity)"]
    if mutant != .none { comments.append("mutant: \(mutant.rawValue)") }
    let isFull = trace.configuration.oracles.contains(.placement)
    comments.append("replay: poolfuzz replay \(isFull ? "" : "--check fast ")FILE")
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
