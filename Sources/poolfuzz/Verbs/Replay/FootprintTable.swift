import AllocatorTargets
import Foundation
import JSONLines
import KernelPool
import Platform
import PoolTrace
import PropertyTesting

/// What traces make allocators hold, side by side: `replay` with several `--target` or with `--metrics`.
final class FootprintTable {
  /// The figures of one trace, in the order of the targets.
  private struct Section {
    var path: String
    var sites: CallSites
    var figures: [FootprintFigures] = []
  }

  private let arguments: ParsedArguments
  private let streams: StandardStreams
  private var sections: [Section] = []
  /// Rows of tags below the table, for each target.
  static let mostTags = 5
  /// Moments of the curve in JSON.
  private static let mostMoments = 200

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) {
    self.arguments = arguments
    self.streams = streams
  }

  /// Judges the traces of files on every library, measures them on every target, and prints the table.
  func run(_ targets: [String], _ files: [String]) throws(CommandFailure) -> ExitCode {
    for option in ["--junit", "--as-c"] where targets.count > 1 && arguments.has(option) {
      throw .usage("\(option) takes one --target, not \(targets.count)")
    }
    var code = ExitCode.held
    for target in targets where !Interruption.isRequested {
      if let profile = Profile.named(target) {
        code = code.combined(with: measure(files, on: profile))
      } else {
        let replay = try TargetReplay(arguments, library: target, streams, measuring: self)
        code = code.combined(with: try replay.run(files))
      }
    }
    if !arguments.has("--json") { sections.forEach(printTable) }
    return Interruption.isRequested ? .interrupted : code
  }

  private func measure(_ files: [String], on profile: Profile) -> ExitCode {
    var code = ExitCode.held
    for path in files {
      do throws(CommandFailure) {
        let text = try textOfFile(path)
        let trace = try TargetTrace.ofFile(path, text).trace
        let members = note(path, text) { () throws(TargetError) in
          try FootprintFigures.measured(trace, on: profile)
        }
        if arguments.has("--json") {
          streams.print(
            JSONValue.object(
              [("trace", .string(path)), ("target", .string(profile.name))] + members
            ))
        }
      } catch {
        streams.note(error)
        code = code.combined(with: error.code)
      }
    }
    return code
  }

  /// Measures a trace on a library; answers with its members of JSON.
  func note(
    _ path: String, _ text: String, _ trace: TargetTrace, _ settings: TargetSettings
  ) -> [(String, JSONValue)] {
    note(path, text) { () throws(TargetError) in
      try FootprintFigures.measured(
        trace, on: settings, name: TargetOptions.shortName(settings.library),
        executable: TargetOptions.resolvedExecutable)
    }
  }

  private func note(
    _ path: String, _ text: String, _ measure: () throws(TargetError) -> FootprintFigures
  ) -> [(String, JSONValue)] {
    do throws(TargetError) {
      let figures = try measure()
      let known = sections.firstIndex { $0.path == path }
      let place = known ?? sections.count
      if known == nil { sections.append(Section(path: path, sites: CallSites(text))) }
      sections[place].figures.append(figures)
      return Self.members(figures, sections[place].sites, moments: Self.mostMoments)
    } catch {
      // What became of the trace is the judge's to say; the table only lacks a row.
      streams.remark("not measured: \(error.message)")
      return [("metrics", .null)]
    }
  }

  // MARK: JSON

  /// What JSON says of a trace on a target, with so many moments at most.
  static func members(
    _ figures: FootprintFigures, _ sites: CallSites, moments limit: Int
  ) -> [(String, JSONValue)] {
    func count(_ number: some BinaryInteger) -> JSONValue { .unsigned(UInt64(number)) }
    let last = figures.moments.last
    let metrics: [(String, JSONValue)] = [
      (MetricName.bytesHeld.rawValue, count(last?.heldBytes ?? 0)),
      (MetricName.liveRequestedBytes.rawValue, count(last?.liveBytes ?? 0)),
      ("peak_bytes_held", count(figures.peakHeldBytes)),
      (MetricName.peakLiveRequestedBytes.rawValue, count(figures.peakLiveBytes)),
      (MetricName.peakHeldOverPeakLive.rawValue, .number(figures.peakHeldOverPeakLive)),
      (MetricName.averageHeldOverLive.rawValue, .number(figures.averageHeldOverLive)),
      (MetricName.heldOverLiveAtPeakLive.rawValue, .number(figures.heldOverLiveAtPeakLive)),
      (MetricName.heldOverLiveAtPeakHeld.rawValue, .number(figures.heldOverLiveAtPeakHeld)),
      ("refused", count(figures.refusals)),
    ]
    let worst = figures.worst.map { worst -> JSONValue in
      let rows = figures.pins.rows.map { row -> JSONValue in
        .object([
          ("tag", .string(text(row.tag))), ("site", .optional(sites[row.tag])),
          ("pages", count(row.pages)), ("pages_alone", count(row.pagesAlone)),
          ("blocks", count(row.blocks)), ("bytes", count(row.bytes)),
        ])
      }
      return .object([
        ("operation", count(worst.operation)),
        (MetricName.bytesHeld.rawValue, count(worst.heldBytes)),
        (MetricName.liveRequestedBytes.rawValue, count(worst.liveBytes)),
        (MetricName.pinnedPages.rawValue, count(figures.pins.pages)),
        ("used_pages", count(figures.pins.usedPages)), ("pinned_by", .array(rows)),
      ])
    }
    let moments = figures.moments(atMost: limit).map { moment -> JSONValue in
      .array([
        count(moment.operation), count(moment.heldBytes), count(moment.liveBytes),
        count(moment.pinnedPages),
      ])
    }
    return [
      ("metrics", .object(metrics)), ("worst", worst ?? .null), ("over_time", .array(moments)),
    ]
  }

  // MARK: Text

  private func printTable(_ section: Section) {
    let most = section.figures.map(\.peakLiveBytes).max() ?? 0
    streams.print("\(section.path): at most \(counted(most, "byte")) live")
    Self.aligned(Self.rows(section.figures)).forEach(streams.print)
    for figures in section.figures where figures.pins.pages > 0 {
      printPins(figures, section.sites)
    }
  }

  /// A row for each target below the names of the columns.
  static func rows(_ figures: [FootprintFigures]) -> [[String]] {
    [
      [
        "target", "held at most", "over live at most", "on average", "worst: operation", "held",
        "live", "pinned pages", "refused",
      ]
    ]
      + figures.map { figures in
        let worst = figures.worst
        return [
          figures.name, "\(figures.peakHeldBytes)", rounded(figures.peakHeldOverPeakLive),
          rounded(figures.averageHeldOverLive), worst.map { "\($0.operation)" } ?? "-",
          worst.map { "\($0.heldBytes)" } ?? "-", worst.map { "\($0.liveBytes)" } ?? "-",
          "\(figures.pins.pages) of \(figures.pins.usedPages)", "\(figures.refusals)",
        ]
      }
  }

  private func printPins(_ figures: FootprintFigures, _ sites: CallSites) {
    let pins = figures.pins
    streams.print("\(Self.keepers(figures)):")
    for row in pins.rows.prefix(Self.mostTags) {
      let site = sites[row.tag].map { "  \($0)" } ?? ""
      streams.print(
        "  \(Self.text(row.tag)): \(counted(row.pages, "page")), \(row.pagesAlone) alone, by"
          + " \(counted(row.blocks, "block")) of \(counted(row.bytes, "byte"))\(site)")
    }
    if pins.rows.count > Self.mostTags {
      streams.print("  and \(counted(pins.rows.count - Self.mostTags, "more tag"))")
    }
  }

  /// What is said above those who keep pages.
  static func keepers(_ figures: FootprintFigures) -> String {
    let keep = figures.pins.pages == 1 ? "is kept" : "are kept"
    return "\(figures.name): \(counted(figures.pins.pages, "page")) \(keep) by less than a tenth"
  }

  /// Columns in line: the first to the left, figures to the right.
  static func aligned(_ rows: [[String]]) -> [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let blanks = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + blanks : blanks + cell
      }
      return "  " + cells.joined(separator: "  ")
    }
  }

  static func text(_ tag: UInt32) -> String {
    tag == 0 ? "no tag" : MetricScope.tag(PoolTag(word: tag)).name
  }

  static func rounded(_ ratio: Double) -> String { String(format: "%.2f", ratio) }
}

