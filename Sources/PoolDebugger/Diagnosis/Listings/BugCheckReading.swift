/// Reads a bug check's parameters with the table of meanings.
enum BugCheckReading {
  static func check(_ listing: BugCheckListing, _ checked: inout CheckedListing) {
    let first = listing.parameters[0]
    guard let meaning = BugCheckMeaning.find(code: listing.code, first: first) else { return }
    var evidence = [
      "\(checked.listing.source):\(checked.listing.line): bug check 0x"
        + "\(Hexadecimal.text(listing.code)) "
        + listing.parameters.map { $0.map { "0x" + Hexadecimal.text($0) } ?? "?" }
        .joined(separator: " ")
    ]
    if let index = meaning.tag, let value = listing.parameters[index - 1], value <= 0xFFFF_FFFF {
      evidence.append("tag \(ListedTag(rawValue: UInt32(value)))")
    }
    if let index = meaning.header, let value = listing.parameters[index - 1],
      value <= 0xFFFF_FFFF
    {
      evidence.append(contentsOf: header(UInt32(value), listing))
    }
    checked.verdict = meaning.isCorruption ? .corrupt : .unknown
    checked.findings.append(
      Finding(
        rule: meaning.isCorruption ? .bugCheck : .artefact,
        address: meaning.address.flatMap { listing.parameters[$0 - 1] },
        text: meaning.text, evidence: evidence))
  }

  /// The fields of the header dword, and whether they agree with the distance of two entries.
  private static func header(_ dword: UInt32, _ listing: BugCheckListing) -> [String] {
    let isWide = listing.parameters.contains { $0.map { $0 > 0xFFFF_FFFF } ?? false }
    let decoded = DecodedHeader(dword: dword)
    guard isWide else {
      return ["header bytes \(decoded.hexadecimal), as text \"\(decoded.ascii)\""]
    }
    var lines = ["header dword: \(DecodedHeader.x64Fields(dword))"]
    if listing.code == 0x19, let wanted = listing.parameters[1],
      let next = listing.parameters[2], next > wanted
    {
      let size = UInt64(dword >> 16 & 0xFF) * 16
      lines.append(
        size == next - wanted
          ? "the next entry lies just that size behind it: this header is intact, the next is not"
          : "the next entry does not lie at that distance: this header is damaged")
    }
    return lines
  }
}
