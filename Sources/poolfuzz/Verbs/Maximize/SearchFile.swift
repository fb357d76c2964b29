import ContentHash
import Foundation
import FragmentationSearch

/// What a search keeps in a corpus folder: its state, and what is worth keeping of it.
struct SearchFile {
  /// The state, from which a killed run goes on.
  let state: StateFile
  /// Where what is worth keeping goes.
  let archive: ProgramArchive

  /// The files of a search; their name tells searches apart.
  init(folder: String, _ query: FragmentationQuery, _ campaign: SearchCampaign) {
    let question = campaign.question
    let plan =
      "seed=\(question.seed) algorithm=\(campaign.name) contest=\(MaximalProgram.contestName(query))"
      + " streams=\(question.streams) operations=\(question.operations)"
    state = StateFile(
      base: "\(folder)/maximize/\(question.seed)-\(ContentHash.of(plan).prefix(8))",
      kind: "search", format: 1, plan: plan)
    archive = ProgramArchive(folder: folder)
  }

  /// Writes the state.
  func save(_ campaign: SearchCampaign) throws(CommandFailure) {
    do throws(AtomicFile.Failure) {
      try AtomicFile.write(state.text(campaign.text), to: state.path)
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }

  /// The search as it was saved; nil where it was not. Throws where the file is of something else.
  func restored(_ campaign: SearchCampaign) throws(CommandFailure) -> SearchCampaign? {
    AtomicFile.removeLeftovers(in: PathText.folder(of: state.path))
    AtomicFile.removeLeftovers(in: archive.folder + "/" + ProgramArchive.shelf)
    return try state.load { text in
      var saved = campaign
      return saved.restore(String(text)) ? saved : nil
    }
  }
}
