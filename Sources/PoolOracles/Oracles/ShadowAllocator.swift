import KernelPool

/// An allocator that knows only the contract: sorted intervals of what callers hold.
///
/// It sees calls and answers, never memory, so it shares no mistake with anything that reads the
/// pool. What it can tell: no two allocations share a byte, addresses are aligned as promised, and
/// they lie in the region that was asked for.
struct ShadowAllocator {
  private var held = HeldIntervals()
  private let page: UInt64
  private let smallestAlignment: UInt64
  private let regions: [(kind: PoolKind?, start: Address, end: Address)]

  init(_ configuration: PoolConfiguration) {
    let profile = configuration.profile
    page = profile.pageBytes
    smallestAlignment = profile.wordBytes &* 2
    let page = page
    func region(_ kind: PoolKind?, _ base: Address, _ pages: UInt64) -> (
      PoolKind?, Address, Address
    ) {
      (kind, base, base &+ pages &* page)
    }
    var regions = [
      region(.paged, profile.pagedBase, configuration.pagedPages),
      region(nil, profile.contiguousBase, configuration.contiguousPages),
    ]
    if profile.hasSessionPool {
      regions.append(region(.session, profile.sessionBase, configuration.sessionPages))
    }
    self.regions =
      regions + configuration.nonPagedRanges.map { region(.nonPaged, $0.base, $0.pages) }
  }

  /// Takes note of an allocation from the pool that its type asks for; returns what is wrong with it.
  mutating func allocated(
    _ address: Address, bytes: UInt64, of kind: PoolKind, isContiguous: Bool
  ) -> PoolFailure? {
    let end = address &+ max(bytes, 1)
    let isShared = held.insert(address, end)
    if isShared || end < address {
      return .oracle(.overlap, "an allocation of \(bytes) bytes shares bytes with a live one")
    }
    let alignment = bytes >= page ? page : smallestAlignment
    if address & (alignment &- 1) != 0 {
      return .oracle(.alignment, "an allocation of \(bytes) bytes is not on \(alignment) bytes")
    }
    let wanted: PoolKind = kind == .nonPagedNoExecute ? .nonPaged : kind
    let isInside = regions.contains { region in
      (region.kind == wanted || (isContiguous && region.kind == nil))
        && address >= region.start && end <= region.end
    }
    return isInside ? nil : .oracle(.region, "\(bytes) bytes lie outside of their pool")
  }

  /// Takes note of a free; one of an address that nobody holds changes nothing.
  mutating func freed(_ address: Address) { held.remove(address) }
}

/// Intervals in the order of their starts, in chunks: where a machine holds a hundred thousand
/// blocks, an operation moves one chunk and not all of them.
private struct HeldIntervals {
  private struct Interval {
    let start: Address
    let end: Address
  }

  /// Never empty; only the first chunk may be.
  private var chunks: [[Interval]] = [[]]
  private static let mostInChunk = 64

  /// Adds an interval; true where it shares a byte with one beside it.
  mutating func insert(_ start: Address, _ end: Address) -> Bool {
    let number = chunk(of: start)
    let place = place(of: start, in: number)
    var isShared = false
    if place > 0 {
      isShared = chunks[number][place - 1].end > start
    } else if number > 0, let before = chunks[number - 1].last {
      isShared = before.end > start
    }
    if place < chunks[number].count {
      isShared = isShared || chunks[number][place].start < end
    } else if number + 1 < chunks.count {
      isShared = isShared || chunks[number + 1][0].start < end
    }
    let interval = Interval(start: start, end: end)
    // The array's own insertion and removal showed in a profile of `fuzz`.
    chunks[number].append(interval)
    chunks[number].withUnsafeMutableBufferPointer { held in
      guard let target = held.baseAddress.map({ $0 + place }) else { return }
      (target + 1).update(from: target, count: held.count - 1 - place)
      target.pointee = interval
    }
    if chunks[number].count > Self.mostInChunk { halve(number) }
    return isShared
  }

  /// Removes the interval of a start, if there is one.
  mutating func remove(_ start: Address) {
    let number = chunk(of: start)
    let place = place(of: start, in: number)
    guard place < chunks[number].count, chunks[number][place].start == start else { return }
    chunks[number].withUnsafeMutableBufferPointer { held in
      guard let target = held.baseAddress.map({ $0 + place }) else { return }
      target.update(from: target + 1, count: held.count - 1 - place)
    }
    chunks[number].removeLast()
    if chunks[number].isEmpty, chunks.count > 1 { chunks.remove(at: number) }
  }

  /// The first place of a chunk whose start is not below an address.
  private func place(of address: Address, in number: Int) -> Int {
    chunks[number].withUnsafeBufferPointer { held in
      Self.first(held.count) { held[$0].start >= address }
    }
  }

  /// The last chunk that begins at or before an address, else the first.
  private func chunk(of address: Address) -> Int {
    guard chunks.count > 1 else { return 0 }
    return max(Self.first(chunks.count) { chunks[$0][0].start > address }, 1) - 1
  }

  private mutating func halve(_ number: Int) {
    let middle = chunks[number].count / 2
    let upper = Array(chunks[number][middle...])
    chunks[number].removeSubrange(middle...)
    chunks.insert(upper, at: number + 1)
  }

  /// The first of so many places for which a condition holds that holds for all behind it.
  private static func first(_ count: Int, where holds: (Int) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
