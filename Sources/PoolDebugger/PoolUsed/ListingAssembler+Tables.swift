/// `!poolused`, `!vm`, `!lookaside` and PoolMon.
extension ListingAssembler {
  // MARK: - !poolused

  mutating func addPoolUsedHeading(_ line: RecognisedLine, _ number: Int) {
    var table = poolUsedTable(number)
    switch line {
    case .poolUsedSorting(let order):
      if table.content.sortedBy != nil || table.content.total != nil {
        closePoolUsed()
        table = poolUsedTable(number)
      }
      table.content.sortedBy = order
    case .poolUsedColumns(let isVerbose): isVerbosePoolUsed = isVerbose
    default: break
    }
    poolUsed = table
  }

  private mutating func poolUsedTable(_ number: Int) -> OpenTable<PoolUsedListing, ListedTag> {
    if let open = poolUsed { return open }
    var listing = PoolUsedListing(tagPattern: tagPattern)
    listing.time = time
    return OpenTable(index: open(.poolUsed(listing), line: number), content: listing)
  }

  /// True when the line was a row of a table.
  mutating func addPoolUsedRow(_ line: ByteScanner, _ number: Int) -> Bool {
    guard poolUsed != nil || PoolUsedLine.isSelfEvident(line) else { return false }
    guard let row = PoolUsedLine.row(line, isVerbose: isVerbosePoolUsed, number: number) else {
      return false
    }
    if poolUsed == nil { poolUsed = poolUsedTable(number) }
    if PoolUsedLine.totalStart(line) != nil {
      if poolUsed?.content.total != nil {
        odd("a second TOTAL in one table", line: number)
      } else {
        poolUsed?.content.total = row
      }
      return true
    }
    let earlier = poolUsed?.known[row.tag].flatMap { poolUsed?.content.rows[$0] }
    if let earlier, earlier.nonpaged == row.nonpaged, earlier.paged == row.paged {
      odd("this tag is listed already", line: number)
    } else if hasRoom(poolUsed?.content.rows.count, number) {
      poolUsed?.append(row)
    }
    return true
  }

  // MARK: - !vm

  mutating func addVirtualMemory(_ line: RecognisedLine, _ number: Int) {
    openVirtualMemory(number)
    switch line {
    case .virtualMemoryTitle:
      if virtualMemory?.content.values.isEmpty == false {
        closeVirtualMemory()
        openVirtualMemory(number)
      }
    case .virtualMemoryValue(let value): add(value, number)
    case .virtualMemoryRegion(let region): virtualMemory?.content.regions.append(region)
    case .virtualMemoryWarning(let text): virtualMemory?.content.warnings.append(text)
    case .pageFile(let path): virtualMemory?.content.pageFiles.append(.init(path: path))
    case .pageFileSizes(let current, let free):
      updatePageFile {
        $0.current = current
        $0.free = free
      }
    case .pageFileLimits(let minimum, let maximum):
      updatePageFile {
        $0.minimum = minimum
        $0.maximum = maximum
      }
    default: break
    }
  }

  private mutating func add(_ value: VirtualMemoryListing.Value, _ number: Int) {
    var value = value
    value.line = number
    if let known = virtualMemory?.known[value.label] {
      guard virtualMemory?.content.values[known].pages != value.pages else {
        odd("this value is listed already", line: number)
        return
      }
      closeVirtualMemory()
      openVirtualMemory(number)
    }
    if value.kilobytes != value.pages &* 4 {
      odd("kilobytes are not four times the pages", line: number)
    }
    virtualMemory?.append(value)
  }

  private mutating func openVirtualMemory(_ number: Int) {
    guard virtualMemory == nil else { return }
    let listing = VirtualMemoryListing()
    virtualMemory = OpenTable(
      index: open(.virtualMemory(listing), line: number), content: listing)
  }

  private mutating func updatePageFile(
    _ change: (inout VirtualMemoryListing.PageFile) -> Void
  ) {
    var files = virtualMemory?.content.pageFiles ?? []
    if files.isEmpty { files.append(.init(path: nil)) }
    change(&files[files.count - 1])
    virtualMemory?.content.pageFiles = files
  }

