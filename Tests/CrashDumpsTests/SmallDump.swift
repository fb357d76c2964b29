/// A small memory dump made by hand, from the published layout: what is read must be what was put in.
struct SmallDump {
  var bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  init(byteCount: Int) { bytes = Array(repeating: 0, count: byteCount) }

  mutating func put(_ value: UInt64, at offset: Int, bytes count: Int) {
    for index in 0..<count {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }

  mutating func put(_ text: String, at offset: Int) {
    for (index, byte) in text.utf8.enumerated() { bytes[offset + index] = byte }
  }

  mutating func putUTF16(_ text: String, at offset: Int) {
    for (index, unit) in text.utf16.enumerated() {
      put(UInt64(unit), at: offset + 2 * index, bytes: 2)
    }
  }

  static let blocks = 0x2100
  static let drivers = 0x2200
  static let names = 0x2400
  static let unloaded = 0x2480
  static let debuggerData = 0x2500
  static let memory = 0x2800
  static let end = 0x3000

  /// A 64-bit dump of bug check 0x19 with three pieces of memory, two of which follow one another, a
  /// stack, a driver and an unloaded one.
  static var bits64: SmallDump {
    var dump = SmallDump(byteCount: end + 4)
    for page in stride(from: 0, to: 0x2000, by: 4) { dump.put("PAGE", at: page) }
    dump.put("PAGEDU64", at: 0)
    dump.put(15, at: 8, bytes: 4)
    dump.put(17_763, at: 0xC, bytes: 4)
    dump.put(0x1AD000, at: 0x10, bytes: 8)
    dump.put(0x8664, at: 0x30, bytes: 4)
    dump.put(8, at: 0x34, bytes: 4)
    dump.put(0x19, at: 0x38, bytes: 4)
    let parameters: [UInt64] = [
      0x20, 0xFFFF_FA80_0000_1040, 0xFFFF_FA80_0000_1080, 0x0404_0004,
    ]
    for (index, value) in parameters.enumerated() {
      dump.put(value, at: 0x40 + 8 * index, bytes: 8)
    }
    dump.put(4, at: 0xF98, bytes: 4)
    dump.put(116_444_736_000_000_000, at: 0xFA8, bytes: 8)
    let triage = 0x2000
    dump.put(UInt64(end), at: triage + 4, bytes: 4)
    dump.put(UInt64(end), at: triage + 8, bytes: 4)
    dump.put("TRGD", at: end)
    dump.put(UInt64(unloaded), at: triage + 0x18, bytes: 4)
    dump.put(UInt64(memory + 0x300), at: triage + 0x28, bytes: 4)
    dump.put(0x40, at: triage + 0x2C, bytes: 4)
    dump.put(UInt64(drivers), at: triage + 0x30, bytes: 4)
    dump.put(1, at: triage + 0x34, bytes: 4)
    dump.put(0xFFFF_8504_0000_0000, at: triage + 0x48, bytes: 8)
    dump.put(UInt64(debuggerData), at: triage + 0x70, bytes: 4)
    dump.put(0x380, at: triage + 0x74, bytes: 4)
    dump.put(UInt64(blocks), at: triage + 0x78, bytes: 4)
    dump.put(3, at: triage + 0x7C, bytes: 4)
    // Out of order, as real tables are.
    let pieces: [(UInt64, Int, Int)] = [
      (0xFFFF_FA80_0000_1080, memory + 0x100, 0x80), (0xFFFF_FA80_0000_1000, memory, 0x80),
      (0xFFFF_F804_0000_2000, memory + 0x200, 0x40),
    ]
    for (index, piece) in pieces.enumerated() {
      dump.put(piece.0, at: blocks + 16 * index, bytes: 8)
      dump.put(UInt64(piece.1), at: blocks + 16 * index + 8, bytes: 4)
      dump.put(UInt64(piece.2), at: blocks + 16 * index + 12, bytes: 4)
    }
    for index in 0..<0x80 {
      dump.bytes[memory + index] = UInt8(index)
      dump.bytes[memory + 0x100 + index] = UInt8(0x80 + index)
    }
    dump.put("17763.1.amd64fre.rs5_release", at: memory + 0x200)
    dump.put(UInt64(names), at: drivers, bytes: 4)
    dump.put(0xFFFF_F804_1000_0000, at: drivers + 0x38, bytes: 8)
    dump.put(0x5000, at: drivers + 0x48, bytes: 4)
    dump.put(0x1234_5678, at: drivers + 0x88, bytes: 4)
    dump.put(21, at: names, bytes: 4)
    dump.putUTF16(#"\SystemRoot\leaky.sys"#, at: names + 4)
    dump.put(1, at: unloaded, bytes: 8)
    dump.put(14, at: unloaded + 8, bytes: 2)
    dump.putUTF16("dam.sys", at: unloaded + 8 + 0x10)
    dump.put(0xFFFF_F804_2000_0000, at: unloaded + 8 + 0x28, bytes: 8)
    dump.put(0xFFFF_F804_2001_0000, at: unloaded + 8 + 0x30, bytes: 8)
    dump.put("KDBG", at: debuggerData + 0x10)
    dump.put(0xFFFF_F804_0000_2000, at: debuggerData + 0x208, bytes: 8)
    return dump
  }

  /// A 32-bit dump with one piece of memory.
  static var bits32: SmallDump {
    var dump = SmallDump(byteCount: 0x1304)
    dump.put("PAGEDUMP", at: 0)
    dump.put(2600, at: 0xC, bytes: 4)
    dump.put(0x14C, at: 0x20, bytes: 4)
    dump.put(1, at: 0x24, bytes: 4)
    dump.put(0xC2, at: 0x28, bytes: 4)
    for (index, value) in [7, 0xCD4, 0x0A05_0005, 0x8550_1008].enumerated() {
      dump.put(UInt64(value), at: 0x2C + 4 * index, bytes: 4)
    }
    dump.put(4, at: 0xF88, bytes: 4)
    dump.put(0x1300, at: 0x1008, bytes: 4)
    dump.put("TRGD", at: 0x1300)
    dump.put(0x1100, at: 0x1060, bytes: 4)
    dump.put(1, at: 0x1064, bytes: 4)
    dump.put(0x8550_1000, at: 0x1100, bytes: 4)
    dump.put(0x1200, at: 0x1104, bytes: 4)
    dump.put(0x10, at: 0x1108, bytes: 4)
    dump.put("0123456789abcdef", at: 0x1200)
    return dump
  }
}
