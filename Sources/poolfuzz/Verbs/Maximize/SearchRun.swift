import Foundation
import FragmentationSearch

/// One run of a search from scratch: epochs until a limit. With a corpus folder the state is saved
/// now and then, so that the process may be killed at any moment, and what is worth keeping goes
/// to the archive.
final class SearchRun {
  /// What the options of a search from scratch ask for.
  struct Settings {
    /// How long at most; nil without a limit.
    var seconds: Double?
    /// The corpus folder; nil if nothing is kept.
    var folder: String?
    /// Seconds between two saves.
    var saveSeconds: Double

    init(
      _ arguments: ParsedArguments, _ algorithm: FragmentationQuery.Algorithm
    ) throws(CommandFailure) {
      for option in SearchRun.options
      where algorithm.fromScratch == nil && arguments.has(option.name) {
        let others = FragmentationQuery.Algorithm.allCases.filter { $0.fromScratch != nil }
        throw .usage(
          "\(option.name) is for searches from scratch: --algorithm"
            + " \(others.map(\.rawValue).joined(separator: ", "))")
      }
      seconds = try arguments.value("--for").map(FuzzSettings.seconds)
      folder = arguments.value("--corpus")
      saveSeconds = try arguments.value("--save-every").map(FuzzSettings.seconds) ?? 30
    }
  }

  /// Options of `maximize` that only these searches have.
  static let options: [Option] = [
    Option(name: "--for", argument: .value("TIME"), help: "stop after 90s, 30m, 8h"),
    Option(
      name: "--corpus", argument: .value("DIR"),
      help: "save the state in DIR/maximize, keep the best programs in DIR/maximal"),
    Option(
      name: "--save-every", argument: .value("TIME"), help: "how often it saves (30s)"),
  ]

  private let query: FragmentationQuery
  private var campaign: SearchCampaign
  private let settings: Settings
  private let isQuiet: Bool
  private let streams: StandardStreams
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastSave = 0.0
  private var lastProgress = 0.0
  private var earlierOperations = 0

  init(
    _ query: FragmentationQuery, _ campaign: SearchCampaign, _ settings: Settings, isQuiet: Bool,
    _ streams: StandardStreams
  ) {
    self.query = query
    self.campaign = campaign
    self.settings = settings
    self.isQuiet = isQuiet
    self.streams = streams
    start = clock.now
  }

  /// Searches; gives the best trace so far where it is interrupted.
  func run() throws(CommandFailure) -> BestTrace {
    Interruption.install()
    let file = settings.folder.map { SearchFile(folder: $0, query, campaign) }
    let lock = try file.map { file throws(CommandFailure) in
      try CampaignLock(path: file.lockPath)
    }
    defer { lock?.release() }
    try begin(file)
    while !isDone {
      let before = campaign
      campaign = waiting {
        var after = before
        await after.runEpoch()
        return after
      }
      if let file, seconds - lastSave > settings.saveSeconds { try save(file) }
      progress()
    }
    if let file {
      try save(file)
      if campaign.isDone { file.remove() }
    }
    tell("end")
    return .answer(campaign.answer)
  }

  private var isDone: Bool {
    campaign.isDone || Interruption.isRequested || settings.seconds.map { seconds >= $0 } ?? false
  }

  private var seconds: Double { (clock.now - start) / .seconds(1) }

  /// Goes on from a saved state, or begins with what the archive has.
  private func begin(_ file: SearchFile?) throws(CommandFailure) {
    guard let file else { return }
    if try file.restore(&campaign) {
      earlierOperations = campaign.operationsSpent
      return streams.note("going on from operation \(earlierOperations) of \(file.path)")
    }
    let known = try file.archive.programs(MaximalProgram.contestName(query))
    guard !known.isEmpty else { return }
    campaign.welcome(known.map(\.elite))
    streams.note("\(known.count) programs of the archive are part of the beginning")
  }

  private func save(_ file: SearchFile) throws(CommandFailure) {
    lastSave = seconds
    try file.save(campaign)
    for elite in campaign.elites { try file.archive.file(MaximalProgram(query, elite)) }
  }

  private func progress() {
    let interval: Double = isatty(2) == 1 ? 5 : 60
    guard seconds - lastProgress >= interval else { return }
    lastProgress = seconds
    tell("progress")
  }

  private func tell(_ event: String) {
    guard !isQuiet else { return }
    let outcome = campaign.best?.outcome ?? SearchOutcome()
    let bound = query.bound().upperBound.pages
    let share = String(format: "%.2f %%", 100 * Double(outcome.pages) / Double(max(1, bound)))
    let spent = campaign.operationsSpent
    let rate = Int(Double(spent - earlierOperations) / max(seconds, 0.001))
    streams.note(
      "\(event): \(outcome.pages) pages, \(share) of the bound \(bound), level"
        + " \(outcome.largestFreeUnits + 1), \(spent) operations, \(rate) a second,"
        + " \(campaign.elites.count) kinds of behaviour")
  }
}
