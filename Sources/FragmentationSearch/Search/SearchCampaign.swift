import ContentHash
import PoolBounds
import PropertyTesting

/// A search in epochs: in each, every stream simulates the same number of operations. After an
/// epoch the search can be looked at, saved and resumed; what it has found depends on the question
/// and the number of epochs alone, not on how many streams run at once.
public struct SearchCampaign: Sendable {
  /// What is asked.
  public let question: SearchQuestion
  /// The algorithm's name.
  public let name: String
  /// Operations of a stream in an epoch.
  let epochOperations: Int
  /// Epochs that have ended.
  public private(set) var epoch = 0
  private var streams: [any SearchStream]
  /// Streams that do not go on, because one of their candidates had no end.
  public private(set) var abandoned: Set<Int> = []

  /// The longest epoch: about a second of a processor.
  private static let mostEpochOperations = 20_000_000

  /// A campaign at its beginning, on the abstract pool of the question.
  public init(
    _ question: SearchQuestion, _ algorithm: some SearchAlgorithm
  ) {
    let question = algorithm.divided(question)
    self.init(
      question, name: algorithm.name,
      streams: (0..<question.streams).map { algorithm.stream(question, number: $0) })
  }

  init(_ question: SearchQuestion, name: String, streams: [any SearchStream]) {
    self.question = question
    self.name = name
    self.streams = streams
    // Sixteen of them at least, so that short searches can be saved and resumed too.
    epochOperations = min(Self.mostEpochOperations, 1 + question.operationsPerStream / 16)
  }

  /// Whether the budget is spent.
  public var isDone: Bool {
    question.peakLiveUnits < question.geometry.smallestBlockUnits
      || streams.indices.allSatisfy {
        abandoned.contains($0) || streams[$0].operationsSpent >= question.operationsPerStream
      }
  }

  /// Leaves a stream as it is: what it has found so far stays, the others go on.
  public mutating func abandon(_ stream: Int) { abandoned.insert(stream) }

  /// Operations of a stream at the end of the next epoch, which begins.
  private mutating func goalOfNextEpoch() -> Int {
    epoch += 1
    let (reached, overflow) = epoch.multipliedReportingOverflow(by: epochOperations)
    return min(overflow ? .max : reached, question.operationsPerStream)
  }

  /// Lets every stream go on for an epoch, on the caller's thread.
  public mutating func runEpochHere() {
    let goal = goalOfNextEpoch()
    for number in streams.indices where !abandoned.contains(number) {
      streams[number].advance(to: goal)
    }
  }

  /// Lets every stream go on for an epoch; `running` is told which are at work.
  public mutating func runEpoch(telling running: RunningStreams = RunningStreams()) async {
    let goal = goalOfNextEpoch()
    let (before, abandoned) = (streams, abandoned)
    streams = await Parallel.map(streams.indices, workers: question.workers) { number in
      var stream = before[number]
      if !abandoned.contains(number) {
        running.executing((), UInt64(number)) { stream.advance(to: goal) }
      }
      return stream
    }
  }

  /// Shows candidates from elsewhere to every stream; before the first epoch, for they are part of
  /// the beginning.
  public mutating func welcome(_ elites: [SearchElite]) {
    for number in streams.indices { streams[number].welcome(elites) }
  }

  // MARK: Answers

  /// Operations simulated by all streams.
  public var operationsSpent: Int { streams.reduce(0) { $0 + $1.operationsSpent } }

  /// The best candidate, of the earliest stream among equals; nil before the first.
  public var best: SearchElite? { bestStream?.best }

  private var bestStream: (any SearchStream)? {
    var best: (any SearchStream)?
    for stream in streams {
      guard let pages = stream.best?.outcome.pages else { continue }
      if pages > best?.best?.outcome.pages ?? -1 { best = stream }
    }
    return best
  }

  /// The best candidate of each kind of behaviour, in the order of cells.
  public var elites: [SearchElite] {
    var cells: [ArchiveCell: SearchElite] = [:]
    for elite in streams.flatMap(\.elites) {
      let cell = ArchiveCell(elite.outcome, question.geometry)
      if cells[cell].map({ elite.outcome.isBetter(than: $0.outcome) }) ?? true {
        cells[cell] = elite
      }
    }
    return cells.sorted { $0.key < $1.key }.map(\.value)
  }

  /// What has been found so far, with the trace.
  public var answer: SearchAnswer {
    let stream = bestStream
    return SearchAnswer(
      algorithm: name, pages: stream?.best?.outcome.pages ?? 0, trace: stream?.trace() ?? [],
      operationsSpent: operationsSpent)
  }

  // MARK: State

  /// The state as text, a line for each part of it.
  public var text: String {
    var text = "epoch \(epoch) \(epochOperations)\n"
    if !abandoned.isEmpty {
      text += "abandoned \(abandoned.sorted().map(String.init).joined(separator: " "))\n"
    }
    for stream in streams {
      text += "stream\n" + stream.lines.map { $0 + "\n" }.joined()
    }
    return text
  }

