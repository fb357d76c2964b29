/// What an allocator under test can do and promises: the library's declaration, and the functions that
/// it exports.
public struct TargetCapabilities: Sendable, Hashable {
  /// Promises, by the bits of `enum poolfuzz_promise`.
  public struct Promise: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt32
    /// Any bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    static let inArena = Promise(rawValue: 1 << 0)
    static let joins = Promise(rawValue: 1 << 1)
    static let refinds = Promise(rawValue: 1 << 2)
    static let lawfulNull = Promise(rawValue: 1 << 3)
    static let stableUsableSize = Promise(rawValue: 1 << 4)
    static let reallocKeepsAlignment = Promise(rawValue: 1 << 5)
    static let grows = Promise(rawValue: 1 << 6)
    static let freesBySize = Promise(rawValue: 1 << 7)
    static let detectsDoubleFree = Promise(rawValue: 1 << 8)
    static let detectsForeignFree = Promise(rawValue: 1 << 9)
    static let detectsInteriorFree = Promise(rawValue: 1 << 10)
    static let detectsOverflow = Promise(rawValue: 1 << 11)
    static let threads = Promise(rawValue: 1 << 12)
  }

  /// Optional functions.
  struct Functions: OptionSet, Sendable, Hashable {
    let rawValue: UInt64
    static let reallocate = Functions(rawValue: 1 << 0)
    static let allocateZeroed = Functions(rawValue: 1 << 1)
    static let freeSized = Functions(rawValue: 1 << 2)
    static let resize = Functions(rawValue: 1 << 3)
    static let addRegion = Functions(rawValue: 1 << 4)
    static let resizeArena = Functions(rawValue: 1 << 5)
    static let reset = Functions(rawValue: 1 << 6)
    static let usableSize = Functions(rawValue: 1 << 7)
    static let footprint = Functions(rawValue: 1 << 8)
    static let check = Functions(rawValue: 1 << 9)
    static let walk = Functions(rawValue: 1 << 10)
    static let counters = Functions(rawValue: 1 << 11)
  }

  /// What a request of no bytes is answered with.
  enum ZeroPolicy: UInt32, Sendable { case either, null, unique }

  /// What a reallocation to no bytes does.
  enum ReallocZero: UInt32, Sendable { case undefined, frees, resizes }

  /// The version of the interface; 0 for a library that has `malloc` alone.
  var interface: UInt64 = 2
  var promises: Promise = []
  var functions: Functions = []
  var zeroPolicy = ZeroPolicy.either
  var reallocZero = ReallocZero.undefined
  var naturalAlignment: UInt64 = 8
  var largestAlignment: UInt64 = 4096
  var smallestBytes: UInt64 = 0
  var largestBytes: UInt64 = .max
  var arenaAlignment: UInt64 = 16
  var fitFactor: UInt64 = 4
  var fitBytes: UInt64 = 256

  /// What a library of version 2 has that declares nothing.
  public init() {}

  /// The promise that a kind of misuse is noticed.
  static func promise(_ operation: TargetOperation) -> Promise {
    switch operation.misuse {
    case .double: .detectsDoubleFree
    case .foreign: .detectsForeignFree
    case .interior: .detectsInteriorFree
    case .behind: .detectsOverflow
    }
  }

  /// Whether a call can be asked of the allocator at all; others mean nothing to it.
  func allows(_ operation: TargetOperation) -> Bool {
    switch operation.call {
    case .free, .fill, .verify: true
    case .allocate: allowsRequest(operation)
    case .allocateZeroed: functions.contains(.allocateZeroed) && allowsRequest(operation)
    case .reallocate:
      functions.contains(.reallocate) && allowsRequest(operation)
        && (operation.second == 0 || promises.contains(.reallocKeepsAlignment))
    case .resize: functions.contains(.resize) && allowsRequest(operation) && operation.bytes > 0
    case .freeSized: functions.contains(.freeSized)
    case .addRegion: functions.contains(.addRegion)
    case .resizeArena: functions.contains(.resizeArena)
    case .reset: functions.contains(.reset)
    case .misuse: promises.contains(Self.promise(operation))
    case .thread, .endThread:
      promises.contains(.threads) && operation.bytes < UInt64(TargetThreads.mostThreads)
    }
  }

  private func allowsRequest(_ operation: TargetOperation) -> Bool {
    let bytes = operation.requestedBytes ?? .max
    let alignment = operation.alignment
    return alignment <= largestAlignment && alignment & (alignment &- 1) == 0
      && (bytes == 0 || bytes >= smallestBytes)
  }
}