  // MARK: - !lookaside

  mutating func addLookaside(_ line: RecognisedLine, _ number: Int) {
    switch line {
    case .lookasideHead(var list):
      if lookaside == nil {
        let listing = LookasideListing()
        lookaside = OpenTable(index: open(.lookaside(listing), line: number), content: listing)
      }
      list.line = number
      if hasRoom(lookaside?.content.lists.count, number) { lookaside?.content.lists.append(list) }
    case .lookasideFields(let fields):
      guard let last = lookaside?.content.lists.indices.last else {
        odd("fields of a lookaside list without its first line", line: number)
        return
      }
      let known = lookaside?.content.lists[last].fields.count ?? 0
      guard known < 32 else {
        odd("more fields than a lookaside list has", line: number)
        return
      }
      lookaside?.content.lists[last].fields += fields
    default: break
    }
  }

  // MARK: - PoolMon

  mutating func addPoolMonitor(_ line: RecognisedLine, _ number: Int) {
    openPoolMonitor(number)
    switch line {
    case .poolMonitorColumns(let hasMean): poolMonitorHasMean = hasMean
    case .poolMonitorMemory:
      if poolMonitor?.content.rows.isEmpty == false {
        closePoolMonitor()
        openPoolMonitor(number)
      }
    case .poolMonitorTitle(let title): poolMonitor?.content.title = title
    case .poolMonitorPools(let nonpaged, let paged, let commitLeft):
      poolMonitor?.content.commitLeftKilobytes = commitLeft
      poolMonitor?.content.nonpagedKilobytes = nonpaged
      poolMonitor?.content.pagedKilobytes = paged
    case .poolMonitorRow(let row): add(row, number)
    default: break
    }
  }

  /// True when the line was a row of an open table whose heading has no mean size.
  mutating func addRowWithoutMean(_ line: ByteScanner, _ number: Int) -> Bool {
    guard poolMonitor != nil, !poolMonitorHasMean else { return false }
    var scanner = line
    scanner.skipBlanks()
    guard case .poolMonitorRow(let row) = PoolMonitorLine.row(scanner, hasMean: false) else {
      return false
    }
    add(row, number)
    return true
  }

  private mutating func add(_ row: PoolMonitorListing.Row, _ number: Int) {
    var row = row
    row.line = number
    let key = MonitorKey(tag: row.tag, isPaged: row.isPaged)
    if let known = poolMonitor?.known[key], let earlier = poolMonitor?.content.rows[known] {
      guard earlier.allocations != row.allocations || earlier.usedBytes != row.usedBytes else {
        odd("this tag is listed already", line: number)
        return
      }
      closePoolMonitor()
      openPoolMonitor(number)
    }
    // The counters are 32 bits wide, so that the difference is right modulo 2^32 only.
    let difference = UInt32(truncatingIfNeeded: row.allocations &- row.frees)
    if UInt32(truncatingIfNeeded: row.difference) != difference {
      odd("allocations minus frees are not the difference shown", line: number)
    }
    if hasRoom(poolMonitor?.content.rows.count, number) { poolMonitor?.append(row, key: key) }
  }

  private mutating func openPoolMonitor(_ number: Int) {
    guard poolMonitor == nil else { return }
    var listing = PoolMonitorListing()
    listing.time = time
    poolMonitor = OpenTable(index: open(.poolMonitor(listing), line: number), content: listing)
  }
}

extension OpenTable<PoolUsedListing, ListedTag> {
  fileprivate mutating func append(_ row: PoolUsedListing.Row) {
    known[row.tag] = content.rows.count
    content.rows.append(row)
  }
}

extension OpenTable<VirtualMemoryListing, String> {
  fileprivate mutating func append(_ value: VirtualMemoryListing.Value) {
    known[value.label] = content.values.count
    content.values.append(value)
  }
}

extension OpenTable<PoolMonitorListing, ListingAssembler.MonitorKey> {
  fileprivate mutating func append(
    _ row: PoolMonitorListing.Row, key: ListingAssembler.MonitorKey
  ) {
    known[key] = content.rows.count
    content.rows.append(row)
  }
}
