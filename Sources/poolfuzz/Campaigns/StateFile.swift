import Foundation
import PropertyTesting

/// The state of a campaign as a file: one text, written whole, from which a killed run goes on.
struct StateFile {
  /// The path without its extension.
  let base: String
  /// What it is the state of: "campaign", "search".
  let kind: String
  /// The number of the format.
  let format: Int
  /// What the campaign does, its seed included: what a state must agree with.
  let plan: String

  private static let lastLine = "whole\n"

  private var start: String { "poolfuzz \(kind) \(format)\nplan \(plan)\n" }

  /// Where it lies.
  var path: String { base + ".campaign" }

  /// The file that keeps two runs from working on one campaign.
  var lockPath: String { base + ".lock" }

  /// The seed of the latest campaign of a plan that has not ended.
  static func unfinishedSeed(in folder: String, _ planHash: String) -> Seed? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let suffix = "-\(planHash).campaign"
    let dated: [(seed: Seed, date: Date, name: String)] = names.compactMap { name in
      guard name.hasSuffix(suffix), let number = UInt64(name.dropLast(suffix.count)),
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name),
        let date = attributes[.modificationDate] as? Date
      else { return nil }
      return (Seed(number), date, name)
    }
    return dated.max { ($0.date, $0.name) < ($1.date, $1.name) }?.seed
  }

  /// The text of the file around what the campaign keeps.
  func text(_ body: String) -> String { start + body + Self.lastLine }

  /// What `parse` makes of a saved state; nil where there is none. Throws where the file is of
  /// something else.
  func load<State>(_ parse: (Substring) -> State?) throws(CommandFailure) -> State? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    guard text.hasPrefix(start), text.hasSuffix(Self.lastLine),
      text.utf8.count >= start.utf8.count + Self.lastLine.utf8.count,
      let state = parse(text.dropFirst(start.count).dropLast(Self.lastLine.count))
    else {
      throw CommandFailure(
        message: "\(path): expected the state of the \(kind) '\(plan)';"
          + " remove the file to begin again",
        code: .badInput)
    }
    return state
  }

  /// Removes the file of a campaign that has ended.
  func remove() { unlink(path) }
}
