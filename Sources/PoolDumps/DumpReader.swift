import CrashDumps
import KernelPool
import PoolTrace

/// Something about a dumped machine that is known, or why it is not.
public struct DumpFact: Sendable, Equatable {
  /// What it is, in words.
  public let name: String
  /// What it comes to; nil where it is absent.
  public let value: String?
  /// Where it comes from, or why it is absent.
  public let source: String
}

/// Finds the roots of a dumped machine's pools, in the model's own text or by the debugger's block.
struct DumpReader<Source: DumpSource> {
  let header: DumpHeader
  let space: AddressSpace<Source>
  let debuggerData: DebuggerData?
  private(set) var facts: [DumpFact] = []
  /// Pages of large allocations, by address, as the big-page table has them.
  private(set) var large: [(address: UInt64, bytes: UInt64)] = []
  /// The nonpaged and the paged pool's addresses, where the block names them.
  private(set) var nonPaged: ClosedRange<UInt64>?
  private(set) var paged: ClosedRange<UInt64>?

  private static var block: String { "debugger data block" }

  init(_ header: DumpHeader, _ space: AddressSpace<Source>) {
    self.header = header
    self.space = space
    debuggerData = DebuggerData(at: header.debuggerData, is64Bit: header.is64Bit) {
      space.bytes(at: $0, most: $1)
    }
  }

  mutating func note(_ name: String, _ value: String?, _ source: String) {
    facts.append(DumpFact(name: name, value: value, source: source))
  }

  private func hexadecimal(_ address: UInt64) -> String { "0x" + String(address, radix: 16) }

  /// The most pages of one range: the model's dump has a byte for each, and a machine's pools are not
  /// much sparser than its memory.
  var mostPages: UInt64 { min(MachineRoots.mostPages, space.memory.pageCount << 12) }

  // MARK: The model's own text

  /// The roots that the model has written beside its memory; nil where there are none.
  mutating func modelRoots() -> MachineRoots? {
    guard let (address, count) = MachineRoots.place(in: header.comment) else { return nil }
    let bytes = space.bytes(at: address, most: count)
    guard bytes.count == count, let roots = MachineRoots(String(decoding: bytes, as: UTF8.self)),
      roots.ranges.allSatisfy({ $0.range.kind == nil || $0.range.byteCount >> 12 <= mostPages }),
      begins(roots, .paged, "paged-base"), begins(roots, .session, "session-base")
    else {
      note("roots of the model", nil, "what the header's comment names is damaged or not there")
      return nil
    }
    note("system", roots.configuration.pool.profile.name, "roots of the model")
    return roots
  }

  /// True where a pool begins with its range, as a walk over it takes for granted, or is not there.
  private func begins(_ roots: MachineRoots, _ kind: PoolKind, _ name: String) -> Bool {
    let base = roots.variables[name] ?? 0
    return base == 0 || roots.ranges.contains { $0.range.kind == kind && $0.range.base == base }
  }

  // MARK: The debugger's block

  /// The version of the system; throws where no profile has its headers.
  func system(_ chosen: Profile?) throws(CrashDumpError) -> SystemFacts {
    if let chosen {
      guard let facts = SystemFacts.of(chosen), (chosen.wordBytes == 8) == header.is64Bit else {
        throw CrashDumpError(
          message: "\(chosen.name) is no system of a \(header.is64Bit ? 64 : 32)-bit dump")
      }
      return facts
    }
    guard let facts = SystemFacts.of(build: header.build, is64Bit: header.is64Bit) else {
      throw CrashDumpError(
        message: "no version is known whose pool build \(header.build) has; --profile chooses one")
    }
    return facts
  }

  /// A pointer, or a word of that size.
  private func word(_ address: UInt64) -> UInt64? {
    let bytes = space.bytes(at: address, most: header.is64Bit ? 8 : 4)
    guard bytes.count == (header.is64Bit ? 8 : 4) else { return nil }
    return DumpPage.word(bytes)
  }

  private func word32(_ address: UInt64) -> UInt64? {
    let bytes = space.bytes(at: address, most: 4)
    return bytes.count == 4 ? DumpPage.word(bytes) : nil
  }

  /// What the block's variables say; what is absent is said.
  mutating func roots(of system: SystemFacts, chosen: Bool) -> MachineRoots {
    var roots = MachineRoots(TraceConfiguration(profile: system.profile))
    note(
      "system", system.profile.name + (system.hasProfileTables ? "" : ", headers only"),
      chosen ? "--profile" : "build \(header.build)")
    guard let data = debuggerData else {
      note(
        "debugger data block", nil,
        header.debuggerData == 0 ? "the header names none" : "encoded, or not in the dump")
      return roots
    }
    func value(_ field: DebuggerData.Field) -> UInt64? { data.word(field).flatMap { word($0) } }
    func range(
      _ name: String, _ first: DebuggerData.Field, _ last: DebuggerData.Field
    ) -> ClosedRange<UInt64>? {
      guard let start = value(first), let end = value(last), start < end else {
        note(name, nil, "the debugger data block has no address of it")
        return nil
      }
      note(name, "\(hexadecimal(start)) to \(hexadecimal(end))", Self.block)
      return start...end
    }
    nonPaged = range("nonpaged pool", .nonPagedPoolStart, .nonPagedPoolEnd)
    paged = range("paged pool", .pagedPoolStart, .pagedPoolEnd)
    if let bytes = value(.maximumNonPagedPoolBytes) {
      _ = roots.variables.set("maximum-pages", bytes >> 12)
    }
    if let bytes = value(.pagedPoolBytes) { _ = roots.variables.set("paged-pages", bytes >> 12) }
    tagTable(data, system, &roots)
    bigTable(data, system, &roots)
    descriptors(data, system, &roots)
    return roots
  }

