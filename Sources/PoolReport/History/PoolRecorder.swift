import KernelPool
import PoolWalk

/// Watches a pool through a replay and notes what each operation did to its pages.
///
/// Nothing is asked of the operations: after each step every page's chain of headers is compared,
/// by a fingerprint, with what it was, and only pages that differ are read block by block. So
/// deferred frees, drained lookaside lists and stray writes show like everything else. A step costs
/// a few loads for each block of the pool.
public struct PoolRecorder {
  private var limits: RecordingLimits
  private var history: PoolHistory
  private var fingerprints: [Fingerprint] = []
  private var placeOfPage: [Address: Int] = [:]
  private var addresses: [Address] = []
  private var indexOfTag: [UInt32: Int] = [:]
  private var parked: [Address: BlockState] = [:]
  private var generation: UInt32 = 0
  private var pieceCount = 0
  private var isCurrent = true

  /// What is known of one page's present state.
  private struct Fingerprint {
    var hash: UInt64 = 0
    var generation: UInt32 = 0
    var content = PageContent.empty
  }

  /// The most bytes of an operation's line that are kept.
  static let lineLimit = 160
  /// The most tags that are told apart.
  static let tagLimit = 4096
  /// The most pages of address space that a step looks at.
  static let addressSpaceLimit: UInt64 = 65_536

  /// Begins with the state of a pool that has just been set up.
  public init(_ view: PoolView, limits: RecordingLimits = RecordingLimits()) {
    self.limits = limits
    let profile = view.profile
    history = PoolHistory(
      unitBytes: profile.unitBytes, unitsPerPage: profile.unitsPerPage,
      headerBytes: UInt64(profile.header.bytes), addressDigits: profile.wordBytes == 8 ? 16 : 8)
    history.tags = [0]
    indexOfTag[0] = 0
    // A step must not take longer because of address space that nobody uses.
    let areaPages = PoolArea.all(in: view).reduce(UInt64(0)) { $0 + $1.pages }
    while areaPages / history.pagesPerKeptPage > Self.addressSpaceLimit {
      history.pagesPerKeptPage *= 2
    }
    self.limits = limits.with(steps: min(limits.steps, Self.steps(overPages: areaPages)))
    addStep(view, line: "", figures: PoolFigures())
  }

  /// The most pages that all steps of a recording together should look at.
  private static let visitLimit: UInt64 = 1 << 25

  /// How many steps a pool of so many pages of address space may have, in reasonable time.
  private static func steps(overPages pages: UInt64) -> Int {
    Int(max(visitLimit / max(pages, 1), 2048))
  }

  /// True where the next operation ends a step: only then are its line and figures kept.
  public var nextEndsStep: Bool {
    (history.operations + 1) % history.operationsPerStep == 0
  }

  /// Notes an operation that has just been done.
  ///
  /// - Parameters:
  ///   - view: the pool.
  ///   - line: the operation and its result on one line.
  ///   - figures: what the pool holds now.
  public mutating func record(
    _ view: PoolView, line: @autoclosure () -> String, figures: @autoclosure () -> PoolFigures
  ) {
    let endsStep = nextEndsStep
    history.operations += 1
    isCurrent = endsStep
    guard endsStep else { return }
    addStep(view, line: line(), figures: figures())
    while history.steps.count % 2 == 1, history.steps.count > 2,
      history.steps.count > limits.steps || pieceCount > limits.pieces
    {
      halveSteps()
    }
  }

  /// Ends the recording. The last operations are a step of their own where they fill none.
  public consuming func finish(
    _ view: PoolView, line: @autoclosure () -> String, figures: @autoclosure () -> PoolFigures
  ) -> PoolHistory {
    if !isCurrent { addStep(view, line: line(), figures: figures()) }
    sortPages()
    return history
  }

  // MARK: Reading the pool

  private mutating func addStep(_ view: PoolView, line: String, figures: PoolFigures) {
    var step = PoolHistory.Step(
      changes: [], line: Self.shortened(line), figures: figures)
    readPages(view, &step)
    pieceCount += step.changes.reduce(0) { $0 + $1.content.pieces.count }
    history.steps.append(step)
    while addresses.count > limits.pages { halvePages() }
  }

  private mutating func readPages(_ view: PoolView, _ step: inout PoolHistory.Step) {
    generation &+= 1
    let walker = PoolWalker(view)
    let reader = StripReader(walker)
    let changed = pagesOfChangedParking(walker.parked, pageBytes: view.profile.pageBytes)
    let chains = HeaderChains(view)
    for area in walker.areas {
      walker.visitPages(of: area) { use in
        guard keeps(use.address) else { return }
        if case .smallBlocks(let page) = use {
          let hash = chains.hash(ofPage: page)
          let place = place(of: page)
          let isSame = fingerprints[place].hash == hash && !changed.contains(page)
          fingerprints[place].hash = hash
          fingerprints[place].generation = generation
          if isSame, !fingerprints[place].content.isEmpty { return }
        }
        for strip in reader.strips(use) { note(strip, use, &step) }
      }
    }
    noteAbsent(&step)
  }

