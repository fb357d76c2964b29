/// Finds block headers in dumped memory and judges them by their chain.
///
/// Nothing says where a header lies, so one is believed only where it agrees with a neighbour: the
/// next header knows its size. Two that both look right and do not agree are a corruption; a first
/// row of one repeated byte that runs into the rest of a known tag is an overrun.
struct MemoryCheck {
  /// A header that was found.
  struct Found: Hashable {
    var offset: Int
    var fields: HeaderDword
    var tag: ListedTag
  }

  let source: String
  let line: Int
  let memory: MemoryListing
  let layout: HeaderDwordLayout
  private var unit: Int { Int(layout.unitBytes) }
  private var word: Int { memory.width == .bits32 ? 4 : 8 }
  /// Bytes of a header: less than a unit on Windows 2000.
  private var headerBytes: Int { 2 * word }

  static func check(_ memory: MemoryListing, _ checked: inout CheckedListing) {
    let layouts: [HeaderDwordLayout] = memory.width == .bits32 ? [.x86, .windows2000] : [.x64]
    let checks = layouts.map {
      MemoryCheck(
        source: checked.listing.source, line: checked.listing.line, memory: memory, layout: $0)
    }
    let longest = checks.max { $0.chain().count < $1.chain().count }
    (longest.map { $0.chain().isEmpty ? checks[0] : $0 } ?? checks[0]).judge(&checked)
  }

  private func address(_ offset: Int) -> UInt64 { memory.address &+ UInt64(offset) }

  private func text(_ offset: Int) -> String { Hexadecimal.address(address(offset), memory.width) }

  private func judge(_ checked: inout CheckedListing) {
    if let overrun = overrun() {
      checked.verdict = .corrupt
      checked.findings.append(overrun)
      return
    }
    let chain = chain()
    checked.blockCount = chain.count
    if chain.isEmpty, let tail = overwrittenFiller() {
      checked.verdict = .corrupt
      checked.findings.append(tail)
      return
    }
    guard !chain.isEmpty else {
      checked.findings.append(
        Finding(
          rule: .debuggerLimit, address: memory.address,
          text: "no chain of block headers in these \(memory.bytes.count) bytes"))
      return
    }
    let wrong = disagreements(chain) + (ending(chain).map { [$0] } ?? []) + chain.compactMap(links)
    checked.verdict = wrong.isEmpty ? .incomplete : .corrupt
    checked.findings += wrong
    checked.findings.append(
      Finding(
        rule: .blockHeader, address: address(chain[0].offset),
        text: "\(chain.count) block header\(chain.count == 1 ? "" : "s")"
          + (isTail(chain) ? ": the tail of the page behind a large allocation" : ""),
        evidence: chain.prefix(64).map(words)))
  }

  private func words(_ found: Found) -> String {
    "\(source):\(line): \(text(found.offset)) tag \(found.tag), \(found.fields.text)"
  }

  private func isFragment(_ found: Found) -> Bool {
    found.tag == ListedTag("Frag") && found.fields.sizeBytes == UInt64(unit)
  }

  private func isTail(_ chain: [Found]) -> Bool {
    chain[0].tag == ListedTag("Frag") && chain[0].fields.previousSizeBytes == 0
      && address(chain[0].offset) & 0xFFF != 0
  }

  // MARK: - Headers

  /// What may be a header at an offset: its sizes stay in the page, and its tag is text or, where
  /// that does not look so, its previous size is the size of the block before.
  private func header(at offset: Int, after last: Found? = nil) -> Found? {
    guard let dword = memory.value(at: offset, bytes: 4),
      let tagWord = memory.value(at: offset + 4, bytes: 4)
    else { return nil }
    // A protected tag has its highest bit set.
    let tag = ListedTag(rawValue: UInt32(tagWord) & 0x7FFF_FFFF)
    let fields = HeaderDword(UInt32(dword), layout)
    let isText = tag.bytes.allSatisfy { (0x20...0x7E).contains($0) }
    guard isText || last?.fields.sizeBytes == fields.previousSizeBytes else { return nil }
    let place = address(offset) & 0xFFF
    guard fields.sizeBytes > 0, place + fields.sizeBytes <= 0x1000,
      fields.poolIndex <= 0x40
    else { return nil }
    return Found(offset: offset, fields: fields, tag: tag)
  }

