/// What a bug check's parameters say is damaged, and no more than its check compared.
extension BugCheckReading {
  /// Empty where the parameters do not tell.
  func places(_ meaning: BugCheckMeaning) -> [DamagedPlace] {
    let parameters = listing.parameters
    switch (code, listing.parameters[BugCheckMeaning.selectorIndex(of: code)]) {
    case (0x19, 3?): return [.init(.links, parameters[1]), .init(.neighbouringLinks)]
    case (0x19, 5?): return [.init(.header, parameters[1]), .init(.header, parameters[3])]
    case (0x19, 6?), (0x19, 7?), (0x19, 8?), (0x19, 9?): return [.init(.header, parameters[3])]
    case (0x19, 0x20?): return disagreeing()
    case (0x19, 0x21?): return [.init(.endOfLargeAllocation, parameters[1])]
    case (0xC2, 1?), (0xC2, 2?), (0xC2, 4?): return [.init(.header, parameters[1])]
    case (0xC2, 6?), (0xC2, 7?), (0xC4, 0x13?), (0xC4, 0x14?):
      let header = DamagedPlace(.header, headerAddress)
      return isHeaderImplausible ? [header] : [header, .init(.call)]
    case (0xC2, 0x0A?), (0xC2, 0x99?):
      return [.init(.call), .init(.header, parameters[1].map { $0 &- headerBytes })]
    case (0xC2, 0x0B?), (0xC2, 0x0C?), (0xC2, 0x0D?):
      // On 64-bit systems the process stands in the header, else in the block's last bytes.
      return listing.width == .bits64
        ? [.init(.header, parameters[1].map { $0 &- headerBytes })] : [.init(.bytes, parameters[1])]
    case (0xC1, 0x23?), (0xC1, 0x24?), (0xC1, 0x32?): return [.init(.bytes, parameters[1])]
    default: return meaning.kind == .wrongCall ? [.init(.call)] : []
    }
  }

  private var headerBytes: UInt64 { listing.width == .bits64 ? 16 : 8 }

  /// The two headers of 0x19/0x20, or the first alone where its dword is none of a sound header.
  private func disagreeing() -> [DamagedPlace] {
    let first = DamagedPlace(.header, listing.parameters[1])
    if isHeaderImplausible { return [first] }
    guard let next = listing.parameters[2], next != 0 else { return [first] }
    return [first, DamagedPlace(.header, next)]
  }

  /// Whether the dword among the parameters is one that no sound header has.
  private var isHeaderImplausible: Bool {
    guard let dword = headerDword else { return false }
    return !HeaderFields(dword, layout(dword)).implausibilities(at: headerAddress).isEmpty
  }
}
