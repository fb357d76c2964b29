/// What can be fuzzed: each is one executable in `Fuzz/`, one folder in `Corpus/fuzz/`.
public enum FuzzSubject: String, Sendable, CaseIterable {
  /// Operations on the model, under the invariants and the shadow allocator.
  case trace
  /// The same operations on two versions: what must hold for both alike.
  case differential
  /// The parser of the trace language.
  case language
  /// The readers of debugger output, the checks and the diagnosis behind them.
  case listing
  /// The importers of recorded traces; the first byte chooses the format.
  case importing = "import"

  /// A harness for it; `plant` is a bug that it must find, by a name from `plants`.
  public func harness(plant: String? = nil) -> any FuzzHarness {
    switch self {
    case .trace: TraceHarness(plant: plant)
    case .differential: DifferentialHarness(plant: plant)
    case .language: LanguageHarness(isPlanted: plant != nil)
    case .listing: ListingHarness(isPlanted: plant != nil)
    case .importing: ImportHarness(isPlanted: plant != nil)
    }
  }

  /// A planted bug that shows that the alarm works: a mutant of the model, or a fault put between
  /// a parser and its laws.
  public var plant: String {
    switch self {
    case .trace: "no-forward-merge"
    case .differential: "keeps-free-page"
    case .language: "writer-drops-tags"
    case .listing: "reader-moves-blocks"
    case .importing: "importer-forgets-frees"
    }
  }
}

/// Runs one input after the other; it may keep what makes the next one cheaper, never what changes
/// its outcome.
public protocol FuzzHarness: AnyObject {
  /// Runs an input of any bytes; returns what is wrong, or nil.
  func run(_ bytes: UnsafeRawBufferPointer) -> FuzzFinding?

  /// What the last input reached, for an engine that wants more of it.
  var feedback: DomainFeedback { get }

  /// Changes an input in place; nil where the engine's own changes do as well.
  func mutate(_ input: UnsafeMutableRawBufferPointer, count: Int, seed: UInt32) -> Int?
}

extension FuzzHarness {
  /// Nothing beyond coverage.
  public var feedback: DomainFeedback { DomainFeedback() }

  /// Bytes have no structure that a change should keep.
  public func mutate(_ input: UnsafeMutableRawBufferPointer, count: Int, seed: UInt32) -> Int? {
    nil
  }

  /// Runs an array.
  public func run(_ bytes: [UInt8]) -> FuzzFinding? { bytes.withUnsafeBytes { run($0) } }
}

/// Something that is wrong.
public struct FuzzFinding: Sendable, Equatable {
  /// The broken rule, without addresses.
  public let rule: String
  /// What was seen.
  public let text: String
  /// The trace in the trace language, where there is one.
  public let trace: String?

  /// A finding.
  public init(rule: String, text: String, trace: String? = nil) {
    self.rule = rule
    self.text = text
    self.trace = trace
  }
}