  private func end(_ found: Found) -> Int { found.offset + Int(found.fields.sizeBytes) }

  private func agree(_ found: Found, _ next: Found) -> Bool {
    next.fields.previousSizeBytes == found.fields.sizeBytes
      || isFragment(found) && next.fields.previousSizeBytes == 0
  }

  private func run(from first: Found) -> [Found] {
    var chain = [first]
    while let last = chain.last, let next = header(at: end(last), after: last) {
      chain.append(next)
    }
    return chain
  }

  private var firstOffset: Int {
    Int((UInt64(unit) - memory.address % UInt64(unit)) % UInt64(unit))
  }

  /// The first run of at least two headers of which each lies where the one before ends, and of
  /// which at least one pair agrees.
  private func chain() -> [Found] {
    for start in stride(from: firstOffset, to: memory.bytes.count, by: unit) {
      guard let first = header(at: start) else { continue }
      let chain = run(from: first)
      if zip(chain, chain.dropFirst()).contains(where: agree) { return chain }
    }
    return []
  }

  /// Neighbours that do not agree. A chain that goes on behind the second one shows that a header
  /// lies there, so the first one's size is right unless the second names a smaller block.
  private func disagreements(_ chain: [Found]) -> [Finding] {
    zip(chain, chain.dropFirst()).enumerated().compactMap { index, pair -> Finding? in
      let (found, next) = pair
      guard !agree(found, next) else { return nil }
      let isFollowed = index + 2 < chain.count && agree(next, chain[index + 2])
      let named = next.fields.previousSizeBytes
      let mayLeaveOut = named > 0 && named < found.fields.sizeBytes
      let damaged = isFollowed && !mayLeaveOut ? [next] : [found, next]
      return finding(
        damaged.map { .init(.header, address($0.offset)) },
        "the headers at \(text(found.offset)) and \(text(next.offset)) do not agree: size "
          + "0x\(Hexadecimal.text(found.fields.sizeBytes)) against previous size "
          + "0x\(Hexadecimal.text(named))"
          + (damaged.count > 1 ? "; either may be damaged" : ""),
        [words(found), words(next)])
    }
  }

  /// A chain that ends before its page does, though the bytes behind it are there.
  ///
  /// The next header that begins a sound chain to the end of the page tells by its previous size
  /// where the block before it begins, and so which of the two is damaged.
  private func ending(_ chain: [Found]) -> Finding? {
    guard let last = chain.last else { return nil }
    let next = end(last)
    guard address(next) & 0xFFF != 0, memory.value(at: next, bytes: 8) != nil else { return nil }
    guard let resumed = resumed(behind: last.offset, next) else { return nil }
    let named = resumed.offset - Int(resumed.fields.previousSizeBytes)
    let both = [last.offset, next]
    let damaged = both.contains(named) ? [named] : both
    return finding(
      damaged.map { .init(.header, address($0)) },
      "the chain ends at \(text(next)): no header lies where the block at \(text(last.offset)) "
        + "ends, and a sound chain goes on at \(text(resumed.offset))",
      [words(last), words(resumed)])
  }

