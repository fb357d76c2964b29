import KernelPool
import PoolDebugger
import PoolTrace

/// A trace whose final state is the pages of a listing.
///
/// The first block of a fresh page lies at its start and later ones descend from its end, so
/// requests in the order first, last, last but one ... lay any row of blocks out on a page that is
/// full in the end. Then what is free in the listing is freed: its header keeps the tag. Lookaside
/// lists are off, so that every free is a real one, unless the listing shows parked blocks; then
/// the lists take those first, blocks of another page fill them up, and further frees are real.
///
/// The pages get their addresses from the configuration: the pool begins or ends with them, and
/// large allocations fill the room between.
public struct PageReconstruction {
  /// The trace.
  public private(set) var lines: [WorkloadLine] = []
  /// Where a debugger shows what was listed, ascending.
  public let pages: [Address]

  private let machine: ReconstructionMachine
  private var names: UInt64 = 0
  /// Blocks that are freed at the end.
  private var frees: [(name: SlotName, piece: ReconstructedPage.Piece)] = []
  /// Blocks that are taken again from the room of one that held them and a rest.
  private var retaken: [Retaken] = []
  /// The lookaside lists that are full.
  private var full: Set<LookasideClass> = []

  private struct Retaken {
    var whole: SlotName
    var wholeUnits: UInt64
    var piece: ReconstructedPage.Piece
    var type: PoolType
  }

  private struct LookasideClass: Hashable {
    var type: PoolType
    var units: UInt64
  }

  /// Makes the trace for every page of small blocks and every large allocation among `listings`;
  /// where a page is listed twice, the later listing counts. Other pieces (`!vm`, tables) are left
  /// out.
  public init(_ listings: [CheckedListing], profile: Profile?) throws(ReconstructionError) {
    let sorted = try Self.pages(of: listings)
    guard let width = sorted.width else {
      throw ReconstructionError("no listing shows the blocks of a page")
    }
    let profile =
      profile ?? (width == .bits32 ? TraceConfiguration.defaultProfile : .windows7x64)
    guard profile.firstList == .exactFit else {
      throw ReconstructionError(
        "\(profile.name) never takes a free block that fits exactly; choose a Windows profile")
    }
    guard (profile.wordBytes == 4) == (width == .bits32) else {
      throw ReconstructionError(
        "the listing's addresses are those of another width than \(profile.name)'s")
    }
    func reconstructed(
      _ pages: [Address: PoolListing]
    ) throws(ReconstructionError) -> [ReconstructedItem] {
      var result: [ReconstructedItem] = []
      for (address, listing) in pages.sorted(by: { $0.key < $1.key }) {
        result.append(try ReconstructedItem(listing, address: address, profile))
      }
      return try ReconstructedItem.joined(result, profile)
    }
    machine = try ReconstructionMachine(
      profile, nonPaged: try reconstructed(sorted.nonPaged),
      paged: try reconstructed(sorted.paged))
    pages = (machine.nonPaged + machine.paged).flatMap(\.listedAddresses).sorted()
    try write()
  }

  private typealias Sorted = (
    width: PointerWidth?, nonPaged: [Address: PoolListing], paged: [Address: PoolListing]
  )

  private static func pages(
    of listings: [CheckedListing]
  ) throws(ReconstructionError) -> Sorted {
    var result: Sorted = (nil, [:], [:])
    for checked in listings {
      let listing: PoolListing
      switch checked.listing.content {
      case .pool(let page), .poolInfoPage(let page): listing = page
      default: continue
      }
      guard let (address, width) = Self.place(of: listing) else { continue }
      let place = "\(checked.listing.source):\(checked.listing.line)"
      guard checked.verdict != .corrupt else {
        throw ReconstructedPage.error(
          address, "\(place) is corrupt; no requests and frees alone make such headers")
      }
      guard Self.isClassic(checked, listing, width) else {
        throw ReconstructedPage.error(
          address,
          "\(place) is no page of the classic pool but \(checked.layout?.rawValue ?? "unclear")")
      }
      guard result.width == nil || result.width == width else {
        throw ReconstructionError("\(place): pages of 32-bit and 64-bit systems in one trace")
      }
      result.width = width
      switch listing.region {
      case nil, "Nonpaged pool": result.nonPaged[address] = listing
      case "Paged pool": result.paged[address] = listing
      case let region?:
        throw ReconstructedPage.error(address, "\(place): the region is \(region)")
      }
    }
    return result
  }

  /// The page that a listing is of, if it shows something there; the session's large allocations,
  /// whose region is unknown, are passed over.
  private static func place(of listing: PoolListing) -> (Address, PointerWidth)? {
    if let first = listing.blocks.first { return (first.pageAddress, first.width) }
    guard let large = listing.large, listing.region != nil, listing.region != "Unknown" else {
      return nil
    }
    return (large.address, large.address > 0xFFFF_FFFF ? .bits64 : .bits32)
  }

  /// An excerpt may be too short to tell the layout; the segment heap keeps no previous sizes.
  private static func isClassic(
    _ checked: CheckedListing, _ listing: PoolListing, _ width: PointerWidth
  ) -> Bool {
    switch checked.layout {
    case .classic?, .large?, .largeTail?: true
    case nil: width == .bits32 || listing.blocks.contains { $0.previousSizeBytes > 0 }
    default: false
    }
  }

