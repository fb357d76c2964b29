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

  /// A number for a tag's column that is never zero.
  private static func key(_ tag: PoolTag, _ isPaged: Bool) -> Address {
    1 &<< 40 | UInt64(tag.unprotected.word) &<< 1 | (isPaged ? 1 : 0)
  }

  /// True where nothing was ever added.
  var isEmpty: Bool { sums.isEmpty }

  /// Adds an allocation.
  mutating func add(_ tag: PoolTag, isPaged: Bool, bytes: UInt64, count: UInt64 = 1) {
    let key = Self.key(tag, isPaged)
    if let place = index[key] {
      sums[Int(place)].allocations &+= count
      sums[Int(place)].bytes &+= bytes
    } else {
      index.set(key, UInt32(sums.count))
      sums.append(Sum(allocations: count, bytes: bytes))
    }
  }

  /// The sum of a tag.
  subscript(tag: PoolTag, isPaged isPaged: Bool) -> Sum {
    index[Self.key(tag, isPaged)].map { sums[Int($0)] } ?? Sum()
  }

  /// Every tag with its sum.
  func forEach(_ body: (PoolTag, _ isPaged: Bool, Sum) -> Void) {
    index.forEach { key, place in
      body(PoolTag(word: UInt32(truncatingIfNeeded: key &>> 1)), key & 1 != 0, sums[Int(place)])
    }
  }

  /// Takes everything out.
  mutating func removeAll() {
    index.removeAll()
    sums.removeAll(keepingCapacity: true)
  }
}