/// What call sites stand behind tags, as `import` writes it: comment lines `# tag XXXX is SITE`.
struct CallSites {
  private var names: [UInt32: String] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") where line.hasPrefix("# tag ") {
      let words = line.dropFirst(6).split(separator: " ", maxSplits: 2)
      guard words.count == 3, words[1] == "is",
        case .tag(let tag)? = MetricKey("tag.\(words[0]).live_blocks")?.scope
      else { continue }
      names[tag.word] = String(words[2])
    }
  }

  subscript(_ tag: UInt32) -> String? { names[PoolTag(word: tag).unprotected.word] }
}

extension TargetTrace {
  /// The trace of a file's text, and what its first comments say.
  static func ofFile(
    _ path: String, _ text: String
  ) throws(CommandFailure) -> (trace: TargetTrace, header: TraceHeader) {
    let read: (trace: TargetTrace, header: TraceHeader)
    do throws(TraceError) {
      read = try reading(text)
    } catch {
      throw CommandFailure(message: error.description(file: path), code: .badInput)
    }
    let count = read.trace.operations.count
    guard count > 0 else {
      throw CommandFailure(message: "\(path): not judged: the trace is empty", code: .badInput)
    }
    guard count <= TargetTester.mostOperations else {
      throw CommandFailure(
        message: "\(path): not judged: \(counted(count, "operation")) are more than"
          + " \(TargetTester.mostOperations)", code: .badInput)
    }
    return read
  }
}
