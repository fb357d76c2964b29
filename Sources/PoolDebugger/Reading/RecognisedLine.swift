/// What one line of text is, taken by itself.
///
/// Reading goes in two steps. A line is recognised from its own words alone, so that a listing
/// which lost lines or was shuffled still yields what its lines say; only then does
/// `ListingAssembler` put lines together. Context is needed for two forms only (rows of a table
/// without any word in them), and those are recognised by the assembler.
enum RecognisedLine: Equatable {
  case blank
  case noise
  /// Begins like a line of a known form and does not end like one.
  case odd(String)
  case command(name: String, arguments: String)
  case poolPage(address: UInt64, region: String, hasBacktick: Bool)
  case block(BlockLine)
  /// Address and `size:`, but the rest is missing or unreadable; the next line may have it.
  case brokenBlock
  case contents
  case large(LargeAllocationLine)
  case special(SpecialPoolLine)
  case description(String)
  case message(DebuggerMessage.Kind, UInt64?)
  case poolInfoStart(UInt64)
  case poolInfoColumns
  case poolInfoBlock(ListedBlock, warning: String?)
  case poolFindSearch(tag: ListedTag?)
  case poolFindEntry(PoolFindListing.Entry)
  case poolFindEnd
  case elision
  case validationStart(UInt64)
  case validationState(UInt64, isValid: Bool)
  case validationBadPrevious(PoolValidationListing.BadPreviousSize)
  case validationRemark
  case poolUsedSorting(String)
  case poolUsedHeading
  case poolUsedColumns(isVerbose: Bool)
  case virtualMemoryTitle
  case virtualMemoryValue(VirtualMemoryListing.Value)
  /// A label, pages and an open parenthesis; the next line may have the kilobytes.
  case brokenValue
  case virtualMemoryRegion(VirtualMemoryListing.Region)
  case virtualMemoryWarning(String)
  case virtualMemoryRemark
  case pageFile(path: String?)
  case pageFileSizes(current: UInt64, free: UInt64)
  case pageFileLimits(minimum: UInt64, maximum: UInt64)
  case lookasideHead(LookasideListing.List)
  case lookasideFields([LookasideListing.Field])
  case lookasideTotal
  case poolMonitorTitle(String)
  case poolMonitorColumns(hasMean: Bool)
  case poolMonitorMemory
  case poolMonitorPools(nonpaged: UInt64, paged: UInt64, commitLeft: UInt64?)
  case poolMonitorRow(PoolMonitorListing.Row)
  case memoryRow(MemoryRow)
  case headerField(HeaderListing.Field)
  case allocation(AllocationListing.Entry, AllocationListing.Tool)
  case verifiedDriver(String, isUnloaded: Bool)
  case tagColumns([TagColumn?])
  case tagRow(TagTableListing.Row)
  case tagKey(ListedTag)
  case tagPool(isPaged: Bool)
  case tagValue(TagColumn, UInt64)
  case bugCheck(BugCheckListing)
  case bugCheckCode(UInt64)
  case bugCheckParameter(index: Int, value: PrintedNumber, words: String)
  /// The four parameters without their code, which stood on the line before.
  case bugCheckParameters([PrintedNumber])
  case bugCheckField(name: String, value: String)
  /// The head of a stack, with what stands behind it.
  case stack(String)
  case poolEmpty(isPaged: Bool)
}

/// Tries the forms in turn; the first that fits names the line.
enum LineRecogniser {
  private static let forms: [@Sendable (ByteScanner) -> RecognisedLine?] = [
    CommandLineText.recognise, AddressLine.recognise, PoolLine.recognise, PoolUsedLine.heading,
    VirtualMemoryLine.recognise, LookasideLine.recognise, PoolMonitorLine.recognise,
    MemoryLine.recognise, BugCheckLine.recognise, MessageLine.recognise, TagTableLine.recognise,
  ]

  static func recognise(_ bytes: [UInt8]) -> RecognisedLine {
    var scanner = ByteScanner(bytes)
    scanner.skipBlanks()
    if scanner.isAtEnd { return .blank }
    let line = ByteScanner(bytes)
    for form in forms {
      if let recognised = form(line) { return recognised }
    }
    return looksLikeBlock(line) ?? .noise
  }

  /// Half a block line without an address (a wrapped or torn one).
  private static func looksLikeBlock(_ line: ByteScanner) -> RecognisedLine? {
    line.contains("previous size:") || line.contains("Pool page ")
      ? .odd("words of a block or page line, but not a whole one") : nil
  }

  /// Undoes what mail and web do to text: no-break spaces, quotation marks at the line's start and
  /// the byte order mark.
  static func normalise(_ bytes: [UInt8]) -> [UInt8] {
    var line = bytes
    if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    if line.contains(0xC2) {
      var index = 0
      while index + 1 < line.count {
        if line[index] == 0xC2, line[index + 1] == 0xA0 {
          line.replaceSubrange(index...(index + 1), with: [0x20])
        }
        index += 1
      }
    }
    while line.count >= 2, line[0] == 0x3E, line[1] == 0x20 { line.removeFirst(2) }
    return line
  }
}
