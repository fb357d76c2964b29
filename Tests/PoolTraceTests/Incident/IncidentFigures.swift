import KernelPool
import struct PoolInvariants.TraceSlot
import PoolTrace

/// What a trace's expectations speak of, counted a second time and in another way: from headers,
/// page marks and slots, without the metrics' own code.
struct IncidentFigures {
  private let view: PoolView
  private let live: [TraceSlot]
  private let parked: Set<Address>
  private let peakPages: Int

  init(_ view: PoolView, _ slots: ReplaySlots, peakPages: Int) {
    self.view = view
    self.peakPages = peakPages
    var live: [TraceSlot] = []
    slots.forEachLive { _, slot in
      if view.region(of: slot.address)?.kind != nil { live.append(slot) }
    }
    self.live = live
    parked = Self.parked(view)
  }

  /// The figure called `name`, or nil where this suite cannot count it or a page is broken.
  subscript(name: String) -> Int? {
    let parts = name.split(separator: ".").map(String.init)
    switch (parts.first, parts.count) {
    case ("nonpaged", 2): return ofPool(parts[1], isPaged: false)
    case ("paged", 2): return ofPool(parts[1], isPaged: true)
    case ("tag", 3): return ofTag(parts[2], parts[1])
    default: return nil
    }
  }

  /// Pages of small blocks and of large allocations that a pool holds.
  static func pagesHeld(_ view: PoolView, bigPages: Int, isPaged: Bool) -> Int {
    IncidentPage.addresses(view, isPaged: isPaged).count + bigPages
  }

  /// Whole pages of an allocation, zero where it is a small block.
  static func bigPages(_ slot: TraceSlot) -> Int {
    slot.address % 4096 == 0 ? Int((slot.bytes + 4095) / 4096) : 0
  }

  private func ofPool(_ metric: String, isPaged: Bool) -> Int? {
    guard let pages = IncidentPage.all(view, isPaged: isPaged) else { return nil }
    let blocks = pages.flatMap(\.blocks)
    let own = live.filter { $0.type.isPaged == isPaged }
    let big = own.map(Self.bigPages).reduce(0, +)
    switch metric {
    case "pages_held": return pages.count + big
    case "peak_pages_held": return isPaged ? nil : peakPages
    case "big_pages": return big
    case "live_blocks": return own.count
    case "live_block_bytes": return own.map(blockBytes).reduce(0, +)
    case "free_bytes": return blocks.filter(\.isFree).map(bytes).reduce(0, +)
    case "largest_free_block_bytes": return blocks.filter(\.isFree).map(bytes).max() ?? 0
    case "lookaside_bytes": return blocks.filter(isParked).map(bytes).reduce(0, +)
    case "pinned_pages": return pages.filter(isPinned).count
    case "parked_pages":
      return pages.count {
        $0.blocks.contains(where: isParked) && !$0.blocks.contains(where: isLive)
      }
    default: return nil
    }
  }

  private func ofTag(_ metric: String, _ tag: String) -> Int? {
    guard let nonPaged = IncidentPage.all(view, isPaged: false),
      let paged = IncidentPage.all(view, isPaged: true)
    else { return nil }
    let own = live.filter { text($0.tag) == tag }
    let pages = (nonPaged + paged).filter { page in
      page.blocks.contains { isLive($0) && text($0.tag) == tag }
    }
    switch metric {
    case "live_blocks": return own.count
    case "live_block_bytes": return own.map(blockBytes).reduce(0, +)
    case "live_requested_bytes": return own.map { Int($0.bytes) }.reduce(0, +)
    case "pages_held": return pages.count + own.map(Self.bigPages).reduce(0, +)
    case "pinned_pages": return pages.filter(isPinned).count
    default: return nil
    }
  }

  // MARK: Blocks

  private func bytes(_ block: IncidentPage.Block) -> Int { Int(block.byteCount) }

  private func isParked(_ block: IncidentPage.Block) -> Bool { parked.contains(block.address) }

  private func isLive(_ block: IncidentPage.Block) -> Bool { !block.isFree && !isParked(block) }

  private func isPinned(_ page: IncidentPage) -> Bool {
    page.blocks.filter(isLive).map(bytes).reduce(0, +) * 10 < 4096
  }

  /// Bytes of a live allocation, from its own header or in whole pages.
  private func blockBytes(_ slot: TraceSlot) -> Int {
    let pages = Self.bigPages(slot)
    guard pages == 0 else { return pages * 4096 }
    return Int((view.word32(slot.address - 8) ?? 0) >> 16 & 0x1FF) * 8
  }

  private func text(_ tag: PoolTag) -> String {
    let bytes = tag.unprotected.bytes
    return String(decoding: [bytes.0, bytes.1, bytes.2, bytes.3], as: UTF8.self)
  }

  /// Headers of the blocks on lookaside lists, from top to bottom of each list.
  private static func parked(_ view: PoolView) -> Set<Address> {
    var headers: Set<Address> = []
    for owner in 0..<view.lookasideOwners {
      for kind in [PoolKind.nonPaged, .paged] {
        for units in 1...view.profile.lookasideClasses {
          var body = view.lookaside(owner: owner, kind: kind, units: units).top
          while body != 0, headers.insert(body - 8).inserted {
            body = view.pointer(body) ?? 0
          }
        }
      }
    }
    return headers
  }
}
