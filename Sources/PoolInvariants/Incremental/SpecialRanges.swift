import struct KernelPool.PoolView
import struct KernelPool.WriteJournal
import typealias KernelPool.Address

/// Memory with structures of the kernel's own.
struct SpecialRange: BitwiseCopyable {
  /// What lies there.
  enum Kind: UInt8 {
    /// The fields of a descriptor before its list heads.
    case descriptor
    case listHeads
    case trackerTable
    case bigTable
    case runHeads
    case map
  }

  var kind: Kind
  /// The descriptor's position, or the map's number.
  var number: Int32
  var start: Address
  var end: Address
}

/// The kernel's own structures by the chunks of the journal in which they lie.
struct SpecialRanges: ~Copyable {
  private var index = AddressIndex()
  private var all = FlatArray<SpecialRange>()
  /// For each chunk with structures: which of `all`, one bit each.
  private var sets = FlatArray<UInt64>()

  init() {}

  /// Adds a structure; there are fewer than 64.
  mutating func add(_ range: SpecialRange) {
    guard range.start < range.end, all.count < 64 else { return }
    let number = all.count
    all.append(range)
    var chunk = range.start & ~(WriteJournal.chunkBytes &- 1)
    while chunk < range.end {
      if let set = index[chunk] {
        sets.place(Int(set)).pointee |= 1 &<< UInt64(number)
      } else {
        index.set(chunk, UInt32(sets.count))
        sets.append(1 &<< UInt64(number))
      }
      chunk &+= WriteJournal.chunkBytes
    }
  }

  /// The number of a chunk with structures, or nil.
  @inline(__always) func number(at chunk: Address) -> UInt32? { index[chunk] }

  /// The structures of a chunk, as positions.
  func ranges(_ number: Int) -> BitPositions { BitPositions(bits: sets[number]) }

  /// A structure.
  func range(_ position: Int) -> SpecialRange { all[position] }
}

/// The positions of the ones of a word.
struct BitPositions: Sequence, IteratorProtocol {
  var bits: UInt64

  mutating func next() -> Int? {
    guard bits != 0 else { return nil }
    let position = bits.trailingZeroBitCount
    bits &= bits &- 1
    return position
  }
}
