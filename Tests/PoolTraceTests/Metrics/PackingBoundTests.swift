import Testing

@testable import PoolTrace

/// The packing bound against the true optimum, found by trying every arrangement.
@Suite struct PackingBoundTests {
  @Test func knownSizes() {
    #expect(bound([], 512) == 0)
    #expect(bound([483], 512) == 1)
    // Two blocks above half a page never share one, however much is left.
    #expect(bound([257, 257, 257], 512) == 3)
    // Volume alone would say 3; the small ones do not fit behind the large.
    #expect(bound([483, 483, 483, 30, 30], 512) == 4)
    #expect(bound([256, 256, 256, 256], 512) == 2)
    #expect(bound([Int](repeating: 3, count: 512), 512) == 3)
    #expect(bound([512, 512], 512) == 2)
  }

  /// Every multiset of up to six blocks on a page of eight units: the bound never exceeds the
  /// optimum, and reaches it nearly always.
  @Test func neverAboveTheOptimum() {
    var reached = 0
    var tried = 0
    func extend(_ sizes: [Int]) {
      let optimum = optimum(sizes, page: 8)
      let bound = bound(sizes, 8)
      #expect(bound <= optimum, "\(sizes)")
      tried += 1
      if bound == optimum { reached += 1 }
      guard sizes.count < 6 else { return }
      for size in (sizes.last ?? 2)...8 { extend(sizes + [size]) }
    }
    extend([])
    #expect(tried == 1716)
    #expect(reached * 100 >= tried * 90, "\(reached) of \(tried)")
  }

  private func bound(_ sizes: [Int], _ unitsPerPage: UInt64) -> Int {
    var packing = PackingBound(unitsPerPage: unitsPerPage)
    for size in sizes { packing.add(units: UInt64(size)) }
    return Int(packing.pages)
  }

  private func optimum(_ sizes: [Int], page: Int) -> Int {
    var best = sizes.count
    var room: [Int] = []
    func place(_ rest: ArraySlice<Int>) {
      guard room.count < best || rest.isEmpty else { return }
      guard let size = rest.last else {
        best = min(best, room.count)
        return
      }
      for index in room.indices where room[index] >= size {
        room[index] -= size
        place(rest.dropLast())
        room[index] += size
      }
      room.append(page - size)
      place(rest.dropLast())
      room.removeLast()
    }
    place(sizes[...])
    return best
  }
}
