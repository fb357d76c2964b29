import Dispatch
import Foundation
import Platform
import ContentHash
import FragmentationSearch
import PoolFuzzing
import Synchronization

/// One run of a search from scratch: epochs until a limit. With a corpus folder the state is saved
/// now and then, so that the process may be killed at any moment, and at the end what is worth keeping
/// goes to the archive.
final class SearchRun {
  /// What the options of a search from scratch ask for.
  struct Settings {
    /// Whether the clock ends it.
    let hasTime: Bool
    /// The corpus folder; nil if nothing is kept.
    let folder: String?
    fileprivate let arguments: ParsedArguments

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
      hasTime = arguments.has("--for")
      folder = arguments.value("--corpus")
      self.arguments = arguments
    }
  }

  /// Options of `maximize` that only these searches have.
  static let options: [Option] = [
    Option(name: "--for", argument: .quantity("TIME", .time()), help: "stop after 90s, 30m, 8h"),
    Option(
      name: "--corpus", argument: .value("DIR"),
      help: "save the state in DIR/maximize, at the end the best programs in DIR/maximal"),
    Option(
      name: "--save-every", argument: .quantity("TIME", .time()), help: "how often it saves (30s)"),
  ]

  private let query: FragmentationQuery
  private var campaign: SearchCampaign
  private let saved: SavedText
  private let file: SearchFile?
  private let frame: CampaignFrame
  private let streams: StandardStreams
  private let slowStreams: SlowStreams
  private var earlierOperations = 0

  init(
    _ query: FragmentationQuery, _ campaign: SearchCampaign, _ settings: Settings,
    _ streams: StandardStreams
  ) throws(CommandFailure) {
    self.query = query
    self.campaign = campaign
    self.streams = streams
    let saved = SearchFile.saved(query, campaign)
    self.saved = saved
    file = settings.folder.map { SearchFile(folder: $0, saved, campaign) }
    frame = try CampaignFrame(settings.arguments, file?.state, streams)
    let words = settings.arguments.words(except: ["--seed", "--for"])
    slowStreams = SlowStreams(
      campaign, saved, file, frame.clock,
      words: ["maximize"] + words + ["--seed", "\(campaign.question.seed)"])
  }

  /// Searches; gives the best trace so far where it is interrupted.
  func run() throws(CommandFailure) -> BestTrace {
    try frame.run { () throws(CommandFailure) in
      try begin()
      let watch = SlowWork(seconds: ProcessLimits.seconds)
      try watch.watch([slowStreams.running], file: slowStreams.leaveOut) {
        () throws(CommandFailure) in
        try frame.work(until: { campaign.isDone }, step: runEpoch, save: save, tell: tell)
      }
      try save()
      try fileTheBest()
      tell(.end)
      return .answer(campaign.answer)
    }
  }

  /// Removes the state of a search that is done, once what it found is where it belongs: until then
  /// the same command goes on from its end.
  func end() throws(CommandFailure) {
    if campaign.isDone { try file?.state.remove() }
  }

  private func runEpoch() {
    let before = campaign
    let running = slowStreams.running
    slowStreams.epochBegins(before)
    campaign = waiting {
      var after = before
      await after.runEpoch(telling: running)
      return after
    }
  }

  /// Goes on from a saved state, or begins with what the archive has.
  private func begin() throws(CommandFailure) {
    let handed = try answered { () throws(SystemError) in try ProcessStart.handedText() }
    guard let file else {
      guard let handed else { return }
      guard let text = saved.body(of: handed), campaign.restore(String(text)) else {
        throw CommandFailure(
          message: "the process that was here before handed over no state of this search",
          code: .environment)
      }
      earlierOperations = campaign.operationsSpent
      return
    }
    if let saved = try file.restored(campaign) {
      campaign = saved
      earlierOperations = campaign.operationsSpent
      return streams.note("going on from operation \(earlierOperations) of \(file.state.path)")
    }
    let known = try file.archive.programs(MaximalProgram.contestName(query)) { streams.note($0) }
    guard !known.isEmpty else { return }
    campaign.welcome(known.map(\.elite))
    streams.note("\(counted(known.count, "program")) of the archive are part of the beginning")
  }

  private func save() throws(CommandFailure) {
    try file?.save(campaign)
  }

  /// Puts into the archive what is worth keeping, once the search has ended: what it holds on the way
  /// depends on when somebody looks. An interrupted search has it in its state; one that is done loses
  /// its state in the end, and files what it has whether somebody wants it to end or not.
  private func fileTheBest() throws(CommandFailure) {
    guard let file, campaign.isDone || !Interruption.isRequested else { return }
    for elite in campaign.elites {
      try file.archive.file(MaximalProgram(query, elite)) { streams.note($0) }
    }
  }

  private func tell(_ event: CampaignFrame.Event) {
    let outcome = campaign.best?.outcome ?? SearchOutcome()
    let bound = query.bound().upperBound.pages
    let share = String(format: "%.2f %%", 100 * Double(outcome.pages) / Double(max(1, bound)))
    let spent = campaign.operationsSpent
    frame.tell(
      event,
      "\(counted(outcome.pages, "page")), \(share) of the bound \(bound), level"
        + " \(outcome.largestFreeUnits + 1), \(counted(spent, "operation")),"
        + " \(Int(frame.clock.rate(UInt64(spent - earlierOperations)))) a second,"
        + " \(campaign.elites.count) kinds of behaviour")
  }
}

