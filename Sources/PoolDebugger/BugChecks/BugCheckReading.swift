/// Reads a bug check's parameters with the table of meanings: every one in words, what they prove
/// and what they do not.
struct BugCheckReading {
  let source: String
  let line: Int
  let listing: BugCheckListing
  let code: UInt64

  static func check(_ listing: BugCheckListing, _ checked: inout CheckedListing) {
    guard let code = listing.code else {
      checked.findings.append(
        Finding(
          rule: .unknownBugCheck,
          text: "parameters of a bug check without its code: which one it was is not in the text",
          evidence: [
            "\(checked.listing.source):\(checked.listing.line): \(raw(listing))"
          ]))
      return
    }
    let reading = BugCheckReading(
      source: checked.listing.source, line: checked.listing.line, listing: listing, code: code)
    (checked.verdict, checked.findings) = reading.findings()
  }

  /// `0x19 {0x20, ...}`.
  private static func raw(_ listing: BugCheckListing) -> String {
    listing.parameters.map { $0.map { "0x" + Hexadecimal.text($0) } ?? "?" }
      .joined(separator: " ")
  }

  private var name: String {
    "bug check 0x\(Hexadecimal.text(code))"
      + (BugCheckNames.name(of: code).map { " \($0)" } ?? "")
  }

  private var selector: UInt64? { listing.parameters[BugCheckMeaning.selectorIndex(of: code)] }

  private func findings() -> (ListingVerdict, [Finding]) {
    guard let meaning = BugCheckMeaning.find(code: code, selector: selector) else {
      return withoutMeaning()
    }
    let (verdict, rule) = Self.outcome(meaning.kind)
    let address = meaning.roles.enumerated().lazy.compactMap { index, role -> UInt64? in
      if case .address = role { return listing.parameters[index] }
      return nil
    }.first
    var evidence = [place] + bucket() + words(meaning)
    evidence += header(meaning) + conclusions(meaning)
    let places = places(meaning)
    evidence += DamagedPlace.sentence(places, listing.width) + poolAddressWords()
    evidence += StackReading(frames: listing.frames).words(source: source, suspect: meaning.suspect)
    evidence.append("suspect: \(meaning.suspect.rawValue)")
    evidence.append("next: \(nextCommand(meaning)) [\(meaning.source)]")
    return (
      verdict,
      [
        Finding(
          rule: rule, address: address, text: "\(headline)\(meaning.text)", evidence: evidence,
          places: places)
      ]
    )
  }

  /// A bucket names driver and tag; that comes first.
  private var headline: String {
    var words = ""
    if let driver { words += "in \(driver)" }
    if let tag = bucketTag { words += words.isEmpty ? "tag \(tag)" : ", tag \(tag)" }
    return words.isEmpty ? "\(name): " : "\(name) (the debugger blames it: \(words)): "
  }

  private static func outcome(
    _ kind: BugCheckMeaning.Kind
  ) -> (ListingVerdict, Finding.Rule) {
    switch kind {
    case .corruption, .largeCorruption, .hardware, .caught: (.corrupt, .bugCheck)
    case .wrongCall: (.wrongCall, .wrongCall)
    case .leak: (.leak, .leak)
    case .exhaustion: (.exhausted, .exhausted)
    case .elsewhere: (.unknown, .unknownBugCheck)
    }
  }

  private func withoutMeaning() -> (ListingVerdict, [Finding]) {
    var text = "\(name): not a bug check of the pool; it says nothing about it"
    var verdict = ListingVerdict.unknown
    var rule = Finding.Rule.unknownBugCheck
    if BugCheckMeaning.isSelected(code: code) {
      let index = BugCheckMeaning.selectorIndex(of: code) + 1
      if let selector {
        text =
          "\(headline)the meaning of parameter \(index) = 0x\(Hexadecimal.text(selector)) is not "
          + "published, so no cause is claimed"
      } else if [0x19, 0x13A].contains(code) {
        text =
          "\(headline)the pool is corrupt; which check found it stands in parameter \(index), "
          + "which the text lacks"
        verdict = .corrupt
        rule = .bugCheck
      } else {
        text =
          "\(headline)what it says depends on parameter \(index), which the text lacks"
      }
    }
    return (verdict, [Finding(rule: rule, text: text, evidence: [place] + bucket())])
  }

  // MARK: - Parameters in words

