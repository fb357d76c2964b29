import JSONLines
import Platform
import PoolFuzzing
import PropertyTesting

/// What `fuzz`, `fuzz --target` and `maximize` have in common: steps until a limit or an interrupt,
/// a lock on the campaign, a state that is saved now and then, so that the process may be killed at
/// any moment, and lines that say how far it is.
final class CampaignFrame {
  /// What a campaign has to say, by the names that its lines have.
  enum Event: String {
    case progress, end
  }

  /// The time of the campaign.
  var clock: CampaignClock
  /// Where its state is kept; nil where nothing is.
  let file: StateFile?
  /// Whether nothing but findings is told.
  let isQuiet: Bool
  private let saveSeconds: Double
  /// Whether what is told is JSON.
  let isJSON: Bool
  private let streams: StandardStreams
  private var lastSave = 0.0
  private var lastProgress = 0.0

  init(
    _ arguments: ParsedArguments, _ file: StateFile?, _ streams: StandardStreams
  ) throws(CommandFailure) {
    clock = CampaignClock(limit: try arguments.seconds("--for"))
    saveSeconds = try arguments.seconds("--save-every") ?? 30
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    self.file = file
    self.streams = streams
    streams.tellsWhatIsFiled = file != nil
  }

  /// Listens for interrupts, and keeps other processes from the campaign as long as `body` runs.
  func run<Value>(
    _ body: () throws(CommandFailure) -> Value
  ) throws(CommandFailure) -> Value {
    Interruption.install()
    let lock = try file?.lock()
    defer { lock?.release() }
    return try body()
  }

  /// Steps until `isDone` says so, an interrupt comes, or the time is over.
  func work(
    until isDone: () -> Bool, step: () throws(CommandFailure) -> Void,
    save: () throws(CommandFailure) -> Void, tell: (Event) -> Void
  ) throws(CommandFailure) {
    // From here on it ends by its own limits.
    ProcessLimits.endInput()
    // In place on a terminal, a line a minute elsewhere.
    let progressSeconds: Double = StandardDescriptor.error.isTerminal ? 1 : 60
    while !Interruption.isRequested, !clock.isOver, !isDone() {
      try step()
      if file != nil, clock.seconds - lastSave > saveSeconds {
        try save()
        lastSave = clock.seconds
      }
      if clock.seconds - lastProgress >= progressSeconds {
        lastProgress = clock.seconds
        tell(.progress)
      }
    }
  }

  /// Removes the state of a campaign that has ended; false, with a note, where it cannot be: the same
  /// command would go on from its end.
  func removeState() -> Bool {
    do throws(CommandFailure) {
      try file?.remove()
      return true
    } catch {
      streams.note(error)
      return false
    }
  }

  /// Tells how far the campaign is in words.
  func tell(_ event: Event, _ text: @autoclosure () -> String) {
    guard !isQuiet else { return }
    if event == .progress, StandardDescriptor.error.isTerminal { return streams.progress(text()) }
    streams.note("\(event.rawValue): \(text())")
  }

  /// The same as a line of JSON, where that was asked for.
  func tell(_ event: Event, _ seed: Seed, _ members: @autoclosure () -> [(String, JSONValue)]) {
    guard isJSON else { return }
    streams.print(Self.object(event.rawValue, seed, members()))
    streams.flush()
  }

  /// What is said of a finding: one line, or one object. `origin` is the name and the value of what it
  /// was found with; `details` are further members, `lines` further lines.
  func tell(
    _ finding: FiledFinding, _ seed: Seed, origin: (String, String), isOfHealthyModel: Bool = false,
    details: [(String, JSONValue)] = [], lines: [String] = []
  ) {
    streams.print(
      Self.text(
        finding, seed, origin: origin, isOfHealthyModel: isOfHealthyModel, details: details,
        isJSON: isJSON))
    if !isJSON { for line in lines { streams.print("  " + line) } }
    streams.flush()
  }

