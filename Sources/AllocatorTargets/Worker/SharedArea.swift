import Platform

/// The memory that a worker shares with its parent: what is asked, and what came of it.
///
/// It is written as the trace runs, without a call into the system, so that it survives whatever
/// happens to the worker. The allocator under test can overwrite it like everything else in its
/// process; so the parent takes every word in it for a claim.
///
/// Layout, in words of eight bytes: a header, then four words for each operation, then four for
/// each result. A message lies in the header's second kilobyte.
struct SharedArea {
  /// Words of the header.
  enum Word: Int {
    /// Operations of the trace.
    case operationCount
    /// How often it is run, each time until everything is freed.
    case roundCount
    /// Bytes that the allocator is created with.
    case arenaBytes
    /// `Flag`s.
    case flags
    /// Resident bytes above which the allocator counts as growing without bound.
    case memoryLimit
    /// `Phase`.
    case phase
    /// The operation that is being run.
    case progress
    /// `TargetProblem`, 0 while there is none.
    case problem
    /// A number that explains the problem.
    case detail
    /// The alignment of requests that name none.
    case naturalAlignment
    /// The largest request that the fresh allocator served; 0 without a probe.
    case probeBytes
    /// 1 where the emptied allocator served it again.
    case probeServed
    /// 1 where the allocator reports its footprint.
    case reportsFootprint
    /// The footprint before the first operation.
    case freshFootprint
    /// The footprint after each round.
    case footprints
  }

  /// What the parent wants beside the trace.
  struct Flag: OptionSet {
    let rawValue: UInt64
    /// Ask for the largest request first and last.
    static let probe = Flag(rawValue: 1)
    /// Measure the footprint at operations that ask for it.
    static let measure = Flag(rawValue: 2)
  }

  /// How far a run is.
  enum Phase: UInt64 {
    case idle, creation, operations, emptying, destruction, done
  }

  /// The most rounds.
  static let mostRounds = 32
  static let headerWords = 512
  static let messageByte = 1024
  static let messageBytes = 512
  static let recordWords = 4

  let words: UnsafeMutablePointer<UInt64>
  /// The most operations.
  let capacity: Int

  /// Bytes of an area for so many operations.
  static func byteCount(capacity: Int) -> Int {
    (headerWords + 2 * recordWords * capacity) * 8
  }

  /// Maps the area behind a descriptor; nil where that fails.
  init?(descriptor: Int32, capacity: Int) {
    let bytes = Self.byteCount(capacity: capacity)
    guard let memory = HostMemory.share(descriptor, bytes) else { return nil }
    words = memory.bindMemory(to: UInt64.self, capacity: bytes / 8)
    self.capacity = capacity
  }

  /// Unmaps it.
  func unmap() { HostMemory.release(words, Self.byteCount(capacity: capacity)) }

  subscript(word: Word) -> UInt64 {
    get { words[word.rawValue] }
    nonmutating set { words[word.rawValue] = newValue }
  }

  /// The footprint after a round.
  func footprint(round: Int) -> UInt64 { words[Word.footprints.rawValue + round] }

  func setFootprint(_ bytes: UInt64, round: Int) {
    words[Word.footprints.rawValue + round] = bytes
  }

  /// The operation at an index.
  func operation(_ index: Int) -> TargetOperation {
    let place = Self.headerWords + index * Self.recordWords
    return TargetOperation(words[place], words[place + 1], words[place + 2], words[place + 3])
  }

  func setOperation(_ operation: TargetOperation, _ index: Int) {
    let place = Self.headerWords + index * Self.recordWords
    (words[place], words[place + 1], words[place + 2], words[place + 3]) = operation.words
  }

  /// The result at an index.
  func result(_ index: Int) -> TargetResult {
    let place = Self.headerWords + (capacity + index) * Self.recordWords
    return TargetResult(
      state: TargetResult.State(rawValue: words[place]) ?? .none, address: words[place + 1],
      usableBytes: words[place + 2], footprint: words[place + 3])
  }

  func setResult(_ result: TargetResult, _ index: Int) {
    let place = Self.headerWords + (capacity + index) * Self.recordWords
    words[place + 1] = result.address
    words[place + 2] = result.usableBytes
    words[place + 3] = result.footprint
    words[place] = result.state.rawValue
  }

  /// The message as bytes that end with a zero.
  var message: UnsafeMutablePointer<CChar> {
    UnsafeMutableRawPointer(words).advanced(by: Self.messageByte)
      .assumingMemoryBound(to: CChar.self)
  }

  /// The message as text; whatever is in it, no more than its room.
  var messageText: String {
    var bytes: [UInt8] = []
    for index in 0..<Self.messageBytes {
      let byte = UInt8(bitPattern: message[index])
      if byte == 0 { break }
      bytes.append(byte < 0x20 ? 0x20 : byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// One call of the allocator under test.
struct TargetOperation: Equatable {
  /// What is called.
  enum Kind: UInt64 {
    /// Nothing: an operation that means nothing to an allocator.
    case nothing
    case allocate
    case free
    /// New content over the whole block.
    case fill
    /// The content is still what the owner wrote.
    case verify
  }

  var kind = Kind.nothing
  var slot: UInt32 = 0
  var pool: UInt32 = 0
  var tag: UInt32 = 0
  var bytes: UInt64 = 0
  var alignment: UInt64 = 0
  /// Whether the footprint is measured behind it.
  var isMeasured = false

  init() {}

  init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
    kind = Kind(rawValue: first & 0xFF) ?? .nothing
    isMeasured = first & 0x100 != 0
    slot = UInt32(truncatingIfNeeded: first >> 32)
    pool = UInt32(truncatingIfNeeded: second)
    tag = UInt32(truncatingIfNeeded: second >> 32)
    bytes = third
    alignment = fourth
  }

  var words: (UInt64, UInt64, UInt64, UInt64) {
    let first = kind.rawValue | (isMeasured ? 0x100 : 0) | UInt64(slot) << 32
    return (first, UInt64(pool) | UInt64(tag) << 32, bytes, alignment)
  }
}

/// What came of one call.
struct TargetResult: Equatable {
  /// How far it came.
  enum State: UInt64 {
    /// It was not run.
    case none
    /// The call did not come back.
    case called
    /// It was done.
    case done
    /// An allocation returned NULL.
    case null
    /// The slot was busy or empty.
    case skipped
  }

  var state = State.none
  /// The address of an allocation.
  var address: UInt64 = 0
  /// What the allocator says that its caller may use.
  var usableBytes: UInt64 = 0
  /// The footprint, where it was asked for.
  var footprint: UInt64 = 0
}

/// What a worker notices by itself.
enum TargetProblem: UInt64 {
  /// The owner's bytes have changed; the detail is the offset.
  case payload = 1
  /// The caller's own stack has changed; the detail is the offset.
  case stack
  /// The usable size of a live block has changed; the detail is the new one.
  case usableChanged
  /// The allocator's own check objects; the message is its own.
  case check
  /// The resident set has passed the limit; the detail is its size.
  case growth
  /// The walk misses a live block or tells of one twice; the detail is the address.
  case walk
  /// The allocator cannot be created.
  case creation
}
