/// What one `!pool` (or poolinfo's `!poolpage`) says of one page.
public struct PoolListing: Sendable, Hashable {
  /// The page, 4,096-aligned; nil when no line named an address.
  public var pageAddress: UInt64?
  /// The address asked for, from the line `Pool page ... region is ...`.
  var requestedAddress: UInt64?
  /// The region that this line names (`Nonpaged pool`, `Unknown`, ...).
  public var region: String?
  /// The blocks in the order of the listing, repeated lines left out.
  public var blocks: [ListedBlock] = []
  /// The large allocation the page belongs to, if the listing says so.
  public var large: LargeAllocationLine?
  /// The special pool allocation, if the listing says so.
  public var special: SpecialPoolLine?
  /// What the debugger could not read or believe.
  public var messages: [DebuggerMessage] = []
  /// The description of the marked block (`Pooltag ...` or `Owning component ...`).
  var tagDescription: String?
  /// An address had a backtick in it, which `!pool` never prints: the text was made up or edited.
  var hasBackticks = false
  /// The debugger said in this section that symbols or kernel variables are missing.
  var lacksSymbols = false
  /// A block line was torn, or dots stand where lines were left out.
  public var isElided = false

  /// The debugger looked for the address in every pool and named none.
  var isOutsidePools: Bool { region.map { $0.hasPrefix("Unknown") } ?? false }

  /// The blocks in the order of their addresses.
  public var blocksByAddress: [ListedBlock] { blocks.sorted { $0.address < $1.address } }
}

/// The output of `!poolfind`: blocks of one tag from all over a pool.
public struct PoolFindListing: Sendable, Hashable {
  /// An entry of the new syntax: the address behind the header and the usable bytes.
  public struct Entry: Sendable, Hashable {
    /// The address of the data.
    var dataAddress: UInt64
    /// The tag.
    public var tag: ListedTag
    /// Usable bytes, header excluded.
    public var sizeBytes: UInt64
    /// The pool named at the end of the line.
    public var pool: String
  }

  /// The tag searched for.
  public var tag: ListedTag?
  /// The blocks of the old syntax.
  public var blocks: [ListedBlock] = []
  /// The entries of the new syntax.
  public var entries: [Entry] = []
  /// Somebody stopped the search, or the text was elided.
  var isCutShort = false
}

/// The output of `!poolval`.
public struct PoolValidationListing: Sendable, Hashable {
  /// A header whose previous size contradicts the block before.
  struct BadPreviousSize: Sendable, Hashable {
    /// The header's address.
    public var address: UInt64
    /// The previous size found, as printed.
    public var found: UInt64
    /// The previous size that the walk expects, as printed.
    public var expected: UInt64
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// The page that was validated.
  public var pageAddress: UInt64?
  /// The region named by the first line.
  public var region: String?
  /// VALID or INVALID; nil when that line is missing.
  var isValid: Bool?
  /// The debugger said in this section that symbols or kernel variables are missing.
  var lacksSymbols = false
  /// The headers complained of.
  var badPreviousSizes: [BadPreviousSize] = []
}

/// `!pool`, `!poolpage`, `!poolfind` and `!poolval`.
extension ListingAssembler {
  mutating func addPool(_ line: RecognisedLine, _ number: Int) {
    switch line {
    case .poolPage(let address, let region, let hasBacktick):
      startPage(address, region: region, hasBacktick: hasBacktick, number)
    case .block(let block): add(block, number)
    case .large(let large):
      let page = poolListing(page: large.address & ~0xFFF, number)
      updatePool(page) { $0.large = large }
    case .special(let special):
      let page = currentPage ?? poolListing(page: special.address & ~0xFFF, number)
      updatePool(page) { $0.special = special }
    case .description(let text):
      if let page = currentPage { updatePool(page) { Self.extend(&$0, description: text) } }
    case .message(let kind, let address): addMessage(kind, address, number)
    case .elision:
      poolFind?.content.isCutShort = true
      if let page = currentPage { updatePool(page) { $0.isElided = true } }
    case .poolInfoStart(let address):
      openSection(command: "", "")
      startInfoPage(address & ~0xFFF, number)
    case .poolInfoBlock(let block, let warning):
      if let warning { odd(warning, line: number) }
      startInfoPage(block.pageAddress, number)
      append(block, number)
    default: break
    }
  }

