import CrashDumps
import KernelPool
import PoolTrace
import PoolWalk

/// The pools of a dumped machine as a debugger's view of them, as far as they can be known.
///
/// Roots come from the model's own text, where its dump has one, else from the debugger's data block
/// and, for the pages, from a scan; every fact names its source. Bytes of pages are read when they
/// are asked for. One owner at a time.
public final class DumpedPool<Source: DumpSource> {
  /// True where the model itself has said what its machine is; else lists of parked blocks and of
  /// freed pages are not known.
  public let isModel: Bool
  /// What is known of the pools' places and tables, each with its source.
  public let facts: [DumpFact]
  /// What the scan found.
  public let scan: PoolScan
  /// A walk over the pools. Pages that were not loaded read as not mapped.
  public let walker: PoolWalker

  private let image: PoolImage
  private let loader: PageLoader<Source>
  private let space: AddressSpace<Source>

  /// The view, valid as long as this object lives.
  public var view: PoolView { image.view }

  /// Looks for the pools of a dump. Throws where no version's pool can be read in it.
  ///
  /// - Parameters:
  ///   - header: the header of the dump.
  ///   - space: the memory by virtual addresses.
  ///   - profile: the version; nil for that of the build.
  ///   - heedsModel: whether the model's own text is read where there is one.
  ///   - reserve: gives memory that should cost nothing until it is touched.
  ///   - progress: hears of every batch of pages that was read.
  public init(
    _ header: DumpHeader, _ space: AddressSpace<Source>, profile: Profile? = nil,
    heedsModel: Bool = true, reserve: ReservedBytes.Reserver = MappedMemory.reserve,
    progress: (UInt64) -> Void = { _ in }
  ) throws(CrashDumpError) {
    self.space = space
    var reader = DumpReader(header, space)
    let model = heedsModel ? reader.modelRoots() : nil
    isModel = model != nil
    var roots: MachineRoots
    var scan = PoolScan()
    if let model {
      roots = model
    } else {
      let system = try reader.system(profile)
      roots = reader.roots(of: system, chosen: profile != nil)
      for range in reader.scannedRanges {
        scan.scan(
          space, range, .chains(roots.configuration.pool), parked: nil, isLarge: reader.isLarge,
          progress: progress)
      }
      reader.place(&roots, scan)
    }
    let image = try Self.image(roots, reserve)
    self.image = image
    loader = PageLoader(image: image, space: space, ranges: roots.ranges)
    loader.markAsWritten()
    loader.mark(scan.runs)
    loader.loadRoots()
    let walker = PoolWalker(image.view)
    self.walker = walker
    if isModel {
      let pageBytes = image.view.profile.pageBytes
      for area in walker.areas {
        scan.scan(
          space, area.base...area.base + (area.pages * pageBytes - 1),
          .chains(roots.configuration.pool), parked: walker.parked,
          isLarge: { walker.bigPages.allocation(containing: $0, pageBytes: pageBytes) != nil },
          progress: progress)
      }
    }
    Self.scanTails(walker, image, loader, &scan)
    self.scan = scan
    if !isModel {
      reader.note(
        "lookaside lists and lists of freed pages", nil,
        "only symbols tell where they are; blocks on them are shown as allocated")
    }
    facts = reader.facts
  }

  /// An image of a machine's ranges with its variables and lists.
  private static func image(
    _ roots: MachineRoots, _ reserve: ReservedBytes.Reserver
  ) throws(CrashDumpError) -> PoolImage {
    guard
      let image = PoolImage(
        roots.configuration.pool, ranges: roots.ranges.map(\.range),
        descriptors: roots.descriptors, reserve: reserve)
    else { throw CrashDumpError(message: "no memory can be reserved for the pools' pages") }
    roots.variables.apply(to: &image.variables)
    for (index, list) in roots.lookasides where image.lookasides.indices.contains(index) {
      image.lookasides[index] = list
    }
    return image
  }

  /// Counts the small blocks behind large allocations, where the version has any. A page that nothing
  /// else needs goes again.
  private static func scanTails(
    _ walker: PoolWalker, _ image: PoolImage, _ loader: PageLoader<Source>, _ scan: inout PoolScan
  ) {
    guard walker.view.profile.largeTail == .fragment else { return }
    for allocation in walker.bigPages.allocations {
      let page = allocation.address &+ (allocation.pages &- 1) << 12
      let isNew = !image.has(page)
      guard loader.load(page), let tail = walker.tail(of: allocation) else { continue }
      scan.add(tail, isPaged: walker.view.region(of: page)?.kind?.isPaged ?? false)
      if isNew { image.takeOut(1, from: page) }
    }
  }

