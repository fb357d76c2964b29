import CrashDumps
import Foundation
import JSONLines
import PoolDebugger

/// A dump file, read at any place.
private final class DumpFile: DumpSource {
  private let file: OpenedFile
  let byteCount: UInt64

  init(path: String) throws(CommandFailure) {
    file = try OpenedFile(path: path)
    var status = stat()
    guard fstat(file.descriptor, &status) == 0 else { throw file.failure(errno) }
    byteCount = UInt64(max(status.st_size, 0))
  }

  func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
    guard count <= byteCount, offset <= byteCount - UInt64(count) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes[done...].withUnsafeMutableBytes {
        pread(file.descriptor, $0.baseAddress, $0.count, off_t(offset) + off_t(done))
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      done += got
    }
    return bytes
  }
}

/// What a crash dump says by itself, without symbols: the bug check, the system, the drivers, and what
/// lies where the bug check's parameters point.
///
/// The bug check goes to the same reader as a pasted one. A place in a dump only looks like a block:
/// no tables and no counters say that it is one.
struct DumpInspection {
  /// What can be read of the machine's memory.
  private enum Memory {
    case pieces(TriageDump)
    case pages(AddressSpace<DumpFile>, count: UInt64)
    /// None, and why.
    case none(String)

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

  private let name: String
  private let header: DumpHeader
  private let memory: Memory

  private var triage: TriageDump? {
    guard case .pieces(let dump) = memory else { return nil }
    return dump
  }

  /// The dump of a path; nil where the file is something else.
  init?(path: String) throws(CommandFailure) {
    guard path != "-" else { return nil }
    let file = try DumpFile(path: path)
    guard let head = file.bytes(at: 0, count: 8), DumpHeader.pointerBits(head) != nil else {
      return nil
    }
    name = path
    do throws(CrashDumpError) {
      header = try DumpHeader(file)
      memory = try Self.memory(header, file)
    } catch {
      throw CommandFailure(
        message: "\(path): a crash dump of a Windows kernel: \(error.message)", code: .badInput)
    }
  }

  private static func memory(
    _ header: DumpHeader, _ file: DumpFile
  ) throws(CrashDumpError) -> Memory {
    switch header.kind {
    case .triage: return .pieces(try TriageDump(header, file))
    case .headerOnly, nil: return .none("there is none in a dump of this kind")
    default: break
    }
    guard let mode = header.mode else {
      return .none("the page tables of \(header.machineText) are not")
    }
    let pages = try PhysicalMemory(header, file)
    return .pages(
      AddressSpace(pages, mode, directoryBase: header.directoryBase), count: pages.pageCount)
  }

  /// The bug check as a debugger prints it.
  var bugCheckLine: String {
    let parameters = header.parameters.map { address($0) }.joined(separator: ", ")
    return "BugCheck \(String(header.code, radix: 16, uppercase: true)), {\(parameters)}"
  }

  // MARK: Places

  /// Something that looks like a block of the pool.
  private struct LooksLikeBlock {
    let address: UInt64
    let fields: HeaderFields
    let tag: ListedTag
    /// Whether the header behind it is in the dump and agrees; nil where it is not.
    let nextAgrees: Bool?
  }

  /// What lies where a parameter points.
  private struct Place {
    let parameter: Int
    let address: UInt64
    let byteCount: Int
    let absence: String?
    let driver: TriageDump.Driver?
    let blocks: [LooksLikeBlock]
  }

  private var places: [Place] {
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
  private var buildText: String? {
    if let triage { return triage.buildText }
    let read = { (address: UInt64, most: Int) in memory.bytes(at: address, most: most) }
    return DebuggerData(at: header.debuggerData, is64Bit: header.is64Bit, read)?.buildText(read)
  }

  private var layout: HeaderDwordLayout { header.is64Bit ? .x64 : .x86 }

  /// From this build on small blocks come from segment heaps, whose headers have no previous size.
  private static let firstSegmentHeapBuild = 18_362

  private func block(at address: UInt64) -> LooksLikeBlock? {
    guard let (fields, tag) = fields(at: address) else { return nil }
    let next = self.fields(at: address &+ fields.sizeBytes)
    let isLast = (address &+ fields.sizeBytes) & 0xFFF == 0
    let keepsPreviousSize = header.build < Self.firstSegmentHeapBuild
    return LooksLikeBlock(
      address: address, fields: fields, tag: tag,
      nextAgrees: isLast || !keepsPreviousSize
        ? nil : next.map { $0.fields.previousSizeBytes == fields.sizeBytes })
  }

  /// A header that may be one: a size within its page, a type in use, a tag of letters.
  private func fields(at address: UInt64) -> (fields: HeaderFields, tag: ListedTag)? {
    let alignment: UInt64 = header.is64Bit ? 15 : 7
    let bytes = memory.bytes(at: address, most: 8)
    guard address & alignment == 0, bytes.count == 8 else { return nil }
    let dword = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[$1]) << UInt32(8 * $1) }
    let fields = HeaderFields(dword, layout)
    let offset = address & 0xFFF
    let isPrintable = bytes[4...].allSatisfy { (0x20...0x7E).contains($0) }
    let hasLetter = bytes[4...].contains { (0x41...0x5A).contains($0 & 0xDF) }
    guard fields.sizeBytes > 0, offset + fields.sizeBytes <= 0x1000, fields.poolIndex < 8,
      fields.poolType & 2 != 0, isPrintable, hasLetter, fields.previousSizeBytes <= offset
    else { return nil }
    return (fields, ListedTag(bytes[4...]))
  }

