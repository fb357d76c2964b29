import PoolFuzzing
import PropertyTesting

/// Changes and joins traces in the form of `TraceRecords`: by operations and by lifetimes, never in
/// the midst of a record.
///
/// A record's second byte names its slot, so all records with one such byte are the lifetimes of one
/// slot. All changes are made in place in the engine's own buffer.
struct RecordMutation {
  private let bytes: UnsafeMutableRawBufferPointer
  private var count: Int
  private var random: SplitMix64

  private static let header = TraceRecords.headerBytes
  private static let record = TraceRecords.recordBytes
  /// The longest run of records that one change moves.
  private static let longestRun = 16

  /// Changes an input of `count` bytes in a buffer that has room for more; returns its new count.
  static func mutate(_ bytes: UnsafeMutableRawBufferPointer, count: Int, seed: UInt32) -> Int {
    guard bytes.count >= header + record else { return count }
    var mutation = Self(bytes: bytes, count: count, random: SplitMix64(seed: UInt64(seed)))
    mutation.completeHeader()
    for _ in 0...mutation.random.below(3) { mutation.changeOnce() }
    return mutation.count
  }

  /// Joins two inputs: the first one's header, runs of records from both in turn; returns the count.
  static func cross(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer, seed: UInt32
  ) -> Int {
    var random = SplitMix64(seed: UInt64(seed))
    let headerCount = min(first.count, header, output.count)
    output.copyMemory(from: UnsafeRawBufferPointer(rebasing: first[..<headerCount]))
    guard headerCount == header else { return headerCount }
    var count = headerCount
    var places = (header, header)
    var isFirst = true
    while count + record <= output.count {
      let source = isFirst ? first : second
      let place = isFirst ? places.0 : places.1
      let available = max(source.count - place, 0) / record
      guard available > 0 else { break }
      let wanted = 1 + random.below(longestRun)
      let run = min(available, wanted, (output.count - count) / record) * record
      let piece = UnsafeRawBufferPointer(rebasing: source[place..<place + run])
      UnsafeMutableRawBufferPointer(rebasing: output[count...]).copyMemory(from: piece)
      count += run
      if isFirst { places.0 += run } else { places.1 += run }
      isFirst.toggle()
    }
    return count
  }

  // MARK: Parts

  private var recordCount: Int { max(count - Self.header, 0) / Self.record }

  private func place(_ index: Int) -> Int { Self.header + index * Self.record }

  private mutating func completeHeader() {
    while count < Self.header {
      bytes[count] = UInt8(random.below(256))
      count += 1
    }
    if recordCount == 0 { insertFresh() }
  }

  private mutating func changeOnce() {
    guard recordCount > 0 else { return insertFresh() }
    switch random.below(32) {
    case 0: bytes[random.below(Self.header)] = UInt8(random.below(256))
    case 1...3: removeRun()
    case 4...7: copyRun()
    case 8...12: insertFresh()
    case 13...20: alter()
    case 21...23: swap()
    case 24...25: removeLifetimes()
    case 26...28: copyLifetimes()
    default: move()
    }
  }

  // MARK: Operations

  private mutating func open(at index: Int, records: Int) -> Int {
    let room = (bytes.count - count) / Self.record
    let records = min(records, room)
    guard records > 0 else { return 0 }
    let start = place(index)
    let shift = records * Self.record
    shiftBytes(from: start, to: start + shift, byteCount: count - start)
    count += shift
    return records
  }

  private mutating func shiftBytes(from source: Int, to target: Int, byteCount: Int) {
    guard let base = bytes.baseAddress, byteCount > 0 else { return }
    (base + target).copyMemory(from: base + source, byteCount: byteCount)
  }

  private mutating func remove(at index: Int, records: Int) {
    let start = place(index)
    let end = start + records * Self.record
    shiftBytes(from: end, to: start, byteCount: count - end)
    count -= end - start
  }

  private mutating func removeRun() {
    let index = random.below(recordCount)
    remove(at: index, records: min(1 + random.below(Self.longestRun), recordCount - index))
  }

  private mutating func copyRun() {
    let source = random.below(recordCount)
    let length = min(1 + random.below(Self.longestRun), recordCount - source)
    let target = random.below(recordCount + 1)
    let opened = open(at: target, records: length)
    // What lies behind the gap has moved along with it.
    for offset in 0..<opened {
      let old = source + offset
      copyRecord(from: old >= target ? old + opened : old, to: target + offset)
    }
  }

  private func copyRecord(from source: Int, to target: Int) {
    for offset in 0..<Self.record { bytes[place(target) + offset] = bytes[place(source) + offset] }
  }

  /// A new record: often of a kind and on a slot that others have, so that it meets them.
  private mutating func insertFresh() {
    let index = random.below(recordCount + 1)
    guard open(at: index, records: 1) == 1 else { return }
    for offset in 0..<Self.record { bytes[place(index) + offset] = UInt8(random.below(256)) }
    guard recordCount > 1 else { return }
    let kindOf = random.below(recordCount)
    let slotOf = random.below(recordCount)
    if random.below(4) > 0 { bytes[place(index)] = bytes[place(kindOf)] }
    if random.below(4) > 0 { bytes[place(index) + 1] = bytes[place(slotOf) + 1] }
  }

  private mutating func alter() {
    let at = place(random.below(recordCount)) + random.below(Self.record)
    switch random.below(4) {
    case 0: bytes[at] = bytes[at] &+ 1
    case 1: bytes[at] = bytes[at] &- 1
    case 2: bytes[at] ^= 1 << UInt8(random.below(8))
    default: bytes[at] = UInt8(random.below(256))
    }
  }

  private mutating func swap() {
    exchange(random.below(recordCount), random.below(recordCount))
  }

  private func exchange(_ first: Int, _ second: Int) {
    for offset in 0..<Self.record {
      bytes.swapAt(place(first) + offset, place(second) + offset)
    }
  }

  /// Moves a record: a free that comes earlier or later ends a lifetime elsewhere.
  private mutating func move() {
    var from = random.below(recordCount)
    let to = random.below(recordCount)
    while from != to {
      let next = from < to ? from + 1 : from - 1
      exchange(from, next)
      from = next
    }
  }

  // MARK: Lifetimes

  private mutating func removeLifetimes() {
    let slot = bytes[place(random.below(recordCount)) + 1]
    var kept = 0
    for index in 0..<recordCount where bytes[place(index) + 1] != slot {
      if kept != index { copyRecord(from: index, to: kept) }
      kept += 1
    }
    if kept > 0 { remove(at: kept, records: recordCount - kept) }
  }

  /// Gives another slot the same lifetimes, each operation beside the one it copies.
  private mutating func copyLifetimes() {
    let slot = bytes[place(random.below(recordCount)) + 1]
    let other = slot &+ 1 &+ UInt8(random.below(15))
    var index = 0
    var copies = 0
    while index < recordCount, copies < Self.longestRun {
      defer { index += 1 }
      guard bytes[place(index) + 1] == slot, open(at: index + 1, records: 1) == 1 else { continue }
      copyRecord(from: index, to: index + 1)
      bytes[place(index + 1) + 1] = other
      index += 1
      copies += 1
    }
  }
}