  /// The pages of a segment heap's system, guessed and not classified.
  public static func segmentHeapScan(
    _ space: AddressSpace<Source>, progress: (UInt64) -> Void = { _ in }
  ) -> PoolScan {
    var scan = PoolScan()
    scan.scan(
      space, DumpReader<Source>.kernelHalf(space.mode), .segmentHeap, parked: nil,
      isLarge: { _ in false },
      progress: progress)
    return scan
  }

  // MARK: Pages

  /// Brings all pages of the pools in, for what looks at them together; false where they are more
  /// than so many bytes.
  public func loadAll(most limit: UInt64, progress: (UInt64) -> Void = { _ in }) -> Bool {
    loader.loadAll(most: limit, progress: progress)
  }

  /// Calls `body` with a view in which the page of an address can be walked and printed; the view is
  /// valid no longer. The page is a guess where no chain says that it is one of small blocks, and it
  /// is shown as one because its first header could be one's.
  public func withPage<Result, Failure: Error>(
    at address: Address, _ body: (_ view: PoolView, _ isGuess: Bool) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let page = address & ~0xFFF
    let shown = image.covers(page) ? image : strayPage(page)
    if image.covers(page) {
      loader.load(page)
      if case .large(let allocation) = walker.use(ofPageAt: page) {
        // Its last page may have small blocks behind.
        loader.load(allocation.address &+ (allocation.pages &- 1) << 12)
      }
    }
    let isKnown = isModel || image.covers(page) && walker.use(ofPageAt: page) != nil
    let isGuess = !isKnown && startsLikeBlocks(page, shown)
    if isGuess { shown.mark(page, .smallBlocks) }
    defer { withExtendedLifetime(shown) {} }
    return try body(shown.view, isGuess)
  }

  /// A page outside of all that was found, by itself.
  private func strayPage(_ page: Address) -> PoolImage {
    let range = PoolImage.Range(base: page, byteCount: 0x1000, kind: .nonPaged, hasFrames: true)
    guard
      let stray = PoolImage(
        view.configuration, ranges: [range], descriptors: [], reserve: ReservedBytes.zeroed)
    else { return image }
    PageLoader(image: stray, space: space, ranges: [(range, 0)]).load(page)
    return stray
  }

  /// The first header of a page has no block before it and a size within the page.
  private func startsLikeBlocks(_ page: Address, _ image: PoolImage) -> Bool {
    guard let first = BlockHeader(image.view, at: page) else { return false }
    let bytes = first.units * image.view.profile.unitBytes
    return first.previousUnits == 0 && bytes > 0 && bytes < 0x1000
  }
}

// MARK: Places

extension DumpReader {
  /// The addresses that are a kernel's.
  static func kernelHalf(_ mode: PageTableMode) -> ClosedRange<UInt64> {
    mode == .x64 ? 0xFFFF_8000_0000_0000...0xFFFF_FFFF_FFFF_FFFF : 0x8000_0000...0xFFFF_FFFF
  }

  /// The kernel's half, and where the block names ranges of pools elsewhere these.
  var scannedRanges: [ClosedRange<UInt64>] {
    let kernel = Self.kernelHalf(space.mode)
    return [nonPaged, paged].compactMap { $0 }.filter { !kernel.overlaps($0) } + [kernel]
  }

  /// Brings what was found into ranges.
  mutating func place(_ roots: inout MachineRoots, _ scan: PoolScan) {
    let profile = roots.configuration.pool.profile
    let variables = roots.variables
    var data: [(address: UInt64, bytes: UInt64)] = [
      (variables["tag-table"] ?? 0, (variables["tag-rows"] ?? 0) * profile.trackerRowBytes),
      (variables["big-table"] ?? 0, (variables["big-entries"] ?? 0) * profile.bigEntryBytes),
    ]
    data += roots.descriptors.map { ($0.address, profile.descriptor.bytesWithLock) }
    let paged = paged
    let places = DumpPlaces(
      roots.configuration.pool, scan.runs, large: large,
      isPaged: { paged?.contains($0) ?? false }, data: data, mostPages: mostPages)
    roots.configuration.pool = places.configuration
    roots.ranges = places.ranges.map { ($0, 0) }
    for (kind, base, pages) in places.bitmaps {
      let name = kind == .session ? "session" : "paged"
      _ = roots.variables.set("\(name)-base", base)
      // The most that the pool may have is the better number, where the block has it.
      if variables["\(name)-pages"] ?? 0 < pages { _ = roots.variables.set("\(name)-pages", pages) }
    }
    if places.pagesLeftOut > 0 {
      note("pages far from the others", nil, "\(places.pagesLeftOut) pages are left out of maps")
    }
  }
}
