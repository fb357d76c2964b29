/// Finds block headers in dumped memory and judges them by their chain.
///
/// Nothing says where a header lies, so one is believed only where it agrees with a neighbour: the
/// next header knows its size. Two that both look right and do not agree are a corruption; a first
/// row of one repeated byte that runs into the rest of a known tag is an overrun.
struct MemoryCheck {
  /// A header that was found.
  struct Found: Hashable {
    var offset: Int
    var fields: HeaderFields
    var tag: ListedTag
  }

  let source: String
  let line: Int
  let memory: MemoryListing
  private var unit: Int { memory.width == .bits32 ? 8 : 16 }
  private var layout: HeaderDwordLayout { memory.width == .bits32 ? .x86 : .x64 }

  static func check(_ memory: MemoryListing, _ checked: inout CheckedListing) {
    let check = MemoryCheck(
      source: checked.listing.source, line: checked.listing.line, memory: memory)
    check.judge(&checked)
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
    guard !chain.isEmpty else {
      checked.findings.append(
        Finding(
          rule: .debuggerLimit, address: memory.address,
          text: "no chain of block headers in these \(memory.bytes.count) bytes"))
      return
    }
    checked.verdict = .incomplete
    for (found, next) in zip(chain, chain.dropFirst()) {
      let isFragment = found.tag == ListedTag("Frag") && found.fields.sizeBytes == UInt64(unit)
      guard next.fields.previousSizeBytes != found.fields.sizeBytes,
        !(isFragment && next.fields.previousSizeBytes == 0)
      else { continue }
      checked.verdict = .corrupt
      checked.findings.append(
        Finding(
          rule: .previousSize, address: address(next.offset),
          text: "the headers at \(text(found.offset)) and \(text(next.offset)) do not agree: size "
            + "0x\(Hexadecimal.text(found.fields.sizeBytes)) against previous size "
            + "0x\(Hexadecimal.text(next.fields.previousSizeBytes)); either may be damaged",
          evidence: [words(found), words(next)]))
    }
    checked.findings.append(
      Finding(
        rule: .blockHeader, address: address(chain[0].offset),
        text: "\(chain.count) block header\(chain.count == 1 ? "" : "s")"
          + (isTail(chain) ? ": the tail of the page behind a large allocation" : ""),
        evidence: chain.prefix(64).map(words) + chain.flatMap(links)))
  }

  private func words(_ found: Found) -> String {
    "\(source):\(line): \(text(found.offset)) tag \(found.tag), \(found.fields.text)"
  }

  private func isTail(_ chain: [Found]) -> Bool {
    chain[0].tag == ListedTag("Frag") && chain[0].fields.previousSizeBytes == 0
      && address(chain[0].offset) & 0xFFF != 0
  }

  // MARK: - Headers

  /// What may be a header at an offset: its tag is text and its sizes stay in the page.
  private func header(at offset: Int) -> Found? {
    guard let dword = memory.value(at: offset, bytes: 4),
      let tagWord = memory.value(at: offset + 4, bytes: 4)
    else { return nil }
    // A protected tag has its highest bit set.
    let tag = ListedTag(rawValue: UInt32(tagWord) & 0x7FFF_FFFF)
    guard tag.bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { return nil }
    let fields = HeaderFields(UInt32(dword), layout)
    let place = address(offset) & 0xFFF
    guard fields.sizeBytes > 0, place + fields.sizeBytes <= 0x1000,
      fields.poolIndex <= 0x40
    else { return nil }
    return Found(offset: offset, fields: fields, tag: tag)
  }

  /// The first run of at least two headers of which each lies where the one before ends, and of
  /// which at least one pair agrees; or a lone header that fills the rest of its page.
  private func chain() -> [Found] {
    let first = Int((UInt64(unit) - memory.address % UInt64(unit)) % UInt64(unit))
    for start in stride(from: first, to: memory.bytes.count, by: unit) {
      guard var last = header(at: start) else { continue }
      var chain = [last]
      while let next = header(at: last.offset + Int(last.fields.sizeBytes)) {
        chain.append(next)
        last = next
      }
      let agrees = zip(chain, chain.dropFirst()).contains {
        $1.fields.previousSizeBytes == $0.fields.sizeBytes
      }
      if agrees { return chain }
    }
    return []
  }

  // MARK: - Lists

  /// What a free block's links look like.
  private func links(_ found: Found) -> [String] {
    let word = memory.width == .bits32 ? 4 : 8
    let start = found.offset + unit
    guard found.fields.poolType == 0, found.fields.sizeBytes > UInt64(unit),
      let forward = memory.value(at: start, bytes: word),
      let backward = memory.value(at: start + word, bytes: word)
    else { return [] }
    return [("forward", forward), ("backward", backward)].compactMap { name, link in
      fault(link).map {
        "the \(name) link of the free block at \(text(found.offset)), "
          + "\(Hexadecimal.address(link, memory.width)), is no address of a list entry: \($0)"
      }
    }
  }

  private func fault(_ link: UInt64) -> String? {
    if let likeness = ValueWords.likeness(link, width: memory.width) {
      return "it resembles \(likeness)"
    }
    let isKernel = memory.width == .bits32 ? link >= 0x8000_0000 : link >= 0xFFFF_8000_0000_0000
    if !isKernel { return "no kernel address" }
    if link & 0xFFF == 0 { return "no list entry lies at a page's start" }
    return link % 8 == 0 ? nil : "it is not aligned"
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
      ])
  }
}

extension MemoryCheck {
  /// A header that `dt` took apart, in words.
  static func check(_ listing: HeaderListing, _ checked: inout CheckedListing) {
    guard let dword = listing.dword else { return }
    let fields = HeaderFields(dword, listing.layout)
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
    checked.blockCount = listing.entries.count
    checked.verdict = listing.isUnloaded ? .leak : .incomplete
    let live = listing.entries.filter(\.isAllocated)
    let bytes = live.reduce(UInt64(0)) { Saturating.sum($0, $1.sizeBytes) }
    let tags = Dictionary(grouping: live, by: \.tag).sorted {
      ($1.value.count, $0.key) < ($0.value.count, $1.key)
    }
    let names = tags.prefix(8).map { "\($0.key) \($0.value.count)" }.joined(separator: ", ")
    let subject = listing.driver.map { "\($0) " } ?? ""
    let verb = listing.isUnloaded ? "left behind" : "in use"
    checked.findings.append(
      Finding(
        rule: listing.isUnloaded ? .leak : .blockHeader,
        text: "\(subject)\(live.count) allocations of \(DecimalText.grouped(bytes)) bytes "
          + "\(verb), by tag: \(names)",
        evidence: live.prefix(32).map { entry in
          "\(checked.listing.source):\(entry.line): \(Hexadecimal.address(entry.address)) "
            + "0x\(Hexadecimal.text(entry.sizeBytes)) bytes, tag \(entry.tag)"
            + (entry.caller.isEmpty ? "" : ", \(entry.caller)")
        }))
  }
}
