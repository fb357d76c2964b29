/// What a column of an exported event table holds, by the names that exporters give it.
enum EventColumn: Equatable {
  case event, poolType, tag, bytes, address, allocationTime, freeTime

  /// Names are compared by their letters and digits only, in lower case: `Size (B)` is `sizeb`.
  private static let names: [String: EventColumn] = [
    "event": .event, "eventname": .event, "opcode": .event, "eventtype": .event,
    "pooltype": .poolType, "type": .poolType,
    "tag": .tag, "pooltag": .tag, "pagedpooltag": .tag, "nonpagedpooltag": .tag,
    "bytes": .bytes, "numberofbytes": .bytes, "size": .bytes, "sizeb": .bytes,
    "allocsize": .bytes, "allocsizeb": .bytes,
    "entry": .address, "address": .address, "virtualaddress": .address,
    "alloctime": .allocationTime, "alloctimes": .allocationTime,
    "allocationtime": .allocationTime, "alloctimems": .allocationTime,
    "alloctimeus": .allocationTime,
    "freetime": .freeTime, "freetimes": .freeTime, "freetimems": .freeTime,
    "freetimeus": .freeTime,
  ]

  init?(name: ArraySlice<UInt8>) {
    guard let column = Self.names[Self.letters(name)] else { return nil }
    self = column
  }

  static func letters(_ name: ArraySlice<UInt8>) -> String {
    var letters: [UInt8] = []
    for byte in name.prefix(64) {
      switch byte {
      case 0x30...0x39, 0x61...0x7A: letters.append(byte)
      case 0x41...0x5A: letters.append(byte + 0x20)
      default: break
      }
    }
    return String(decoding: letters, as: UTF8.self)
  }
}
