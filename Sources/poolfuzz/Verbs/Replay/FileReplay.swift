import KernelPool
import PoolDebugger
import PoolReport
import PoolTrace

/// Replays trace files one after the other and tells how each ended.
struct FileReplay {
  private let settings: ReplaySettings
  private let streams: StandardStreams

  init(_ settings: ReplaySettings, _ streams: StandardStreams) {
    self.settings = settings
    self.streams = streams
  }

  /// Replays every path. A trace that cannot be read does not keep the others from being replayed.
  func run(_ paths: [String]) -> ExitCode {
    var code = ExitCode.held
    for path in paths {
      do throws(CommandFailure) {
        code = code.combined(with: try replay(path))
      } catch {
        if settings.json { streams.print(ReplayReport.json(path, error.message).text) }
        streams.flush()
        streams.note("poolfuzz: \(error.message)")
        code = code.combined(with: error.code)
      }
    }
    return code
  }

  private func replay(_ path: String) throws(CommandFailure) -> ExitCode {
    var file = try TraceFile(path: path)
    var configuration = try file.configuration()
    if let profile = settings.profile {
      configuration = configuration.replacingProfile(by: profile)
    }
    if shows(.configuration) { showConfiguration(configuration) }
    var session: ReplaySession
    do {
      session = try ReplaySession.boot(
        configuration, level: settings.level, mutant: settings.mutant)
    } catch {
      throw CommandFailure(message: "\(file.path): \(error.message)", code: .badInput)
    }
    let line = try run(&file, &session)
    return report(file.path, line: line, session)
  }

  /// Runs the operations; returns the line of the one that the outcome is about.
  private func run(
    _ file: inout TraceFile, _ session: inout ReplaySession
  ) throws(CommandFailure) -> UInt64 {
    var transcript = Transcript(session.view)
    if shows(.state) {
      transcript.initialisation.forEach(streams.print)
      for note in session.replayer.configuration.notes { streams.print("# note " + note) }
    }
    var map = shows(.step) ? PageMap(session.view) : nil
    var line: UInt64 = 0
    var memory = MemoryLimit(settings.memoryLimit)
    while let operation = try file.next() {
      try memory.allow(operation, session.replayer.slots, in: file)
      guard let result = session.step(operation) else {
        if case .expect = operation { line = file.line }
        break
      }
      if case .expect = operation { continue }
      line = file.line
      if shows(.state) {
        transcript.lines(operation, result, tags: session.replayer.tags).forEach(streams.print)
      } else if let before = map {
        map = showStep(operation, session, before)
      }
    }
    session.finish()
    return line
  }

  private func showConfiguration(_ configuration: TraceConfiguration) {
    show(configuration.effective.line(.everything))
    for note in configuration.notes { show("# note " + note) }
  }

  private func shows(_ view: ReplayViewOption) -> Bool { settings.views.contains(view) }

  private func mapOptions(_ pages: PageMapOptions.Pages) -> PageMapOptions {
    var options = PageMapOptions()
    options.pages = pages
    options.colour = settings.colours ? .ansi : .never
    if let width = settings.mapWidth { options.width = width }
    return options
  }

  private func showStep(
    _ operation: PoolTrace.Operation, _ session: borrowing ReplaySession, _ before: PageMap
  ) -> PageMap {
    let map = PageMap(session.view)
    show("\(session.operations): \(TraceWriter.line(operation))")
    show(map.text(mapOptions(.changed), since: before))
    return map
  }

  // MARK: Reports

  private func report(
    _ path: String, line: UInt64, _ session: borrowing ReplaySession
  ) -> ExitCode {
    let outcome = session.outcome ?? .ok
    let code: ExitCode = outcome.isOK ? .held : .found
    if settings.json {
      streams.print(ReplayReport.json(path, session, settings).text)
    } else if !outcome.isOK {
      streams.flush()
      ReplayReport.text(path, line: line, session).forEach(streams.note)
    } else if !settings.quiet, !shows(.state) {
      streams.print(
        "\(path): ok, \(session.operations) operations on"
          + " \(session.replayer.configuration.pool.profile.name)")
    }
    return code.combined(with: showViews(session)).combined(with: breach(path, session))
  }

  /// More pages than are proved possible are a finding, whatever the invariants say.
  private func breach(_ path: String, _ session: borrowing ReplaySession) -> ExitCode {
    guard let breach = BoundShare(session).breach else { return .held }
    streams.flush()
    streams.note("\(path): \(breach)")
    return .found
  }

  private func showViews(_ session: borrowing ReplaySession) -> ExitCode {
    var code = ExitCode.held
    let view = session.view
    for option in settings.views {
      switch option {
      case .state, .configuration, .step: break
      case .pool: code = showPages(session)
      case .poolUsed: showTags(view)
      case .virtualMemory:
        let printer = VirtualMemoryPrinter(view)
        show(printer.text)
        show(printer.diagnosis)
      case .fragmentation: show(FragmentationPrinter(view).text)
      case .map: show(PageMap(view).text(mapOptions(.all)))
      case .metrics:
        guard !settings.json else { continue }
        show(session.metrics(requestBytes: settings.requestBytes).text)
        show(BoundShare(session).text)
      }
    }
    return code
  }

  /// Prints what is meant for people: on standard error where standard output is for programs.
  private func show(_ text: String) {
    let text = text.hasSuffix("\n") ? String(text.dropLast()) : text
    if settings.json { streams.note(text) } else { streams.print(text) }
  }

  private func showPages(_ session: borrowing ReplaySession) -> ExitCode {
    var code = ExitCode.held
    let printer = PoolPagePrinter(session.view, descriptions: settings.descriptions)
    for place in settings.pages {
      guard let address = session.replayer.address(named: place) else {
        streams.note("poolfuzz: --pool \(place): neither an address nor a slot with one")
        code = .usage
        continue
      }
      show(printer.text(for: address))
    }
    return code
  }

  private func showTags(_ view: PoolView) {
    let flags = PoolUsedFlags(
      rawValue: UInt32(clamping: ParsedArguments.number(settings.poolUsed) ?? 0))
    do {
      show(
        try PoolUsedPrinter(view, descriptions: settings.descriptions).text(flags: flags))
    } catch {
      streams.note("poolfuzz: --poolused: \(error.message)")
    }
  }
}