  private static func extend(_ listing: inout PoolListing, description: String) {
    let known = listing.tagDescription ?? ""
    guard known.utf8.count < 512 else { return }
    listing.tagDescription = known.isEmpty ? description : known + " " + description
  }

  mutating func updatePool(_ index: Int, _ change: (inout PoolListing) -> Void) {
    let content = reading.listings[index].content
    // The list gives its copy up for the moment, so that the change happens in place.
    reading.listings[index].content = .messages([])
    reading.listings[index].content = Self.changed(content, change)
  }

  private static func changed(
    _ content: consuming Listing.Content, _ change: (inout PoolListing) -> Void
  ) -> Listing.Content {
    switch consume content {
    case .pool(var listing):
      change(&listing)
      return .pool(listing)
    case .poolInfoPage(var listing):
      change(&listing)
      return .poolInfoPage(listing)
    case let other: return other
    }
  }

  func pool(_ index: Int) -> PoolListing? {
    switch reading.listings[index].content {
    case .pool(let listing), .poolInfoPage(let listing): listing
    default: nil
    }
  }

  /// The listing of a page in this section, opened if need be.
  mutating func poolListing(page: UInt64, _ number: Int) -> Int {
    if let index = pages[page] {
      currentPage = index
      return index
    }
    var listing = PoolListing(pageAddress: page)
    listing.lacksSymbols = lacksSymbols
    let index = open(.pool(listing), line: number)
    pages[page] = index
    currentPage = index
    return index
  }

  private mutating func startPage(
    _ address: UInt64, region: String, hasBacktick: Bool, _ number: Int
  ) {
    let page = address & ~0xFFF
    if let index = validation, case .poolValidation(var found) = reading.listings[index].content,
      found.pageAddress == page, found.region == nil
    {
      found.region = region
      reading.listings[index].content = .poolValidation(found)
      return
    }
    openSection(command: "", "")
    let index = poolListing(page: page, number)
    updatePool(index) {
      $0.requestedAddress = address
      $0.region = region
      $0.hasBackticks = hasBacktick
    }
  }

  private mutating func startInfoPage(_ page: UInt64, _ number: Int) {
    if let index = pages[page] {
      currentPage = index
      return
    }
    let index = open(.poolInfoPage(PoolListing(pageAddress: page)), line: number)
    pages[page] = index
    currentPage = index
  }

  private mutating func add(_ line: BlockLine, _ number: Int) {
    if let warning = line.warning { odd(warning, line: number) }
    if line.missing == .tag { odd("a block without its tag", line: number) }
    if line.missing == .process { odd("a block without the process it names", line: number) }
    if line.hasBacktick {
      odd("an address with a backtick, which the pool commands never print", line: number)
    }
    if poolFind != nil {
      var block = line.block
      block.line = number
      continuePoolFind(number)
      poolFind?.content.blocks.append(block)
      return
    }
    let index = poolListing(page: line.block.pageAddress, number)
    if line.hasBacktick { updatePool(index) { $0.hasBackticks = true } }
    append(line.block, number)
  }

  /// Adds a block to its page. The same line twice is a copying slip; another block at the same
  /// address is another listing of the page.
  private mutating func append(_ listed: ListedBlock, _ number: Int) {
    var block = listed
    block.line = number
    guard let index = currentPage, let listing = pool(index) else { return }
    if let same = listing.blocks.first(where: { $0.address == block.address }) {
      var unmarked = (same, block)
      unmarked.0.isMarked = false
      unmarked.1.isMarked = false
      unmarked.1.line = same.line
      if unmarked.0 == unmarked.1 {
        odd("this block is listed already", line: number)
        return
      }
      pages[block.pageAddress] = nil
      _ = poolListing(page: block.pageAddress, number)
      odd("another block at an address that is listed already", line: number)
    }
    updatePool(currentPage ?? index) { $0.blocks.append(block) }
  }

