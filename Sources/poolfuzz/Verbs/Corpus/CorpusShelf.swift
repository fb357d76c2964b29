import ContentHash
import PoolFuzzing

/// The rule by which a part of a corpus is kept small, merged and minimized.
///
/// A shelf is a folder of the corpus. Its rule chooses among all traces that there are, whoever
/// brought them: a pure function of the set, so that merging is idempotent, does not depend on the
/// order of the folders, and counts nothing twice. A shelf with another rule is a row more in the
/// table.
struct CorpusShelf: Sendable {
  /// The folder's name.
  let name: String
  /// What its files are.
  var kind = CorpusTrace.Kind.trace
  /// What the rule keeps, for people.
  let purpose: String
  /// Where a trace belongs, below the corpus folder, the extension left out: two traces that belong
  /// to one place are the same.
  let place: @Sendable (CorpusTrace) -> String
  /// Chooses among traces that all differ in their place.
  let choose: @Sendable ([CorpusTrace]) throws -> [CorpusTrace]

  /// Every shelf that has a rule. What lies elsewhere is left alone.
  static let all: [CorpusShelf] = [found, kept, maximal]

  /// The shelf of a name, or nil.
  static func named(_ name: String) -> CorpusShelf? { all.first { $0.name == name } }

  /// Failures: a few traces of each, the shortest.
  private static let found = CorpusShelf(
    name: "found", purpose: "the \(FindingStore.mostPerFailure) shortest traces of each failure",
    place: { "\($0.folder)/\($0.contentName)" },
    choose: { traces in
      Dictionary(grouping: traces, by: \.folder).values.flatMap { same in
        same.sorted { ($0.operationCount, $0.text) < ($1.operationCount, $1.text) }
          .prefix(FindingStore.mostPerFailure)
      }
    })

  /// Healthy traces that show a behaviour: as few as show every feature that all show.
  private static let kept = CorpusShelf(
    name: "kept", purpose: "the fewest traces found that show every feature of behaviour",
    place: { "kept/\($0.contentName)" },
    choose: { try SignatureCover.choose($0) })

  /// The archive of `maximize`: of each contest and each kind of behaviour the best program.
  private static let maximal = CorpusShelf(
    name: ProgramArchive.shelf, kind: .program,
    purpose: "the best program of each contest and kind of behaviour",
    place: { trace in
      guard let program = try? trace.program() else { return trace.name }
      return ProgramArchive.place(program)
    },
    choose: { try ProgramArchive.choose($0) })
}

extension CorpusTrace {
  /// The name by which a trace is filed: the hash of its text alone.
  var contentName: String { ContentHash.of(text) }
}
