/// Puts recognised lines together into listings.
///
/// A command or a page line opens a section. Within a section, blocks are collected by the page
/// they lie in, so that neither the order of lines nor a mixture of pages matters; the tables
/// (`!vm`, `!poolused`, PoolMon, ...) each keep one open listing until a heading, a contradiction
/// or a command ends it.
struct ListingAssembler: Sendable {
  /// A tag in one kind of pool.
  struct MonitorKey: Hashable, Sendable {
    var tag: ListedTag
    var isPaged: Bool
  }

  /// So many complaints of the debugger are kept for a page or section.
  static let mostMessages = 1_000
  /// Lines of a page may stand among those of so many other pages; behind more they begin another
  /// listing of it.
  static let mostOpenPages = 512
  /// So many bug checks wait for a stack, or for being pasted once more.
  static let mostOpenBugChecks = 256
  /// Lines between two looks at which listings are settled.
  private static let linesPerSettling = 4_096
  /// Rows that a table may have; no system has as many tags.
  static let mostRows = 1 << 15

  let source: String
  var reading = ParsedOutput()
  /// The listings before those of `reading` that no line to come can change.
  var settled: [Listing] = []
  /// From so many listings on, or from this line on, it is looked which are settled.
  private var settlingCount = 64
  private var settlingLine = linesPerSettling
  private var openedCount = 0
  /// Index in `reading.listings` of the pool listing of each page in this section.
  var pages: [UInt64: Int] = [:]
  /// The pool listing that lines without an address belong to.
  var currentPage: Int?
  var validation: Int?
  var poolUsed: OpenTable<PoolUsedListing, ListedTag>?
  var virtualMemory: OpenTable<VirtualMemoryListing, String>?
  var lookaside: OpenTable<LookasideListing, Never>?
  var poolMonitor: OpenTable<PoolMonitorListing, MonitorKey>?
  /// Its heading names the mean size of a block, as the screen of PoolMon does.
  var poolMonitorHasMean = true
  var poolFind: OpenTable<PoolFindListing, Never>?
  var messages: OpenTable<[DebuggerMessage], Never>?
  var tagTable: OpenTable<TagTableListing, Never>?
  /// The columns of the open table of tags; empty for one without a header.
  var tagColumns: [TagColumn?] = []
  /// The frames that follow belong to a stack.
  var isInStack = false
  /// Index in `reading.listings` of the bug check whose stack it is.
  var stackOwner: Int?
  /// The last date and time that stood on a line of its own or in a heading.
  var time: Double?
  var memory: OpenTable<MemoryListing, Never>?
  var header: OpenTable<HeaderListing, Never>?
  var allocations: OpenTable<AllocationListing, Never>?
  var bugCheck: OpenTable<BugCheckListing, Never>?
  /// The analysis' last `Key:`, whose `Value:` follows.
  var analysisKey: String?
  var isVerbosePoolUsed = false
  /// Since the last command the debugger said that symbols or kernel variables are missing.
  var lacksSymbols = false
  var tagPattern: String?

  init(source: String) { self.source = source }

