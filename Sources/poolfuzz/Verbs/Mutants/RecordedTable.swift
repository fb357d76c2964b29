import Foundation
import KernelPool
import Platform
import PoolFuzzing
import PropertyTesting

/// A detection table in a file, a JSON line a row: what has been run is not run again, so that a
/// run that was ended goes on when it is begun again.
struct RecordedTable {
  /// What a row says that others need.
  struct Row {
    let mutant: Mutant
    let profile: String
    /// What it was made with; nil where the row does not say.
    let settings: String?
    let killedCount: Int
    let soleKillings: [SoleKilling]
  }

  /// The rows, in the order of the file.
  let rows: [Row]
  private let path: String
  private static let rowStart = #"{"mutant":""#
  private static let hashStart = #","hash":""#
  /// Bytes from there to the end of a row.
  private static let hashLength = 27

  /// Reads a file; one that does not exist has no rows. A last line that a writer could not end is
  /// cut off; one that is not the beginning of a row is somebody else's, and stays. So does a file
  /// with a row that is not as it was written.
  init(_ path: String) throws(CommandFailure) {
    self.path = path
    guard let bytes = try answered({ () throws(SystemError) in try Files.contents(of: path) })
    else {
      rows = []
      return
    }
    let whole: String
    (rows, whole) = try Self.rows(of: bytes, path)
    guard whole.utf8.count < bytes.count else { return }
    try answered { () throws(SystemError) in try AtomicFile.write(whole, to: path) }
  }

  /// The rows of a file, and its text without the beginning of a row at the end.
  static func rows(
    of bytes: [UInt8], _ path: String
  ) throws(CommandFailure) -> (rows: [Row], whole: String) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure(message: "\(path): expected UTF-8", code: .badInput)
    }
    func failure(_ line: Int) -> CommandFailure {
      CommandFailure(
        message: "\(path):\(line + 1): expected a row of 'poolfuzz mutants --json', with the hash"
          + " of its text at the end",
        code: .badInput)
    }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let torn = lines.popLast() ?? ""
    var rows: [Row] = []
    for (number, line) in lines.enumerated() {
      guard let row = row(line) else { throw failure(number) }
      rows.append(row)
    }
    guard rowStart.hasPrefix(torn) || torn.hasPrefix(rowStart) && !isLongerThanARow(torn) else {
      throw failure(lines.count)
    }
    return (rows, String(text.dropLast(torn.count)))
  }

  /// Adds a line at the end of the file.
  func append(_ line: String) throws(CommandFailure) {
    try answered { () throws(SystemError) in
      try Files.append(Array((line + "\n").utf8), to: path)
    }
  }

  /// Whether something follows behind the hash of a row.
  private static func isLongerThanARow(_ line: Substring) -> Bool {
    guard let hash = line.firstRange(of: hashStart) else { return false }
    return line[hash.lowerBound...].utf8.count > hashLength
  }

  private static func row(_ line: Substring) -> Row? {
    guard MutantRowText.hashed(Substring(line.utf8.dropLast(hashLength))) == line,
      let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)),
      let object = value as? [String: Any],
      let mutant = (object["mutant"] as? String).flatMap(Mutant.init(rawValue:)),
      let profile = object["profile"] as? String, GeneratorProfile.named(profile) != nil,
      let killed = object["killed"] as? Int,
      MutantTable.seedRange.contains(UInt64(clamping: killed)) || killed == 0,
      let alone = object["alone"] as? [[String: Any]]
    else { return nil }
    let killings = alone.compactMap { killing -> SoleKilling? in
      guard let rule = killing["rule"] as? String, let seed = killing["seed"] as? UInt64,
        let stream = killing["trace"] as? UInt64
      else { return nil }
      return SoleKilling(
        rule: rule, mutant: mutant, profile: profile, seed: Seed(seed), stream: stream)
    }
    guard killings.count == alone.count else { return nil }
    return Row(
      mutant: mutant, profile: profile, settings: object["settings"] as? String,
      killedCount: killed, soleKillings: killings)
  }
}
