import Platform
import PoolReport
import PoolTrace

/// Replays a trace, records it, and writes what was asked for.
struct ViewCommand {
  let settings: ViewSettings
  let streams: StandardStreams

  /// A trace that failed is shown all the same, and said; it is for `replay` to judge it.
  func run(_ path: String) throws(CommandFailure) -> ExitCode {
    if case .page = settings.form, settings.output == nil, StandardDescriptor.output.isTerminal {
      throw .usage("the page goes to a file: -o FILE; --text shows the pool here")
    }
    // Opened first, so that a place where nothing can be written is known before the replay.
    let file: WholeFile?
    if let output = settings.output { file = try WholeFile(path: output) } else { file = nil }
    let replay = try RecordedReplay(path: path, settings: settings)
    let bytes = Array(text(replay, title: PathText.name(of: path)).utf8)
    if let file {
      file.write(bytes)
      try file.finish()
    } else {
      streams.print(bytes: bytes)
      streams.flush()
    }
    if !settings.isQuiet, !settings.needsOneState, let note = replay.history.samplingNote {
      streams.note("poolfuzz: \(path): \(note)")
    }
    if replay.outcome.isFailure { streams.note("poolfuzz: " + replay.problem) }
    return .held
  }

  private func text(_ replay: RecordedReplay, title: String) -> String {
    let history = replay.history
    let step = settings.operation.map(history.step(ofOperation:)) ?? history.stepCount - 1
    let state = HistoryState(history, step: step)
    switch settings.form {
    case .page:
      return HistoryPage(history).text(
        title: title, about: replay.about, warning: replay.problem,
        metrics: replay.figures, boundNote: replay.bound.note)
    case .mapPicture: return PagePicture(state, order: settings.order ?? .hole).text(title: title)
    case .curvePicture(let subject):
      return CurvePicture(history, at: state).text(subject, title: title)
    case .text:
      var options = PageMapOptions()
      options.colour = settings.colours ? .ansi : .never
      if let columns = settings.columns { options.width = columns }
      return "\(replay.path): \(replay.about)\n"
        + HistoryText(
          history, at: state, order: settings.order ?? .address, options: options,
          pinLimit: settings.pinLimit
        ).text + "\nmetrics at the end\n"
        + replay.figures.map { "  \($0.name) \($0.value)\n" }.joined()
        + "  \(replay.bound.note)\n"
    case .json: return ViewReport.json(replay, state, pinLimit: settings.pinLimit).text + "\n"
    }
  }
}
