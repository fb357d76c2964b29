import Platform
import JSONLines
import ContentHash
import PoolFuzzing
import PoolTrace

/// `corpus merge` and `corpus minimize`: each folder's rule chooses among the traces of all folders.
///
/// The result is a function of the set of traces: merging a folder twice, or two in the other order,
/// changes nothing. A trace that several folders have counts once.
struct CorpusMerge {
  /// What the bad files ask for.
  private var code = ExitCode.held
  private let isDryRun: Bool
  private let isJSON: Bool
  private let isQuiet: Bool
  private let streams: StandardStreams

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) {
    isDryRun = arguments.has("--dry-run")
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    self.streams = streams
  }

  /// What became of a folder.
  private struct Tally {
    var folder: String
    var found = 0
    var duplicates = 0
    var kept = 0
    var added = 0
    var removed = 0
  }

  /// Merges the sources into each of the targets, which are minimized by it.
  mutating func run(sources: [String], into targets: [String]) throws -> ExitCode {
    for target in targets {
      if !isDryRun { AtomicFile.removeLeftovers(in: target) }
      let own = exists(target) ? try traces(below: target) : []
      if sources.isEmpty, !exists(target) {
        throw CommandFailure(message: "\(target): no such folder", code: .environment)
      }
      var all = own
      for source in sources { all += try traces(below: source) }
      for policy in RetentionPolicy.all {
        show(
          try merge(
            policy, all.filter { $0.topFolder == policy.name && $0.kind == policy.kind }, own,
            target))
      }
      let others = Set(
        all.filter { RetentionPolicy.named($0.topFolder)?.kind != $0.kind }.map(\.topFolder)
      )
      .sorted()
      if !others.isEmpty, !isQuiet {
        streams.note("left alone, for want of a rule: \(others.joined(separator: ", "))")
      }
    }
    return code
  }

  /// What can be read below a folder; what cannot be is told and left where it is.
  private mutating func traces(below folder: String) throws -> [CorpusTrace] {
    var failures: [CommandFailure] = []
    let traces = try CorpusTrace.all(below: folder) { failures.append($0) }
    failures.forEach { tell($0) }
    return traces
  }

  private mutating func tell(_ failure: CommandFailure) {
    streams.note(failure)
    code = code.combined(with: failure.code)
  }

  private mutating func merge(
    _ policy: RetentionPolicy, _ all: [CorpusTrace], _ own: [CorpusTrace], _ target: String
  ) throws -> Tally {
    var tally = Tally(folder: policy.name)
    tally.found = all.count
    let places = Dictionary(grouping: all, by: policy.place)
    tally.duplicates = all.count - places.count
    let unique = places.values.map(Self.best)
    var bad: Set<String> = []
    let chosen = policy.choose(unique) { trace, failure in
      bad.insert(trace.path)
      tell(failure)
    }
    tally.kept = chosen.count
    let names = Set(chosen.map(policy.place))
    for trace in chosen.sorted(by: { policy.place($0) < policy.place($1) }) {
      let base = target + "/" + policy.place(trace)
      if try write(trace, to: base) { tally.added += 1 }
    }
    for trace in own
    where trace.topFolder == policy.name && trace.kind == policy.kind
      && !names.contains(trace.name) && !bad.contains(trace.path)
    {
      tally.removed += 1
      if isDryRun {
        if !isQuiet, !isJSON { streams.print("would remove \(trace.path)") }
      } else {
        let certificate = trace.root + "/" + trace.name + ".certificate"
        try answered { () throws(SystemError) in
          try Files.remove(trace.path)
          try Files.remove(certificate)
        }
      }
    }
    return tally
  }

  /// Of several copies of one trace one with a certificate; among those the first by its text.
  private static func best(_ copies: [CorpusTrace]) -> CorpusTrace {
    copies.min { first, second in
      let (mine, theirs) = (first.certificate, second.certificate)
      if (mine == nil) != (theirs == nil) { return mine != nil }
      return (mine ?? "") < (theirs ?? "")
    } ?? copies[0]
  }

  /// Writes a trace where it is not there already; true where that changed something.
  private func write(_ trace: CorpusTrace, to base: String) throws(CommandFailure) -> Bool {
    func isThere(_ text: String, _ path: String) throws(SystemError) -> Bool {
      try Files.contents(of: path) == Array(text.utf8)
    }
    var changed = false
    do throws(SystemError) {
      if let certificate = trace.certificate,
        try !isThere(certificate, base + ".certificate")
      {
        changed = true
        if !isDryRun { try AtomicFile.write(certificate, to: base + ".certificate") }
      }
      let path = "\(base).\(trace.kind.rawValue)"
      if try !isThere(trace.text, path) {
        changed = true
        if !isDryRun { try AtomicFile.write(trace.text, to: path) }
      }
    } catch {
      throw CommandFailure(error)
    }
    return changed
  }

  private func exists(_ path: String) -> Bool { Files.exists(path) }

  private func show(_ tally: Tally) {
    if isJSON {
      streams.print(
        JSONValue.object([
          ("folder", .string(tally.folder)), ("traces", .integer(Int64(tally.found))),
          ("duplicates", .integer(Int64(tally.duplicates))),
          ("kept", .integer(Int64(tally.kept))), ("added", .integer(Int64(tally.added))),
          ("removed", .integer(Int64(tally.removed))), ("dry_run", .bool(isDryRun)),
        ]))
      return
    }
    guard !isQuiet else { return }
    streams.print(
      "\(tally.folder): \(counted(tally.found, "trace")), \(tally.duplicates) of them twice,"
        + " \(tally.kept) kept, \(tally.added) new here, \(tally.removed) removed")
  }
}

