import KernelPool
import PoolOracles
import PropertyTesting

/// What one trace keeps to: drawn once at its start, with features left out at random.
///
/// (Groce et al., "Swarm Testing", 2012.) The features belong to the generation alone; a trace
/// does not hold them, so shrinking is open to what they had left out.
public struct TraceFeatures: Sendable {
  /// How allocations and frees alternate.
  enum Rhythm: Sendable {
    /// By weight alone.
    case steady
    /// Fills up, then drains, and again.
    case sawtooth
    /// Long runs of one kind.
    case bursts
    /// Most lifetimes are short and end youngest first; some live on.
    case generations
    /// One block in eight stays while short lives come and go around it.
    case pinned
    /// So many allocations as a rule about time counts, a second, and frees.
    case periods

    /// Those that suit any profile.
    static let usual: [Rhythm] = [.steady, .sawtooth, .bursts, .generations, .pinned]
  }

  /// Weight of each kind, by its number; 0 is left out.
  var weights: [Int]
  /// Centres of sizes in bytes.
  var sizes: [UInt64]
  /// Whether sizes beside the centres are drawn too.
  var hasNeighbours: Bool
  /// Pool types.
  var types: [PoolType]
  /// Tags.
  var tags: [PoolTag]
  /// How many slots there are.
  var slotCount: Int
  /// In which order lifetimes end.
  var policy: LifetimePolicy
  /// How allocations and frees alternate.
  var rhythm: Rhythm

  /// Draws the features of a trace.
  init(_ profile: GeneratorProfile, _ setup: PoolSetup, _ choices: inout some ChoiceSource) {
    let facts = setup.configuration.pool.profile
    weights = Swarm.weights(profile.kinds, factors: [1, 1, 1, 2, 4], from: &choices)
    let neighbourhoods = choices.draw(in: 1...profile.mostNeighbourhoods)
    var sizes: [UInt64] = []
    for _ in 0..<neighbourhoods {
      let neighbourhood = choices.draw(from: profile.sizes)
      for _ in 0..<choices.draw(in: 1...profile.mostCentres) {
        sizes.append(neighbourhood.centre(facts, &choices))
      }
    }
    self.sizes = sizes
    hasNeighbours = choices.chance(1, in: 2)
    let typeCount = choices.draw(in: 1...profile.mostTypes)
    types = (0..<typeCount).map { _ in choices.draw(from: profile.types) }
    tags = (0..<choices.draw(in: 1...profile.mostTags)).map { Self.tag($0) }
    slotCount = choices.draw(from: profile.slotCounts)
    policy = choices.draw(from: LifetimePolicy.allCases)
    rhythm = choices.draw(from: profile.rhythms)
    if profile.hasOddTags { tags = tags.map { Self.oddTag($0, &choices) } }
  }

  /// What the library's generator is told of them.
  var swarm: Swarm { Swarm(weights: weights, policy: policy, slotCapacity: slotCount) }

  /// Every other tag becomes a protected one, none, or one that the kernel uses itself.
  private static func oddTag(_ tag: PoolTag, _ choices: inout some ChoiceSource) -> PoolTag {
    let protected = PoolTag(word: tag.word | 0x8000_0000)
    let odd: [PoolTag] = [
      protected, protected, PoolTag(word: 0), PoolTag(word: 0x8000_0000), .pool, .big, .fragment,
      .contiguous,
    ]
    return choices.chance(1, in: 2) ? choices.draw(from: odd) : tag
  }

  /// A tag by number: `Ta00`, `Ta01` and so on.
  static func tag(_ number: Int) -> PoolTag {
    let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    let low = UInt32(digits[number % 36])
    let high = UInt32(digits[number / 36 % 36])
    return PoolTag(word: low << 24 | high << 16 | 0x61 << 8 | 0x54)
  }

  /// A line for the log.
  public var summary: String {
    let kinds = zip(PoolOperationKind.allCases, weights).filter { $0.1 > 0 }
      .map { "\($0.0.word)*\($0.1)" }
    return kinds.joined(separator: " ")
      + " sizes=\(sizes) neighbours=\(hasNeighbours) types=\(types.map(\.rawValue))"
      + " tags=\(tags.count) slots=\(slotCount) \(policy) \(rhythm)"
  }
}

