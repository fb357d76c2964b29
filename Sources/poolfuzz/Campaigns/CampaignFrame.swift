import Foundation
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
  private let isJSON: Bool
  private let streams: StandardStreams
  private var lastSave = 0.0
  private var lastProgress = 0.0

  init(
    _ arguments: ParsedArguments, _ file: StateFile?, _ streams: StandardStreams
  ) throws(CommandFailure) {
    clock = CampaignClock(limit: try arguments.value("--for").map(FuzzSettings.seconds))
    saveSeconds = try arguments.value("--save-every").map(FuzzSettings.seconds) ?? 30
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    self.file = file
    self.streams = streams
  }

  /// Listens for interrupts, and keeps other processes from the campaign as long as `body` runs.
  func run<Value>(
    _ body: () throws(CommandFailure) -> Value
  ) throws(CommandFailure) -> Value {
    Interruption.install()
    let lock = try file.map { file throws(CommandFailure) in try CampaignLock(path: file.lockPath) }
    defer { lock?.release() }
    return try body()
  }

  /// Steps until `isDone` says so, an interrupt comes, or the time is over.
  func work(
    until isDone: () -> Bool, step: () throws(CommandFailure) -> Void,
    save: () throws(CommandFailure) -> Void, tell: (Event) -> Void
  ) throws(CommandFailure) {
    let progressSeconds: Double = isatty(2) == 1 ? 5 : 60
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

  /// Tells how far the campaign is in words.
  func tell(_ event: Event, _ text: @autoclosure () -> String) {
    if !isQuiet { streams.note("\(event.rawValue): \(text())") }
  }

  /// The same as a line of JSON, where that was asked for.
  func tell(_ event: Event, _ seed: Seed, _ members: @autoclosure () -> [(String, JSONValue)]) {
    if isJSON { print(event.rawValue, seed, members()) }
  }

  /// The one line about a finding. `origin` is the name and the value of what it was found with.
  func tell(
    _ finding: FiledFinding, _ seed: Seed, origin: (String, String), isOfHealthyModel: Bool = false
  ) {
    guard !isJSON else {
      return print(
        "finding", seed, [(origin.0, .string(origin.1)), ("finding", .object(finding.members))])
    }
    let place = finding.trace.isEmpty ? "has its traces already" : finding.trace
    streams.print(
      "finding: \(isOfHealthyModel ? "the healthy model shows " : "")\(finding.identity):"
        + " \(counted(finding.operationsBefore, "operation")), now"
        + " \(finding.operationsAfter): \(place)")
    streams.flush()
  }

  private func print(_ event: String, _ seed: Seed, _ members: [(String, JSONValue)]) {
    streams.print(
      JSONValue.object(
        [("event", .string(event)), ("seed", .unsigned(seed.value))] + members
      ).text)
    streams.flush()
  }
}
