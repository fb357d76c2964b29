/// Dumps of memory, headers taken apart, and allocations listed one by one.
extension ListingAssembler {
  mutating func addMemory(_ line: RecognisedLine, _ number: Int) {
    switch line {
    case .memoryRow(let row): addRow(row, number)
    case .headerField(let field):
      openHeader(number)
      if header?.content.field(field.name) != nil {
        closeHeader()
        openHeader(number)
      }
      header?.content.fields.append(field)
    case .allocation(var entry, let tool):
      entry.line = number
      openAllocations(tool, number)
      allocations?.content.entries.append(entry)
    case .verifiedDriver(let name, let isUnloaded):
      closeAllocations()
      openAllocations(.verifier, number)
      allocations?.content.driver = name
      allocations?.content.isUnloaded = isUnloaded
    default: break
    }
  }

  mutating func closeMemory() {
    reading.close(&memory) { .memory($0) }
    closeHeader()
    closeAllocations()
  }

  private mutating func closeHeader() { reading.close(&header) { .header($0) } }
  private mutating func closeAllocations() { reading.close(&allocations) { .allocations($0) } }

  private mutating func addRow(_ row: MemoryRow, _ number: Int) {
    if memory?.content.append(row) == true { return }
    reading.close(&memory) { .memory($0) }
    let listing = MemoryListing(address: row.address, width: row.width, bytes: row.bytes)
    memory = OpenTable(index: open(.memory(listing), line: number), content: listing)
  }

  private mutating func openHeader(_ number: Int) {
    guard header == nil else { return }
    let listing = HeaderListing()
    header = OpenTable(index: open(.header(listing), line: number), content: listing)
  }

  private mutating func openAllocations(_ tool: AllocationListing.Tool, _ number: Int) {
    if let known = allocations?.content, known.tool != tool { closeAllocations() }
    guard allocations == nil else { return }
    let listing = AllocationListing(tool: tool)
    allocations = OpenTable(index: open(.allocations(listing), line: number), content: listing)
  }
}
