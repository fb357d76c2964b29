import KernelPool
import PoolWalk

/// Prints what `!pool ADDRESS` prints: the blocks of the page that holds an address.
///
/// The layouts are those of published listings; `DebuggerStyle` says which profile prints how. A
/// block that is parked on a lookaside list or waits as a deferred free is `(Free )`, with a blank
/// inside. The line of the tag's description follows the marked block where it is allocated: no
/// published listing has one behind a free block.
///
/// Nothing in a page can make the printer fail. Where the chain of headers breaks, a line of our
/// own, which begins with two tabs, says where and why.
public struct PoolPagePrinter {
  private let walker: PoolWalker
  private let style: DebuggerStyle
  private let descriptions: PoolTagDescriptions

  /// A printer of the pool as it is now.
  ///
  /// - Parameters:
  ///   - view: the pool.
  ///   - style: the era's layout; nil for the profile's.
  ///   - descriptions: what tags stand for.
  public init(
    _ view: PoolView, style: DebuggerStyle? = nil,
    descriptions: PoolTagDescriptions = .builtIn
  ) {
    walker = PoolWalker(view)
    self.style = style ?? .style(of: view.profile)
    self.descriptions = descriptions
  }

  private var view: PoolView { walker.view }
  private var pageBytes: UInt64 { view.profile.pageBytes }

