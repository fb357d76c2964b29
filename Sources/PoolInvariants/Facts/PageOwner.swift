import enum PoolWalk.KernelTable

/// Who holds a page. Every page has one owner at most.
enum PageOwner: UInt8 {
  /// Nobody has claimed it.
  case nobody = 0
  /// First page of a free run.
  case freeRunStart = 1
  /// Another page of a free run.
  case freeRun = 2
  /// Small blocks.
  case smallBlocks = 3
  /// A large allocation.
  case large = 4
  /// First page of a large allocation.
  case largeStart = 8
  /// A list of single pages, or of runs of two or three.
  case singlePageList = 5
  /// The tag table.
  case trackerTable = 6
  /// The big-page table.
  case bigPageTable = 7

  /// The owner of a table's pages.
  init(_ table: KernelTable) { self = table == .tags ? .trackerTable : .bigPageTable }

  /// Words for a report.
  var words: String {
    switch self {
    case .nobody: "nobody"
    case .freeRunStart, .freeRun: "a free run"
    case .smallBlocks: "small blocks"
    case .large, .largeStart: "a large allocation"
    case .singlePageList: "a single-page list"
    case .trackerTable: "the tag table"
    case .bigPageTable: "the big-page table"
    }
  }
}
