import JSONLines
import Platform
import PoolReport
import PoolTrace

/// A history with what is said beside it: of a replay, or of a dump's one moment.
struct ShownHistory {
  /// The file, as messages name it.
  let path: String
  /// A line on what is shown.
  let about: String
  /// How the trace failed, for people; empty where it held.
  let failure: String
  /// What the pages held.
  let history: PoolHistory
  /// Names and values for a table.
  let figures: [(name: String, value: String)]
  /// Which proofs the bound is from, or why there is none.
  let boundNote: String
  /// What JSON says of the file, and behind the state.
  let members: (head: [(String, JSONValue)], tail: [(String, JSONValue)])
}

extension ShownHistory {
  /// What a page says of it.
  var part: HistoryPage.Part {
    HistoryPage.Part(
      history, title: PathText.name(of: path), about: about, failure: failure, metrics: figures,
      boundNote: boundNote)
  }
}

extension RecordedReplay {
  /// The replay to be shown.
  var shown: ShownHistory {
    ShownHistory(
      path: path, about: about, failure: problem, history: history, figures: figures,
      boundNote: bound.note,
      members: (
        [
          ("trace", .string(path)), ("profile", .string(profileName)),
          ("operations", .unsigned(history.operations)), ("outcome", .string(outcome.name)),
        ],
        [("metrics", ReplayReport.metrics(metrics)), ("bound", bound.json)]
      ))
  }
}

extension DumpInspection {
  /// The pools of a dump to be shown; throws where there are none to show.
  func shown(_ limits: RecordingLimits) throws(CommandFailure) -> ShownHistory {
    guard let pool else { throw CommandFailure(message: whyNoPool, code: .badInput) }
    try DumpViews.loadAll(pool, name, options.memoryLimit)
    let profile = pool.view.profile.name
    return ShownHistory(
      path: name, about: "\(profile), the pools of a crash dump of build \(header.build)",
      failure: "",
      history: DumpedMoment(pool, limits: limits).history, figures: [],
      boundNote: "a dump does not tell what was asked for, so no bound is proved",
      members: ([("dump", .string(name)), ("profile", .string(profile))], []))
  }
}

/// Replays a trace and records it, or opens a dump, and writes what was asked for.
struct ViewCommand {
  let settings: ViewSettings
  let streams: StandardStreams

  /// A trace that failed is shown all the same, and said; it is for `replay` to judge it.
  func run(_ path: String) throws(CommandFailure) -> ExitCode {
    let place = try ViewPlace(settings.output, settings.form, streams)
    let paths = [path] + (settings.compared.map { [$0] } ?? [])
    let histories = try paths.map { (path) throws(CommandFailure) in try history(path) }
    try place.write(text(histories))
    for shown in histories {
      if !settings.isQuiet, !settings.needsOneState, let note = shown.history.samplingNote {
        streams.remark("\(shown.path): \(note)")
      }
      if let asked = settings.operation, asked > shown.history.operations {
        let last = counted(shown.history.operations, "operation")
        streams.remark(
          "\(shown.path): --at \(asked) is past its end, after \(last), which is shown")
      }
      if !shown.failure.isEmpty { streams.remark(shown.failure) }
    }
    return .held
  }

  /// A trace that is replayed, or a dump's one moment.
  private func history(_ path: String) throws(CommandFailure) -> ShownHistory {
    if let dump = try DumpInspection(path: path, settings.dump) {
      return try dump.shown(settings.limits)
    }
    return try RecordedReplay(path: path, settings: settings, streams).shown
  }

  private func text(_ histories: [ShownHistory]) -> String {
    let shown = histories[0]
    let state = state(of: shown)
    guard histories.count > 1 else { return text(shown, state) }
    if case .page = settings.form { return HistoryPage.text(shown.part, beside: histories[1].part) }
    return PagePicture(state, beside: self.state(of: histories[1]), order: settings.order ?? .hole)
      .text(title: shown.part.title, beside: histories[1].part.title)
  }

  /// The state after the operation that was asked for, or at the end.
  private func state(of shown: ShownHistory) -> HistoryState {
    let history = shown.history
    return HistoryState(
      history,
      step: settings.operation.map(history.step(ofOperation:)) ?? history.stepCount - 1)
  }

  private func text(_ shown: ShownHistory, _ state: HistoryState) -> String {
    let history = shown.history
    let title = shown.part.title
    switch settings.form {
    case .page: return HistoryPage.text(shown.part)
    case .mapPicture: return PagePicture(state, order: settings.order ?? .hole).text(title: title)
    case .curvePicture(let subject):
      return CurvePicture(history, at: state).text(subject, title: title)
    case .text:
      var options = PageMapOptions()
      options.colour = settings.colours ? .ansi : .never
      if let columns = settings.columns { options.width = columns }
      return "\(shown.path): \(shown.about)\n"
        + HistoryText(
          history, at: state, order: settings.order ?? .address, options: options,
          pinLimit: settings.pinLimit
        ).text + "\nmetrics at the end\n"
        + shown.figures.map { "  \($0.name) \($0.value)\n" }.joined()
        + "  \(shown.boundNote)\n"
    case .json:
      return ViewReport.json(shown, state, pinLimit: settings.pinLimit).versioned.text + "\n"
    }
  }
}

/// Where what is shown goes: a file, or standard output.
struct ViewPlace {
  private let path: String?
  private let file: WholeFile?
  private let streams: StandardStreams

  /// Opened first, so that a place where nothing can be written is known before the replay.
  init(
    _ path: String?, _ form: ViewSettings.Form, _ streams: StandardStreams
  ) throws(CommandFailure) {
    if case .page = form, path == nil, StandardDescriptor.output.isTerminal {
      throw .usage("the page goes to a file: -o FILE; --text shows the pool here")
    }
    for ending in [".png", ".jpg", ".jpeg", ".gif", ".pdf"] {
      guard path?.lowercased().hasSuffix(ending) == true else { continue }
      throw .usage("view writes HTML, SVG, text and JSON, no \(ending.dropFirst().uppercased())")
    }
    (self.path, self.streams) = (path, streams)
    if let path { file = try WholeFile(path: path) } else { file = nil }
  }

  /// Writes it, and says how much went to a file.
  func write(_ text: String) throws(CommandFailure) {
    let bytes = Array(text.utf8)
    if let file {
      file.write(bytes)
      try file.finish()
      if let path, !streams.isQuiet {
        streams.note("written to \(path), \(counted(UInt64(bytes.count), "byte"))")
      }
    } else {
      streams.print(bytes: bytes)
      streams.flush()
    }
  }
}
