import Testing

@testable import CrashDumps

@Suite struct TriageDumpTests {
  private func read(_ dump: SmallDump) throws -> TriageDump {
    let source = DumpBytes(dump.bytes)
    return try TriageDump(try DumpHeader(source), source)
  }

  @Test func theHeaderIsRead() throws {
    let header = try DumpHeader(DumpBytes(SmallDump.bits64.bytes))
    #expect(header.is64Bit)
    #expect(header.build == 17_763)
    #expect(header.machineText == "x64")
    #expect(header.processors == 8)
    #expect(header.code == 0x19)
    #expect(
      header.parameters == [0x20, 0xFFFF_FA80_0000_1040, 0xFFFF_FA80_0000_1080, 0x0404_0004])
    #expect(header.kind == .triage)
    #expect(header.directoryBase == 0x1AD000)
    #expect(header.systemTime == 116_444_736_000_000_000)
    // The writer left the time since the start as it was: PAGEPAGE is no value.
    #expect(header.upTime == nil)
    let narrow = try DumpHeader(DumpBytes(SmallDump.bits32.bytes))
    #expect(!narrow.is64Bit)
    #expect(narrow.build == 2600)
    #expect(narrow.machineText == "x86")
    #expect(narrow.code == 0xC2)
    #expect(narrow.parameters == [7, 0xCD4, 0x0A05_0005, 0x8550_1008])
    #expect(narrow.kind == .triage)
  }

  @Test func tablesAreRead() throws {
    let dump = try read(.bits64)
    #expect(dump.pieceCount == 4)
    #expect(dump.memoryBytes == 0x80 + 0x80 + 0x40 + 0x40)
    #expect(dump.buildText == "17763.1.amd64fre.rs5_release")
    #expect(
      dump.drivers == [
        TriageDump.Driver(
          path: #"\SystemRoot\leaky.sys"#, base: 0xFFFF_F804_1000_0000, byteCount: 0x5000,
          timeStamp: 0x1234_5678)
      ])
    #expect(dump.drivers[0].name == "leaky.sys")
    #expect(
      dump.unloadedDrivers == [
        TriageDump.UnloadedDriver(
          name: "dam.sys", start: 0xFFFF_F804_2000_0000, end: 0xFFFF_F804_2001_0000)
      ])
    #expect(dump.driver(holding: 0xFFFF_F804_1000_4FFF)?.name == "leaky.sys")
    #expect(dump.driver(holding: 0xFFFF_F804_1000_5000) == nil)
  }

  /// Pieces that follow one another are one stretch, and nothing is made up behind them.
  @Test func memoryIsReadAcrossPieces() throws {
    let dump = try read(.bits64)
    #expect(dump.memory(at: 0xFFFF_FA80_0000_107E, most: 4) == [0x7E, 0x7F, 0x80, 0x81])
    #expect(dump.memory(at: 0xFFFF_FA80_0000_10FF, most: 4) == [0xFF])
    #expect(dump.memory(at: 0xFFFF_FA80_0000_1100, most: 4).isEmpty)
    #expect(dump.memory(at: 0xFFFF_8504_0000_003F, most: 4).count == 1)
    #expect(dump.memory(at: .max, most: 4).isEmpty)
    let narrow = try read(.bits32)
    #expect(narrow.memory(at: 0x8550_1008, most: 64) == Array("89abcdef".utf8))
    #expect(narrow.drivers.isEmpty)
  }

  @Test(arguments: [
    ("MDMP", 0, "expected PAGEDU64"), ("xxxx", SmallDump.end, "expected TRGD"),
  ])
  func wrongMarksAreNamed(_ mark: String, _ offset: Int, _ message: String) {
    var dump = SmallDump.bits64
    dump.put(mark, at: offset)
    #expect { try read(dump) } throws: { error in
      (error as? CrashDumpError)?.message.contains(message) == true
    }
  }

  @Test(arguments: [
    (0x207C, "data blocks"), (0x2034, "drivers"), (SmallDump.unloaded, "unloaded drivers"),
    (SmallDump.blocks + 12, "data block of"), (0x202C, "data block of"),
  ])
  func hostileCountsAreRefused(_ offset: Int, _ name: String) {
    var dump = SmallDump.bits64
    dump.put(0x7FFF_FFFF, at: offset, bytes: 4)
    #expect { try read(dump) } throws: { error in
      (error as? CrashDumpError)?.message.contains(name) == true
    }
  }

  /// Every length, and every word at its extremes: an answer or a clean refusal.
  @Test func nothingTraps() {
    for dump in [SmallDump.bits64, .bits32] {
      for length in stride(from: 0, to: dump.bytes.count, by: 61) {
        var short = dump
        short.bytes = Array(dump.bytes[..<length])
        #expect(throws: CrashDumpError.self) { try read(short) }
      }
      let first = dump.bytes.count > 0x2000 ? 0x2000 : 0x1000
      for offset in stride(from: first, to: dump.bytes.count - 4, by: 4) {
        for value: UInt64 in [0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF] {
          var changed = dump
          changed.put(value, at: offset, bytes: 4)
          if let read = try? read(changed) {
            for address in [0, read.header.parameters[1], .max] {
              #expect(read.memory(at: address, most: 64).count <= 64)
            }
          }
        }
      }
    }
  }
}
