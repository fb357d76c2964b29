import Platform
import ContentHash
import FragmentationSearch

/// The archive of `maximize`: of each contest and each kind of behaviour the best program.
struct ProgramArchive {
  /// The folder of a corpus that holds it.
  static let folderName = "maximal"

  /// The corpus folder.
  let folder: String

  /// Where a program belongs, below the corpus folder, the extension left out.
  static func place(_ program: MaximalProgram) -> String {
    "\(folderName)/\(program.contestName)/\(program.cell)/\(ContentHash.of(program.text))"
  }

  /// The best of each place's folder, of equals the one whose text comes first. Promises are not
  /// believed: a program that does not keep them is handed to `bad`.
  static func choose(
    _ traces: [CorpusTrace], _ bad: RetentionPolicy.Unjudged
  ) -> [CorpusTrace] {
    var best: [String: (trace: CorpusTrace, program: MaximalProgram)] = [:]
    for trace in traces {
      var program: MaximalProgram
      do throws(CommandFailure) {
        guard let read = try trace.program() else { continue }
        program = read
        if let problem = program.problems.first {
          throw CommandFailure(message: "\(trace.path): \(problem)", code: .badInput)
        }
      } catch {
        bad(trace, error)
        continue
      }
      let folder = PathText.folder(of: place(program))
      if let other = best[folder]?.program, !isBetter(program, other) { continue }
      best[folder] = (trace, program)
    }
    return best.values.map(\.trace)
  }

  private static func isBetter(_ one: MaximalProgram, _ other: MaximalProgram) -> Bool {
    (other.pages, one.operations, one.text) < (one.pages, other.operations, other.text)
  }

  /// The programs of a contest, in the order of their cells. What is none is handed to `bad`.
  func programs(
    _ contestName: String, _ bad: (CommandFailure) -> Void
  ) throws(CommandFailure) -> [MaximalProgram] {
    try Self.programs(below: "\(folder)/\(Self.folderName)/\(contestName)", bad).map(\.program)
  }

  private static func programs(
    below folder: String, _ bad: (CommandFailure) -> Void
  ) throws(CommandFailure) -> [(path: String, program: MaximalProgram)] {
    guard Files.exists(folder) else { return [] }
    var programs: [(path: String, program: MaximalProgram)] = []
    for trace in try CorpusTrace.all(below: folder, unreadable: bad) {
      do throws(CommandFailure) {
        if let program = try trace.program() { programs.append((trace.path, program)) }
      } catch {
        bad(error)
      }
    }
    return programs
  }

  /// Files a program where nothing better lies, and removes what it replaces. What is no program is
  /// handed to `bad` and left where it lies.
  func file(
    _ program: MaximalProgram, _ bad: (CommandFailure) -> Void
  ) throws(CommandFailure) {
    let path = "\(folder)/\(Self.place(program)).program"
    let cell = PathText.folder(of: path)
    var worse: [String] = []
    for (path, other) in try Self.programs(below: cell, bad) {
      if !Self.isBetter(program, other) { return }
      worse.append(path)
    }
    try answered { () throws(SystemError) in
      try AtomicFile.write(program.text, to: path)
      for path in worse { try Files.remove(path) }
    }
  }
}