  /// Behind a large allocation lie a filler of one unit and a free block to the page's end. Where
  /// that block says that one unit lies in front of it and no such header does, either is damaged;
  /// bytes that no header has tell which.
  private func overwrittenFiller() -> Finding? {
    for offset in stride(from: firstOffset + unit, to: memory.bytes.count, by: unit) {
      let filler = offset - unit
      guard let free = header(at: offset), free.fields.poolType == 0,
        [ListedTag("Free"), ListedTag("Frag")].contains(free.tag), address(end(free)) & 0xFFF == 0,
        free.fields.previousSizeBytes == UInt64(unit), address(filler) & 0xFFF != 0,
        let dword = memory.value(at: filler, bytes: 4)
      else { continue }
      let fields = HeaderDword(UInt32(dword), layout)
      guard fields.sizeBytes != UInt64(unit) else { continue }
      let isCertain = fields.implausibilities(at: nil).contains { !$0.hasPrefix("its size") }
      return finding(
        (isCertain ? [filler] : [filler, offset]).map { .init(.header, address($0)) },
        "the free block at \(text(offset)) says that a filler of one unit lies in front of it, as "
          + "behind a large allocation, and none does: most likely that allocation wrote past its "
          + "end", [words(free)], .overwrittenHeader)
    }
    return nil
  }

  private func resumed(behind last: Int, _ next: Int) -> Found? {
    let pageEnd = next + Int(0x1000 - address(next) & 0xFFF)
    for start in stride(from: last + unit, to: min(pageEnd, memory.bytes.count), by: unit)
    where start != next {
      guard let first = header(at: start) else { continue }
      let chain = run(from: first)
      let isSound = zip(chain, chain.dropFirst()).allSatisfy(agree)
      if isSound, let last = chain.last, end(last) == pageEnd { return first }
    }
    return nil
  }

  private func finding(
    _ places: [DamagedPlace], _ words: String, _ evidence: [String],
    _ rule: Finding.Rule = .previousSize
  ) -> Finding {
    Finding(
      rule: rule, address: places.last?.address, text: words,
      evidence: evidence + DamagedPlace.sentence(places, memory.width), places: places)
  }

  // MARK: - Lists

  /// A free block's links that lead to no list entry, or to one that does not lead back.
  private func links(_ found: Found) -> Finding? {
    let entry = found.offset + headerBytes
    guard found.fields.poolType == 0, end(found) >= entry + 2 * word,
      let forward = memory.value(at: entry, bytes: word),
      let backward = memory.value(at: entry + word, bytes: word), forward != 0 || backward != 0
    else { return nil }
    let both = [("forward", forward, backward), ("backward", backward, forward)]
    let faults = both.compactMap { name, link, other in
      fault(link, other: other).map {
        "the \(name) link of the free block at \(text(found.offset)), "
          + "\(Hexadecimal.address(link, memory.width)), is no address of a list entry: \($0)"
      }
    }
    let here = DamagedPlace(.links, address(entry))
    if let first = faults.first {
      return finding([here], first, faults.dropFirst() + [words(found)], .links)
    }
    for (link, offset) in [(forward, word), (backward, 0)] where link > memory.address {
      guard link - memory.address < UInt64(memory.bytes.count),
        let back = memory.value(at: Int(link - memory.address) + offset, bytes: word),
        back != address(entry)
      else { continue }
      return finding(
        [here, .init(.links, link)],
        "the links of the free block at \(text(found.offset)) lead to "
          + "\(Hexadecimal.address(link, memory.width)), which leads back to "
          + Hexadecimal.address(back, memory.width), [words(found)], .links)
    }
    return nil
  }

  private func isKernel(_ address: UInt64) -> Bool {
    memory.width == .bits32 ? address >= 0x8000_0000 : address >= 0xFFFF_8000_0000_0000
  }

  private func fault(_ link: UInt64, other: UInt64) -> String? {
    if let likeness = ValueWords.likeness(link, width: memory.width) {
      return "it resembles \(likeness)"
    }
    // Where the dump is of the kernel's addresses, a list of its pool is too.
    if isKernel(memory.address), !isKernel(link) { return "no kernel address" }
    if link & 0xFFF == 0 { return "no list entry lies at a page's start" }
    return link % UInt64(word) == 0 || link == other ? nil : "it is not aligned"
  }

  // MARK: - An overrun in the first row

