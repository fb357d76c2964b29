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
    _ workload: CalibratedWorkload, _ plan: SpellPlan, kernel: [TagRow], pagesAtStart: UInt64
  ) throws(CalibrationError) {
    sizes = BlockSizes(workload.recipe.profile)
    var random = Xoshiro256(seed: workload.recipe.seed, stream: 0)
    let target = workload.target
    var nonPagedRest = target.nonPaged
    var pagedRest = target.paged
    for row in target.rows {
      let own = kernel.first { $0.tag == row.tag }
      try Self.subtract(row.nonPaged, from: &nonPagedRest, "the nonpaged total")
      try Self.subtract(row.paged, from: &pagedRest, "the paged total")
      try add(row.tag, .nonPaged, try Self.without(own?.nonPaged, row.nonPaged, row.tag), plan)
      try add(row.tag, .paged, try Self.without(own?.paged, row.paged, row.tag), plan)
    }
    for own in kernel where !target.rows.contains(where: { $0.tag == own.tag }) {
      nonPagedRest = try Self.without(own.nonPaged, nonPagedRest, own.tag)
      pagedRest = try Self.without(own.paged, pagedRest, own.tag)
    }
    let listed = Set(target.rows.map(\.tag) + kernel.map(\.tag))
    let pinTags = Array(Self.pinTags.filter { !listed.contains($0) }.prefix(2))
    let pinned = try reservePins(
      &nonPagedRest, plan, pinTags, pagesWanted: target.nonPagedPages, pagesAtStart: pagesAtStart)
    let taken = listed.union(pinTags)
    let leastListed = target.rows.map(\.nonPaged.bytes).filter { $0 > 0 }.min() ?? .max
    try addBackground(nonPagedRest, .nonPaged, most: leastListed / 10 * 9, taken, plan, &random)
    try addBackground(pagedRest, .paged, most: .max, taken, plan, &random)
    // Each hole of 14 units in the mean takes four pins; half as many again, so that some stay.
    passing = pinned * 3 / 8
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
    guard UInt64(own.outstanding) <= wanted.count, own.bytes <= wanted.bytes else {
      throw CalibrationError(
        "the kernel's own tables take \(own.bytes) bytes as \(TagSpelling.text(tag)), more than"
          + " the table leaves for it")
    }
    return CalibrationTarget.Blocks(
      count: wanted.count - UInt64(own.outstanding), bytes: wanted.bytes - own.bytes)
  }

  private mutating func add(
    _ tag: PoolTag, _ type: PoolType, _ blocks: CalibrationTarget.Blocks, _ plan: SpellPlan
  ) throws(CalibrationError) {
    let buffer = plan.buffer * sizes.unitBytes
    let isDriver = tag == .contiguous && !type.isPaged
    let mix =
      isDriver ? BlockMix(blocks, buffer: buffer, sizes) : BlockMix(blocks, sizes)
    guard let mix else {
      throw CalibrationError(
        "no \(blocks.count) blocks of tag \(TagSpelling.text(tag)) can have \(blocks.bytes) bytes"
          + " together: blocks are multiples of \(sizes.unitBytes) bytes from \(sizes.smallest)"
          + " to \(sizes.largest), or whole pages")
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

  private mutating func addBackground(
    _ rest: CalibrationTarget.Blocks, _ type: PoolType, most: UInt64, _ taken: Set<PoolTag>,
    _ plan: SpellPlan, _ random: inout Xoshiro256
  ) throws(CalibrationError) {
    let shares = Background.shares(of: rest, mostBytes: most, taken: taken, sizes, &random)
    for share in shares { try add(share.tag, type, share.blocks, plan) }
  }

  /// Sets aside as many long-lived blocks as the usage needs, with some to spare.
  private mutating func reservePins(
    _ rest: inout CalibrationTarget.Blocks, _ plan: SpellPlan, _ tags: [PoolTag],
    pagesWanted: UInt64, pagesAtStart: UInt64
  ) throws(CalibrationError) -> UInt64 {
    let page = sizes.pageBytes
    let largePages = large.filter { !$0.type.isPaged }.reduce(UInt64(0)) {
      $0 + $1.part.count * ($1.part.bytes / page)
    }
    let smallBytes = small.filter { !$0.type.isPaged }.reduce(rest.bytes) {
      $0 + $1.part.count * $1.part.bytes
    }
    let behindBuffers = liveBuffers * plan.tail * sizes.unitBytes
    let packed =
      pagesAtStart + largePages + liveBuffers
      + (smallBytes - min(smallBytes, behindBuffers)) / page
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
      throw CalibrationError(
        "a usage of \(pagesWanted) pages needs about \(needed) small blocks that each keep a page;"
          + " the unlisted tags have \(rest.count) blocks of \(rest.bytes) bytes")
    }
    // Some find holes of just their size between packed blocks and keep no page.
    let wanted = min(needed * 21 / 20 + rest.count / 50 + 64, (needed + most) / 2)
    rest.count -= wanted
    rest.bytes -= wanted * pinBytes
    for (index, tag) in tags.enumerated() {
      let count = wanted / 2 + (index == 0 ? wanted % 2 : 0)
      pins.append(
        Item(
          tag: tag, type: .nonPaged,
          part: BlockMix.Part(bytes: pinBytes, count: count, isLarge: false)))
    }
    return wanted
  }
}
