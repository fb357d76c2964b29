import KernelPool
import PoolTrace
import PoolWalk

/// A workload that is replayed while it is made, so that each step can depend on where the one
/// before came to lie.
struct TandemReplay: ~Copyable {
  private var replayer: Replayer
  private let output: (WorkloadLine) -> Void
  private var slots: UInt64 = 0
  /// Operations so far.
  private(set) var operations: UInt64 = 0
  let sizes: BlockSizes

  /// Boots the machine and writes its configuration.
  init(
    _ configuration: TraceConfiguration, _ output: @escaping (WorkloadLine) -> Void
  ) throws(CalibrationError) {
    if let problem = configuration.problem {
      throw CalibrationError("the machine cannot be: it needs \(problem.expected)")
    }
    do {
      replayer = try Replayer.boot(configuration)
    } catch {
      throw CalibrationError(error.message)
    }
    sizes = BlockSizes(configuration.pool.profile)
    self.output = output
  }

  /// The pool, for those who look.
  var view: PoolView { replayer.pool.view }

  /// Pages of nonpaged pool in use, as `!vm` counts them.
  var nonPagedPages: UInt64 { NonPagedUsage.pages(view) }

  /// Writes words for the reader.
  func say(_ text: String) { output(.comment(text)) }

  /// Writes a line that is no request.
  func write(_ operation: PoolTrace.Operation) { output(.operation(operation)) }

  /// Allocates a block or pages of exactly `bytes`.
  mutating func allocate(
    _ type: PoolType, _ bytes: UInt64, isLarge: Bool = false, _ tag: PoolTag
  ) throws(CalibrationError) -> LiveSlot {
    let request = isLarge ? bytes : sizes.request(forBlock: bytes)
    let name = newName()
    return try run(
      tag == .contiguous && !type.isPaged
        ? .contiguous(name, bytes: request, limits: nil)
        : .alloc(name, type, bytes: request, tag: tag), name)
  }

  /// Gives a block back.
  mutating func free(_ slot: LiveSlot) throws(CalibrationError) {
    let operation = PoolTrace.Operation.free(slot.name, tag: nil)
    operations += 1
    output(.operation(operation))
    guard case .freed = replayer.step(operation) else {
      throw CalibrationError("the replayed pool stopped at operation \(operations)")
    }
  }

  private mutating func newName() -> SlotName {
    slots += 1
    return SlotName(slots)
  }

  private mutating func run(
    _ operation: PoolTrace.Operation, _ name: SlotName
  ) throws(CalibrationError) -> LiveSlot {
    operations += 1
    output(.operation(operation))
    guard case .allocated(let address) = replayer.step(operation) else {
      throw CalibrationError(
        "the pool of \(replayer.configuration.pool.nonPagedLimit) nonpaged and"
          + " \(replayer.configuration.pool.pagedPages) paged pages is full at operation"
          + " \(operations), \(nonPagedPages) nonpaged pages in use")
    }
    let page = address & ~(sizes.pageBytes - 1)
    return LiveSlot(name: name, page: page, isSmallBlock: address != page)
  }
}

/// An allocation of a workload.
struct LiveSlot {
  let name: SlotName
  /// The page that it begins in.
  let page: Address
  /// A block with a header, which never begins a page.
  let isSmallBlock: Bool
}

/// What `!vm` says of the nonpaged pool.
enum NonPagedUsage {
  static func pages(_ view: PoolView) -> UInt64 {
    let walker = PoolWalker(view)
    var pages: UInt64 = 0
    for area in walker.areas where area.family == .nonPaged {
      walker.visitPages(of: area) { pages += $0.pages }
    }
    return pages
  }
}