  mutating func add(_ line: RecognisedLine, bytes: [UInt8], line number: Int) {
    if isInStack, addFrame(line, bytes, number) { return }
    switch line {
    case .contents where currentPage == nil:
      if let row = MemoryLine.row(ByteScanner(bytes)) { addMemory(.memoryRow(row), number) }
    case .blank, .contents, .validationRemark, .poolInfoColumns, .lookasideTotal: break
    case .noise, .odd, .brokenBlock, .brokenValue: addUnclear(line, bytes: bytes, number)
    case .command(let name, let arguments):
      openSection(command: name, arguments)
      if name.isEmpty, let command = MemoryLine.headerCommand(arguments) {
        let listing = HeaderListing(address: command.address)
        header = OpenTable(index: open(.header(listing), line: number), content: listing)
      }
    case .poolPage, .block, .large, .special, .description, .message, .poolInfoStart,
      .poolInfoBlock, .elision:
      addPool(line, number)
    case .poolFindSearch, .poolFindEntry, .poolFindEnd: addPoolFind(line, number)
    case .validationStart, .validationState, .validationBadPrevious: addValidation(line, number)
    case .poolUsedSorting, .poolUsedHeading, .poolUsedColumns: addPoolUsedHeading(line, number)
    case .virtualMemoryTitle, .virtualMemoryValue, .virtualMemoryRegion, .virtualMemoryWarning,
      .virtualMemoryRemark, .pageFile, .pageFileSizes, .pageFileLimits:
      addVirtualMemory(line, number)
    case .lookasideHead, .lookasideFields: addLookaside(line, number)
    case .poolMonitorTitle, .poolMonitorColumns, .poolMonitorMemory, .poolMonitorPools,
      .poolMonitorRow:
      addPoolMonitor(line, number)
    case .memoryRow, .headerField, .allocation, .verifiedDriver: addMemory(line, number)
    case .tagColumns, .tagRow, .tagKey, .tagPool, .tagValue: addTagTable(line, number)
    case .bugCheck, .bugCheckCode, .bugCheckParameter, .bugCheckParameters, .bugCheckField:
      addBugCheck(line, number)
    case .stack(let first): beginStack(first, number)
    case .poolEmpty(let isPaged): addPoolEmpty(PoolEmptyEvent(isPaged: isPaged), number)
    }
  }

  /// An event's head and its sentence, a few lines further on, are one event.
  private mutating func addPoolEmpty(_ event: PoolEmptyEvent, _ number: Int) {
    if let last = reading.listings.last, last.content == .poolEmpty(event), number - last.line <= 4
    {
      return
    }
    _ = open(.poolEmpty(event), line: number)
  }

  /// The listings that were not taken yet; those in which nothing was found are left out.
  func finish(lines: Int) -> ParsedOutput {
    var copy = self
    copy.closeTables()
    copy.reading.lines = lines
    copy.reading.begunListings = openedCount
    copy.reading.listings = settled + copy.reading.listings
    copy.reading.listings.removeAll { Self.isEmpty($0.content) }
    BugCheckListing.mergeRepeated(&copy.reading.listings)
    return copy.reading
  }

  mutating func odd(_ text: String, line: Int) {
    reading.warningCount += 1
    if reading.warnings.count < ListingReader.mostWarnings {
      reading.warnings.append(ParseWarning(source: source, line: line, text: text))
    }
  }

  /// Whether a table of so many rows takes another; one that it does not take is odd.
  mutating func hasRoom(_ rows: Int?, _ number: Int) -> Bool {
    guard let rows, rows >= Self.mostRows else { return true }
    odd("a table of more than \(Self.mostRows) rows", line: number)
    return false
  }

  /// Opens a listing and gives its index.
  mutating func open(_ content: Listing.Content, line: Int) -> Int {
    if reading.listings.count >= settlingCount || line >= settlingLine {
      settle()
      settlingLine = line + Self.linesPerSettling
    }
    reading.listings.append(
      Listing(source: source, line: line, content: content, ordinal: openedCount))
    openedCount += 1
    return reading.listings.count - 1
  }

  /// Sets the listings aside that no line to come can change: all before the first that is open. A
  /// bug check waits behind them, since a stack or another copy of it may follow.
  private mutating func settle() {
    if pages.count > Self.mostOpenPages {
      let oldest = pages.values.sorted()[pages.count - Self.mostOpenPages / 2]
      pages = pages.filter { $0.value >= oldest || $0.value == currentPage }
    }
    let tables = [
      poolUsed?.index, virtualMemory?.index, lookaside?.index, poolMonitor?.index, poolFind?.index,
      messages?.index, tagTable?.index, memory?.index, header?.index, allocations?.index,
      bugCheck?.index, currentPage, validation, pages.values.min(), reading.listings.count - 1,
    ]
    let firstOpen = tables.compactMap { $0 }.min() ?? 0
    var excess =
      reading.listings[..<firstOpen].count(where: \.isBugCheck) - Self.mostOpenBugChecks
    var kept: [Listing] = []
    for listing in reading.listings[..<firstOpen] {
      if listing.isBugCheck, excess <= 0 {
        kept.append(listing)
      } else {
        if listing.isBugCheck { excess -= 1 }
        if !Self.isEmpty(listing.content) { settled.append(listing) }
      }
    }
    let gone = firstOpen - kept.count
    reading.listings.replaceSubrange(..<firstOpen, with: kept)
    moveOpen(by: gone)
    settlingCount = 2 * reading.listings.count + 64
  }