/// What leaves a stream out of a search that stays in an epoch longer than a trace may take or ends the process (see
/// ``SlowWork``).
///
/// The stream is left as it is, and a process that begins anew goes on without it, from the state before the epoch.
private final class SlowStreams: Sendable {
  /// Who is at work.
  let running = SlowWork.streams()
  private let file: SearchFile?
  private let saved: SavedText
  private let words: [String]
  private let clock: CampaignClock
  /// The search before the epoch that runs.
  private let before: Mutex<SearchCampaign>

  /// A watch over a search that `words` begin anew, with the time that is left.
  init(
    _ campaign: SearchCampaign, _ saved: SavedText, _ file: SearchFile?, _ clock: CampaignClock,
    words: [String]
  ) {
    before = Mutex(campaign)
    (self.saved, self.file, self.clock, self.words) = (saved, file, clock, words)
  }

  /// An epoch begins.
  func epochBegins(_ campaign: SearchCampaign) { before.withLock { $0 = campaign } }

  /// Goes on in a new process from the state before the epoch, without the stream. With a corpus folder
  /// the state lies there, and beside it the one that shows the stream. Does nothing where the stream got on.
  func leaveOut(_ run: RunningStreams.Run, _ ending: SlowWork.Ending) {
    guard running.isExecuting(run) else { return }
    let number = Int(run.number)
    let text = "stream \(number) of the search \(ending.words)"
    let before = before.withLock { $0 }
    var left = before
    left.abandon(number)
    var words = words
    if let rest = clock.secondsLeft { words += ["--for", "\(Int(rest * 1000))ms"] }
    do throws(SystemError) {
      guard let file else {
        StandardStreams.remark(text + ": left out; --corpus DIR keeps a state that shows it")
        try ProcessStart.beginAnew(words, handing: saved.text(left.text))
      }
      let kept = "\(file.state.base).stream-\(number)"
      try AtomicFile.write(saved.text(before.text), to: kept)
      try AtomicFile.write(saved.text(left.text), to: file.state.path)
      StandardStreams.remark("\(text): left out; \(kept) is a state that shows it")
      try ProcessStart.beginAnew(words)
    } catch {
      let pages = before.best?.outcome.pages ?? 0
      StandardStreams.remark("\(text): \(error.message); the search had \(counted(pages, "page"))")
      ProcessStart.end(ExitCode.environment.rawValue)
    }
  }
}

/// What a search keeps in a corpus folder: its state, and what is worth keeping of it.
struct SearchFile {
  /// The state, from which a killed run goes on.
  let state: StateFile
  /// Where what is worth keeping goes.
  let archive: ProgramArchive

  /// The files of a search; their name tells searches apart.
  init(folder: String, _ saved: SavedText, _ campaign: SearchCampaign) {
    state = StateFile(
      base: "\(folder)/maximize/\(campaign.question.seed)-\(ContentHash.of(saved.plan).prefix(8))",
      saved: saved)
    archive = ProgramArchive(folder: folder)
  }

  /// The state of a search as a text.
  static func saved(_ query: FragmentationQuery, _ campaign: SearchCampaign) -> SavedText {
    let question = campaign.question
    return SavedText(
      kind: "search", format: 2,
      plan: "seed=\(question.seed) algorithm=\(campaign.name)"
        + " contest=\(MaximalProgram.contestName(query))"
        + " streams=\(question.streams) operations=\(question.operations)")
  }

  /// Writes the state.
  func save(_ campaign: SearchCampaign) throws(CommandFailure) {
    do throws(SystemError) {
      try AtomicFile.write(state.saved.text(campaign.text), to: state.path)
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }

  /// The search as it was saved; nil where it was not. Throws where the file is of something else.
  func restored(_ campaign: SearchCampaign) throws(CommandFailure) -> SearchCampaign? {
    AtomicFile.removeLeftovers(in: PathText.folder(of: state.path))
    AtomicFile.removeLeftovers(in: archive.folder + "/" + ProgramArchive.folderName)
    return try state.load { text in
      var saved = campaign
      return saved.restore(String(text)) ? saved : nil
    }
  }
}
