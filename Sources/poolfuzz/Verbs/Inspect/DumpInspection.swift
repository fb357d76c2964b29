import CrashDumps
import Foundation
import KernelPool
import Platform
import PoolDebugger
import PoolDumps
import PoolTrace
import PoolWalk

/// How a dump, or another image of memory, is to be read.
struct DumpOptions {
  /// The version of the pool; nil for that of the build.
  let profile: Profile?
  /// The physical address of the page tables' root of raw memory, which has no header; nil for dumps.
  let directoryBase: UInt64?
  /// Whether raw memory has wide 32-bit page tables.
  let hasWideTables: Bool
  /// The most bytes of pages that may be in memory.
  var memoryLimit: UInt64 { ProcessLimits.memoryBytes }
  /// Where progress is told; nil for nowhere.
  let streams: StandardStreams?
  /// Where what is left out is told.
  let notes: StandardStreams

  static let options: [Option] = [
    Option(
      name: "--directory-base", argument: .value("ADDRESS"),
      help:
        "the files are raw physical memory, whose page tables begin there (CR3); needs --profile"),
    Option(
      name: "--pae", argument: .none, help: "such memory has wide 32-bit page tables"),
  ]

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    profile = try arguments.value("--profile").map(Profile.chosen)
    directoryBase = try arguments.number("--directory-base")
    hasWideTables = arguments.has("--pae")
    self.streams = arguments.has("--quiet") ? nil : streams
    notes = streams
    guard directoryBase == nil || profile != nil else {
      throw .usage("--directory-base needs --profile: raw memory does not say what system it is of")
    }
  }

  /// How the page tables of raw memory are taken apart.
  var mode: PageTableMode {
    profile?.wordBytes == 8 ? .x64 : hasWideTables ? .physicalAddressExtension : .x86
  }
}

/// What a crash dump says by itself, without symbols: the bug check, the system, the drivers, what
/// lies where the bug check's parameters point, and, where there are page tables, the pools.
///
/// The bug check goes to the same reader as a pasted one. A place in a small dump only looks like a
/// block: no tables and no counters say that it is one.
struct DumpInspection {
  /// What can be read of the machine's memory.
  enum Memory {
    case pieces(TriageDump)
    case pages(AddressSpace<DumpFile>, Pools)
    /// None, and why.
    case none(String)

    /// What became of the pools.
    enum Pools {
      case read(DumpedPool<DumpFile>)
      /// Small blocks come from segment heaps.
      case segmentHeap(PoolScan)
      /// They are not read, and why.
      case unread(String)
    }

    func bytes(at address: UInt64, most count: Int) -> [UInt8] {
      switch self {
      case .pieces(let dump): dump.memory(at: address, most: count)
      case .pages(let space, _): space.bytes(at: address, most: count)
      case .none: []
      }
    }

    /// Why an address cannot be read; nil where nothing tells.
    func absence(of address: UInt64) -> String? {
      guard case .pages(let space, _) = self else { return nil }
      switch space.translate(address) {
      case .mapped(let place):
        return "its page 0x\(String(place >> 12, radix: 16)) is not in the dump"
      case .notMapped: return "not mapped"
      case .pagedOut: return "paged out"
      case .prototype: return "not resident (prototype)"
      case .tableAbsent: return "a page table on the way is not in the dump"
      case .notCanonical: return "no address of this machine"
      }
    }
  }

  let name: String
  let header: DumpHeader
  let memory: Memory
  let options: DumpOptions

  var triage: TriageDump? {
    guard case .pieces(let dump) = memory else { return nil }
    return dump
  }

  /// The pools; nil where they are not read.
  var pool: DumpedPool<DumpFile>? {
    guard case .pages(_, .read(let pool)) = memory else { return nil }
    return pool
  }

  /// Why no pool can be shown, where there is none.
  var whyNoPool: String {
    switch memory {
    case .pieces: "\(name): a small dump has no pages of physical memory to show"
    case .none(let why): "\(name): of its memory nothing is read: \(why)"
    case .pages(_, .unread(let why)): "\(name): the pools are not read: \(why)"
    case .pages:
      "\(name): the pools of build \(header.build) are segment heaps, of which no page is shown"
    }
  }

  /// True where there is no header.
  var isRaw: Bool { options.directoryBase != nil }

