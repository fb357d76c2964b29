import KernelPool
import PoolOracles
import PoolTrace
import struct PropertyTesting.FailureIdentity

/// What a trace came to: one outcome, one code and one line, the same for every verb that judges
/// traces.
struct TraceVerdict {
  /// The word for JSON.
  let outcome: String
  /// The code.
  let code: ExitCode
  /// Lines for people; the first is the verdict.
  let lines: [String]
  /// Whether the failure that the file's header names occurs; nil where it names none.
  var showsRecorded: Bool?

  /// Nothing was judged, and why: exit 3.
  static func notJudged(_ path: String, _ why: String) -> TraceVerdict {
    TraceVerdict(
      outcome: ReplayOutcome.notJudged.name, code: .badInput,
      lines: ["\(path): not judged: \(why)"], showsRecorded: nil)
  }

  /// The verdict on traces that were recorded against somebody else's allocator: no library is
  /// loaded because a file names it.
  static func recordedAgainst(
    _ target: String, _ header: TraceHeader, _ path: String
  ) -> TraceVerdict {
    // The command that it was filed with has the library's path and its option.
    let filed = header.command?.value ?? ""
    let command =
      filed.hasPrefix("poolfuzz replay --target ") && filed.hasSuffix(" FILE")
      ? filed.dropLast(4) + path : "poolfuzz replay --target \(target) \(path)"
    return .notJudged(path, "recorded against \(target), another allocator; '\(command)' judges it")
  }

  /// Judges a trace file as `replay` does.
  static func judging(
    _ path: String, level: CheckLevel
  ) throws(CommandFailure) -> TraceVerdict {
    var file = try TraceFile(path: path)
    let configuration = try file.configuration()
    if let target = file.header.target {
      return .recordedAgainst(target.value, file.header, path)
    }
    let mutant = try file.plantedBug()
    var session = try ReplaySession.boot(
      configuration ?? TraceConfiguration(), level: level, mutant: mutant, for: path)
    let line = try session.run(&file)
    session.finishByEmptying()
    return TraceVerdict(
      path, line: line, session, file.header, hasConfiguration: configuration != nil,
      isStrict: false)
  }

  /// What `replay` objects to in a trace that breaks no rule: that an expectation of its author is unmet.
  /// Nil where there is nothing, and for standard input, which cannot be read again.
  static func unmetExpectation(_ path: String) throws(CommandFailure) -> TraceVerdict? {
    guard path != "-" else { return nil }
    let verdict = try judging(path, level: .full)
    return verdict.code == .found && verdict.showsRecorded == nil ? verdict : nil
  }

  private init(outcome: String, code: ExitCode, lines: [String], showsRecorded: Bool?) {
    self.outcome = outcome
    self.code = code
    self.lines = lines
    self.showsRecorded = showsRecorded
  }

  /// The verdict on a replay that has ended. `line` is that of the operation that the outcome is
  /// about; `isStrict` makes skipped operations fail.
  init(
    _ path: String, line: UInt64, _ session: borrowing ReplaySession, _ header: TraceHeader,
    hasConfiguration: Bool, isStrict: Bool
  ) {
    let outcome = session.outcome ?? .notJudged
    let profile = session.replayer.configuration.pool.profile.name
    let ran = "\(counted(session.operations, "operation")) on \(profile)"
    let skipped = Self.skipped(session)
    let notes = [skipped, Self.misuse(session)].filter { !$0.isEmpty }
      .map { ", " + $0 }.joined()
    if let recorded = header.failure?.value, session.level != .off {
      self.init(path, line, session, recorded: recorded, ran + notes)
      return
    }
    if outcome.isFailure {
      self.init(
        outcome: outcome.name, code: .found, lines: Self.failure(path, line, session),
        showsRecorded: nil)
    } else if session.level == .off {
      self.init(
        outcome: outcome.name, code: .held, lines: ["\(path): not checked, \(ran)\(notes)"],
        showsRecorded: nil)
    } else if session.operations == 0, !hasConfiguration, !session.judgedExpectations {
      self = .notJudged(path, "the trace is empty")
    } else if session.skippedCount == session.operations, session.operations > 0 {
      self = .notJudged(path, "every operation was skipped: \(skipped)")
    } else if isStrict, session.skippedCount > 0 {
      self.init(
        outcome: "skipped", code: .found, lines: ["\(path): \(skipped), with --strict a failure"],
        showsRecorded: nil)
    } else {
      let what = session.operations == 0 ? "the boot of \(profile)" : ran
      self.init(
        outcome: outcome.name, code: .held,
        lines: ["\(path): ok, \(what)\(notes)\(Self.omissions(session.level))"],
        showsRecorded: nil)
    }
  }