  private var place: String {
    let again =
      listing.repeatedLines.isEmpty
      ? ""
      : ", again on line" + (listing.repeatedLines.count == 1 ? " " : "s ")
        + listing.repeatedLines.prefix(8).map { String($0) }.joined(separator: ", ")
    let inferred =
      listing.isCodeInferred
      ? " (the code is not in the text; the words of its first parameter occur with it alone)" : ""
    return "\(source):\(line): bug check 0x\(Hexadecimal.text(code)) \(Self.raw(listing))\(again)"
      + inferred
  }

  /// Every parameter in words, where the bug check is known.
  var parameterWords: [String] {
    BugCheckMeaning.find(code: code, selector: selector).map(words) ?? []
  }

  /// Every parameter in words, one line each.
  private func words(_ meaning: BugCheckMeaning) -> [String] {
    zip(meaning.roles, listing.parameters).enumerated().compactMap { index, pair in
      let (role, value) = pair
      guard role != .selector, let value else { return nil }
      if role == .nothing, value == 0 { return nil }
      return "P\(index + 1): \(Self.words(value, role, listing.width))"
    }
  }

  private static func words(
    _ value: UInt64, _ role: BugCheckMeaning.Role, _ width: PointerWidth?
  ) -> String {
    let hexadecimal = "0x" + Hexadecimal.text(value)
    switch role {
    case .selector: return hexadecimal
    case .address(let words):
      let likeness = ValueWords.likeness(value, width: width).map { ", resembles \($0)" }
      return "\(Hexadecimal.address(value, width)): \(words)\(likeness ?? "")"
    case .bytes(let words):
      return "\(hexadecimal) (\(DecimalText.grouped(value))) bytes \(words)"
    case .count(let words): return "\(DecimalText.grouped(value)) \(words)"
    case .header(let words): return "0x\(Hexadecimal.text(value, digits: 8)): \(words)"
    case .tag(let words): return "tag \(words): \(ValueWords.tag(value))"
    case .value(let words): return "\(hexadecimal): \(words)"
    case .poolType: return "\(hexadecimal): pool type, \(ValueWords.poolType(value))"
    case .interruptLevel:
      return "\(hexadecimal): interrupt level, \(ValueWords.interruptLevel(value))"
    case .access:
      return "\(hexadecimal): \(value == 0 ? "a read" : value == 1 ? "a write" : "an access")"
    case .reserved: return "\(hexadecimal): reserved, without a published meaning"
    case .nothing: return "\(hexadecimal): no published meaning"
    }
  }

  /// The commands with the parameters put in.
  private func nextCommand(_ meaning: BugCheckMeaning) -> String {
    var command = meaning.next
    for (index, value) in listing.parameters.enumerated() {
      guard let value else { continue }
      command = command.split(separator: "P\(index + 1)", omittingEmptySubsequences: false)
        .joined(separator: Hexadecimal.address(value, listing.width))
    }
    return command
  }

  // MARK: - What the debugger's analysis adds

  private var bucketText: String? {
    listing.field("FAILURE_BUCKET_ID") ?? listing.field("BUGCHECK_STR")
      ?? listing.field("Failure.Bucket")
  }

  /// The bucket's parts behind code and first parameter: `PMas` and `driver` of
  /// `0x13a_11_PMas_driver!function`.
  private var bucketParts: [Substring] {
    guard let text = bucketText, text.hasPrefix("0x") else { return [] }
    let names = text.prefix { $0 != "!" }.split(separator: "_")
    return Array(names.dropFirst(2).filter { $0 != "VRF" })
  }

  var bucketTag: String? {
    if let tag = listing.field("FREED_POOL_TAG"), tag.utf8.count <= 4 { return tag }
    guard let first = bucketParts.first, (3...4).contains(first.utf8.count) else { return nil }
    return String(first)
  }

  /// The driver, unless it is the kernel itself, whom every such stack names.
  var driver: String? {
    let candidates = [listing.field("IMAGE_NAME"), listing.field("MODULE_NAME")]
    let kernel = [
      "nt", "ntoskrnl.exe", "ntkrnlmp.exe", "ntkrpamp.exe", "ntkrnlpa.exe",
      "Pool_Corruption", "memory_corruption", "hardware", "Unknown_Module", "Unknown_Image",
    ]
    return candidates.compactMap { $0 }.first { !kernel.contains($0) }
  }

  private func bucket() -> [String] {
    listing.fields.filter {
      ["FAILURE_BUCKET_ID", "POOL_ADDRESS", "FREED_POOL_TAG"].contains($0.name)
    }
    .map { "\(source):\($0.line): \($0.name): \($0.value)" }
  }

  // MARK: - Headers and links among the parameters

