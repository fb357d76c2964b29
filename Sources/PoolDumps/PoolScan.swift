import CrashDumps
import KernelPool
import PoolWalk

/// What a scan of the kernel's mapped pages found: pages of small blocks, known by their chains of
/// headers, and what is allocated on them by tag.
///
/// Pages are read one after the other and not kept, so a dump of any length is scanned in the memory
/// of its page map and of one word for each run of pages.
public struct PoolScan: Sendable {
  /// Blocks of one tag in one pool, and their bytes, headers included.
  public struct Tally: Sendable, Equatable {
    /// Blocks in use.
    public var blocks: UInt64 = 0
    /// Their bytes.
    public var byteCount: UInt64 = 0

    /// Nothing.
    public init() {}
  }

  /// What one tag has allocated.
  public struct Tags: Sendable, Equatable {
    /// In nonpaged pool.
    public var nonPaged = Tally()
    /// In paged pool, the session's included.
    public var paged = Tally()

    /// Nothing.
    public init() {}
  }

  /// Pages of one pool that follow one another.
  struct Run: Sendable {
    let kind: PoolKind
    let address: UInt64
    var pages: UInt64
  }

  /// Pages that page tables map, each as often as it is mapped.
  public private(set) var mappedPages: UInt64 = 0
  /// Of these, pages that the dump does not have.
  public private(set) var absentPages: UInt64 = 0
  /// Pages of small blocks.
  public private(set) var poolPages: UInt64 = 0
  /// Pages within large allocations, by the big-page table.
  public private(set) var largePages: UInt64 = 0
  /// Pages that look like a segment heap's.
  public private(set) var segmentHeapPages: UInt64 = 0
  /// Pages of which nothing can be told: other memory of the kernel, or a pool's.
  public var unclassifiedPages: UInt64 {
    mappedPages - absentPages - poolPages - largePages - segmentHeapPages
  }
  /// What is in use on the pages of small blocks, by tag.
  public private(set) var tags: [PoolTag: Tags] = [:]
  /// Bytes that are free there.
  public private(set) var freeBytes: UInt64 = 0
  /// Bytes of blocks that lookaside lists and deferred frees hold, as far as these are known.
  public private(set) var parkedBytes: UInt64 = 0
  /// True where the page tables map more than they can: the scan was broken off.
  public private(set) var wasBrokenOff = false
  private(set) var runs: [Run] = []

  /// Pages that are read at once.
  private static let batchPages = 64
  /// More runs than this are not told apart.
  private static let mostRuns = 1 << 20

  /// Whether pages are known by their chains or, on systems with segment heaps, only guessed.
  enum Method {
    case chains(PoolConfiguration)
    case segmentHeap
  }

  /// Nothing found yet.
  init() {}

  /// Scans the pages of a range of addresses. `progress` hears of every batch of pages.
  mutating func scan<Source>(
    _ space: AddressSpace<Source>, _ range: ClosedRange<UInt64>, _ method: Method,
    parked: ParkedBlocks?, isLarge: (UInt64) -> Bool, progress: (UInt64) -> Void
  ) {
    var budget = MappingBudget(pages: space.memory.pageCount)
    space.forEachRun(in: range, &budget) { run in
      mappedPages += run.pageCount
      var done: UInt64 = 0
      while done < run.pageCount {
        let most = min(UInt64(Self.batchPages), run.pageCount - done)
        let pages = space.memory.pages(
          from: run.physical >> 12 + done, most: Int(most))
        guard !pages.isEmpty else {
          absentPages += 1
          done += 1
          continue
        }
        read(pages, at: run.address + done << 12, method, parked, isLarge)
        done += UInt64(pages.count >> 12)
        progress(UInt64(pages.count >> 12))
      }
    }
    if budget.isSpent { wasBrokenOff = true }
  }

  private mutating func read(
    _ pages: [UInt8], at address: UInt64, _ method: Method, _ parked: ParkedBlocks?,
    _ isLarge: (UInt64) -> Bool
  ) {
    pages.withUnsafeBytes { bytes in
      switch method {
      case .segmentHeap:
        for offset in stride(from: 0, to: bytes.count, by: 0x1000)
        where ChainOfHeaders.looksLikeSegmentHeap(.init(rebasing: bytes[offset..<offset + 0x1000]))
        {
          segmentHeapPages += 1
        }
      case .chains(let configuration):
        let chain = ChainOfHeaders(configuration.profile)
        var found: [(offset: Int, kind: PoolKind)] = []
        for offset in stride(from: 0, to: bytes.count, by: 0x1000) {
          if isLarge(address + UInt64(offset)) {
            largePages += 1
          } else if let kind = chain.pool(of: .init(rebasing: bytes[offset..<offset + 0x1000])) {
            found.append((offset, kind))
          }
        }
        if !found.isEmpty { count(found, in: bytes, at: address, configuration, parked) }
      }
    }
  }

  private mutating func count(
    _ found: [(offset: Int, kind: PoolKind)], in bytes: UnsafeRawBufferPointer, at address: UInt64,
    _ configuration: PoolConfiguration, _ parked: ParkedBlocks?
  ) {
    let range = PoolImage.Range(
      base: address, byteCount: UInt64(bytes.count), kind: .nonPaged, hasFrames: true)
    guard
      let image = PoolImage(
        configuration, ranges: [range], descriptors: [], reserve: ReservedBytes.zeroed)
    else { return }
    let parked = parked ?? ParkedBlocks(image.view)
    for (offset, kind) in found {
      let page = address + UInt64(offset)
      image.put(
        .init(rebasing: bytes[offset..<offset + 0x1000]), at: page, marks: .smallBlocks)
      note(page, kind)
      add(PageWalk(image.view, page: page, parked: parked), isPaged: kind.isPaged)
    }
  }

  /// Counts the blocks of a page, or of the tail behind a large allocation.
  mutating func add(_ walk: PageWalk, isPaged: Bool) {
    for block in walk.blocks {
      if block.state.isFree {
        freeBytes += block.byteCount
      } else if block.state.isParked {
        parkedBytes += block.byteCount
      } else if block.state == .allocated {
        let tag = block.header.tag.unprotected
        if isPaged {
          tags[tag, default: Tags()].paged.add(block.byteCount)
        } else {
          tags[tag, default: Tags()].nonPaged.add(block.byteCount)
        }
      }
    }
  }

  private mutating func note(_ page: UInt64, _ kind: PoolKind) {
    poolPages += 1
    if let last = runs.last, last.kind == kind, last.address + last.pages << 12 == page {
      runs[runs.count - 1].pages += 1
    } else if runs.count < Self.mostRuns {
      runs.append(Run(kind: kind, address: page, pages: 1))
    }
  }
}

extension PoolScan.Tally {
  fileprivate mutating func add(_ bytes: UInt64) {
    blocks += 1
    byteCount += bytes
  }
}
