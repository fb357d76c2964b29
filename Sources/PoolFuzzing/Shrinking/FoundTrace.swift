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
    // What is written again has no blank there.
    identity = FailureIdentity(String((header.failure?.value ?? "").drop(while: \.isWhitespace)))
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
  public var folderName: String { Self.folderName(identity) }

  /// The same of any failure.
  public static func folderName(_ identity: FailureIdentity) -> String {
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

/// A minimal trace as a Swift test that can be pasted into a test target.
///
/// Where the failure is a planted bug's, the test expects to see it; otherwise it expects a healthy
/// run, and so fails until the bug is mended.
public struct RegressionTestText: Sendable, CustomStringConvertible {
  /// The text, imports included.
  public let description: String

  /// The test of a found trace.
  public init(_ found: FoundTrace) {
    let lines = found.text.split(separator: "\n").map { "    \(Self.escaped($0))" }
    let isPlanted = found.trace.configuration.mutant != .none
    let expectation =
      isPlanted
      ? "#expect(execution.shows(FailureIdentity(\"\(Self.escaped(found.identity.description))\")))"
      : "#expect(execution.failure == nil)"
    var text = ["import PoolFuzzing", "import PropertyTesting", "import Testing", ""]
    text += Self.comment(found, isPlanted: isPlanted)
    text += ["@Test func \(Self.name(found.identity))() throws {", "  let text = \"\"\""]
    text += lines
    text += [
      "    \"\"\"", "  let found = try FoundTrace(text: text, certificate: nil)",
      "  let execution = PoolShrinker.execute(found.trace)", "  \(expectation)", "}", "",
    ]
    description = text.joined(separator: "\n")
  }

  private static func comment(_ found: FoundTrace, isPlanted: Bool) -> [String] {
    let planted = isPlanted ? " (planted bug \(found.trace.configuration.mutant.rawValue))" : ""
    var lines = ["/// Shows \(found.identity)\(planted)."]
    guard let certificate = found.certificate else { return lines }
    lines.append("///")
    for (index, operation) in certificate.operations.enumerated() {
      lines.append("/// \(index + 1). Without it: \(operation.without.words).")
    }
    return lines
  }

  private static func escaped(_ text: some StringProtocol) -> String {
    String(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }

  /// The identity's words as a name: letters and digits, the words but the first capitalised.
  static func name(_ identity: FailureIdentity) -> String {
    let words = identity.description.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let joined = words.enumerated().map { index, word in
      index == 0 ? word.lowercased() : word.prefix(1).uppercased() + word.dropFirst()
    }.joined()
    guard let first = joined.first, first.isLetter else { return "failure" + joined }
    return joined
  }
}
