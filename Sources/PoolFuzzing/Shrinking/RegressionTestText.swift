import KernelPool
import PropertyTesting

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
