/// Turns lifetimes, in the order of their begin, into allocations and frees in the order of time.
///
/// Frees wait in a heap ordered by time until a later allocation or the end releases them, so the
/// memory needed is that of the blocks alive.
struct Lifetimes {
  private struct End {
    var time: UInt64
    var key: UInt64

    func isBefore(_ other: End) -> Bool { (time, key) < (other.time, other.key) }
  }

  private var heap: [End] = []
  private var latest: UInt64 = 0
  private var waiting: RecordedEvent?
  private var nextKey: UInt64 = 1

  /// Adds a lifetime; without an end it lasts. False when it begins before the one before it.
  mutating func add(
    from begin: UInt64, to end: UInt64?, bytes: UInt64, origin: RecordedEvent.Origin
  ) -> Bool {
    let isInOrder = begin >= latest
    latest = max(latest, begin)
    waiting = .allocation(key: nextKey, bytes: bytes, origin: origin)
    if let end { push(End(time: max(end, begin), key: nextKey)) }
    nextKey += 1
    return isInOrder
  }

  /// What happens next: frees up to the time of the waiting allocation, then that allocation.
  mutating func next() -> RecordedEvent? {
    if let first = heap.first, first.time <= latest, !isWaiting(first.key) {
      return .free(key: pop())
    }
    defer { waiting = nil }
    return waiting
  }

  mutating func end() { latest = .max }

  /// A block that lives no time at all must be allocated before it is freed.
  private func isWaiting(_ key: UInt64) -> Bool {
    guard case .allocation(let waitingKey, _, _)? = waiting else { return false }
    return waitingKey == key
  }

  private mutating func push(_ end: End) {
    heap.append(end)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func pop() -> UInt64 {
    let key = heap[0].key
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var first = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].isBefore(heap[first]) { first = child }
      }
      guard first != parent else { return key }
      heap.swapAt(first, parent)
      parent = first
    }
  }
}