  /// The layout by the pointer width, or the one in which size and distance agree.
  func layout(_ dword: UInt32) -> HeaderDwordLayout {
    if code == 0x19, selector == 0x20, let first = listing.parameters[1],
      let next = listing.parameters[2], next > first
    {
      let fitting = [HeaderDwordLayout.x64, .x86, .windows2000].filter {
        HeaderDword(dword, $0).sizeBytes == next - first
          && ($0 == .x64) == (listing.width == .bits64)
      }
      if let only = fitting.first { return only }
    }
    if listing.width == .bits64 { return .x64 }
    // Windows 2000 had the same pointers and other headers: what only that makes sense of is its.
    let isEarly =
      !HeaderDword(dword, .x86).implausibilities(at: headerAddress).isEmpty
      && HeaderDword(dword, .windows2000).implausibilities(at: headerAddress).isEmpty
    return isEarly ? .windows2000 : .x86
  }

  /// The dword that a parameter holds, with the parameter's index.
  private func headerParameter(_ meaning: BugCheckMeaning) -> (index: Int, dword: UInt32)? {
    let index = meaning.roles.firstIndex {
      if case .header = $0 { true } else { false }
    }
    guard let index, let value = listing.parameters[index], value <= 0xFFFF_FFFF, value != 0 else {
      return nil
    }
    return (index, UInt32(value))
  }

  /// The header's first dword, where the bug check carries it.
  var headerDword: UInt32? {
    BugCheckMeaning.find(code: code, selector: selector).flatMap(headerParameter)?.dword
  }

  private func header(_ meaning: BugCheckMeaning) -> [String] {
    guard let (index, dword) = headerParameter(meaning) else { return [] }
    let fields = HeaderDword(dword, layout(dword))
    var lines = ["P\(index + 1) decoded: \(fields.text)"]
    let signs = fields.implausibilities(at: headerAddress)
    if !signs.isEmpty {
      lines.append(
        "P\(index + 1) is most likely overwritten: \(signs.joined(separator: "; "))")
    }
    return lines
  }

  /// Where the header of a parameter lies.
  var headerAddress: UInt64? {
    switch (code, selector) {
    case (0x19, 0x20?), (0xC2, 1?), (0xC2, 2?), (0xC2, 4?): listing.parameters[1]
    case (0xC2, 6?), (0xC4, 0x13?), (0xC4, 0x14?): listing.parameters[2]
    case (0xC2, 7?):
      listing.parameters[3].map { $0 &- (listing.width == .bits64 ? 16 : 8) }
    default: nil
    }
  }

  // MARK: - What follows and what does not

  private func conclusions(_ meaning: BugCheckMeaning) -> [String] {
    switch (code, selector) {
    case (0x19, 0x20?):
      return [
        "not proved: which header is damaged; P3 is computed from P2's own size, so that the two "
          + "fit together is no evidence"
      ]
    case (0x19, 3?): return links()
    case (0x19, 0x21?): return ["special pool does not serve allocations of a page and more"]
    case (0xC2, 7?), (0xC2, 6?):
      return [
        "proved: the header is not marked in use; not proved: two frees, since an overwritten "
          + "type looks the same"
      ]
    case (0xC1, 0x23?), (0xC1, 0x24?), (0xC1, 0x32?): return offset()
    case (0xC5, _), (0xD0, _), (0x50, _), (0x0A, _), (0xD1, _):
      return listing.parameters[0].flatMap { ValueWords.likeness($0, width: listing.width) }
        .map { ["P1 is no address that anyone computed: it resembles \($0)"] } ?? []
    default: return []
    }
  }

  private func links() -> [String] {
    guard let entry = listing.parameters[1], let forward = listing.parameters[2],
      let backward = listing.parameters[3]
    else { return [] }
    let likenesses = [forward, backward].map { ValueWords.likeness($0, width: listing.width) }
    if let text = likenesses[0], likenesses[0] == likenesses[1] {
      return ["both links resemble \(text): it was written over a free block; no torn link"]
    }
    if forward == entry || backward == entry {
      return [
        "only the \(forward == entry ? "backward" : "forward") link is wrong: one pointer of the "
          + "entry or of its neighbour was overwritten"
      ]
    }
    return ["both links are wrong"]
  }

  private func offset() -> [String] {
    guard let freed = listing.parameters[0], let damaged = listing.parameters[1] else { return [] }
    return damaged >= freed
      ? [
        "the first damaged byte lies 0x\(Hexadecimal.text(damaged - freed)) behind the freed address"
      ]
      : ["the first damaged byte lies 0x\(Hexadecimal.text(freed - damaged)) in front of it"]
  }
}
