import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting

/// A detection table in a file, a JSON line a row: what has been run is not run again, so that a
/// run that was ended goes on when it is begun again.
struct RecordedTable {
  /// What a row says that others need.
  struct Row {
    let mutant: Mutant
    let profile: String
    let killedCount: Int
    let soleKillings: [SoleKilling]
  }

  /// The rows, in the order of the file.
  let rows: [Row]
  private let path: String

  /// Reads a file; one that does not exist has no rows. A last line that a writer could not end is
  /// cut off.
  init(_ path: String) throws(CommandFailure) {
    self.path = path
    guard let data = FileManager.default.contents(atPath: path) else {
      rows = []
      return
    }
    let text = String(decoding: data, as: UTF8.self)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let torn = lines.popLast() ?? ""
    var rows: [Row] = []
    for (number, line) in lines.enumerated() {
      guard let row = Self.row(line) else {
        throw CommandFailure(
          message: "\(path):\(number + 1): expected a row of 'poolfuzz mutants --json'",
          code: .badInput)
      }
      rows.append(row)
    }
    self.rows = rows
    guard !torn.isEmpty else { return }
    do throws(AtomicFile.Failure) {
      try AtomicFile.write(lines.map { $0 + "\n" }.joined(), to: path)
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }

  /// Adds a line at the end of the file.
  func append(_ line: String) throws(CommandFailure) {
    let bytes = Array((line + "\n").utf8)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count else {
      throw CommandFailure(
        message: "\(path): \(String(cString: strerror(errno)))", code: .environment)
    }
  }

  private static func row(_ line: Substring) -> Row? {
    guard let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)),
      let object = value as? [String: Any],
      let mutant = (object["mutant"] as? String).flatMap(Mutant.init(rawValue:)),
      let profile = object["profile"] as? String, GeneratorProfile.named(profile) != nil,
      let killed = object["killed"] as? Int, let alone = object["alone"] as? [[String: Any]]
    else { return nil }
    let killings = alone.compactMap { killing -> SoleKilling? in
      guard let rule = killing["rule"] as? String, let seed = killing["seed"] as? UInt64,
        let stream = killing["trace"] as? UInt64
      else { return nil }
      return SoleKilling(
        rule: rule, mutant: mutant, profile: profile, seed: Seed(seed), stream: stream)
    }
    guard killings.count == alone.count else { return nil }
    return Row(mutant: mutant, profile: profile, killedCount: killed, soleKillings: killings)
  }
}
