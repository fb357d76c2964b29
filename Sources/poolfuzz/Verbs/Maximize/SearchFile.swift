import ContentHash
import Foundation
import FragmentationSearch

/// The state of a search as a file: one text, written whole, from which a killed run goes on.
struct SearchFile {
  /// Where it lies.
  let path: String
  /// Where what is worth keeping goes.
  let archive: ProgramArchive
  private let plan: String

  private static let heading = "poolfuzz search 1"
  private static let lastLine = "whole"

  /// The file of a search; its name tells searches apart.
  init(folder: String, _ query: FragmentationQuery, _ campaign: SearchCampaign) {
    let question = campaign.question
    plan =
      "seed=\(question.seed) algorithm=\(campaign.name) contest=\(MaximalProgram.contestName(query))"
      + " streams=\(question.streams) operations=\(question.operations)"
    path = "\(folder)/maximize/\(question.seed)-\(ContentHash.of(plan).prefix(8)).campaign"
    archive = ProgramArchive(folder: folder)
  }

  /// The file that keeps two runs from working on one search.
  var lockPath: String { path + ".lock" }

  /// Writes the state.
  func save(_ campaign: SearchCampaign) throws(CommandFailure) {
    do throws(AtomicFile.Failure) {
      try AtomicFile.write(
        "\(Self.heading)\nplan \(plan)\n\(campaign.text)\(Self.lastLine)\n", to: path)
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }

  /// Takes a saved state over; false where there is none. Throws where the file is of something
  /// else.
  func restore(_ campaign: inout SearchCampaign) throws(CommandFailure) -> Bool {
    AtomicFile.removeLeftovers(in: PathText.folder(of: path))
    AtomicFile.removeLeftovers(in: archive.folder + "/" + ProgramArchive.shelf)
    guard let data = FileManager.default.contents(atPath: path) else { return false }
    let text = String(decoding: data, as: UTF8.self)
    let start = "\(Self.heading)\nplan \(plan)\n"
    let end = "\(Self.lastLine)\n"
    guard text.hasPrefix(start), text.hasSuffix(end),
      text.utf8.count >= start.utf8.count + end.utf8.count,
      campaign.restore(String(text.dropFirst(start.count).dropLast(end.count)))
    else {
      throw CommandFailure(
        message: "\(path): expected the state of the search '\(plan)'; remove the file to begin"
          + " again", code: .badInput)
    }
    return true
  }

  /// Removes the file of a search that has ended.
  func remove() { unlink(path) }
}