  // MARK: Output

  private func address(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, (header.is64Bit ? 16 : 8) - digits.count)) + digits
  }

  private var kindText: String {
    header.kind?.text ?? header.kindNumber.map { "of the unknown kind \($0)" } ?? "of no kind"
  }

  /// When it was written; nil where the header leaves it out or holds no time.
  private var written: String? {
    // Years 1970 to 9999.
    guard let ticks = header.systemTime,
      (116_444_736_000_000_000...2_650_467_743_990_000_000).contains(ticks)
    else { return nil }
    let seconds = Double(ticks / 10_000_000) - 11_644_473_600
    return ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: seconds))
  }

  private var upSeconds: UInt64? { header.upTime.map { $0 / 10_000_000 } }

  /// The report, a line each.
  var lines: [String] {
    var lines = [
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
    case .pages(_, let count):
      lines.append(
        "  \(count) pages of physical memory; read where the parameters point, no pool as a whole")
    case .pieces(let dump):
      lines.append(
        "  \(dump.pieceCount) pieces of memory, \(dump.memoryBytes) bytes: no physical memory, no"
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
    if place.byteCount > 0 { words += " \(place.byteCount) bytes from there on are in the dump" }
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

  // MARK: JSON

  private typealias Member = (String, JSONValue)

  /// The same as an object.
  var json: JSONValue {
    var members: [Member] = [("source", .string(name)), ("kind", .string("dump"))]
    members.append(("pointer_bits", .unsigned(header.is64Bit ? 64 : 32)))
    members.append(("dump_kind", .unsigned(UInt64(header.kindNumber ?? 0))))
    members.append(("dump_kind_text", .string(kindText)))
    members.append(("build", .unsigned(UInt64(header.build))))
    members.append(("machine", .string(header.machineText)))
    members.append(("processors", .unsigned(UInt64(header.processors))))
    members.append(("written", .optional(written)))
    members.append(("up_seconds", upSeconds.map(JSONValue.unsigned) ?? .null))
    members.append(("build_text", .optional(buildText)))
    members.append(("places", .array(places.map(object))))
    switch memory {
    case .none: members.append(("memory", .string("none")))
    case .pages(_, let count):
      members.append(("memory", .string("pages")))
      members.append(("pages", .unsigned(count)))
    case .pieces(let dump):
      members.append(("memory", .string("pieces")))
      members.append(("pieces", .unsigned(UInt64(dump.pieceCount))))
      members.append(("bytes", .unsigned(dump.memoryBytes)))
      members.append(("drivers", .array(dump.drivers.map(object))))
      members.append(("unloaded_drivers", .array(dump.unloadedDrivers.map(object))))
    }
    return .object(members)
  }

  private func hexadecimal(_ value: UInt64) -> JSONValue {
    .string("0x" + String(value, radix: 16))
  }

  private func object(_ place: Place) -> JSONValue {
    var members: [Member] = [("parameter", .unsigned(UInt64(place.parameter)))]
    members.append(("address", hexadecimal(place.address)))
    members.append(("bytes", .unsigned(UInt64(place.byteCount))))
    members.append(("absent", .optional(place.absence)))
    members.append(("driver", .optional(place.driver?.name)))
    members.append(("looks_like", .array(place.blocks.map(object))))
    return .object(members)
  }

  private func object(_ block: LooksLikeBlock) -> JSONValue {
    var members: [Member] = [("header", hexadecimal(block.address))]
    members.append(("bytes", .unsigned(block.fields.sizeBytes)))
    members.append(("tag", .string(block.tag.description)))
    members.append(("next_agrees", block.nextAgrees.map(JSONValue.bool) ?? .null))
    return .object(members)
  }

  private func object(_ driver: TriageDump.Driver) -> JSONValue {
    var members: [Member] = [("name", .string(driver.name)), ("path", .string(driver.path))]
    members.append(("base", hexadecimal(driver.base)))
    members.append(("bytes", .unsigned(driver.byteCount)))
    members.append(("time_stamp", hexadecimal(UInt64(driver.timeStamp))))
    return .object(members)
  }

  private func object(_ driver: TriageDump.UnloadedDriver) -> JSONValue {
    var members: [Member] = [("name", .string(driver.name))]
    members.append(("start", hexadecimal(driver.start)))
    members.append(("end", hexadecimal(driver.end)))
    return .object(members)
  }
}

extension String {
  fileprivate func leftPadded(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
