import Foundation
import PoolFuzzing
import PoolTrace
import PropertyTesting

/// The state of a campaign as a file: one text, written whole, from which a killed run goes on.
struct CampaignFile {
  /// Where it lies.
  let path: String
  /// What the campaign does; a file of another plan is left alone.
  let plan: String

  private static let heading = "poolfuzz campaign 1"

  /// Saves where an engine is.
  func save(_ engine: FuzzEngine) throws(AtomicFile.Failure) {
    let corpus = engine.corpus
    var text = "\(Self.heading)\nplan \(plan)\nnext \(engine.nextBatch)\n"
    text += "traces \(engine.traceCount)\noperations \(engine.operationCount)\n"
    text += "kept \(corpus.keptCount)\n"
    text += "signature \(Data(corpus.signature.bytes).base64EncodedString())\n"
    for trace in corpus.traces { text += trace.text() + "end\n" }
    try AtomicFile.write(text, to: path)
  }

  /// Where a campaign of the same plan was; nil where there is none or it cannot be read.
  func load() -> (corpus: FuzzCorpus, nextBatch: UInt64)? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    let lines = text.split(separator: "\n", maxSplits: 7, omittingEmptySubsequences: false)
    guard lines.count == 8, lines[0] == Self.heading, lines[1] == "plan \(plan)",
      let next = Self.number(lines[2], "next"), let kept = Self.number(lines[5], "kept"),
      lines[6].hasPrefix("signature "),
      let data = Data(base64Encoded: String(lines[6].dropFirst(10))),
      let signature = StateSignature(bytes: Array(data))
    else { return nil }
    var traces: [PoolFuzzTrace] = []
    var current = ""
    for line in lines[7].split(separator: "\n") {
      if line == "end" {
        guard let trace = try? PoolFuzzTrace.reading(current, renumbering: false)
        else { return nil }
        traces.append(trace)
        current = ""
      } else {
        current += line + "\n"
      }
    }
    return (FuzzCorpus(signature: signature, traces: traces, keptCount: kept), next)
  }

  /// Removes the file of a campaign that has ended.
  func remove() { unlink(path) }

  private static func number(_ line: Substring, _ key: String) -> UInt64? {
    line.hasPrefix(key + " ") ? UInt64(line.dropFirst(key.count + 1)) : nil
  }
}