  /// The dump of a path; nil where the file is something else.
  init?(path: String, _ options: DumpOptions) throws(CommandFailure) {
    guard path != "-" else { return nil }
    let file = try DumpFile(path: path)
    let head = file.bytes(at: 0, count: Int(min(file.byteCount, 64))) ?? []
    guard options.directoryBase != nil || DumpHeader.pointerBits(head) != nil else { return nil }
    name = path
    self.options = options
    do throws(CrashDumpError) {
      if let base = options.directoryBase {
        if let known = BinaryContent.detect(head), known != .unknown {
          throw CrashDumpError(message: "\(known.rawValue), and no raw memory: \(known.remedy)")
        }
        header = DumpHeader(rawMemory: options.mode, directoryBase: base)
        let space = AddressSpace(
          PhysicalMemory(raw: file), options.mode, directoryBase: base)
        memory = .pages(space, Self.pools(header, space, options, path))
      } else {
        header = try DumpHeader(file)
        memory = try Self.memory(header, file, options, path)
      }
    } catch {
      let what = options.directoryBase == nil ? "a crash dump of a Windows kernel: " : ""
      throw CommandFailure(message: "\(path): \(what)\(error.message)", code: .badInput)
    }
  }

  private static func memory(
    _ header: DumpHeader, _ file: DumpFile, _ options: DumpOptions, _ name: String
  ) throws(CrashDumpError) -> Memory {
    switch header.kind {
    case .triage: return .pieces(try TriageDump(header, file))
    case .headerOnly, nil: return .none("there is none in a dump of this kind")
    default: break
    }
    guard let mode = header.mode else {
      return .none("the page tables of \(header.machineText) are not")
    }
    let space = AddressSpace(
      try PhysicalMemory(header, file), mode, directoryBase: header.directoryBase)
    return .pages(space, pools(header, space, options, name))
  }

  private static func pools(
    _ header: DumpHeader, _ space: AddressSpace<DumpFile>, _ options: DumpOptions, _ name: String
  ) -> Memory.Pools {
    let progress = ReadingProgress(name, options.streams)
    if header.hasSegmentHeap, options.profile == nil {
      return .segmentHeap(DumpedPool.segmentHeapScan(space, progress: progress.add))
    }
    do {
      return .read(
        try DumpedPool(header, space, profile: options.profile, progress: progress.add))
    } catch {
      return .unread(error.message)
    }
  }

  /// The bug check as a debugger prints it, its line ended; nothing for raw memory, which has none.
  var bugCheckLine: String {
    guard !isRaw else { return "" }
    let parameters = header.parameters.map { address($0) }.joined(separator: ", ")
    return "BugCheck \(String(header.code, radix: 16, uppercase: true)), {\(parameters)}\n"
  }

  // MARK: Places

  /// Something that looks like a block of the pool.
  struct LooksLikeBlock {
    let address: UInt64
    let fields: HeaderDword
    let tag: ListedTag
    /// Whether the header behind it is in the dump and agrees; nil where it is not.
    let nextAgrees: Bool?
  }

  /// What lies where a parameter points.
  struct Place {
    let parameter: Int
    let address: UInt64
    let byteCount: Int
    let absence: String?
    let driver: TriageDump.Driver?
    let blocks: [LooksLikeBlock]
  }

  var places: [Place] {
    header.parameters.enumerated().compactMap { index, address in
      let bytes = memory.bytes(at: address, most: 1 << 12).count
      let driver = triage?.driver(holding: address)
      // Small numbers are no addresses.
      let absence = bytes == 0 && address >= 0x1_0000 ? memory.absence(of: address) : nil
      guard bytes > 0 || driver != nil || absence != nil else { return nil }
      // A parameter is a header or the memory behind one.
      let unit: UInt64 = header.is64Bit ? 16 : 8
      let blocks = [address, address &- unit].compactMap { block(at: $0) }
      return Place(
        parameter: index + 1, address: address, byteCount: bytes, absence: absence,
        driver: driver, blocks: driver == nil ? blocks : [])
    }
  }

  /// The system's words about its build, where the debugger's data block can be read.
  var buildText: String? {
    if let triage { return triage.buildText }
    let read = { (address: UInt64, most: Int) in memory.bytes(at: address, most: most) }
    return DebuggerData(at: header.debuggerData, is64Bit: header.is64Bit, read)?.buildText(read)
  }

  private var layout: HeaderDwordLayout { header.is64Bit ? .x64 : .x86 }

  private func block(at address: UInt64) -> LooksLikeBlock? {
    guard let (fields, tag) = fields(at: address) else { return nil }
    let next = self.fields(at: address &+ fields.sizeBytes)
    let isLast = (address &+ fields.sizeBytes) & 0xFFF == 0
    // Headers of segment heaps have no previous size.
    let keepsPreviousSize = !header.hasSegmentHeap
    return LooksLikeBlock(
      address: address, fields: fields, tag: tag,
      nextAgrees: isLast || !keepsPreviousSize
        ? nil : next.map { $0.fields.previousSizeBytes == fields.sizeBytes })
  }

