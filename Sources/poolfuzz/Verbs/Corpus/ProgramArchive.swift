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
  /// believed: a program that does not keep them is bad input.
  static func choose(_ traces: [CorpusTrace]) throws(CommandFailure) -> [CorpusTrace] {
    var best: [String: (trace: CorpusTrace, program: MaximalProgram)] = [:]
    for trace in traces {
      guard let program = try trace.program() else { continue }
      if let problem = program.problems.first {
        throw CommandFailure(message: "\(trace.path): \(problem)", code: .badInput)
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

  /// The programs of a contest, in the order of their cells.
  func programs(_ contestName: String) throws(CommandFailure) -> [MaximalProgram] {
    let contest = "\(folder)/\(Self.folderName)/\(contestName)"
    guard Files.exists(contest) else { return [] }
    var programs: [MaximalProgram] = []
    for trace in try CorpusTrace.all(below: contest) {
      if let program = try trace.program() { programs.append(program) }
    }
    return programs
  }

  /// Files a program where nothing better lies, and removes what it replaces.
  func file(_ program: MaximalProgram) throws(CommandFailure) {
    let path = "\(folder)/\(Self.place(program)).program"
    let cell = PathText.folder(of: path)
    var worse: [String] = []
    if Files.exists(cell) {
      for trace in try CorpusTrace.all(below: cell) {
        guard let other = try trace.program() else { continue }
        if !Self.isBetter(program, other) { return }
        worse.append(trace.path)
      }
    }
    try answered { () throws(SystemError) in
      try AtomicFile.write(program.text, to: path)
      for path in worse { try Files.remove(path) }
    }
  }
}
