import Foundation

@testable import PoolDebugger

/// The listings beside these tests, read at test time.
enum Samples {
  /// One sample and what `expected.tsv` says of it.
  struct Expectation {
    var file: String
    var kind: String
    var layout: String
    var verdict: String
    var blocks: Int
  }

  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("Listings")

  static func text(_ name: String) throws -> String {
    let data = try Data(contentsOf: folder.appendingPathComponent(name))
    return String(decoding: data, as: UTF8.self)
  }

  static func read(_ name: String) throws -> ParsedOutput {
    ListingReader.read(try text(name), source: name)
  }

  static func story() throws -> [ParsedOutput] {
    try ["vm.txt", "poolused.txt", "pool-pages.txt", "mmcm.txt"].map { try read("incident/\($0)") }
  }

  static func expectations() throws -> [Expectation] {
    try text("expected.tsv").split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t").map(String.init)
      return Expectation(
        file: fields[0], kind: fields[1], layout: fields[2], verdict: fields[3],
        blocks: Int(fields[4]) ?? -1)
    }
  }
}
