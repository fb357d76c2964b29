import KernelPool
import PoolTrace
import PoolWalk

/// A workload that is replayed while it is made, so that each step can depend on where the one
/// before came to lie.
struct OnlineGenerator: ~Copyable {
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

/// What a walk over the nonpaged pool says.
enum NonPagedUsage {
  /// Free blocks of just so many units.
  static func holes(_ view: PoolView, units: UInt64) -> Int {
    let walker = PoolWalker(view)
    var holes = 0
    for area in walker.areas where area.family == .nonPaged {
      walker.visitPages(of: area) { use in
        guard case .smallBlocks(let page) = use else { return }
        holes += walker.blocks(ofPage: page).blocks.count {
          $0.state == .free && $0.header.units == units
        }
      }
    }
    return holes
  }

  /// Pages in use, as `!vm` counts them.
  static func pages(_ view: PoolView) -> UInt64 {
    let walker = PoolWalker(view)
    var pages: UInt64 = 0
    for area in walker.areas where area.family == .nonPaged {
      walker.visitPages(of: area) { pages += $0.pages }
    }
    return pages
  }
}

/// The sizes of the driver's spells, in units.
///
/// In a spell the driver's buffers open new pages, for no hole is large enough. A small block
/// settles in the room behind each buffer, so the page outlives it. When the buffer is given back,
/// a large request takes the front of its room, a middling one the back, and a long-lived block of
/// the smallest sizes falls into the slot between them. The two go again, the small block stays,
/// and neither hole takes a buffer any more.
///
/// Freed room is found again by the next request of its size, so a spell's large requests must be
/// larger than every hole that earlier spells left: the front grows from spell to spell, beginning
/// above half a page.
struct PhaseSizes {
  /// The driver's buffer.
  let buffer: UInt64
  /// The room behind a buffer.
  let tail: UInt64
  /// The block that stays.
  let pin: UInt64
  private let firstFront: UInt64
  private let step: UInt64

  /// The sizes of a recipe; the block that stays has `pinUnits`, or what a request of 16 bytes gets.
  init(_ recipe: CalibrationRecipe, pinUnits: UInt64? = nil) throws(CalibrationError) {
    let profile = recipe.profile
    let page = profile.unitsPerPage
    guard recipe.bufferBytes <= profile.largestSmallRequest else {
      throw CalibrationError(
        "buffers of \(recipe.bufferBytes) bytes have whole pages on \(profile.name); only smaller"
          + " ones, up to \(profile.largestSmallRequest) bytes, share a page with small blocks")
    }
    let least = max(profile.smallestBlockUnits, profile.smallestListedUnits)
    buffer = profile.units(forRequest: recipe.bufferBytes)
    tail = page - buffer
    pin = pinUnits ?? profile.units(forRequest: 16)
    guard tail >= least else {
      throw CalibrationError(
        "buffers of \(recipe.bufferBytes) bytes leave no room behind them for a small block")
    }
    firstFront = (page - pin) / 2 + 1
    guard buffer > firstFront + pin + least,
      case let range = buffer - pin - least - firstFront, range >= recipe.spells
    else {
      throw CalibrationError(
        "buffers of \(recipe.bufferBytes) bytes leave room for fewer than \(recipe.spells) spells")
    }
    step = min(4, range / recipe.spells)
  }

  /// Units of the request at the front, in spell `spell`, counted from 0; `choice` is any number.
  func front(spell: UInt64, choice: UInt64) -> UInt64 { firstFront + spell * step + choice % step }

  /// Units of the request at the back, which leaves a slot for the pin.
  func back(front: UInt64) -> UInt64 { buffer - pin - front }
}
