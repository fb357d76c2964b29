import Platform

/// The memory that a worker shares with its parent: what is asked, and what came of it.
///
/// It is written as the trace runs, without a call into the system, so that it survives whatever
/// happens to the worker. The allocator under test can overwrite it like everything else in its
/// process; so the parent takes every word in it for a claim.
///
/// Layout, in words of eight bytes: a header, then four words for each operation, then six for
/// each result, then a byte for each counter; behind these, for each trace of a batch, a header with
/// operations and results of its own. A message lies in the header's second kilobyte, capabilities in its third, what a
/// process that was ended by a signal has written in the rest.
struct SharedArea {
  /// Words of the header.
  enum Word: Int {
    /// Operations of the trace.
    case operationCount
    /// How often it is run at least, each time until everything is freed.
    case roundCount
    /// Bytes of the arena, its place in a page, and which growth is refused.
    case arenaBytes, arenaOffset, refusedGrowth
    /// Bytes that the arena and what `grow` gives can have at most.
    case arenaCapacity
    /// `Flag`s.
    case flags
    /// Resident bytes above which the allocator counts as growing without bound.
    case memoryLimit
    /// The largest request that a fresh allocator serves; 0 where nobody has asked.
    case freshBytes
    /// `Phase`.
    case phase
    /// Rounds whose blocks are written and read; those that follow tell of a leak alone.
    case writtenRounds
    /// The operation that is being run, and what tells that anything moves.
    case progress, heartbeat
    /// `TargetProblem`, 0 while there is none.
    case problem
    /// Numbers that explain the problem.
    case detail, secondDetail
    /// The round that is being run, from 0.
    case round
    /// 1 where the emptied allocator served `freshBytes`.
    case freshServed
    /// The footprint before the first operation.
    case freshFootprint
    /// Where the arena and what `grow` gives begin, and how much the latter has given.
    case arenaBase, growthBase, growthBytes
    /// Growths that were refused.
    case refusals
    /// Slots that this piece of a program and those after it name lie below it.
    case slotCount
    /// For how long a run that seems to leak waits before the readings behind that; 0 for not at all.
    case restMilliseconds
    /// Rounds behind which what is straight is a leak, as a power of two.
    case certainMark
    /// The footprint and the address space then; 0 where nobody waited.
    case restedFootprint, restedAddressSpace
    /// Counters that the library has, told of or not; 0 where nobody asked, or the first round had no end.
    case counterCount
    /// Bytes that standard output and standard error had behind the run.
    case outputBytes, errorBytes
    /// Traces of a batch, and which of them is being run.
    case batchCount, batchPlace
    /// Footprints after rounds 1, 2, 4, ...
    case footprints = 64
    /// Bytes of address space after the same rounds.
    case addressSpace = 84
    /// Regions that were added: address and bytes of each.
    case regions = 104
  }

  /// What the parent wants beside the trace.
  struct Flag: OptionSet {
    let rawValue: UInt64
    /// Ask for `freshBytes` at the end.
    static let probe = Flag(rawValue: 1)
    /// Measure the footprint at operations that ask for it.
    static let measure = Flag(rawValue: 2)
    /// Go on with twice the rounds as long as each doubling leaves more behind.
    static let leak = Flag(rawValue: 4)
    /// A piece of a program: nothing is emptied and destroyed behind it, and no operation is followed
    /// by checks of the whole allocator, whose cost grows with what is live.
    static let piece = Flag(rawValue: 8)
    /// A later piece: the allocator and what is live are those of the piece before.
    static let resumes = Flag(rawValue: 16)
    /// Tell of the library's counters behind the first round.
    static let counters = Flag(rawValue: 32)
  }

  /// How far a run is.
  enum Phase: UInt64 {
    case idle, creation, operations, emptying, probing, destruction, misuse, done
  }

  /// The most rounds: 2 to the power of the last footprint's index.
  static let mostRounds = 65_536
  /// Rounds that follow a rest.
  static let restedRounds = 1024
  /// Footprints that are kept.
  static let roundMarks = 17
  /// Regions that are kept.
  static let mostRegions = 8
  /// Counters that are told of: those of a larger library that stand behind them guide nobody.
  static let mostCounters = 1 << 20
  /// The most traces of a batch, and the most operations of each.
  static let (batchTraces, batchOperations) = (16, 512)
  private static let headerWords = 512
  /// Words that a new run clears.
  private static let runWords = 128
  private static let messageByte = 1024
  static let messageBytes = 512
  private static let capabilityWord = 256
  private static let crashWord = 320
  private static let operationWords = 4
  private static let resultWords = 6

  let words: UnsafeMutablePointer<UInt64>
  /// The most operations.
  let capacity: Int

  /// Bytes of an area for so many operations.
  static func byteCount(capacity: Int) -> Int {
    runBytes(capacity) + mostCounters + batchTraces * runBytes(batchOperations)
  }

  /// Bytes of a header with so many operations and results.
  private static func runBytes(_ capacity: Int) -> Int {
    (headerWords + (operationWords + resultWords) * capacity) * 8
  }

  /// The area of a trace of a batch; it has no counters and no batch of its own.
  func trace(_ index: Int) -> SharedArea {
    let bytes =
      Self.runBytes(capacity) + Self.mostCounters
      + min(index, Self.batchTraces - 1) * Self.runBytes(Self.batchOperations)
    return SharedArea(words: words + bytes / 8, capacity: Self.batchOperations)
  }

  private init(words: UnsafeMutablePointer<UInt64>, capacity: Int) {
    (self.words, self.capacity) = (words, capacity)
  }