  /// A header that may be one: a size within its page, a type in use, a tag of letters.
  private func fields(at address: UInt64) -> (fields: HeaderDword, tag: ListedTag)? {
    let alignment: UInt64 = header.is64Bit ? 15 : 7
    let bytes = memory.bytes(at: address, most: 8)
    guard address & alignment == 0, bytes.count == 8 else { return nil }
    let dword = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[$1]) << UInt32(8 * $1) }
    let fields = HeaderDword(dword, layout)
    let offset = address & 0xFFF
    let isPrintable = bytes[4...].allSatisfy { (0x20...0x7E).contains($0) }
    let hasLetter = bytes[4...].contains { (0x41...0x5A).contains($0 & 0xDF) }
    guard fields.sizeBytes > 0, offset + fields.sizeBytes <= 0x1000, fields.poolIndex < 8,
      fields.poolType & 2 != 0, isPrintable, hasLetter, fields.previousSizeBytes <= offset
    else { return nil }
    return (fields, ListedTag(bytes[4...]))
  }

  // MARK: Output

  func address(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, (header.is64Bit ? 16 : 8) - digits.count)) + digits
  }

  var kindText: String {
    header.kind?.text ?? header.kindNumber.map { "of the unknown kind \($0)" } ?? "of no kind"
  }

  /// When it was written; nil where the header leaves it out or holds no time.
  var written: String? {
    // Years 1970 to 9999.
    guard let ticks = header.systemTime,
      (116_444_736_000_000_000...2_650_467_743_990_000_000).contains(ticks)
    else { return nil }
    let seconds = Double(ticks / 10_000_000) - 11_644_473_600
    return ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: seconds))
  }

  var upSeconds: UInt64? { header.upTime.map { $0 / 10_000_000 } }

  /// The report, a line each.
  var lines: [String] {
    var lines =
      isRaw
      ? ["\(name): raw memory, read with a directory base of \(address(header.directoryBase))"]
      : [
        "\(name): crash dump of a \(header.is64Bit ? 64 : 32)-bit Windows kernel, \(kindText);"
          + " build \(header.build), \(header.machineText), \(header.processors) processors"
      ]
    if let written {
      let up = upSeconds.map { ", \($0) seconds after the start of the system" } ?? ""
      lines.append("  written \(written)\(up) [header]")
    }
    if let buildText { lines.append("  build text \(buildText) [debugger data block]") }
    switch memory {
    case .none(let why): lines.append("  Of its memory nothing is read: \(why).")
    case .pages(let space, let pools):
      lines.append("  \(counted(space.memory.pageCount, "page")) of physical memory")
      lines += DumpedPoolReport(header, pools).lines
    case .pieces(let dump):
      lines.append(
        "  \(dump.pieceCount) pieces of memory, \(counted(dump.memoryBytes, "byte")): no physical memory, no"
          + " counters of the pool, so nothing is said about the pool as a whole")
      if !header.is64Bit { lines.append("  The layout of 32-bit small dumps is untested.") }
    }
    for place in places { lines += self.lines(place) }
    guard let triage else { return lines }
    if !triage.drivers.isEmpty {
      lines.append("  drivers, \(triage.drivers.count) [driver list]:")
      lines += triage.drivers.map {
        "    \(address($0.base)) \(String($0.byteCount, radix: 16).leftPadded(8)) \($0.name)"
      }
    }
    if !triage.unloadedDrivers.isEmpty {
      lines.append("  unloaded drivers, \(triage.unloadedDrivers.count) [unloaded drivers]:")
      lines += triage.unloadedDrivers.map {
        "    \(address($0.start)) to \(address($0.end)) \($0.name)"
      }
    }
    return lines
  }

  private func lines(_ place: Place) -> [String] {
    var words = "  parameter \(place.parameter), \(address(place.address)):"
    if let driver = place.driver {
      words +=
        " in \(driver.name)+0x\(String(place.address - driver.base, radix: 16)) [driver list]"
    }
    if let absence = place.absence { words += " \(absence)" }
    if place.byteCount > 0 {
      words += " \(counted(place.byteCount, "byte")) from there on are in the dump"
    }
    return [words]
      + place.blocks.map { block in
        "    \(address(block.address)) looks like the header of a block of 0x"
          + "\(String(block.fields.sizeBytes, radix: 16)) bytes, tag \(block.tag)"
          + " (\(block.fields.state))" + (block.nextAgrees.map(Self.agreement) ?? "")
      }
  }

  private static func agreement(_ agrees: Bool) -> String {
    agrees ? "; the header behind it agrees" : "; what lies behind it is no header that agrees"
  }
}

extension String {
  fileprivate func leftPadded(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