  /// Listings before the open ones are gone, so many.
  private mutating func moveOpen(by gone: Int) {
    poolUsed?.index -= gone
    virtualMemory?.index -= gone
    lookaside?.index -= gone
    poolMonitor?.index -= gone
    poolFind?.index -= gone
    messages?.index -= gone
    tagTable?.index -= gone
    memory?.index -= gone
    header?.index -= gone
    allocations?.index -= gone
    bugCheck?.index -= gone
    currentPage = currentPage.map { $0 - gone }
    validation = validation.map { $0 - gone }
    pages = pages.mapValues { $0 - gone }
    // A stack looks for its bug check when it begins; it has ended where a listing opens.
    stackOwner = nil
  }

  mutating func openSection(command: String, _ arguments: String) {
    closeTables()
    if !command.isEmpty { lacksSymbols = false }
    pages = [:]
    currentPage = nil
    validation = nil
    isVerbosePoolUsed = false
    tagPattern = command == "poolused" ? Self.pattern(in: arguments) : nil
  }

  mutating func closeTables() {
    closePoolUsed()
    closeVirtualMemory()
    closePoolMonitor()
    closeTagTable()
    closeMemory()
    reading.close(&lookaside) { .lookaside($0) }
    reading.close(&poolFind) { .poolFind($0) }
    reading.close(&messages) { .messages($0) }
    reading.close(&bugCheck) { .bugCheck($0) }
  }

  mutating func closePoolUsed() { reading.close(&poolUsed) { .poolUsed($0) } }
  mutating func closeVirtualMemory() { reading.close(&virtualMemory) { .virtualMemory($0) } }
  mutating func closeTagTable() { reading.close(&tagTable) { .tagTable($0) } }
  mutating func closePoolMonitor() {
    reading.close(&poolMonitor) { .poolMonitor($0) }
    poolMonitorHasMean = true
  }

  /// `!poolused [/t<count>] [flags] [pattern]`.
  private static func pattern(in arguments: String) -> String? {
    let words = arguments.split(separator: " ").drop { $0.hasPrefix("/") }
    guard let first = words.first else { return nil }
    let rest = first.allSatisfy(\.isHexDigit) && first.count <= 2 ? words.dropFirst() : words
    return rest.first.map(String.init)
  }

  private mutating func addUnclear(_ line: RecognisedLine, bytes: [UInt8], _ number: Int) {
    if case .brokenBlock = line {
      odd("a block line without its sizes, state or tag", line: number)
      if let page = currentPage { updatePool(page) { $0.isElided = true } }
    } else if case .brokenValue = line {
      odd("a value line without its kilobytes", line: number)
    } else if addPoolUsedRow(ByteScanner(bytes), number) || addTagTableRow(bytes, number)
      || addRowWithoutMean(ByteScanner(bytes), number)
    {
      return
    } else if let found = WrittenTime.find(bytes) {
      // A time between tables is the next one's.
      closeTables()
      time = found
      reading.unrecognisedLines += 1
    } else if case .odd(let text) = line {
      odd(text, line: number)
    } else {
      reading.unrecognisedLines += 1
    }
  }

  private static func isEmpty(_ content: Listing.Content) -> Bool {
    switch content {
    case .poolUsed(let table): table.rows.isEmpty && table.total == nil
    case .virtualMemory(let memory): memory.values.isEmpty && memory.regions.isEmpty
    case .poolMonitor(let table): table.rows.isEmpty
    case .tagTable(let table):
      table.rows.allSatisfy { $0.outstanding == nil && $0.bytes == nil }
    case .header(let header): header.dword == nil
    case .allocations(let list): list.entries.isEmpty
    case .lookaside(let listing): listing.lists.isEmpty
    case .messages(let messages): messages.isEmpty
    case .bugCheck(let check): check.code == nil && check.parameters.allSatisfy { $0 == nil }
    default: false
    }
  }
}
