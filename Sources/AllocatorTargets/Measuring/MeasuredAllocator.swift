import KernelPool
import PoolTrace

/// An allocator that runs a program in pieces, tells the addresses that it gave and what it holds, so
/// that whoever makes the program can look at them before the next piece.
protocol MeasuredAllocator: AnyObject {
  /// Its name in tables.
  var name: String { get }
  /// Begins anew with nothing live, for a program whose slots lie below `slotCount`. An allocator of
  /// fixed size gets `arenaBytes`.
  func begin(slotCount: Int, arenaBytes: UInt64) throws(TargetError)
  /// Runs the next calls; an answer for each.
  func run(_ calls: [TargetOperation]) throws(TargetError) -> [MeasuredAnswer]
}

/// What an allocator answered to one call of a program.
struct MeasuredAnswer {
  /// The address of the block that there now is in the slot; 0 where the call was refused, or gives none.
  var address: UInt64 = 0
  /// Whether the call was done; what an allocator does not know is not.
  var isDone = false
  /// Bytes held behind the call, those of the fresh allocator taken off; nil where nobody asked.
  var heldBytes: UInt64?
}

/// A library in a worker. Every program gets a fresh process, so that none inherits the holes of the
/// one before.
final class MeasuredLibrary: MeasuredAllocator {
  let name: String
  private let settings: TargetSettings
  private let executable: String
  private var process: TargetProcess
  private let timeoutSeconds: Double
  private var setup = TargetSetup()
  private var slotCount = 0
  private var freshBytes: UInt64 = 0
  private var isFirst = true
  /// Calls of a piece that is handed over at once.
  private static let pieceCalls = 1 << 16

  init(_ settings: TargetSettings, name: String, executable: String) throws(TargetError) {
    var settings = settings
    settings.operationLimit = Self.pieceCalls
    self.settings = settings
    self.executable = executable
    self.name = name
    timeoutSeconds = max(settings.timeoutSeconds, 60)
    process = try TargetProcess(settings, executable: executable)
  }

  func begin(slotCount: Int, arenaBytes: UInt64) throws(TargetError) {
    if max(slotCount, Self.pieceCalls) > process.settings.operationLimit
      || arenaBytes > process.settings.memoryLimitBytes
    {
      var larger = settings
      larger.operationLimit = max(slotCount, Self.pieceCalls)
      larger.memoryLimitBytes = max(settings.memoryLimitBytes, arenaBytes)
      process = try TargetProcess(larger, executable: executable)
    }
    try process.replaceRunner()
    setup = TargetSetup(arenaBytes: arenaBytes)
    self.slotCount = slotCount
    isFirst = true
  }

  func run(_ calls: [TargetOperation]) throws(TargetError) -> [MeasuredAnswer] {
    var answers: [MeasuredAnswer] = []
    answers.reserveCapacity(calls.count)
    var rest = calls[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(Self.pieceCalls))
      rest = rest.dropFirst(piece.count)
      let run = try process.run(
        piece, setup, flags: isFirst ? [.measure, .piece] : [.measure, .piece, .resumes],
        slotCount: slotCount, timeoutSeconds: timeoutSeconds)
      guard case .finished = run.ending else {
        throw TargetError(message: "\(name): it did not get through a program: \(run.ending)")
      }
      if isFirst { freshBytes = run.freshFootprint }
      isFirst = false
      for (call, result) in zip(piece, run.results) { answers.append(answer(call, result)) }
    }
    return answers
  }

  private func answer(_ call: TargetOperation, _ result: TargetResult) -> MeasuredAnswer {
    var answer = MeasuredAnswer()
    answer.isDone = result.state == .done
    answer.address = answer.isDone ? result.address : 0
    if call.isMeasured, result.footprint > 0 {
      answer.heldBytes = result.footprint > freshBytes ? result.footprint - freshBytes : 0
    }
    return answer
  }
}

/// A version of the kernel's pool: held is what its nonpaged descriptor has booked.
final class MeasuredModel: MeasuredAllocator {
  let name: String
  private let profile: Profile
  private var pool: KernelPool?
  private var blocks: [(address: Address, tag: PoolTag)?] = []
  private var freshPages: UInt64 = 0

  /// The pool of a version.
  init(_ profile: Profile) {
    name = profile.name
    self.profile = profile
  }

  func begin(slotCount: Int, arenaBytes: UInt64) throws(TargetError) {
    var configuration = TraceConfiguration(profile: profile)
    configuration.pool.nonPagedPages = arenaBytes / profile.pageBytes
    do {
      pool = try KernelPool.boot(configuration.pool, reserve: MappedMemory.reserve)
    } catch {
      throw TargetError(message: "\(name): \(error.message)")
    }
    blocks = Array(repeating: nil, count: slotCount)
    freshPages = 0
    freshPages = heldPages
  }

  func run(_ calls: [TargetOperation]) throws(TargetError) -> [MeasuredAnswer] {
    try calls.map { call throws(TargetError) in
      var answer = MeasuredAnswer()
      let slot = Int(call.slot)
      switch call.call {
      case .allocate, .allocateZeroed:
        guard blocks[slot] == nil, let bytes = call.requestedBytes else { break }
        take(slot, bytes, call.tag, &answer)
      case .reallocate:
        let old = blocks[slot]
        take(slot, call.bytes, old?.tag.word ?? call.tag, &answer)
        if answer.isDone, let old { try give(old) }
      case .free, .freeSized:
        guard let block = blocks[slot] else { break }
        blocks[slot] = nil
        try give(block)
        answer.isDone = true
      default: break
      }
      if call.isMeasured { answer.heldBytes = heldPages * profile.pageBytes }
      return answer
    }
  }

  private func take(
    _ slot: Int, _ bytes: UInt64, _ word: UInt32, _ answer: inout MeasuredAnswer
  ) {
    let tag = word == 0 ? PoolTag("None") : PoolTag(word: word)
    guard case .address(let address)? = pool?.allocate(.nonPaged, bytes: bytes, tag: tag) else {
      return
    }
    blocks[slot] = (address, tag)
    answer.address = address
    answer.isDone = true
  }

  private func give(_ block: (address: Address, tag: PoolTag)) throws(TargetError) {
    guard pool?.free(block.address, tag: block.tag) == .freed else {
      throw TargetError(message: "\(name): a free was not done")
    }
  }

  private var heldPages: UInt64 {
    guard let view = pool?.view else { return 0 }
    let pages = Self.pages(view)
    return pages > freshPages ? pages - freshPages : 0
  }

  private static func pages(_ view: PoolView) -> UInt64 {
    guard let root = view.descriptors.first else { return 0 }
    let layout = view.profile.descriptor
    return UInt64(view.word32(root.address &+ layout.totalPages) ?? 0)
      + UInt64(view.word32(root.address &+ layout.totalBigPages) ?? 0)
  }
}
