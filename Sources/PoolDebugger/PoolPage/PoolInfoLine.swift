/// Rows of `!poolpage`, which shows pool index and pool type besides (fishstiqz/poolinfo).
enum PoolInfoLine {
  static func block(
    _ scanner: ByteScanner, address: ListedAddress, isMarked: Bool
  ) -> RecognisedLine? {
    var scanner = scanner
    let state: ListedBlock.State
    if scanner.skip("InUse ") {
      state = .allocated
    } else if scanner.skip("Free ") {
      state = .free
    } else {
      return nil
    }
    let broken = RecognisedLine.odd("a !poolpage row without its numbers")
    guard let size = sizeAndUnits(&scanner), let previous = sizeAndUnits(&scanner) else {
      return broken
    }
    scanner.skipBlanks()
    guard let index = scanner.hexadecimal(), index <= 0xFF else { return broken }
    scanner.skipBlanks()
    guard let type = scanner.hexadecimal(), type <= 0xFF else { return broken }
    _ = scanner.skip(0x20)
    let unit = address.width.unitBytes
    let unitsAgree =
      size.bytes == size.units &* unit && previous.bytes == previous.units &* unit
    let block = ListedBlock(
      address: address.value, width: address.width, sizeBytes: size.bytes,
      previousSizeBytes: previous.bytes, state: state,
      tag: scanner.isAtEnd ? nil : ListedTag(scanner.bytes[scanner.position...].prefix(4)),
      isMarked: isMarked, poolIndex: UInt8(index), poolType: UInt8(type))
    return .poolInfoBlock(
      block, warning: unitsAgree ? nil : "bytes and units of this row contradict each other")
  }

  /// `0260 (026)`: bytes, then units.
  private static func sizeAndUnits(
    _ scanner: inout ByteScanner
  ) -> (bytes: UInt64, units: UInt64)? {
    scanner.skipBlanks()
    guard let bytes = scanner.hexadecimal(), scanner.skip(" ("), let units = scanner.hexadecimal(),
      scanner.skip(")")
    else { return nil }
    return (bytes, units)
  }
}
