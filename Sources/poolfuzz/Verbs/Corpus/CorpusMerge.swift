import Foundation
import PoolFuzzing

/// `corpus merge` and `corpus minimize`: each shelf's rule chooses among the traces of all folders.
///
/// The result is a function of the set of traces: merging a folder twice, or two in the other order,
/// changes nothing. A trace that several folders have counts once.
struct CorpusMerge {
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

  /// What became of a shelf.
  private struct Tally {
    var shelf: String
    var found = 0
    var duplicates = 0
    var kept = 0
    var added = 0
    var removed = 0
  }

  /// Merges the sources into each of the targets, which are minimized by it.
  func run(sources: [String], into targets: [String]) throws -> ExitCode {
    for target in targets {
      let own = exists(target) ? try CorpusTrace.all(below: target) : []
      if sources.isEmpty, !exists(target) {
        throw CommandFailure(message: "\(target): no such folder", code: .environment)
      }
      var all = own
      for source in sources { all += try CorpusTrace.all(below: source) }
      for shelf in CorpusShelf.all {
        show(
          try merge(
            shelf, all.filter { $0.shelf == shelf.name && $0.kind == shelf.kind }, own, target))
      }
      let others = Set(all.filter { CorpusShelf.named($0.shelf)?.kind != $0.kind }.map(\.shelf))
        .sorted()
      if !others.isEmpty, !isQuiet {
        streams.note("left alone, for want of a rule: \(others.joined(separator: ", "))")
      }
    }
    return .held
  }

  private func merge(
    _ shelf: CorpusShelf, _ all: [CorpusTrace], _ own: [CorpusTrace], _ target: String
  ) throws -> Tally {
    var tally = Tally(shelf: shelf.name)
    tally.found = all.count
    let places = Dictionary(grouping: all, by: shelf.place)
    tally.duplicates = all.count - places.count
    let unique = places.values.map(Self.best)
    let chosen = try shelf.choose(unique)
    tally.kept = chosen.count
    let names = Set(chosen.map(shelf.place))
    for trace in chosen.sorted(by: { shelf.place($0) < shelf.place($1) }) {
      let base = target + "/" + shelf.place(trace)
      if try write(trace, to: base) { tally.added += 1 }
    }
    for trace in own
    where trace.shelf == shelf.name && trace.kind == shelf.kind && !names.contains(trace.name) {
      tally.removed += 1
      if isDryRun {
        if !isQuiet, !isJSON { streams.print("would remove \(trace.path)") }
      } else {
        unlink(trace.path)
        unlink(trace.root + "/" + trace.name + ".certificate")
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
    func isThere(_ text: String, _ path: String) -> Bool {
      FileManager.default.contents(atPath: path) == Data(text.utf8)
    }
    var changed = false
    do throws(AtomicFile.Failure) {
      if let certificate = trace.certificate, !isThere(certificate, base + ".certificate") {
        changed = true
        if !isDryRun { try AtomicFile.write(certificate, to: base + ".certificate") }
      }
      let path = "\(base).\(trace.kind.rawValue)"
      if !isThere(trace.text, path) {
        changed = true
        if !isDryRun { try AtomicFile.write(trace.text, to: path) }
      }
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
    return changed
  }

  private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  private func show(_ tally: Tally) {
    if isJSON {
      streams.print(
        JSONValue.object([
          ("shelf", .string(tally.shelf)), ("traces", .integer(Int64(tally.found))),
          ("duplicates", .integer(Int64(tally.duplicates))),
          ("kept", .integer(Int64(tally.kept))), ("added", .integer(Int64(tally.added))),
          ("removed", .integer(Int64(tally.removed))), ("dry_run", .bool(isDryRun)),
        ]).text)
      return
    }
    guard !isQuiet else { return }
    streams.print(
      "\(tally.shelf): \(tally.found) traces, \(tally.duplicates) of them twice,"
        + " \(tally.kept) kept, \(tally.added) new here, \(tally.removed) removed")
  }
}
