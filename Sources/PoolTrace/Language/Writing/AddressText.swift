extension AddressExpression {
  /// Appends the text form.
  func append(to bytes: inout [UInt8]) {
    switch self {
    case .nonPaged(let offset): append("np+", offset, to: &bytes)
    case .paged(let offset): append("pg+", offset, to: &bytes)
    case .session(let offset): append("ss+", offset, to: &bytes)
    case .absolute(let address): bytes.appendHexadecimal(address)
    case .slot(let name, let offset): append(name, offset, to: &bytes)
    }
  }

  private func append(_ region: StaticString, _ offset: UInt64, to bytes: inout [UInt8]) {
    bytes.append(region)
    bytes.appendHexadecimal(offset)
  }

  private func append(_ name: SlotName, _ offset: Int64, to bytes: inout [UInt8]) {
    let start = bytes.count
    name.append(to: &bytes)
    let needsOffset = offset != 0 || AddressExpression.isAmbiguous(bytes[start...])
    guard needsOffset else { return }
    bytes.append(offset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    bytes.appendDecimal(offset.magnitude)
  }

  /// True for a name that alone would be read as an absolute address or as `ID-N`.
  private static func isAmbiguous(_ name: ArraySlice<UInt8>) -> Bool {
    if name.count > 1, name[name.startIndex] == UInt8(ascii: "0"),
      name[name.startIndex + 1] | 0x20 == UInt8(ascii: "x")
    {
      return true
    }
    guard let minus = name.lastIndex(of: UInt8(ascii: "-")), minus > name.startIndex else {
      return false
    }
    return LineCursor.isNumberShaped(name[(minus + 1)...])
  }
}

extension AddressExpression: CustomStringConvertible {
  /// The text form.
  public var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