  /// One repeated byte over a header and into a tag of which the rest is known.
  private func overrun() -> Finding? {
    guard memory.address.isMultiple(of: UInt64(unit)), memory.bytes.count >= 8,
      let first = memory.bytes[0], first != 0, first != 0xFF
    else { return nil }
    let run = memory.bytes.prefix { $0 == first }.count
    guard (5...7).contains(run) else { return nil }
    let rest = memory.bytes[run..<8].compactMap { $0.map { $0 & 0x7F } }
    guard rest.count == 8 - run, rest.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    let hidden = String(repeating: "?", count: run - 4)
    let visible = String(decoding: rest, as: UTF8.self)
    let known = PoolTagDescriptions.builtIn.tag(endingWith: rest)
    let name = known.map { "a block of tag \($0)" } ?? "a block of tag \(hidden)\(visible)"
    let fill = (0x20...0x7E).contains(first) ? " (\"\(Character(Unicode.Scalar(first)))\")" : ""
    return Finding(
      rule: .overwrittenHeader, address: memory.address,
      text:
        "\(run) bytes 0x\(Hexadecimal.text(UInt64(first), digits: 2))\(fill) ran into the header "
        + "at \(text(0)) of \(name), most likely from the block in front of it",
      evidence: [
        "\(source):\(line): the tag's visible rest is \(hidden)\(visible)",
        "next: !pool \(text(0))",
      ], places: [.init(.header, memory.address)])
  }
}

extension MemoryCheck {
  /// A header that `dt` took apart, in words.
  static func check(_ listing: HeaderListing, _ checked: inout CheckedListing) {
    guard let dword = listing.dword else { return }
    let fields = HeaderDword(dword, listing.layout)
    let width: PointerWidth = listing.layout == .x64 ? .bits64 : .bits32
    let place = listing.address.map { " at \(Hexadecimal.address($0, width))" } ?? ""
    let tag = listing.field("PoolTag").map { ", tag \(ValueWords.tag($0.value))" } ?? ""
    let signs = fields.implausibilities(at: listing.address)
    let here = "\(checked.listing.source):\(checked.listing.line)"
    checked.blockCount = 1
    checked.verdict = signs.isEmpty ? .incomplete : .suspicious
    checked.findings.append(
      Finding(
        rule: signs.isEmpty ? .blockHeader : .overwrittenHeader, address: listing.address,
        text: signs.isEmpty
          ? "a block header\(place)\(tag)"
          : "the header\(place) is overwritten, or there is none: \(signs.joined(separator: "; "))",
        evidence: ["\(here): \(fields.text)\(tag)"]))
  }

  /// Allocations one by one: whose they are and how much.
  static func check(_ listing: AllocationListing, _ checked: inout CheckedListing) {
    checked.blockCount = listing.count
    checked.verdict = listing.isUnloaded ? .leak : .incomplete
    var tags: [ListedTag: UInt64] = [:]
    for (kind, total) in listing.totals { tags[kind.tag, default: 0] += total.count }
    let least = listing.isShortened ? "at least " : ""
    let names = tags.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(8)
      .map { "\($0.key) \(least)\($0.value)" }.joined(separator: ", ")
    let subject = listing.driver.map { "\($0) " } ?? ""
    let verb = listing.isUnloaded ? "left behind" : "in use"
    checked.findings.append(
      Finding(
        rule: listing.isUnloaded ? .leak : .blockHeader,
        text: "\(subject)\(listing.live.count) allocations of "
          + "\(DecimalText.grouped(listing.live.bytes)) bytes "
          + "\(verb), by tag: \(names)",
        evidence: listing.entries.lazy.filter(\.isAllocated).prefix(32).map { entry in
          "\(checked.listing.source):\(entry.line): \(Hexadecimal.address(entry.address)) "
            + "0x\(Hexadecimal.text(entry.sizeBytes)) bytes, tag \(entry.tag)"
            + (entry.caller.isEmpty ? "" : ", \(entry.caller)")
        }))
  }
}
