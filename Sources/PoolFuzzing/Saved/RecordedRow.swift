import ContentHash
import Foundation
import KernelPool
import PropertyTesting

/// A row of a detection table as it is kept in a file: what of it others need.
public struct RecordedRow: Sendable {
  /// The planted bug.
  public let mutant: Mutant
  /// The profile's name.
  public let profile: String
  /// What it was made with; nil where the row does not say.
  public let settings: String?
  /// Seeds that found it.
  public let killedCount: Int
  /// What one rule alone noticed.
  public let soleKillings: [SoleKilling]

  /// Seeds that a row may have: each is kept until the row is told.
  public static let seedRange: ClosedRange<UInt64> = 1...100_000

  private static let rowStart = #"{"mutant":""#
  private static let hashStart = #","hash":""#
  /// Bytes from there to the end of a row.
  public static let hashLength = 27

  /// A row without its brace at the end, and the hash that belongs to it.
  public static func hashed(_ row: Substring) -> String {
    row + #"\#(hashStart)\#(ContentHash.of(String(row)))"}"#
  }

  /// Why a file is no table.
  public struct TableError: Error, Sendable {
    /// The line, from 1; nil where it is the whole file.
    public let line: Int?
    /// What should stand there.
    public let expected: String
  }

  /// The rows of a file, and its text without the beginning of a row at the end, which a writer could not
  /// end.
  ///
  /// - Throws: ``TableError`` where a line is not a row as it was written, or the last one no beginning of one.
  public static func table(
    _ bytes: [UInt8]
  ) throws(TableError) -> (rows: [RecordedRow], whole: String) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw TableError(line: nil, expected: "UTF-8")
    }
    func failure(_ line: Int) -> TableError {
      TableError(
        line: line + 1,
        expected: "a row of 'poolfuzz mutants --json', with the hash of its text at the end")
    }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let torn = lines.popLast() ?? ""
    var rows: [RecordedRow] = []
    for (number, line) in lines.enumerated() {
      guard let row = RecordedRow(line) else { throw failure(number) }
      rows.append(row)
    }
    guard rowStart.hasPrefix(torn) || torn.hasPrefix(rowStart) && !isLongerThanARow(torn) else {
      throw failure(lines.count)
    }
    return (rows, String(text.dropLast(torn.count)))
  }

  /// Whether something follows behind the hash of a row.
  private static func isLongerThanARow(_ line: Substring) -> Bool {
    guard let hash = line.firstRange(of: hashStart) else { return false }
    return line[hash.lowerBound...].utf8.count > hashLength
  }

  private init?(_ line: Substring) {
    guard Self.hashed(Substring(line.utf8.dropLast(Self.hashLength))) == line,
      let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)),
      let object = value as? [String: Any],
      let mutant = (object["mutant"] as? String).flatMap(Mutant.init(rawValue:)),
      let profile = object["profile"] as? String, GeneratorProfile.named(profile) != nil,
      let killed = object["killed"] as? Int,
      Self.seedRange.contains(UInt64(clamping: killed)) || killed == 0,
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
    self.mutant = mutant
    self.profile = profile
    settings = object["settings"] as? String
    killedCount = killed
    soleKillings = killings
  }
}