  /// Maps the area behind a descriptor; nil where that fails.
  init?(descriptor: Int32, capacity: Int) {
    let bytes = Self.byteCount(capacity: capacity)
    guard let memory = HostMemory.share(descriptor, bytes) else { return nil }
    words = memory.bindMemory(to: UInt64.self, capacity: bytes / 8)
    self.capacity = capacity
  }

  /// Unmaps it.
  func unmap() { HostMemory.releaseShared(words, Self.byteCount(capacity: capacity)) }

  subscript(word: Word) -> UInt64 {
    get { words[word.rawValue] }
    nonmutating set { words[word.rawValue] = newValue }
  }

  subscript(word: Word, index: Int) -> UInt64 {
    get { words[word.rawValue + index] }
    nonmutating set { words[word.rawValue + index] = newValue }
  }

  /// The readings after 1, 2, 4, ... rounds; 0 for those that were not run.
  func readings(_ word: Word) -> UnsafeBufferPointer<UInt64> {
    UnsafeBufferPointer(start: words + word.rawValue, count: Self.roundMarks)
  }

  /// What the library can do; nil where the words say nothing.
  var capabilities: TargetCapabilities? {
    TargetCapabilities(
      words: (0..<TargetCapabilities.wordCount).map { words[Self.capabilityWord + $0] })
  }

  func setCapabilities(_ capabilities: TargetCapabilities) {
    for (index, word) in capabilities.words.enumerated() {
      words[Self.capabilityWord + index] = word
    }
  }

  /// What a process writes that a signal ends (see `CrashRecord`).
  var crash: UnsafeMutablePointer<UInt64> { words + Self.crashWord }

  /// Forgets the run before.
  func clear() {
    for word in 0..<Self.runWords { words[word] = 0 }
    for word in 0..<17 { crash[word] = 0 }
  }

  /// The calls that led to a signal, a line each.
  var backtrace: [String] {
    Self.lines(UnsafeRawBufferPointer(start: crash + 16, count: CrashRecord.textBytes))
  }

  /// The lines before the first zero byte: what stands behind it is of a longer text before.
  static func lines(_ text: UnsafeRawBufferPointer) -> [String] {
    let lines = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self).split(separator: "\n")
    return lines.map { PrintableText.escaped(String($0)) }
  }

  /// The operation at an index.
  func operation(_ index: Int) -> TargetOperation {
    let place = Self.headerWords + index * Self.operationWords
    return TargetOperation(words[place], words[place + 1], words[place + 2], words[place + 3])
  }

  func setOperation(_ operation: TargetOperation, _ index: Int) {
    let place = Self.headerWords + index * Self.operationWords
    (words[place], words[place + 1], words[place + 2], words[place + 3]) = operation.words
  }

  /// What the library's counters came to.
  var counters: UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(
      words + Self.headerWords
        + capacity * (Self.operationWords + Self.resultWords))
  }

  private func resultPlace(_ index: Int) -> Int {
    Self.headerWords + capacity * Self.operationWords + index * Self.resultWords
  }

  /// The result at an index.
  func result(_ index: Int) -> TargetResult {
    let place = resultPlace(index)
    return TargetResult(
      state: TargetResult.State(rawValue: words[place]) ?? .none, address: words[place + 1],
      usableBytes: words[place + 2], footprint: words[place + 3], refusals: words[place + 4])
  }

  func setResult(_ result: TargetResult, _ index: Int) {
    let place = resultPlace(index)
    words[place + 1] = result.address
    words[place + 2] = result.usableBytes
    words[place + 3] = result.footprint
    words[place + 4] = result.refusals
    words[place] = result.state.rawValue
  }

  /// Whether the operation at an index was served in the first round.
  func wasServed(_ index: Int) -> Bool {
    words[resultPlace(index)] == TargetResult.State.done.rawValue
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

/// What came of one call.
struct TargetResult: Equatable {
  /// How far it came.
  enum State: UInt64 {
    /// It was not run.
    case none
    /// The call did not come back.
    case called
    /// It came back, and what it gave has not been looked at to the end.
    case returned
    /// It was done.
    case done
    /// The answer was NULL, or that nothing was done.
    case null
    /// The slot was busy or empty, or the allocator has no such call.
    case skipped
  }

  var state = State.none
  /// The address of an allocation.
  var address: UInt64 = 0
  /// What the allocator says that its caller may use.
  var usableBytes: UInt64 = 0
  /// The footprint, where it was asked for.
  var footprint: UInt64 = 0
  /// Growths that have been refused so far.
  var refusals: UInt64 = 0
}

/// What a worker notices by itself.
enum TargetProblem: UInt64 {
  /// The owner's bytes have changed; the details are the offset and the address.
  case payload = 1
  /// The caller's own stack has changed; the detail is the offset.
  case stack
  /// The usable size of a live block has changed; the details are the new and the old one.
  case usableChanged
  /// The allocator's own check objects; the message is its own.
  case check
  /// The resident set has passed the limit; the detail is its size.
  case growth
  /// The walk misses a live block or tells of one twice; the detail is the address.
  case walk
  /// The allocator cannot be created.
  case creation
  /// The machine has not the memory for it.
  case environment
  /// A reallocated block has not the old one's bytes; the details are the offset and the address.
  case reallocatedPayload
  /// A reallocation that failed changed the old block; the details are the offset and the address.
  case failedReallocation
  /// A byte of zeroed memory is not zero; the details are the offset and the address.
  case zeroes
  /// A count times a size that overflow were served; the detail is the address.
  case overflow
  /// A byte before or behind the arena has changed; the detail is its address.
  case outsideWrite
  /// A misuse that is to be noticed was not.
  case unnoticedMisuse
  /// What the first round was served is refused in a later one; the detail is the round, from 1.
  case exhaustion
}
