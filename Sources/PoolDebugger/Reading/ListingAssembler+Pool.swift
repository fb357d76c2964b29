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
    case .poolInfoBlock(let block, let oddity):
      if let oddity { odd(oddity, line: number) }
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
    if let oddity = line.oddity { odd(oddity, line: number) }
    if line.missing == .tag { odd("a block without its tag", line: number) }
    if line.missing == .process { odd("a block without the process it names", line: number) }
    if line.hasBacktick {
      odd("an address with a backtick, which the pool commands never print", line: number)
    }
    if poolFind != nil {
      var block = line.block
      block.line = number
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
    case .poolFindEntry(let entry): poolFind?.content.entries.append(entry)
    default: poolFind?.content.isCutShort = true
    }
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