  /// Goes on from a saved state; false, and nothing changed, where the text is no state of a
  /// campaign like this one.
  public mutating func restore(_ text: String) -> Bool {
    var parts: [[Substring]] = []
    var lines = text.split(separator: "\n")[...]
    let heading = lines.popFirst()?.split(separator: " ") ?? []
    guard heading.count == 3, heading[0] == "epoch", let epoch = SavedCount.reading(heading[1]),
      Int(heading[2]) == epochOperations
    else { return false }
    var left: Set<Int> = []
    if let line = lines.first, line.hasPrefix("abandoned ") {
      let numbers = line.dropFirst(10).split(separator: " ").map { SavedCount.reading($0) ?? -1 }
      left = Set(numbers)
      guard numbers == left.sorted(), !left.isEmpty, left.isSubset(of: Set(streams.indices)) else {
        return false
      }
      lines.removeFirst()
    }
    for line in lines {
      if line == "stream" {
        parts.append([])
      } else {
        guard !parts.isEmpty else { return false }
        parts[parts.count - 1].append(line)
      }
    }
    guard parts.count == streams.count else { return false }
    var restored = streams
    for (number, lines) in parts.enumerated() {
      guard restored[number].restore(lines) else { return false }
    }
    self.epoch = epoch
    abandoned = left
    streams = restored
    return true
  }
}

/// The streams of a search that are at work at this moment, for whoever watches that none stays in an
/// epoch for ever.
public typealias RunningStreams = RunningWork<Void>

/// What a search is asked: make this pool hold as many pages as possible within the cap, with at
/// most so many simulated operations.
///
/// The work is divided into numbered streams, each with its own part of the budget and its own
/// random numbers, so an answer depends on the seed and the number of streams, never on how many
/// run at once.
public struct SearchQuestion: Sendable, Hashable {
  /// The pool.
  public var geometry: PoolGeometry
  /// Its policy.
  public var rules: PlacementRules
  /// A rule imposed on all requests.
  public var remedy: Remedy
  /// The cap on live units.
  public var peakLiveUnits: Int
  /// Simulated operations to spend, all streams together.
  public var operations: Int
  /// The seed of everything random.
  public var seed: UInt64
  /// Independent streams, at least 1.
  public var streams: Int
  /// Streams that run at once, at least 1.
  public var workers: Int
  /// Operations of a raw candidate.
  public var traceOperations = 4096

  /// A question; streams and workers below 1 are taken as 1.
  public init(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int, operations: Int,
    seed: UInt64, streams: Int = 4, workers: Int = 1, remedy: Remedy = .none
  ) {
    self.geometry = geometry
    self.rules = rules
    self.remedy = remedy
    self.peakLiveUnits = max(0, peakLiveUnits)
    self.operations = max(0, operations)
    self.seed = seed
    self.streams = max(1, streams)
    self.workers = max(1, workers)
  }

  /// What each stream may spend.
  var operationsPerStream: Int { operations / streams }

  /// An empty pool under the remedy.
  func makePool() -> AbstractPool {
    AbstractPool(geometry: remedy.geometry(for: geometry), rules: rules)
  }
}

/// What a search found.
public struct SearchAnswer: Sendable, Hashable {
  /// The name of the algorithm.
  public let algorithm: String
  /// The most pages held at any moment of the best trace.
  public let pages: Int
  /// Operations of the best trace.
  public let trace: [AbstractOperation]
  /// Operations simulated in all.
  public let operationsSpent: Int
}

/// Work that is numbered before it is divided, so that results do not depend on how it is divided.
enum Parallel {
  /// `transform` of each number in order, at most `workers` of them at once.
  static func map<Output: Sendable>(
    _ numbers: Range<Int>, workers: Int, _ transform: @escaping @Sendable (Int) -> Output
  ) async -> [Output] {
    await withTaskGroup(of: (Int, Output).self) { group in
      var next = numbers.lowerBound
      var results: [Int: Output] = [:]
      func start() -> Bool {
        guard next < numbers.upperBound else { return false }
        let number = next
        next += 1
        group.addTask { (number, transform(number)) }
        return true
      }
      for _ in 0..<max(1, workers) where !start() { break }
      while let (number, output) = await group.next() {
        results[number] = output
        _ = start()
      }
      return numbers.compactMap { results[$0] }
    }
  }
}

/// The module's source of chance. Streams for independent work are derived, never shared.
public typealias SeededGenerator = SplitMix64

extension SplitMix64 {
  /// The stream of part `index` of the work of `seed`, independent of how work is divided.
  public init(seed: UInt64, stream index: UInt64) {
    var mixer = SplitMix64(seed: seed ^ (index &+ 1) &* 0xd1b5_4a32_d192_ed03)
    self.init(seed: mixer.next())
  }

  /// A number of a closed range.
  public mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }

  /// True `numerator` times in `denominator`.
  public mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
    below(denominator) < numerator
  }
}
