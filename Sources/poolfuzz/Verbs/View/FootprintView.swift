import AllocatorTargets
import JSONLines
import KernelPool
import Platform
import PoolReport

/// `view --target`: what other allocators hold for a trace over time, beside each other.
struct FootprintView {
  private let arguments: ParsedArguments
  private let targets: [String]
  private let streams: StandardStreams
  private let form: ViewSettings.Form

  /// Options that choose what is shown of the model's pool: a target has none.
  private static let options = [
    "--compare", "--at", "--order", "--pins", "--request", "--check", "--mutant", "--profile",
    "--steps", "--pages", "--width",
  ]
  /// Rows of the table of moments, in lines and on the page.
  private static let (linesOfText, linesOfPage) = (20, 200)

  /// One library or version at least.
  init(
    _ arguments: ParsedArguments, _ targets: [String], _ streams: StandardStreams
  ) throws(CommandFailure) {
    (self.arguments, self.targets, self.streams) = (arguments, targets, streams)
    form = try ViewSettings.form(arguments)
    for option in Self.options where arguments.has(option) {
      throw .usage("\(option) is for the model's pool; with --target, view has no use for it")
    }
    guard arguments.value("--svg").map({ ["", "time"].contains($0) }) ?? true else {
      throw .usage("with --target, --svg is 'time'")
    }
  }

  /// A target that does not get through the trace lacks its curve, and that is said; it is for `replay` to
  /// judge it.
  func run(_ operands: [String]) throws(CommandFailure) -> ExitCode {
    guard operands.count == 1, let path = operands.first else {
      throw .usage("view --target needs one trace")
    }
    let place = try ViewPlace(arguments.value("--output"), form, streams)
    let text = try textOfFile(path)
    let trace = try TargetTrace.ofFile(path, text).trace
    var (figures, code): ([FootprintFigures], ExitCode) = ([], .held)
    for (target, name) in zip(targets, names) {
      do throws(CommandFailure) {
        figures.append(try measured(trace, target, name))
      } catch {
        streams.remark("not measured: \(error.message)")
        code = .badInput
      }
    }
    if !figures.isEmpty {
      try place.write(shown(figures, path, CallSites(text), UInt64(trace.operations.count)))
    }
    return code
  }

  /// Short names; two builds of one library are told apart by their paths.
  private var names: [String] {
    let short = targets.map(TargetOptions.shortName)
    return zip(targets, short).map { target, name in
      short.count { $0 == name } > 1 ? target : name
    }
  }

  private func measured(
    _ trace: TargetTrace, _ target: String, _ name: String
  ) throws(CommandFailure) -> FootprintFigures {
    let profile = Profile.named(target)
    let settings = try TargetOptions.settings(arguments, library: target)
    do throws(TargetError) {
      if let profile { return try FootprintFigures.measured(trace, on: profile) }
      return try FootprintFigures.measured(
        trace, on: settings, name: name, executable: TargetOptions.resolvedExecutable)
    } catch {
      throw CommandFailure(message: error.message, code: .badInput)
    }
  }

  // MARK: What is shown

  private func shown(
    _ figures: [FootprintFigures], _ path: String, _ sites: CallSites, _ operations: UInt64
  ) -> String {
    let most = figures.map(\.peakLiveBytes).max() ?? 0
    let about = "at most \(counted(most, "byte")) live, \(counted(operations, "operation"))"
    let picture = FootprintPicture(figures.map(\.curve), operations: operations)
    switch form {
    case .json:
      return figures.map { row in
        let members = FootprintTable.members(row, sites, moments: ViewReport.moments)
        let head: [(String, JSONValue)] = [
          ("trace", .string(path)), ("target", .string(row.name)),
        ]
        return JSONValue.object(head + members).versioned.text + "\n"
      }.joined()
    case .text:
      let lines =
        ["\(path): \(about)"] + FootprintTable.aligned(FootprintTable.rows(figures))
        + figures.map(\.curve.sentence) + ["over time, the worst moments marked *"]
        + FootprintTable.aligned(Self.moments(figures, atMost: Self.linesOfText))
      return lines.map { $0 + "\n" }.joined()
    case .mapPicture, .curvePicture:
      return picture.text(title: PathText.name(of: path))
    case .page:
      let page = FootprintPage(title: PathText.name(of: path), about: about)
      return page.text(
        picture,
        summary: FootprintPage.Table(
          heading: "What each of them held, in bytes", rows: FootprintTable.rows(figures)),
        keepers: figures.filter { $0.pins.pages > 0 }.map { Self.keepers($0, sites) },
        moments: FootprintPage.Table(
          heading: "The figures over time, the worst moments marked *",
          rows: Self.moments(figures, atMost: Self.linesOfPage)))
    }
  }

  private static func keepers(
    _ figures: FootprintFigures, _ sites: CallSites
  ) -> FootprintPage.Table {
    let rows = figures.pins.rows.prefix(FootprintTable.mostTags).map { row in
      [
        FootprintTable.text(row.tag), "\(row.pages)", "\(row.pagesAlone)", "\(row.blocks)",
        "\(row.bytes)", sites[row.tag] ?? "-",
      ]
    }
    return FootprintPage.Table(
      heading: FootprintTable.keepers(figures) + " at its worst moment",
      rows: [["tag", "pages", "alone", "blocks", "bytes", "call site"]] + rows)
  }

  /// A row a moment, columns a target. All targets are measured behind the same operations.
  private static func moments(_ figures: [FootprintFigures], atMost limit: Int) -> [[String]] {
    let chosen = Set(figures.flatMap { $0.moments(atMost: limit).map(\.operation) })
    let columns = figures.map { row in
      Dictionary(row.moments.map { ($0.operation, $0) }, uniquingKeysWith: { first, _ in first })
    }
    let heads = figures.flatMap { ["\($0.name) held", "live", "over live", "pinned pages"] }
    let rows = chosen.sorted().map { operation in
      ["\(operation)"]
        + zip(figures, columns).flatMap { figures, moments in
          guard let moment = moments[operation] else { return ["-", "-", "-", "-"] }
          let mark = figures.worst?.operation == operation ? "*" : ""
          let ratio =
            moment.liveBytes == 0 ? "-" : FootprintTable.rounded(moment.heldOverLive)
          return [
            "\(mark)\(moment.heldBytes)", "\(moment.liveBytes)", ratio, "\(moment.pinnedPages)",
          ]
        }
    }
    return [["operation"] + heads] + rows
  }
}

extension FootprintFigures {
  /// The same for a picture.
  fileprivate var curve: FootprintCurve {
    func drawn(_ moment: Moment) -> FootprintCurve.Moment {
      FootprintCurve.Moment(
        operation: UInt64(moment.operation), held: moment.heldBytes, live: moment.liveBytes,
        pinnedPages: UInt64(moment.pinnedPages))
    }
    return FootprintCurve(name: name, moments: moments.map(drawn), worst: worst.map(drawn))
  }
}