  /// The line that tells of a finding.
  static func text(
    _ finding: FiledFinding, _ seed: Seed, origin: (String, String), isOfHealthyModel: Bool,
    details: [(String, JSONValue)] = [], isJSON: Bool
  ) -> String {
    if isJSON {
      let members = finding.members + details
      return object(
        "finding", seed, [(origin.0, .string(origin.1)), ("finding", .object(members))]
      ).versioned.text
    }
    let place = finding.trace.isEmpty ? "has its traces already" : finding.trace
    return "finding: \(isOfHealthyModel ? "the healthy model shows " : "")\(finding.identity):"
      + " \(counted(finding.operationsBefore, "operation")), now"
      + " \(finding.operationsAfter): \(place)"
  }

  private static func object(
    _ event: String, _ seed: Seed, _ members: [(String, JSONValue)]
  ) -> JSONValue {
    .object([("event", .string(event)), ("seed", .unsigned(seed.value))] + members)
  }
}

/// The state of a campaign as a file, written whole, from which a killed run goes on. One that does not
/// fit is named and left as it is: what it knows is worth more than that the command can begin.
struct StateFile {
  /// The path without its extension.
  let base: String
  /// What it must hold.
  let saved: SavedText

  /// Where it lies.
  var path: String { base + ".campaign" }

  /// Keeps other runs from working on the campaign; throws where one does.
  func lock() throws(CommandFailure) -> FileLock {
    let path = base + ".lock"
    guard let lock = try answered({ () throws(SystemError) in try FileLock.take(path) }) else {
      throw CommandFailure(
        message: "\(path): another process works on this campaign", code: .environment)
    }
    return lock
  }

  /// The seed of the latest campaign of a plan that has not ended; nil where the folder is not there.
  static func unfinishedSeed(
    in folder: String, _ planHash: String
  ) throws(CommandFailure) -> Seed? {
    let suffix = "-\(planHash).campaign"
    return try answered { () throws(SystemError) in
      guard try Files.kind(of: folder) == .folder else { return nil }
      var latest: (seconds: Double, name: String, seed: Seed)?
      for name in try Files.names(in: folder) where name.hasSuffix(suffix) {
        guard let number = UInt64(name.dropLast(suffix.count)),
          let seconds = try Files.secondsOfChange(folder + "/" + name)
        else { continue }
        if let latest, (seconds, name) < (latest.seconds, latest.name) { continue }
        latest = (seconds, name, Seed(number))
      }
      return latest?.seed
    }
  }

  /// What `parse` makes of a saved state; nil where there is none. Throws where the file is of
  /// something else.
  func load<State>(_ parse: (Substring) -> State?) throws(CommandFailure) -> State? {
    // What is there and cannot be read is no state that is absent: a run that began anew would write
    // over it.
    guard let bytes = try answered({ () throws(SystemError) in try Files.contents(of: path) })
    else { return nil }
    guard let body = saved.body(of: bytes), let state = parse(body) else {
      throw CommandFailure(
        message: "\(path): expected the state of the \(saved.kind) '\(saved.plan)';"
          + " remove the file to begin again",
        code: .badInput)
    }
    return state
  }

  /// Removes the file of a campaign that has ended.
  func remove() throws(CommandFailure) {
    try answered { () throws(SystemError) in try Files.remove(path) }
  }
}

/// The time of a campaign: this process, the run that it belongs to, and all runs.
struct CampaignClock {
  /// How long a run takes at most, in seconds; nil without a limit.
  let limit: Double?
  /// Seconds that the campaign has had in earlier processes.
  var earlierSeconds = 0.0
  /// Seconds that this run has had before it was ended and begun again.
  var earlierSecondsOfRun = 0.0
  private let start = ContinuousClock.now

  init(limit: Double?) { self.limit = limit }

  /// Seconds of this process.
  var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// Seconds of the campaign.
  var secondsOfAll: Double { earlierSeconds + seconds }

  /// Whether the run has had its time.
  var isOver: Bool { secondsLeft.map { $0 <= 0 } ?? false }

  /// Seconds that the run has left; nil without a limit.
  var secondsLeft: Double? { limit.map { max(0, $0 - earlierSecondsOfRun - seconds) } }

  /// Seconds of the run that a state keeps: what is over begins anew when the command is given again.
  var secondsToKeep: Double {
    limit == nil || isOver ? 0 : earlierSecondsOfRun + seconds
  }

  /// How many of a count of this process come in a second.
  func rate(_ count: UInt64) -> Double { Double(count) / max(seconds, 0.001) }
}
