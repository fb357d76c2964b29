/// The pool checked against its own rules, by walking every page and every list. Costs time
/// proportional to all blocks; nothing here is called on the way of an operation.
extension AbstractPool {
  /// What is wrong with the pool, one sentence for each finding; empty for a sound pool.
  public func invariantViolations() -> [String] {
    var findings: [String] = []
    var recount = Footprint()
    var listedBlocks = 0
    for page in 0..<pageCount where firstBlocks[page] >= 0 {
      recount.pagesHeld += 1
      checkPage(page, &findings, &recount, &listedBlocks)
    }
    checkLists(listedBlocks, &findings)
    if recount.pagesHeld != footprint.pagesHeld {
      findings.append("\(recount.pagesHeld) pages counted, \(footprint.pagesHeld) noted")
    }
    if recount.liveUnits != footprint.liveUnits {
      findings.append("\(recount.liveUnits) live units counted, \(footprint.liveUnits) noted")
    }
    if recount.liveBlocks != footprint.liveBlocks {
      findings.append("\(recount.liveBlocks) live blocks counted, \(footprint.liveBlocks) noted")
    }
    if footprint.liveUnits > footprint.peakLiveUnits { findings.append("live above its peak") }
    if footprint.pagesHeld > footprint.peakPagesHeld { findings.append("pages above their peak") }
    return findings
  }

  private func checkPage(
    _ page: Int, _ findings: inout [String], _ recount: inout Footprint, _ listedBlocks: inout Int
  ) {
    var block = firstBlocks[page]
    var left: Int32 = -1
    var offset = 0
    var hasLiveBlock = false
    var leftIsFree = false
    while block >= 0, offset < geometry.pageUnits {
      let record = records[Int(block)]
      let place = "page \(page) offset \(offset)"
      if record.page != page { findings.append("\(place): block of page \(record.page)") }
      if record.offset != offset { findings.append("\(place): block says \(record.offset)") }
      if record.left != left { findings.append("\(place): wrong left neighbour") }
      if record.units < 1 { findings.append("\(place): empty block") }
      if record.isFree && leftIsFree { findings.append("\(place): two free neighbours") }
      checkState(record, place, &findings)
      if record.state == .free { listedBlocks += 1 }
      if record.state == .live {
        hasLiveBlock = true
        recount.liveUnits += Int(record.units)
        recount.liveBlocks += 1
      }
      leftIsFree = record.isFree
      left = block
      offset += max(1, Int(record.units))
      block = record.right
    }
    if block >= 0 || offset != geometry.pageUnits {
      findings.append("page \(page): blocks end at \(offset) of \(geometry.pageUnits) units")
    }
    if !hasLiveBlock { findings.append("page \(page): held without a live block") }
  }

  private func checkState(_ record: BlockRecord, _ place: String, _ findings: inout [String]) {
    let units = Int(record.units)
    switch record.state {
    case .unused:
      findings.append("\(place): unused record in a page")
    case .live:
      if units < geometry.smallestBlockUnits { findings.append("\(place): live block too small") }
      if units > geometry.largestBlockUnits { findings.append("\(place): live block too large") }
    case .free:
      if units < geometry.smallestListedUnits { findings.append("\(place): sliver on a list") }
    case .sliver:
      if units >= geometry.smallestListedUnits { findings.append("\(place): block on no list") }
    }
  }

  private func checkLists(_ listedBlocks: Int, _ findings: inout [String]) {
    var onLists = 0
    for size in 0...geometry.pageUnits {
      let marked = lists.nonEmpty[size >> 6] & (1 << UInt64(size & 63)) != 0
      if marked != (lists.heads[size] >= 0) { findings.append("list \(size): bit map disagrees") }
      var block = lists.heads[size]
      var previous: Int32 = -1
      while block >= 0, onLists <= listedBlocks {
        let record = records[Int(block)]
        if record.state != .free { findings.append("list \(size): holds a block not free") }
        if record.units != size { findings.append("list \(size): holds \(record.units) units") }
        if record.listPrevious != previous { findings.append("list \(size): broken back link") }
        onLists += 1
        previous = block
        block = record.listNext
      }
      if lists.tails[size] != previous { findings.append("list \(size): wrong tail") }
    }
    if onLists != listedBlocks {
      findings.append("\(listedBlocks) free blocks in pages, \(onLists) on lists")
    }
  }
}