  private static func append(_ message: DebuggerMessage, to listing: inout PoolListing) {
    if listing.messages.count < mostMessages { listing.messages.append(message) }
  }

  private mutating func addMessage(
    _ kind: DebuggerMessage.Kind, _ address: UInt64?, _ number: Int
  ) {
    let message = DebuggerMessage(kind: kind, address: address, line: number)
    if let address, kind != .debuggerNotReady {
      // A complaint that follows the blocks of a page names where the next one should be.
      let before = address > 0 ? (address - 1) & ~0xFFF : 0
      let page = pages[address & ~0xFFF] == nil && pages[before] != nil ? before : address & ~0xFFF
      let index = poolListing(page: page, number)
      updatePool(index) { Self.append(message, to: &$0) }
    } else if let page = currentPage, kind != .debuggerNotReady {
      updatePool(page) { Self.append(message, to: &$0) }
    } else {
      if kind == .debuggerNotReady {
        lacksSymbols = true
        for index in pages.values { updatePool(index) { $0.lacksSymbols = true } }
      }
      if messages == nil {
        messages = OpenTable(index: open(.messages([]), line: number), content: [])
      }
      if messages?.content.count ?? 0 < Self.mostMessages { messages?.content.append(message) }
    }
  }

  // MARK: - !poolfind

  mutating func addPoolFind(_ line: RecognisedLine, _ number: Int) {
    if poolFind == nil {
      let listing = PoolFindListing()
      poolFind = OpenTable(index: open(.poolFind(listing), line: number), content: listing)
    }
    switch line {
    case .poolFindSearch(let tag):
      if poolFind?.content.tag == nil { poolFind?.content.tag = tag }
    case .poolFindEntry(let entry):
      continuePoolFind(number)
      poolFind?.content.entries.append(entry)
    default: poolFind?.content.isCutShort = true
    }
  }

  /// A search that found very much continues as another listing.
  private mutating func continuePoolFind(_ number: Int) {
    guard let open = poolFind?.content,
      open.blocks.count + open.entries.count >= Self.mostRows
    else { return }
    reading.close(&poolFind) { .poolFind($0) }
    let listing = PoolFindListing(tag: open.tag)
    poolFind = OpenTable(index: self.open(.poolFind(listing), line: number), content: listing)
  }

  // MARK: - !poolval

  mutating func addValidation(_ line: RecognisedLine, _ number: Int) {
    switch line {
    case .validationStart(let address): _ = validationListing(page: address & ~0xFFF, number)
    case .validationState(let address, let isValid):
      update(validationListing(page: address & ~0xFFF, number)) { $0.isValid = isValid }
    case .validationBadPrevious(var bad):
      bad.line = number
      update(validationListing(page: bad.address & ~0xFFF, number)) {
        if !$0.badPreviousSizes.contains(where: { $0.address == bad.address }) {
          $0.badPreviousSizes.append(bad)
        }
      }
    default: break
    }
  }

  private mutating func validationListing(page: UInt64, _ number: Int) -> Int {
    if let index = validation, case .poolValidation(let found) = reading.listings[index].content,
      found.pageAddress == page
    {
      return index
    }
    var listing = PoolValidationListing(pageAddress: page)
    listing.lacksSymbols = lacksSymbols
    if let index = currentPage, let header = pool(index), header.blocks.isEmpty,
      header.pageAddress == page, header.messages.isEmpty, header.large == nil
    {
      listing.region = header.region
      reading.listings[index].content = .poolValidation(listing)
      validation = index
      currentPage = nil
      pages[page] = nil
      return index
    }
    let index = open(.poolValidation(listing), line: number)
    validation = index
    return index
  }

  private mutating func update(_ index: Int, _ change: (inout PoolValidationListing) -> Void) {
    guard case .poolValidation(var listing) = reading.listings[index].content else { return }
    change(&listing)
    reading.listings[index].content = .poolValidation(listing)
  }
}
