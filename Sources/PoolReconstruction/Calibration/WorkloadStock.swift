import KernelPool
import PoolWalk
import PropertyTesting

/// Everything that is live at the end of a calibrated workload, sorted by when it is allocated.
struct WorkloadStock {
  /// So many allocations of one tag and size.
  struct Item {
    var tag: PoolTag
    var type: PoolType
    var part: BlockMix.Part
  }

  /// The sizes of the spells, with the block that stays.
  private(set) var plan: PhaseSizes
  /// Large allocations.
  private(set) var large: [Item] = []
  /// The driver's live buffers.
  private(set) var buffers: [Item] = []
  /// Small blocks that are allocated in random order.
  private(set) var small: [Item] = []
  /// The long-lived blocks that fall between others: so many of each tag.
  private(set) var pins: [Item] = []
  /// Blocks that come and go while the small ones are allocated, and leave holes.
  private(set) var passing: UInt64 = 0

  /// Buffers of the driver that are live at the end.
  var liveBuffers: UInt64 { buffers.reduce(0) { $0 + $1.part.count } }

  private let sizes: BlockSizes
  /// Tags of the long-lived blocks, the story's first; two that the table does not list are used.
  private static let pinTags = [
    PoolTag("ReEv"), PoolTag("MFE0"), PoolTag("Evnt"), PoolTag("Tmr"), PoolTag("Wait"),
  ]

  init(
    _ workload: CalibratedWorkload, kernel: [TagRow], pagesAtStart: UInt64
  ) throws(CalibrationError) {
    plan = try PhaseSizes(workload.recipe)
    sizes = BlockSizes(workload.recipe.profile)
    var random = Xoshiro256(seed: workload.recipe.seed, stream: 0)
    let target = workload.target
    var nonPagedRest = target.nonPaged
    var pagedRest = target.paged
    for row in target.rows {
      let own = kernel.first { $0.tag == row.tag }
      try Self.subtract(row.nonPaged, from: &nonPagedRest, "the nonpaged total")
      try Self.subtract(row.paged, from: &pagedRest, "the paged total")
      try add(row.tag, .nonPaged, try Self.without(own?.nonPaged, row.nonPaged, row.tag))
      try add(row.tag, .paged, try Self.without(own?.paged, row.paged, row.tag))
    }
    for own in kernel where !target.rows.contains(where: { $0.tag == own.tag }) {
      nonPagedRest = try Self.without(own.nonPaged, nonPagedRest, own.tag)
      pagedRest = try Self.without(own.paged, pagedRest, own.tag)
    }
    let listed = Set(target.rows.map(\.tag) + kernel.map(\.tag))
    let pinTags = Array(Self.pinTags.filter { !listed.contains($0) }.prefix(2))
    let pinned = try reservePins(
      &nonPagedRest, workload, pinTags, pagesAtStart: pagesAtStart)
    let taken = listed.union(pinTags)
    let leastListed = target.rows.map(\.nonPaged.bytes).filter { $0 > 0 }.min() ?? .max
    try addBackground(nonPagedRest, .nonPaged, most: leastListed / 10 * 9, taken, &random)
    try addBackground(pagedRest, .paged, most: .max, taken, &random)
    // Each hole of 14 units in the mean takes a few pins; half as many again, so that some stay.
    passing = pinned * 3 / 2 / max(1, 14 / plan.pin)
  }

  private static func subtract(
    _ blocks: CalibrationTarget.Blocks, from rest: inout CalibrationTarget.Blocks, _ what: String
  ) throws(CalibrationError) {
    guard blocks.count <= rest.count, blocks.bytes <= rest.bytes else {
      throw CalibrationError("the rows of the table exceed \(what)")
    }
    rest.count -= blocks.count
    rest.bytes -= blocks.bytes
  }

  /// What is left to allocate beside the kernel's own.
  private static func without(
    _ own: TagRow.Counts?, _ wanted: CalibrationTarget.Blocks, _ tag: PoolTag
  ) throws(CalibrationError) -> CalibrationTarget.Blocks {
    guard let own else { return wanted }
    let name = TagSpelling.text(tag)
    let remedy = "list at least that, or leave the row of \(name) out"
    guard UInt64(own.outstanding) <= wanted.count else {
      throw CalibrationError(
        "the kernel's own tables are \(own.outstanding) allocations of \(name); the table has"
          + " \(wanted.count): \(remedy)")
    }
    guard own.bytes <= wanted.bytes else {
      throw CalibrationError(
        "the kernel's own tables take \(own.bytes) bytes as \(name); the table has"
          + " \(wanted.bytes): \(remedy)")
    }
    return CalibrationTarget.Blocks(
      count: wanted.count - UInt64(own.outstanding), bytes: wanted.bytes - own.bytes)
  }