  // MARK: Writing

  private mutating func write() throws(ReconstructionError) {
    say("The listed pages, made by requests and frees alone; to see them again:")
    for page in pages.prefix(8) {
      say("  poolfuzz replay --pool 0x\(String(page, radix: 16)) FILE")
    }
    say("listed: the pages, without the traffic that led to them")
    add(.config(machine.configuration))
    for (type, pages) in [(PoolType.nonPaged, machine.nonPaged), (.paged, machine.paged)] {
      for step in machine.steps(pages, type) {
        switch step {
        case .gap(let bytes): add(.alloc(newName(), type, bytes: bytes, tag: PoolTag("Gap")))
        case .item(.page(let page)): layOut(page, type)
        case .item(.large(_, let bytes, let tag, let tail)):
          add(.alloc(newName(), type, bytes: bytes, tag: tag))
          if let tail { layOut(tail, type) }
        }
      }
    }
    try retake()
    fillLookasides()
    say("What the listing shows as free.")
    let parked = frees.filter { $0.piece.use == .parked }
    for free in parked + frees.filter({ $0.piece.use == .free }) {
      add(.free(free.name, tag: nil))
    }
  }

  private mutating func say(_ text: String) { lines.append(.comment(text)) }

  private mutating func add(_ operation: PoolTrace.Operation) {
    lines.append(.operation(operation))
  }

  private mutating func newName() -> SlotName {
    names += 1
    return SlotName(names)
  }

  private mutating func allocate(
    _ units: UInt64, _ type: PoolType, _ tag: PoolTag
  ) -> SlotName {
    let profile = machine.configuration.pool.profile
    let name = newName()
    add(
      .alloc(
        name, type, bytes: units * profile.unitBytes - UInt64(profile.header.bytes), tag: tag))
    return name
  }

  /// Requests that fill a fresh page: its first block, then from the last to the second.
  private mutating func layOut(_ page: ReconstructedPage, _ type: PoolType) {
    say("Page \(String(page.address, radix: 16))")
    let profile = machine.configuration.pool.profile
    var pieces = page.pieces[...]
    while let piece = pieces.first {
      // The order: front once, then from the back.
      let taken = piece.offset == 0 ? pieces.removeFirst() : pieces.removeLast()
      let isRest = taken.use == .free && taken.units < profile.smallestListedUnits
      guard !isRest else { continue }
      if taken.offset > 0, let before = pieces.last, before.use == .free,
        before.units < profile.smallestListedUnits
      {
        pieces.removeLast()
        let whole = allocate(before.units + taken.units, type, before.tag)
        retaken.append(
          Retaken(whole: whole, wholeUnits: before.units + taken.units, piece: taken, type: type))
      } else {
        remember(allocate(taken.units, type, taken.tag), taken)
      }
    }
  }

  private mutating func remember(_ name: SlotName, _ piece: ReconstructedPage.Piece) {
    switch piece.use {
    case .free, .parked: frees.append((name, piece))
    case .allocated, .filler: break
    }
  }

  /// A block is freed and taken again a little smaller: the rest before it is too small for a list.
  private mutating func retake() throws(ReconstructionError) {
    guard !retaken.isEmpty else { return }
    say("Rests too small for a list, before blocks that are taken from a room's back.")
    for block in retaken {
      guard parked(block.type, block.wholeUnits) == 0 else {
        throw ReconstructionError(
          "blocks of \(block.wholeUnits) units are parked, and one of that size must be freed for"
            + " good to leave a rest of one unit")
      }
      fillLookaside(block.type, block.wholeUnits)
    }
    for block in retaken {
      add(.free(block.whole, tag: nil))
      remember(allocate(block.piece.units, block.type, block.piece.tag), block.piece)
    }
  }

  /// Where blocks are parked, fills every list of a size that is freed for good as well.
  private mutating func fillLookasides() {
    for (type, pages) in [(PoolType.nonPaged, machine.nonPaged), (.paged, machine.paged)] {
      let sizes = Set(pages.flatMap(\.pieces).filter { $0.use == .free }.map(\.units))
      for units in sizes.sorted() { fillLookaside(type, units) }
    }
  }

  /// Blocks of a size that the listing shows as parked.
  private func parked(_ type: PoolType, _ units: UInt64) -> UInt64 {
    let pages = type.isPaged ? machine.paged : machine.nonPaged
    return UInt64(pages.flatMap(\.pieces).count { $0.use == .parked && $0.units == units })
  }

  /// Fills the lists of one size but for the room that its parked blocks need.
  private mutating func fillLookaside(_ type: PoolType, _ units: UInt64) {
    let profile = machine.configuration.pool.profile
    guard machine.lookasideRoom > 0, (2...profile.lookasideClasses).contains(units),
      full.insert(LookasideClass(type: type, units: units)).inserted
    else { return }
    var fillers: [SlotName] = []
    for _ in 0..<(machine.lookasideRoom - parked(type, units)) {
      fillers.append(allocate(units, type, PoolTag("Fill")))
    }
    for filler in fillers { add(.free(filler, tag: nil)) }
  }
}