  /// The table and, before its address, the number of its rows (volatility; on build 22000 zero).
  private mutating func tagTable(
    _ data: DebuggerData, _ system: SystemFacts, _ roots: inout MachineRoots
  ) {
    guard let variable = data.word(.tagTable) else {
      return note("tag table", nil, "the debugger data block has no address of it")
    }
    guard system.hasProfileTables else {
      return note("tag table", nil, "the layout of build \(header.build) is not known")
    }
    let wordBytes = system.profile.wordBytes
    guard let table = word(variable), table & 0x7 == 0, word32(table) != nil,
      let rows = word(variable &- wordBytes), (2...100_001).contains(rows)
    else {
      return note("tag table", nil, "its address is not in the dump, or its length is impossible")
    }
    _ = roots.variables.set("tag-table", table)
    _ = roots.variables.set("tag-rows", rows)
    note("tag table", "\(rows) rows at \(hexadecimal(table))", Self.block)
  }

  private mutating func bigTable(
    _ data: DebuggerData, _ system: SystemFacts, _ roots: inout MachineRoots
  ) {
    let name = "table of large allocations"
    guard let variable = data.word(.tagTable), let places = system.bigTable else {
      return note(name, nil, "its place is not known for build \(header.build)")
    }
    let profile = system.profile
    guard let table = word(variable &- UInt64(bitPattern: places.address)), table & 0xFFF == 0,
      table != 0,
      let entries = word32(variable &- UInt64(bitPattern: places.entries)),
      (1...0x100_0000).contains(entries),
      word32(table &+ (entries - 1) * profile.bigEntryBytes) != nil
    else { return note(name, nil, "no address of a table lies where this version has it") }
    _ = roots.variables.set("big-table", table)
    _ = roots.variables.set("big-entries", entries)
    note(
      name, "\(entries) entries at \(hexadecimal(table))",
      "before or behind the variable of the tag table")
    readLarge(table, entries, profile)
  }

  private mutating func readLarge(_ table: UInt64, _ entries: UInt64, _ profile: Profile) {
    let entryBytes = Int(profile.bigEntryBytes)
    let wordBytes = Int(profile.wordBytes)
    let countsBytes = profile.storedPoolType == .orTwo
    // Whole entries, a few thousand at a time.
    let most = 4096
    for first in stride(from: 0, to: Int(entries), by: most) {
      let count = min(most, Int(entries) - first)
      let bytes = space.bytes(
        at: table &+ UInt64(first * entryBytes), most: count * entryBytes)
      for start in stride(from: 0, to: bytes.count - entryBytes + 1, by: entryBytes) {
        let address = DumpPage.word(bytes[start..<start + wordBytes])
        let sizeAt = start + wordBytes + (countsBytes ? 8 : 4)
        let size = DumpPage.word(bytes[sizeAt..<sizeAt + (countsBytes ? wordBytes : 4)])
        guard address & 0xFFF == 0, address != 0, size > 0, size < 1 << 40 else { continue }
        large.append((address, countsBytes ? (size + 0xFFF) & ~0xFFF : size << 12))
      }
      guard bytes.count == count * entryBytes else { break }
    }
    large.sort { $0.address < $1.address }
  }

  /// True where a page lies in a large allocation.
  func isLarge(_ page: UInt64) -> Bool {
    guard let entry = large.last(startingUpTo: page, \.address) else { return false }
    return page - entry.address < entry.bytes
  }

  private mutating func descriptors(
    _ data: DebuggerData, _ system: SystemFacts, _ roots: inout MachineRoots
  ) {
    guard system.hasProfileTables else {
      return note("descriptors", nil, "the layout of build \(header.build) is not known")
    }
    let layout = system.profile.descriptor
    func root(_ kind: PoolKind, _ index: UInt32, _ address: UInt64) -> DescriptorRoot? {
      guard word32(address &+ layout.poolType) == (kind.isPaged ? 1 : 0) else { return nil }
      return DescriptorRoot(
        kind: kind, index: index, address: address, listHeads: address &+ layout.listHeads)
    }
    guard let nonPaged = data.word(.nonPagedPoolDescriptor),
      let first = root(.nonPaged, 0, nonPaged)
    else { return note("descriptors", nil, "the debugger data block has no address of them") }
    roots.descriptors = [first]
    let array = data.word(.pagedPoolDescriptors)
    let count = data.word(.numberOfPagedPools).flatMap { word32($0) }
    if let array, let count, count < 64 {
      for index in 0...count {
        guard let address = word(array &+ index * system.profile.wordBytes),
          let paged = root(.paged, UInt32(index), address)
        else { break }
        roots.descriptors.append(paged)
      }
    }
    note(
      "descriptors", "one of nonpaged pool, \(roots.descriptors.count - 1) of paged pool",
      Self.block)
  }
}