// MARK: As words

extension TargetCapabilities {
  /// Words that they take in shared memory.
  static let wordCount = 12

  /// All of it.
  var words: [UInt64] {
    [
      interface, UInt64(promises.rawValue), functions.rawValue, UInt64(zeroPolicy.rawValue),
      UInt64(reallocZero.rawValue), naturalAlignment, largestAlignment, smallestBytes,
      largestBytes, arenaAlignment, fitFactor, fitBytes,
    ]
  }

  /// What `words` said; nil where a word says nothing.
  init?(words: [UInt64]) {
    guard words.count == Self.wordCount,
      let zero = ZeroPolicy(rawValue: UInt32(truncatingIfNeeded: words[3])),
      let realloc = ReallocZero(rawValue: UInt32(truncatingIfNeeded: words[4]))
    else { return nil }
    interface = words[0]
    promises = Promise(rawValue: UInt32(truncatingIfNeeded: words[1]))
    functions = Functions(rawValue: words[2])
    (zeroPolicy, reallocZero) = (zero, realloc)
    (naturalAlignment, largestAlignment, smallestBytes) = (words[5], words[6], words[7])
    (largestBytes, arenaAlignment, fitFactor, fitBytes) =
      (words[8], words[9], words[10], words[11])
  }

  /// What is wrong with a declaration; nil where nothing is.
  var problem: String? {
    func isPower(_ number: UInt64) -> Bool { number > 0 && number & (number - 1) == 0 }
    if !isPower(naturalAlignment) { return "natural_alignment \(naturalAlignment)" }
    if largestAlignment != 0, !isPower(largestAlignment) {
      return "largest_alignment \(largestAlignment)"
    }
    if !isPower(arenaAlignment) || arenaAlignment > 4096 {
      return "arena_alignment \(arenaAlignment)"
    }
    if smallestBytes > largestBytes { return "smallest_bytes \(smallestBytes)" }
    if fitFactor == 0 { return "fit_factor 0" }
    return nil
  }
}

// MARK: The declaration in C

extension TargetCapabilities {
  /// Bytes of `struct poolfuzz_capabilities`.
  static let structureBytes = 72

  /// Writes the values that a library finds in its `struct poolfuzz_capabilities`.
  func write(to memory: UnsafeMutableRawPointer) {
    memory.storeBytes(of: 2, toByteOffset: 0, as: UInt32.self)
    memory.storeBytes(of: promises.rawValue, toByteOffset: 4, as: UInt32.self)
    memory.storeBytes(of: zeroPolicy.rawValue, toByteOffset: 8, as: UInt32.self)
    memory.storeBytes(of: reallocZero.rawValue, toByteOffset: 12, as: UInt32.self)
    let numbers = words[5...]
    for (index, number) in numbers.enumerated() {
      memory.storeBytes(of: number, toByteOffset: 16 + 8 * index, as: UInt64.self)
    }
  }

  /// Reads what a library has left there; nil where a word says nothing.
  static func read(
    from memory: UnsafeRawPointer, functions: Functions
  ) -> TargetCapabilities? {
    func half(_ offset: Int) -> UInt64 {
      UInt64(memory.load(fromByteOffset: offset, as: UInt32.self))
    }
    let numbers = (0..<7).map { memory.load(fromByteOffset: 16 + 8 * $0, as: UInt64.self) }
    return TargetCapabilities(
      words: [2, half(4), functions.rawValue, half(8), half(12)] + numbers)
  }
}
