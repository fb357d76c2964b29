import typealias KernelPool.Address
import struct KernelPool.PoolTag

/// Allocations and bytes by tag, nonpaged and paged apart.
struct TagTally {
  /// What a tag comes to.
  struct Sum: Equatable {
    var allocations: UInt64 = 0
    var bytes: UInt64 = 0
  }

  private var index = AddressIndex()
  private var sums: [Sum] = []
  /// The place that was asked for last: most operations have the tag of the one before.
  private var last: (key: Address, place: Int) = (0, 0)

  /// A number for a tag's column that is never zero.
  private static func key(_ tag: PoolTag, _ isPaged: Bool) -> Address {
    1 &<< 40 | UInt64(tag.unprotected.word) &<< 1 | (isPaged ? 1 : 0)
  }

  /// How many sums there are.
  var count: Int { sums.count }
  /// True where nothing was ever added.
  var isEmpty: Bool { sums.isEmpty }

  /// Adds an allocation.
  mutating func add(_ tag: PoolTag, isPaged: Bool, bytes: UInt64, count: UInt64 = 1) {
    let key = Self.key(tag, isPaged)
    if last.key != key {
      let place = index[key].map { Int($0) } ?? sums.count
      if place == sums.count {
        index.set(key, UInt32(place))
        sums.append(Sum())
      }
      last = (key, place)
    }
    sums[last.place].allocations &+= count
    sums[last.place].bytes &+= bytes
  }

  /// The sum of a tag.
  subscript(tag: PoolTag, isPaged isPaged: Bool) -> Sum {
    let key = Self.key(tag, isPaged)
    if last.key == key { return sums[last.place] }
    return index[key].map { sums[Int($0)] } ?? Sum()
  }

  /// Where a tag's sum is kept, as long as nothing is taken out; nil where the tag was never added.
  func place(of tag: PoolTag, isPaged: Bool) -> Int? {
    index[Self.key(tag, isPaged)].map { Int($0) }
  }

  /// The sum that is kept at a place; none where the place is negative.
  @inline(__always) func sum(at place: Int) -> Sum { place < 0 ? Sum() : sums[place] }

  /// Every tag with its sum.
  func forEach(_ body: (PoolTag, _ isPaged: Bool, Sum) -> Void) {
    index.forEach { key, place in
      body(PoolTag(word: UInt32(truncatingIfNeeded: key &>> 1)), key & 1 != 0, sums[Int(place)])
    }
  }

  /// Takes everything out.
  mutating func removeAll() {
    index.removeAll()
    last = (0, 0)
    sums.removeAll(keepingCapacity: true)
  }
}
