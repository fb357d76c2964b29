import Foundation
import PoolTrace

/// The incident's traces and listings.
enum IncidentFiles {
  /// Every trace of the folder, without its suffix.
  static let names = [
    "churn", "exhaustion-nonpaged", "exhaustion-paged", "mmcm", "page-f8feb000", "page-fa550000",
    "page-fa808000", "paged-pins", "remedy", "six-steps",
  ]
  /// The traces that end with a page as the story or its steps show it.
  static let pages = ["page-f8feb000", "page-fa550000", "page-fa808000", "six-steps"]

  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Corpus/incident")

  static func fileNames() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
  }

  static func text(_ fileName: String) throws -> String {
    String(decoding: try Data(contentsOf: folder.appending(path: fileName)), as: UTF8.self)
  }

  static func lines(_ fileName: String) throws -> [String] {
    try text(fileName).split(separator: "\n").map(String.init)
  }

  static func operations(_ name: String) throws -> [PoolTrace.Operation] {
    try TraceParser.operations(in: try text(name + ".trace"))
  }

  static func configuration(_ operations: [PoolTrace.Operation]) -> TraceConfiguration? {
    if case .config(let configuration)? = operations.first { configuration } else { nil }
  }

  /// The lines of a trace that are neither comments nor about itself.
  static func requests(_ name: String) throws -> [String] {
    try lines(name + ".trace").filter { line in
      !["#", "config", "expect"].contains { line.hasPrefix($0) }
    }
  }
}
