/// What can be fuzzed: the registry of the fuzz targets. Each has the program name `fuzz-NAME` and a
/// folder of inputs, `Corpus/fuzz/NAME`.
public struct FuzzSubject: Sendable {
  /// Its name.
  public let name: String
  /// The planted bug that shows that its alarm works: a mutant of the model, or a fault put between
  /// a parser and its laws.
  public let canary: String
  /// What a run without an alarm says something about.
  public let covers: String
  /// What it says nothing about.
  public let doesNotCover: String
  private let make: @Sendable (_ plant: String?) -> any FuzzHarness

  /// A harness for it; `plant` is a bug that it must find, the canary or a mutant of the model.
  public func harness(plant: String? = nil) -> any FuzzHarness { make(plant) }

  /// The one of a name.
  public static func named(_ name: String) -> FuzzSubject? { all.first { $0.name == name } }

  /// All of them.
  public static let all: [FuzzSubject] = [
    FuzzSubject(
      name: "trace", canary: "no-forward-merge",
      covers: "operations on the model of every version, misuse at the end included: invariants"
        + " of what is touched, of everything at the end, shadow allocator, what misuse comes to,"
        + " the bound, the law of the emptied pool",
      doesNotCover: "which block and which page is chosen, wrong refusals, the trace language"
    ) { TraceHarness(plant: $0) },
    FuzzSubject(
      name: "differential", canary: "keeps-free-page",
      covers: "the same operations on two versions: what both must answer, and their shadows",
      doesNotCover: "addresses and pages, which are a version's own; misuse, refusals, stores,"
        + " levels, processors, contiguous memory"
    ) { DifferentialHarness(plant: $0) },
    FuzzSubject(
      name: "language", canary: "writer-drops-tags",
      covers: "the parser and the writer of the trace language: no text crashes them, pieces read"
        + " as the whole, and what was read is the same when written and read again",
      doesNotCover: "what the operations do"
    ) { LanguageHarness(isPlanted: $0 != nil) },
    FuzzSubject(
      name: "listing", canary: "reader-moves-blocks",
      covers: "the readers of debugger output, and the checks, the diagnosis and the printing"
        + " behind them: no text crashes them, pieces read as the whole, no block is invented",
      doesNotCover: "whether a diagnosis is true"
    ) { ListingHarness(isPlanted: $0 != nil) },
    FuzzSubject(
      name: "import", canary: "importer-forgets-frees",
      covers:
        "the importers of recorded traces, the format chosen by the first byte: what they"
        + " write is in the language, and no slot is filled twice or freed empty",
      doesNotCover: "whether the trace says what the recording said; options of the import"
    ) { ImportHarness(isPlanted: $0 != nil) },
    FuzzSubject(
      name: "state", canary: "hash-not-compared",
      covers:
        "the readers of what runs save: campaigns, campaigns on targets, searches, certificates,"
        + " programs, detection tables, findings: no text with a hash that fits crashes them or a moment"
        + " of going on, written again it reads the same, a changed bit or a missing end is refused",
      doesNotCover:
        "whether what a state says ever happened; going on with its traces; the files themselves,"
        + " which .ci/faults kills, cuts off and fills up"
    ) { SavedHarness(isPlanted: $0 != nil) },
    FuzzSubject(
      name: "dump", canary: "header-eight-bytes-behind",
      covers:
        "the readers of crash dumps, on dumps of our writer with changes: no bytes crash them or"
        + " take long, what a walk says of a header stands in memory, and an unchanged dump shows the"
        + " model's pages",
      doesNotCover:
        "small dumps, ranges written by a debugger, large pages; whether a changed dump is"
        + " refused"
    ) { DumpHarness(isPlanted: $0 != nil) },
  ]
}

extension FuzzSubject: CustomStringConvertible {
  /// Its name.
  public var description: String { name }
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

  /// Joins two inputs; nil where they have no structure.
  func cross(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer, seed: UInt32
  ) -> Int?
}

extension FuzzHarness {
  /// Nothing beyond coverage.
  public var feedback: DomainFeedback { DomainFeedback() }

  /// Bytes have no structure that a change should keep.
  public func mutate(_ input: UnsafeMutableRawBufferPointer, count: Int, seed: UInt32) -> Int? {
    nil
  }

  /// Bytes have no structure to be joined by.
  public func cross(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer, seed: UInt32
  ) -> Int? { nil }

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
