import KernelPool
import PoolFuzzing
import PropertyTesting

/// Turns the states of a pool into feedback: what is held for what is live, and which lists have
/// blocks.
struct StateFeedback {
  private let view: PoolView
  private let pageBytes: UInt64
  /// Addresses of the descriptors' counters of pages: small blocks, large allocations.
  private var counters: [(small: Address, large: Address)]
  private var freshPages: UInt64 = 0
  private var liveBytes: UInt64 = 0
  private var slotBytes: [UInt64] = []

  /// Begins at a fresh pool, whose own pages do not count. The view must not outlive the pool.
  init(_ view: PoolView) {
    self.view = view
    pageBytes = view.profile.pageBytes
    let layout = view.profile.descriptor
    counters = view.descriptors.map {
      ($0.address &+ layout.totalPages, $0.address &+ layout.totalBigPages)
    }
    freshPages = pages
  }

  private var pages: UInt64 {
    var sum: UInt64 = 0
    for counter in counters {
      sum &+= UInt64(view.word32(counter.small) ?? 0)
      sum &+= UInt64(view.word32(counter.large) ?? 0)
    }
    return sum
  }

  /// Notes the state after an operation.
  mutating func note(
    _ operation: PoolOperation, _ effect: StepEffect, _ feedback: inout DomainFeedback
  ) {
    if effect == .refused { feedback.note(outcome: 0) }
    if effect == .performed, let use = operation.slots.first { count(operation, use) }
    let held = pages
    guard held > freshPages else { return }
    feedback.note(heldBytes: (held &- freshPages) &* pageBytes, liveBytes: liveBytes)
  }

  private mutating func count(_ operation: PoolOperation, _ use: SlotUse) {
    let number = use.slot.number
    guard number < 1024 else { return }
    while slotBytes.count <= number { slotBytes.append(0) }
    switch operation.operation {
    case .alloc(_, _, let bytes, _), .contiguous(_, let bytes, _):
      slotBytes[number] = bytes
      liveBytes &+= bytes
    case .free:
      liveBytes &-= slotBytes[number]
      slotBytes[number] = 0
    default: break
    }
  }

  /// Notes which lists of the first descriptor have blocks at the end.
  func finish(_ feedback: inout DomainFeedback) {
    guard let root = view.descriptors.first else { return }
    let word = UInt64(view.profile.wordBytes)
    let heads = Int(pageBytes / view.profile.unitBytes)
    for head in 0..<heads {
      let address = root.listHeads &+ UInt64(head) &* 2 &* word
      var count = 0
      var next = view.pointer(address)
      while let link = next, link != address, count < 4 {
        count += 1
        next = view.pointer(link)
      }
      feedback.note(freeBlocks: count, head: head, of: heads)
    }
  }
}
