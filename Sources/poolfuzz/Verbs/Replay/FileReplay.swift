import CrashDumps
import KernelPool
import PoolDebugger
import PoolDumps
import PoolOracles
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
        if settings.json { streams.print(ReplayReport.json(path, error.message)) }
        streams.flush()
        streams.note(error)
        code = code.combined(with: error.code)
      }
    }
    return code
  }

  private func replay(_ path: String) throws(CommandFailure) -> ExitCode {
    if let place = settings.exercise,
      let objection = try Exercise(place, for: path).objection(to: path)
    {
      return show(.notJudged(path, objection), path)
    }
    var file = try TraceFile(path: path, streams)
    let configuration = try file.configuration()
    if let target = file.header.target {
      return show(.recordedAgainst(target.value, file.header, file.path), file.path)
    }
    // Opened first, so that a place where nothing can be written is known before the replay.
    let dump = try settings.crashDump.map { path throws(CommandFailure) in
      try WholeFile(path: path)
    }
    var machine = configuration ?? TraceConfiguration()
    if let profile = settings.profile { machine = machine.replacingProfile(by: profile) }
    if shows(.configuration) { showConfiguration(machine) }
    var session: ReplaySession
    let mutant = try file.plantedBug(unless: settings.mutant)
    session = try ReplaySession.boot(machine, level: settings.level, mutant: mutant, for: file.path)
    let line = try run(&file, &session)
    // What the pool shows, before the law of the emptied pool empties it.
    let state = ReplayReport.State(session, settings)
    let (views, code) = views(of: session)
    if let dump { try write(session, to: dump) }
    session.finishByEmptying()
    let verdict = TraceVerdict(
      file.path, line: line, session, file.header, hasConfiguration: configuration != nil,
      isStrict: settings.isStrict)
    if settings.json {
      streams.print(ReplayReport.json(file.path, session, verdict, state))
    } else {
      tell(verdict)
    }
    views.forEach(show)
    return verdict.code.combined(with: code)
  }

  /// Writes the machine as a crash dump. A machine that has no dump of the kind asked for is a wrong
  /// command line.
  private func write(
    _ session: borrowing ReplaySession, to file: WholeFile
  ) throws(CommandFailure) {
    do throws(CrashDumpError) {
      let dump = try MachineDump(
        session.view, session.replayer.configuration, halted: session.replayer.pool.halted,
        form: settings.dumpForm)
      try dump.write(file.write)
    } catch {
      throw .usage("--crash-dump: \(error.message)")
    }
    try file.finish()
  }

  /// Says of a trace that it was not run.
  private func show(_ verdict: TraceVerdict, _ path: String) -> ExitCode {
    if settings.json {
      streams.print(ReplayReport.json(path, verdict))
    } else {
      tell(verdict)
    }
    return verdict.code
  }

  /// Says what fails on standard error, and what holds on standard output.
  private func tell(_ verdict: TraceVerdict) {
    if verdict.code != .held {
      streams.flush()
      verdict.lines.forEach(streams.note)
    } else if !settings.quiet, !shows(.state) {
      verdict.lines.forEach(streams.print)
    }
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
    let showsState = shows(.state)
    return try session.run(&file) { session, operation, result in
      if showsState {
        transcript.lines(operation, result, tags: session.replayer.tags).forEach(streams.print)
      } else if let before = map {
        map = showStep(operation, session, before, isSkipped: result == .skipped)
      }
    }
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
    _ operation: PoolTrace.Operation, _ session: borrowing ReplaySession, _ before: PageMap,
    isSkipped: Bool
  ) -> PageMap {
    let map = PageMap(session.view)
    let note = isSkipped ? "   (skipped: it means nothing here)" : ""
    show("\(session.operations): \(TraceWriter.line(operation))\(note)")
    let changes = map.text(mapOptions(.changed), since: before)
    if !changes.isEmpty { show(changes) }
    return map
  }

  // MARK: What is shown at the end

  /// The texts that the options ask for.
  private func views(of session: borrowing ReplaySession) -> (texts: [String], code: ExitCode) {
    var texts: [String] = []
    var code = ExitCode.held
    let view = session.view
    for option in settings.views {
      switch option {
      case .state, .configuration, .step: break
      case .pool:
        let pages = pages(of: session)
        texts += pages.texts
        code = code.combined(with: pages.code)
      case .poolUsed: if let tags = tags(view) { texts.append(tags) }
      case .virtualMemory:
        let printer = VirtualMemoryPrinter(view)
        texts += [printer.text, printer.diagnosis]
      case .fragmentation: texts.append(FragmentationPrinter(view).text)
      case .map: texts.append(PageMap(view).text(mapOptions(.all)))
      case .metrics:
        guard !settings.json else { continue }
        texts.append(
          session.metrics(requestBytes: settings.requestBytes).text(
            where: settings.metrics.includes))
        texts.append(BoundShare(session).text)
      }
    }
    return (texts, code)
  }

  /// Prints what is meant for people: on standard error where standard output is for programs.
  private func show(_ text: String) {
    let text = text.hasSuffix("\n") ? String(text.dropLast()) : text
    if settings.json { streams.note(text) } else { streams.print(text) }
  }

  private func pages(of session: borrowing ReplaySession) -> (texts: [String], code: ExitCode) {
    var texts: [String] = []
    var code = ExitCode.held
    let printer = PoolPagePrinter(session.view, descriptions: settings.descriptions)
    for place in settings.pages {
      let view = session.view
      guard let written = session.replayer.address(named: GivenAddress.digits(place)) else {
        streams.remark("--pool \(place): neither an address nor a slot with one")
        code = .usage
        continue
      }
      let given = GivenAddress(text: place, address: written)
      let address = given.settled(streams) { view.byte($0) != nil }
      if view.byte(address) == nil {
        streams.remark(
          "--pool \(place): no page is mapped at \(String(address, radix: 16))")
        code = code.combined(with: .badInput)
      }
      texts.append(printer.text(for: address))
    }
    return (texts, code)
  }

  private func tags(_ view: PoolView) -> String? {
    let flags = PoolUsedFlags(
      rawValue: UInt32(clamping: Quantity.bare.number(settings.poolUsed) ?? 0))
    do {
      return try PoolUsedPrinter(view, descriptions: settings.descriptions).text(flags: flags)
    } catch {
      streams.remark("--poolused: \(error.message)")
      return nil
    }
  }
}