/// The rule by which a part of a corpus is kept small, merged and minimized.
///
/// A policy is for a folder of the corpus. Its rule chooses among all traces that there are, whoever
/// brought them: a pure function of the set, so that merging is idempotent, does not depend on the
/// order of the folders, and counts nothing twice. A folder with another rule is a row more in the
/// table.
struct RetentionPolicy: Sendable {
  /// The folder's name.
  let name: String
  /// What its files are.
  var kind = CorpusTrace.Kind.trace
  /// What the rule keeps, for people.
  let purpose: String
  /// Where a trace belongs, below the corpus folder, the extension left out: two traces that belong
  /// to one place are the same.
  let place: @Sendable (CorpusTrace) -> String
  /// Chooses among traces that all differ in their place; hands over those that it cannot judge, which
  /// are neither taken nor removed.
  let choose: @Sendable ([CorpusTrace], _ bad: Unjudged) -> [CorpusTrace]

  /// Is told of a trace that a rule cannot judge, and why.
  typealias Unjudged = (CorpusTrace, CommandFailure) -> Void

  /// Every folder that has a rule. What lies elsewhere is left alone.
  static let all: [RetentionPolicy] = [found, kept, maximal]

  /// The policy of a folder's name, or nil.
  static func named(_ name: String) -> RetentionPolicy? { all.first { $0.name == name } }

  /// Failures: a few traces of each, the shortest.
  private static let found = RetentionPolicy(
    name: "found", purpose: "the \(FindingStore.mostPerFailure) shortest traces of each failure",
    place: { "\($0.folder)/\($0.contentName)" },
    choose: { traces, _ in
      Dictionary(grouping: traces, by: \.folder).values.flatMap { same in
        same.sorted { ($0.operationCount, $0.text) < ($1.operationCount, $1.text) }
          .prefix(FindingStore.mostPerFailure)
      }
    })

  /// Healthy traces that show a behaviour: as few as show every feature that all show.
  private static let kept = RetentionPolicy(
    name: "kept", purpose: "the fewest traces found that show every feature of behaviour",
    place: { "kept/\($0.contentName)" },
    choose: { SignatureCover.choose($0, $1) })

  /// The archive of `maximize`: of each contest and each kind of behaviour the best program.
  private static let maximal = RetentionPolicy(
    name: ProgramArchive.folderName, kind: .program,
    purpose: "the best program of each contest and kind of behaviour",
    place: { trace in
      guard let program = try? trace.program() else { return trace.name }
      return ProgramArchive.place(program)
    },
    choose: { ProgramArchive.choose($0, $1) })
}

extension CorpusTrace {
  /// The name by which a trace is filed: the hash of its text alone.
  var contentName: String { ContentHash.of(text) }
}

/// Chooses the fewest traces that together show every feature that all of them show, greedily: the
/// one that adds most first, of equals the shorter, then the one whose text comes first. (The fewest
/// of all would take exponential time; greedy is within a logarithm of it.)
enum SignatureCover {
  /// The chosen ones, in the order of choice. What is not in the language is handed to `bad`.
  static func choose(
    _ traces: [CorpusTrace], _ bad: RetentionPolicy.Unjudged
  ) -> [CorpusTrace] {
    var rest: [(trace: CorpusTrace, features: Set<StateSignature.Feature>)] = []
    for trace in traces {
      do throws(CommandFailure) {
        rest.append((trace, Set(try features(of: trace))))
      } catch {
        bad(trace, error)
      }
    }
    rest.sort {
      ($0.trace.operationCount, $0.trace.text) < ($1.trace.operationCount, $1.trace.text)
    }
    var missing = rest.reduce(into: Set<StateSignature.Feature>()) { $0.formUnion($1.features) }
    var chosen: [CorpusTrace] = []
    while !missing.isEmpty {
      var best = 0
      var bestCount = 0
      for (index, candidate) in rest.enumerated() {
        let count = candidate.features.intersection(missing).count
        if count > bestCount { (best, bestCount) = (index, count) }
      }
      guard bestCount > 0 else { break }
      missing.subtract(rest[best].features)
      chosen.append(rest.remove(at: best).trace)
    }
    return chosen
  }

  /// The features that a trace shows, without checking anything.
  private static func features(of trace: CorpusTrace) throws(CommandFailure) -> [StateSignature
    .Feature]
  {
    ProcessLimits.begin(input: trace.path)
    var read: PoolFuzzTrace
    do throws(TraceError) {
      read = try PoolFuzzTrace.reading(trace.text)
    } catch {
      throw CommandFailure(message: error.description(file: trace.path), code: .badInput)
    }
    read.configuration.oracles = .none
    return FuzzRun(read).features
  }
}
