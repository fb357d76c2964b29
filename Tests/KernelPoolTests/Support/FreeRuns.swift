import KernelPool
import PoolTestSupport
import Testing

/// A run of free nonpaged pages, read by the recorded offsets.
struct FreeRun: Equatable {
  var address: Address
  var pages: UInt64
}

extension TestPool {
  /// The runs of a list in search order: 1, 2 or 3 pages, or with 4 those of four and more.
  func freeRuns(_ list: UInt64) throws -> [FreeRun] {
    let head = view.variables.freeRunHeads + (list - 1) * 2 * word
    var runs: [FreeRun] = []
    var entry = try pointer(head)
    while entry != head, runs.count < 1000 {
      runs.append(FreeRun(address: entry, pages: UInt64(try word32(entry + 2 * word))))
      entry = try pointer(entry)
    }
    return runs
  }

  /// The signature and the owner that a page of a free run carries.
  func stamp(_ page: Address) throws -> [UInt64] {
    [UInt64(try word32(page + 2 * word + 4)), try pointer(page + 2 * word + 8)]
  }

  /// Marks of a page.
  func marks(_ page: Address) -> PageMarks { view.marks(ofPageAt: page) ?? [] }
}
