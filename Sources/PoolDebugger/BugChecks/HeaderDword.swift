/// Where the fields of a block header's first dword lie (public symbols of the systems named).
public enum HeaderDwordLayout: Sendable, Hashable, CaseIterable {
  /// 32-bit Windows 2000: a byte each, the pool type before the size, in units of 32 bytes.
  case windows2000
  /// 32-bit XP and later: nine and seven bits twice, in units of 8 bytes.
  case x86
  /// 64-bit, to Windows 10 1809: a byte each, in units of 16 bytes.
  case x64

  /// The multiple of every size, in bytes.
  var unitBytes: UInt64 {
    switch self {
    case .windows2000: 32
    case .x86: 8
    case .x64: 16
    }
  }

  var name: String {
    switch self {
    case .windows2000: "32-bit Windows 2000"
    case .x86: "32-bit, XP and later"
    case .x64: "64-bit"
    }
  }
}

/// The four fields of a header's first dword.
public struct HeaderDword: Sendable, Hashable {
  /// How it was read.
  public let layout: HeaderDwordLayout
  /// The dword.
  public let dword: UInt32
  /// Size in bytes of the block before.
  public let previousSizeBytes: UInt64
  /// The pool descriptor's index.
  public let poolIndex: UInt8
  /// Size in bytes, header included.
  public let sizeBytes: UInt64
  /// The stored pool type.
  public let poolType: UInt8

  /// Takes a dword apart.
  public init(_ dword: UInt32, _ layout: HeaderDwordLayout) {
    self.dword = dword
    self.layout = layout
    let unit = layout.unitBytes
    switch layout {
    case .windows2000, .x64:
      let isEarlyType = layout == .windows2000
      previousSizeBytes = UInt64(dword & 0xFF) * unit
      poolIndex = UInt8(truncatingIfNeeded: dword >> 8)
      sizeBytes = UInt64(dword >> (isEarlyType ? 24 : 16) & 0xFF) * unit
      poolType = UInt8(truncatingIfNeeded: dword >> (isEarlyType ? 16 : 24))
    case .x86:
      previousSizeBytes = UInt64(dword & 0x1FF) * unit
      poolIndex = UInt8(truncatingIfNeeded: dword >> 9 & 0x7F)
      sizeBytes = UInt64(dword >> 16 & 0x1FF) * unit
      poolType = UInt8(truncatingIfNeeded: dword >> 25)
    }
  }

  /// The fields in words.
  public var text: String {
    "previous size 0x\(Hexadecimal.text(previousSizeBytes)), pool index \(poolIndex), size "
      + "0x\(Hexadecimal.text(sizeBytes)), pool type 0x\(Hexadecimal.text(UInt64(poolType))) "
      + "(\(state)), read as \(layout.name)"
  }

  /// What the pool type says: from Vista on its bit 1 marks a block in use; on XP and 2003 bit 2
  /// does, as published vectors agree.
  public var state: String {
    var words: String
    if poolType == 0 {
      words = "free"
    } else if poolType & 2 != 0 {
      words = poolType & 1 != 0 ? "in use, paged" : "in use, nonpaged"
      if layout == .x86, poolType & 4 != 0 { words = "in use, XP or 2003: paged" }
    } else if layout == .x86, poolType & 4 != 0 {
      words = "in use on XP and 2003, not in use from Vista on"
    } else {
      words = "not marked in use"
    }
    if poolType & 8 != 0 { words += ", quota charged" }
    if poolType & 0x20 != 0 { words += ", session" }
    if poolType & 0x40 != 0 { words += ", verifier" }
    return words
  }

  /// What no sound header has; empty where the dword may be one.
  ///
  /// Heuristics: an index above every machine's pools, sizes that leave the page of `address`, a
  /// dword of one repeated byte or of text.
  public func implausibilities(at address: UInt64?) -> [String] {
    var found: [String] = []
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: dword >> ($0 * 8)) }
    if poolIndex > 0x40 { found.append("no machine has a pool of index \(poolIndex)") }
    if sizeBytes == 0 { found.append("its size is zero") }
    if let address {
      let offset = address & 0xFFF
      if offset + sizeBytes > 0x1000 { found.append("its size reaches past the page") }
      if previousSizeBytes > offset {
        found.append("its previous size reaches before the page")
      }
      if offset != 0, previousSizeBytes == 0 {
        found.append("its previous size is zero in the middle of a page")
      }
    }
    let repeated = Dictionary(grouping: bytes, by: { $0 }).max { $0.value.count < $1.value.count }
    if let repeated, repeated.value.count >= 3, repeated.key != 0 {
      found.append(
        "\(repeated.value.count) of its bytes are 0x\(Hexadecimal.text(UInt64(repeated.key)))")
    }
    if bytes.allSatisfy({ (0x20...0x7E).contains($0) }) {
      found.append("it reads as text: \"\(String(decoding: bytes, as: UTF8.self))\"")
    }
    return found
  }
}