/// Traces as bytes that a coverage-guided fuzzer may cut and join: a header, then records.
///
/// The header holds the choices of the profile, the machine and the features; each record of eight
/// bytes the choices of one operation. Records do not move when one of them changes its length,
/// because none has another, and a record names its kind (first byte) and its slot (second byte)
/// whatever the state. So a mutator that works on records works on operations. Decoding is total:
/// every string of bytes is a trace, and what is left behind the last whole record decides how a
/// trace of misuse ends.
///
/// It remembers the last header: inputs that come from one another mostly have the same.
public struct TraceRecords {
  /// Bytes of the header.
  public static let headerBytes = 80
  /// Bytes of a record.
  public static let recordBytes = 8
  /// The most operations of a trace; records behind are not looked at.
  public static let longestTrace = 512

  private var header: [UInt8] = []
  private var start: PoolTraceGenerator

  /// A decoder that has seen nothing.
  public init() { start = Self.generator([]) }

  /// The profile, the machine and the features of a header.
  private static func generator(_ header: [UInt8]) -> PoolTraceGenerator {
    var choices = ByteChoices(header)
    var profile = GeneratorProfile.chosen(by: &choices)
    var setup: PoolSetup?
    // The first portfolio's reductions replace numbers of whole traces: here they are a plain profile.
    if let rework = profile.rework, rework != .numbers {
      (profile, setup) = rework.base(profile, nil, &choices)
    }
    var generator = PoolTraceGenerator(profile, setup: setup, choices: &choices)
    // Rhythms belong to sources that look at the state; here they would move the kind's byte.
    generator.model.features.rhythm = .steady
    return generator
  }

  /// Whether the last trace that was decoded is of a profile that ends in misuse.
  public var isMisuse: Bool { start.model.isMisuse }

  /// The machine of a trace; its operations replace those in `operations`.
  public mutating func decode(
    _ bytes: UnsafeRawBufferPointer, into operations: inout [PoolOperation]
  ) -> PoolSetup {
    let headerEnd = min(bytes.count, Self.headerBytes)
    if !header.elementsEqual(bytes[..<headerEnd]) {
      header = Array(bytes[..<headerEnd])
      start = Self.generator(header)
    }
    var generator = start
    operations.removeAll(keepingCapacity: true)
    var place = headerEnd
    while place + Self.recordBytes <= bytes.count, operations.count < Self.longestTrace {
      let record = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).bigEndian
      var choices = RecordChoices(record)
      if let operation = generator.next(&choices) { operations.append(operation) }
      place += Self.recordBytes
    }
    var rest = ByteChoices(Array(bytes[place...].prefix(Self.recordBytes)))
    operations += generator.misuse(&rest)
    return generator.setup
  }

  /// The trace that a string of bytes stands for.
  public mutating func trace(decoding bytes: [UInt8]) -> PoolFuzzTrace {
    var operations: [PoolOperation] = []
    let setup = bytes.withUnsafeBytes { decode($0, into: &operations) }
    return PoolFuzzTrace(configuration: setup, operations: operations)
  }
}

/// Choices read from one record of eight bytes, most significant first; past its end every byte
/// is 0. It reads kinds and slots as `ByteChoices` does, but holds no array: a fuzzer makes one for
/// every operation.
struct RecordChoices: ChoiceSource {
  private var rest: UInt64
  private(set) var isExhausted = false
  private var left = TraceRecords.recordBytes

  /// Choices of a record.
  init(_ record: UInt64) { rest = record }

  mutating func draw(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "there is no number below zero")
    var value: UInt64 = 0
    var span = bound &- 1
    while span > 0 {
      value = value &<< 8 | nextByte()
      span &>>= 8
    }
    return value % bound
  }

  mutating func drawKind(weights: [Int], isPossible: (Int) -> Bool) -> Int? {
    var total = 0
    for weight in weights { total &+= max(weight, 0) }
    guard total > 0 else { return nil }
    var rest = drawIndex(count: total)
    for kind in weights.indices where weights[kind] > 0 {
      rest -= weights[kind]
      if rest < 0 { return kind }
    }
    return nil
  }

  mutating func drawSlot(_ wish: SlotWish, from table: SlotTable) -> Slot? {
    Slot(drawIndex(count: table.capacity))
  }

  private mutating func nextByte() -> UInt64 {
    defer {
      rest = rest &<< 8
      left = max(left - 1, 0)
      isExhausted = left == 0
    }
    return rest &>> 56
  }
}