  private func keeps(_ address: Address) -> Bool {
    address / (history.unitBytes * history.unitsPerPage) % history.pagesPerKeptPage == 0
  }

  private mutating func place(of page: Address) -> Int {
    if let place = placeOfPage[page] { return place }
    let place = addresses.count
    placeOfPage[page] = place
    addresses.append(page)
    fingerprints.append(Fingerprint())
    return place
  }

  private mutating func note(
    _ strip: PageStrip, _ use: PageUse, _ step: inout PoolHistory.Step
  ) {
    let place = place(of: strip.address)
    fingerprints[place].generation = generation
    if !use.isSmallBlocks { fingerprints[place].hash = 0 }
    let content = content(of: strip, isKernelsOwn: use.isKernelsOwn)
    guard content != fingerprints[place].content else { return }
    fingerprints[place].content = content
    step.changes.append((place, content))
  }

  /// What the kernel allocated for itself at start counts as one of its tables.
  private mutating func content(of strip: PageStrip, isKernelsOwn: Bool) -> PageContent {
    PageContent(
      pieces: strip.pieces.map { piece in
        let isOwn = isKernelsOwn && piece.state == .large
        return PageContent.Piece(
          units: UInt64(piece.units) * strip.pages, state: isOwn ? .table : piece.state,
          tagIndex: tagIndex(piece.tag))
      })
  }

  private mutating func tagIndex(_ word: UInt32) -> Int {
    if let index = indexOfTag[word] { return index }
    guard history.tags.count < Self.tagLimit else { return 0 }
    indexOfTag[word] = history.tags.count
    history.tags.append(word)
    return history.tags.count - 1
  }

  private mutating func noteAbsent(_ step: inout PoolHistory.Step) {
    for place in fingerprints.indices
    where fingerprints[place].generation != generation && !fingerprints[place].content.isEmpty {
      fingerprints[place] = Fingerprint()
      step.changes.append((place, .empty))
    }
  }

  /// Parking a block on a lookaside list changes no header, so it is looked for here.
  private mutating func pagesOfChangedParking(
    _ now: ParkedBlocks, pageBytes: UInt64
  ) -> Set<Address> {
    var pages: Set<Address> = []
    for (address, state) in now.states where parked[address] != state {
      pages.insert(address & ~(pageBytes - 1))
    }
    for address in parked.keys where now.states[address] == nil {
      pages.insert(address & ~(pageBytes - 1))
    }
    parked = now.states
    return pages
  }

  // MARK: Limits

  private static func shortened(_ line: String) -> String {
    let plain = line.utf8.count > lineLimit ? line.prefix(lineLimit) + "…" : line[...]
    return String(plain.map { $0.isNewline ? " " : $0 })
  }

  /// Makes one step of two. The first, the machine as it starts, has no partner.
  private mutating func halveSteps() {
    var kept = [history.steps[0]]
    for index in stride(from: 2, to: history.steps.count, by: 2) {
      var step = history.steps[index]
      let later = Set(step.changes.map(\.page))
      step.changes += history.steps[index - 1].changes.filter { !later.contains($0.page) }
      kept.append(step)
    }
    history.steps = kept
    history.operationsPerStep *= 2
    pieceCount = kept.reduce(0) { $0 + $1.changes.reduce(0) { $0 + $1.content.pieces.count } }
  }

  /// Leaves out every second page that is left.
  private mutating func halvePages() {
    history.pagesPerKeptPage *= 2
    renumber(addresses.indices.filter { keeps(addresses[$0]) })
    pieceCount = history.steps.reduce(0) {
      $0 + $1.changes.reduce(0) { $0 + $1.content.pieces.count }
    }
  }

  /// Keeps the pages at `places`, in this order.
  private mutating func renumber(_ places: [Int]) {
    var new = [Int?](repeating: nil, count: addresses.count)
    for (index, place) in places.enumerated() { new[place] = index }
    for index in history.steps.indices {
      history.steps[index].changes = history.steps[index].changes.compactMap { change in
        new[change.page].map { ($0, change.content) }
      }
    }
    addresses = places.map { addresses[$0] }
    fingerprints = places.map { fingerprints[$0] }
    placeOfPage = Dictionary(
      uniqueKeysWithValues: addresses.enumerated().map { ($0.element, $0.offset) })
  }

  private mutating func sortPages() {
    renumber(addresses.indices.sorted { addresses[$0] < addresses[$1] })
    for index in history.steps.indices {
      history.steps[index].changes.sort { $0.page < $1.page }
    }
    history.pages = addresses
  }
}

extension PageUse {
  /// True for a page carved into small blocks.
  fileprivate var isSmallBlocks: Bool {
    if case .smallBlocks = self { true } else { false }
  }

  /// True for what the kernel allocated for its own descriptors at start.
  fileprivate var isKernelsOwn: Bool {
    if case .large(let allocation) = self { allocation.isKernelsOwn } else { false }
  }
}
