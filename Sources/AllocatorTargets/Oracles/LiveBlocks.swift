/// The live blocks of an allocator under test, by their start: the books of a caller.
struct LiveBlocks {
  /// A live block.
  struct Block: Equatable {
    var start: UInt64
    /// Behind its last usable byte.
    var end: UInt64
    var slot: UInt32
    /// Bytes that were asked for.
    var bytes: UInt64
    /// The alignment that was asked for; 0 where none was.
    var alignment: UInt64
  }

  private var blocks: [Block] = []
  private var starts: [UInt32: UInt64] = [:]
  /// Bytes that were asked for, of all live blocks.
  private(set) var liveBytes: UInt64 = 0

  /// Whether nothing lives.
  var isEmpty: Bool { blocks.isEmpty }

  /// The block of a slot.
  func block(of slot: UInt32) -> Block? {
    guard let start = starts[slot] else { return nil }
    var place = position(of: start)
    while place < blocks.count, blocks[place].start == start {
      if blocks[place].slot == slot { return blocks[place] }
      place += 1
    }
    return nil
  }

  /// Adds a block; returns another that it shares a byte with, if there is one.
  mutating func insert(_ block: Block) -> Block? {
    let place = position(of: block.start)
    let lower = place > 0 && blocks[place - 1].end > block.start ? blocks[place - 1] : nil
    let upper = place < blocks.count && blocks[place].start < block.end ? blocks[place] : nil
    // A block that ends where it begins or before reaches around the end of the address space.
    let isAround = block.end <= block.start
    blocks.insert(block, at: place)
    starts[block.slot] = block.start
    liveBytes &+= block.bytes
    return lower ?? upper ?? (isAround ? block : nil)
  }

  /// Removes the block of a slot.
  mutating func remove(_ slot: UInt32) {
    guard let start = starts.removeValue(forKey: slot) else { return }
    let first = position(of: start)
    guard let place = blocks[first...].firstIndex(where: { $0.slot == slot }) else { return }
    liveBytes &-= blocks[place].bytes
    blocks.remove(at: place)
  }

  /// The largest gap between live blocks of an arena. A gap at either end may hold so many bytes of the
  /// allocator's own.
  func largestGap(
    from base: UInt64, bytes: UInt64, endOverhead: UInt64
  ) -> (start: UInt64, bytes: UInt64)? {
    var best: (start: UInt64, bytes: UInt64)?
    var position = base
    let end = base &+ bytes
    func take(_ start: UInt64, _ size: UInt64) {
      if size > best?.bytes ?? 0 { best = (start, size) }
    }
    func withoutOverhead(_ size: UInt64) -> UInt64 { size > endOverhead ? size - endOverhead : 0 }
    for block in blocks where block.start >= base && block.start < end {
      let size = block.start > position ? block.start - position : 0
      take(position, position == base ? withoutOverhead(size) : size)
      position = max(position, block.end)
    }
    if end > position { take(position, withoutOverhead(end - position)) }
    return best
  }

  private func position(of start: UInt64) -> Int {
    var low = 0
    var high = blocks.count
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].start < start { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