  private mutating func add(
    _ tag: PoolTag, _ type: PoolType, _ blocks: CalibrationTarget.Blocks
  ) throws(CalibrationError) {
    let buffer = plan.buffer * sizes.unitBytes
    let isDriver = tag == .contiguous && !type.isPaged
    let mix =
      isDriver ? BlockMix(blocks, buffer: buffer, sizes) : BlockMix(blocks, sizes)
    guard let mix else {
      let name = TagSpelling.text(tag)
      throw CalibrationError(
        (blocks.count == 1
          ? "1 block of tag \(name) cannot have \(blocks.bytes) bytes"
          : "\(blocks.count) blocks of tag \(name) cannot have \(blocks.bytes) bytes together")
          + ": blocks are multiples of \(sizes.unitBytes) bytes from \(sizes.smallest)"
          + " to \(sizes.largest), or whole pages; \(remedy(blocks))")
    }
    for part in mix.parts {
      let item = Item(tag: tag, type: type, part: part)
      if part.isLarge {
        large.append(item)
      } else if isDriver, part.bytes == buffer {
        buffers.append(item)
      } else {
        small.append(item)
      }
    }
  }

  /// What would make the figures of a tag possible.
  private func remedy(_ blocks: CalibrationTarget.Blocks) -> String {
    let (bytes, unit, page) = (blocks.bytes, sizes.unitBytes, sizes.pageBytes)
    if bytes % unit != 0 {
      let below = bytes / unit * unit
      return "make it \(below) or \(below + unit) bytes"
    }
    guard blocks.count > 0, bytes / blocks.count >= sizes.smallest else {
      return blocks.count == 0
        ? "give it a block, or no bytes" : "give it at most \(bytes / sizes.smallest) blocks"
    }
    let below = bytes / page * page
    return "make it \(max(below, sizes.largest)) or \(below + page) bytes, or give it a block more"
  }

  private mutating func addBackground(
    _ rest: CalibrationTarget.Blocks, _ type: PoolType, most: UInt64, _ taken: Set<PoolTag>,
    _ random: inout Xoshiro256
  ) throws(CalibrationError) {
    let shares = Background.shares(of: rest, mostBytes: most, taken: taken, sizes, &random)
    for share in shares { try add(share.tag, type, share.blocks) }
  }

  /// Sets aside as many long-lived blocks as the usage needs, with some to spare: from what the
  /// table does not list, or else from the smallest blocks of which it lists enough.
  private mutating func reservePins(
    _ rest: inout CalibrationTarget.Blocks, _ workload: CalibratedWorkload, _ tags: [PoolTag],
    pagesAtStart: UInt64
  ) throws(CalibrationError) -> UInt64 {
    let pagesWanted = workload.target.nonPagedPages
    let packed = pagesAtStart + packedPages(rest)
    guard pagesWanted >= packed / 100 * 98 else {
      throw CalibrationError(
        "the blocks of the tags alone take about \(packed) pages; a usage of \(pagesWanted) is too"
          + " little")
    }
    guard pagesWanted > packed else { return 0 }
    let needed = pagesWanted - packed
    let pinBytes = plan.pin * sizes.unitBytes
    let most = min(rest.count, rest.bytes / pinBytes)
    guard needed < most, tags.count == 2 else {
      return try reserveListedPins(needed, workload)
    }
    let wanted = min(needed * 21 / 20 + 64, (needed + most) / 2)
    rest.count -= wanted
    rest.bytes -= wanted * pinBytes
    for (index, tag) in tags.enumerated() {
      addPins(tag, pinBytes, count: wanted / 2 + (index == 0 ? wanted % 2 : 0))
    }
    return wanted
  }

  private mutating func addPins(_ tag: PoolTag, _ bytes: UInt64, count: UInt64) {
    let part = BlockMix.Part(bytes: bytes, count: count, isLarge: false)
    pins.append(Item(tag: tag, type: .nonPaged, part: part))
  }

  /// Pages that everything but the kernel's own takes without a hole.
  private func packedPages(_ rest: CalibrationTarget.Blocks) -> UInt64 {
    let page = sizes.pageBytes
    let largePages = large.filter { !$0.type.isPaged }.reduce(UInt64(0)) {
      $0 + $1.part.count * ($1.part.bytes / page)
    }
    let smallBytes = small.filter { !$0.type.isPaged }.reduce(rest.bytes) {
      $0 + $1.part.count * $1.part.bytes
    }
    let behindBuffers = liveBuffers * plan.tail * sizes.unitBytes
    return largePages + liveBuffers + (smallBytes - min(smallBytes, behindBuffers)) / page
  }

  private mutating func reserveListedPins(
    _ needed: UInt64, _ workload: CalibratedWorkload
  ) throws(CalibrationError) -> UInt64 {
    let wanted = needed * 21 / 20 + 16
    let fitting = small.indices.filter { index in
      let item = small[index]
      return !item.type.isPaged && item.part.count >= wanted
        && item.part.bytes <= plan.tail * sizes.unitBytes
    }
    guard let chosen = fitting.min(by: { small[$0].part.bytes < small[$1].part.bytes }) else {
      throw CalibrationError(
        "a usage of \(workload.target.nonPagedPages) pages needs about \(wanted) small blocks of one"
          + " size that each keep a page; no tag has so many")
    }
    let item = small[chosen]
    plan = try PhaseSizes(workload.recipe, pinUnits: item.part.bytes / sizes.unitBytes)
    small[chosen].part.count -= wanted
    addPins(item.tag, item.part.bytes, count: wanted)
    return wanted
  }
}