  /// The verdict where the file names the failure that it shows.
  private init(
    _ path: String, _ line: UInt64, _ session: borrowing ReplaySession, recorded: String,
    _ ran: String
  ) {
    let outcome = session.outcome ?? .notJudged
    if session.identities.contains(FailureIdentity(recorded)) {
      var lines = Self.failure(path, line, session)
      lines[0] = "\(path): as recorded, '\(recorded)': " + lines[0].dropFirst(path.count + 1)
      self.init(outcome: outcome.name, code: .found, lines: lines, showsRecorded: true)
    } else if outcome.isFailure, !session.stoppedAsDocumented {
      self.init(
        outcome: outcome.name, code: .found,
        lines: Self.failure(path, line, session)
          + ["\(path): recorded was '\(recorded)', which does not occur"],
        showsRecorded: false)
    } else {
      let end =
        session.stoppedAsDocumented
        ? "the kernel stops as this version documents it for such misuse" : "ok"
      self.init(
        outcome: session.stoppedAsDocumented ? outcome.name : "ok", code: .held,
        lines: [
          "\(path): gone: '\(recorded)' does not occur: \(end), \(ran)"
            + Self.omissions(session.level)
        ],
        showsRecorded: false)
    }
  }

  // MARK: Parts of the line

  /// Where it failed and why, a line for each broken rule.
  static func failure(
    _ path: String, _ line: UInt64, _ session: borrowing ReplaySession
  ) -> [String] {
    let place = "\(path):\(line): operation \(session.operations): "
    switch session.outcome ?? .notJudged {
    case .ok, .notJudged: return []
    case .violation(let failures): return failures.map { place + "violation " + $0.text }
    case .halted(let reason): return [place + reason.text(AddressPrinter(session.view))]
    case .raised(let status): return [place + "raised 0x" + String(status, radix: 16)]
    case .expectation(let message): return [place + "unmet expectation: " + message]
    }
  }

  private static func omissions(_ level: CheckLevel) -> String {
    level.omissions.isEmpty ? "" : " (\(level.omissions))"
  }

  private static func skipped(_ session: borrowing ReplaySession) -> String {
    guard session.skippedCount > 0 else { return "" }
    var named = session.skipped.map { skipped in
      skipped.line > 0 ? "line \(skipped.line): \(skipped.text)" : skipped.text
    }
    if session.skippedCount > UInt64(named.count) { named.append("...") }
    return "\(session.skippedCount) skipped (\(named.joined(separator: "; ")))"
  }

  private static func misuse(_ session: borrowing ReplaySession) -> String {
    session.checked.misuse.map { "operation \($0) is misuse, nothing is predicted from there on" }
      ?? ""
  }
}

extension ReplaySession {
  /// Sets up the machine that a file asks for; one that cannot be is told with the file's name.
  static func boot(
    _ configuration: TraceConfiguration, level: CheckLevel, mutant: Mutant = .none, for path: String
  ) throws(CommandFailure) -> ReplaySession {
    do {
      return try boot(configuration, level: level, mutant: mutant)
    } catch {
      throw CommandFailure(message: "\(path): \(error.message)", code: .badInput)
    }
  }
}