  /// The listing for `address`, every line ended.
  public func text(for address: Address, flags: PoolPageFlags = []) -> String {
    var lines: [String] = []
    let page = address & ~(pageBytes - 1)
    let use = walker.use(ofPageAt: address)
    if style.pageLine == .printed {
      lines.append("Pool page \(hex(address)) region is \(region(of: address, use))")
    }
    switch use {
    case .smallBlocks:
      lines += listing(walker.blocks(ofPage: page), marking: address, flags)
    case .large(let allocation):
      lines += large(allocation, address, flags)
    case .table(let table, let start, let pages):
      lines.append(
        "\t\tPages \(hex(start)) to \(hex(end(start, pages))) hold the \(table.rawValue)")
    case .kept(let start, let pages):
      lines += notPool(page)
      lines.append("\t\t\(pages) freed page(s) at \(hex(start)) wait on a single-page list")
    case nil:
      lines += notPool(page)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  // MARK: Blocks

  private func listing(
    _ walk: PageWalk, marking address: Address, _ flags: PoolPageFlags
  ) -> [String] {
    var lines: [String] = []
    var faults = walk.faults[...]
    for block in walk.blocks {
      let isMarked = block.contains(address)
      let isShown = isMarked || !flags.contains(.onlyTheBlock)
      while let fault = faults.first, fault.address == block.address {
        if isShown { lines.append(text(fault)) }
        faults.removeFirst()
      }
      guard isShown else { continue }
      lines.append(PrintedBlockLine(block, isMarked: isMarked, digits: digits).text)
      if isMarked, block.state == .allocated || block.state == .fragment {
        lines += description(of: block.header.tag, flags)
      }
      if flags.contains(.contents) { lines += contents(of: block) }
    }
    if let fault = faults.first { lines += broken(walk, fault) }
    return lines
  }

  private func broken(_ walk: PageWalk, _ fault: ChainFault) -> [String] {
    let recent =
      style.errors == .recent
      ? [
        "\(hex(fault.address)) doesn't look like a valid small pool allocation, checking to see",
        "if the entire page is actually part of a large page allocation...",
        "\(hex(walk.page)) is not a valid large pool allocation, checking large session pool...",
      ] : []
    return recent + walk.faults.filter { $0.address == fault.address }.map(text)
  }

  private func text(_ fault: ChainFault) -> String {
    let what =
      switch fault.defect {
      case .zeroSize: "size is zero; the chain of blocks breaks here"
      case .pastPageEnd(let bytes):
        "block ends \(String(bytes, radix: 16)) bytes behind its page; the chain breaks here"
      case .previousSize(let expected, let found):
        "previous size is \(String(found, radix: 16)), not \(String(expected, radix: 16))"
      case .unreadable: "header is not mapped; the chain of blocks breaks here"
      }
    return "\t\t\(hex(fault.address)): \(what)"
  }

  private func contents(of block: PoolBlock) -> [String] {
    let body = block.address &+ UInt64(view.profile.header.bytes)
    func row(_ address: Address) -> String {
      let words = (0..<4).map { index in
        view.word32(address &+ UInt64(4 * index))
          .map { Columns.zeroPadded(UInt64($0), digits: 8) } ?? "????????"
      }
      return "\(hex(address))  \(words.joined(separator: " "))"
    }
    return [" " + row(body), "    " + row(body &+ 0x10), ""]
  }

  private func description(of tag: PoolTag, _ flags: PoolPageFlags) -> [String] {
    guard !flags.contains(.withoutDescriptions) else { return [] }
    guard let known = descriptions.description(of: tag) else {
      return ["\t\tOwning component : Unknown (update pooltag.txt)"]
    }
    let binary = known.binary.map { ", Binary : \($0)" } ?? ""
    return ["\t\tPooltag \(TagText.characters(tag)) : \(known.text)\(binary)"]
  }

  // MARK: Large allocations

  private func large(
    _ allocation: LargeAllocation, _ address: Address, _ flags: PoolPageFlags
  ) -> [String] {
    if let tail = walker.tail(of: allocation), address >= tail.page &+ tail.startOffset {
      return listing(tail, marking: address, flags)
    }
    let isSession = view.region(of: address)?.kind == .session
    let tag = TagText.characters(allocation.tag)
    let size = String(allocation.byteCount, radix: 16)
    return (isSession ? [notLarge(allocation.address)] : [])
      + [
        "*\(hex(allocation.address)) : large page allocation, \(style.largeTagWords) \(tag), "
          + "size is 0x\(size) bytes"
      ] + description(of: allocation.tag, flags)
  }

  // MARK: Everything else

  /// A session's large allocation is looked for where a debugger does not expect it, so its region
  /// is unknown, as published listings have it.
  private func region(of address: Address, _ use: PageUse?) -> String {
    guard let kind = view.region(of: address)?.kind else { return "Unknown" }
    if case .large = use, kind == .session { return "Unknown" }
    return PoolFamily(kind).regionName
  }

  private func notLarge(_ address: Address) -> String {
    "\(hex(address)) is not a valid large pool allocation, checking large session pool..."
  }

  private func notPool(_ page: Address) -> [String] {
    let isReadable = view.byte(page) != nil
    guard style.errors == .recent else {
      return isReadable
        ? ["\t\t\(hex(page)) is no page in use by a pool"]
        : ["\t\t\(hex(page)) is not mapped"]
    }
    let unreadable =
      "Address \(hex(page)) could not be read. It may be a freed, invalid or paged out page"
    return [
      notLarge(page), "\(hex(page)) is not valid pool. Checking for freed (or corrupt) pool",
    ] + (isReadable ? [] : [unreadable])
  }

  private var digits: Int { view.profile.wordBytes == 8 ? 16 : 8 }

  private func hex(_ address: Address) -> String {
    Columns.zeroPadded(address, digits: digits)
  }

  private func end(_ start: Address, _ pages: UInt64) -> Address {
    start &+ pages &* pageBytes &- 1
  }
}

/// The line of one block in a `!pool` listing.
struct PrintedBlockLine {
  let text: String

  /// - Parameters:
  ///   - block: the block.
  ///   - isMarked: whether it contains the address that was asked for.
  ///   - digits: digits of an address.
  init(_ block: PoolBlock, isMarked: Bool, digits: Int) {
    let mark = isMarked ? "*" : " "
    let tag = block.header.tag
    let isInUse = block.state == .allocated || block.state == .fragment
    var line = mark + Columns.zeroPadded(block.address, digits: digits)
    line += " size: " + Columns.hexadecimal(block.byteCount, 4)
    line += " previous size: " + Columns.hexadecimal(block.previousByteCount, 4)
    line += "  " + Self.state(block.state) + mark + TagText.characters(tag)
    if block.process != 0 {
      line += " Process: " + Columns.zeroPadded(block.process, digits: digits)
    }
    if isInUse, tag.isProtected { line += " (Protected)" }
    text = line
  }

  /// The state with the blanks that published listings have behind each of the three.
  private static func state(_ state: BlockState) -> String {
    switch state {
    case .allocated, .fragment: "(Allocated) "
    case .free, .orphan: "(Free)      "
    case .lookaside, .deferred: "(Free ) "
    }
  }
}

/// The flags of `!pool` (Microsoft, `!pool`).
public struct PoolPageFlags: OptionSet, Sendable {
  /// The bits as a debugger takes them.
  public let rawValue: UInt32
  /// Flags from their bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The first words of every block's body as well.
  public static let contents = PoolPageFlags(rawValue: 1)
  /// Only the block that contains the address.
  public static let onlyTheBlock = PoolPageFlags(rawValue: 2)
  /// No descriptions of tags.
  public static let withoutDescriptions = PoolPageFlags(rawValue: 0x8000_0000)
}
