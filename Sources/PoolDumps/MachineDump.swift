import CrashDumps
import KernelPool
import PoolTrace

/// The machine of a model as a crash dump: physical pages, page tables that map what the model maps,
/// the debugger's data block and the tables that its version has, and the roots of the model.
///
/// The pages of the initial nonpaged pool and of contiguous memory have the frames that the model
/// gives them; a page that nobody has touched is the page of zeroes. What is written follows from the
/// machine alone: two dumps of one state are equal.
public struct MachineDump {
  /// A container, and how addresses are taken apart.
  public enum Form: String, CaseIterable, Sendable {
    case full
    case bitmap
    case kernel
    case fullWithWideTables = "full-pae"
    case bitmapWithWideTables = "bitmap-pae"

    var kind: DumpHeader.Kind {
      switch self {
      case .full, .fullWithWideTables: .full
      case .bitmap, .bitmapWithWideTables: .bitmapFull
      case .kernel: .bitmapKernel
      }
    }
    var hasWideTables: Bool { self == .fullWithWideTables || self == .bitmapWithWideTables }
  }

  /// What pages of memory are copied from.
  private enum Source {
    /// Pages of the model from an address on.
    case memory(Address)
    case bytes([UInt8])
  }

  private struct Piece {
    let frames: Range<UInt64>
    let source: Source
  }

  private let view: PoolView
  private let facts: SystemFacts
  private var pieces: [Piece] = []
  private var tables: PageTables
  private let frames: FrameSupply
  private var header: WrittenDump

  /// Pages of the dump.
  public var pageCount: UInt64 { pieces.reduce(0) { $0 + UInt64($1.frames.count) } }

  /// Plans the dump of a machine as it is now, which must not change before the dump is written.
  /// Throws where this machine has no such dump.
  public init(
    _ view: PoolView, _ configuration: TraceConfiguration, halted: HaltReason?, form: Form
  ) throws(CrashDumpError) {
    let profile = view.profile
    guard profile.pageBytes == 0x1000, let facts = SystemFacts.of(profile) else {
      throw CrashDumpError(
        message: "a dump has pages of 4096 bytes and a known system, not \(profile.pageBytes) bytes"
          + " of \(profile.name)")
    }
    guard profile.wordBytes == 4 || !form.hasWideTables else {
      throw CrashDumpError(message: "wide 32-bit page tables (PAE) are for 32-bit systems")
    }
    self.view = view
    self.facts = facts
    let mode: PageTableMode =
      profile.wordBytes == 8 ? .x64 : form.hasWideTables ? .physicalAddressExtension : .x86
    let supply = FrameSupply(view.configuration)
    frames = supply
    tables = PageTables(mode) { supply.next() }
    let (code, parameters) = Self.bugCheck(halted)
    header = WrittenDump(
      kind: form.kind, mode: mode, build: facts.builds[0].lowerBound,
      processors: UInt32(view.configuration.processors), code: code, parameters: parameters,
      directoryBase: tables.directoryBase, debuggerData: 0, comment: "")
    mapMemory()
    mapSystem(configuration)
    for (frame, bytes) in tables.pages {
      pieces.append(Piece(frames: frame..<frame + 1, source: .bytes(bytes)))
    }
    pieces.sort { $0.frames.lowerBound < $1.frames.lowerBound }
    guard frames.highest < (mode == .x86 ? 1 << 20 : 1 << 24) else {
      throw CrashDumpError(
        message: "the machine's memory ends at page 0x\(String(frames.highest, radix: 16)), beyond"
          + " what its page tables reach")
    }
  }

  /// A stop of the model as the bug check of its dump; a machine that runs, or hangs, was crashed by
  /// hand (0xE2).
  private static func bugCheck(_ halted: HaltReason?) -> (UInt32, [UInt64]) {
    switch halted {
    case .bugCheck(let check):
      let (first, second, third, fourth) = check.parameters
      return (check.code, [first, second, third, fourth])
    case .fault(let address): return (0x50, [address, 0, 0, 0])
    case .nonCanonicalFault, .hang, nil: return (0xE2, [0, 0, 0, 0])
    }
  }

  // MARK: Memory

  private mutating func mapMemory() {
    let zero = frames.next()
    pieces.append(Piece(frames: zero..<zero + 1, source: .bytes(DumpPage().bytes)))
    for region in view.memoryRegions {
      let pages = (region.byteCount + 0xFFF) >> 12
      for index in 0..<pages {
        let page = region.base + index << 12
        let own = frames.fixed(page)
        if own == nil, region.marks(at: page)?.isDisjoint(with: .touched) ?? false {
          // Not looked at, so as to leave it untouched; but is it mapped?
          if region.marks(at: page)?.contains(.mapped) ?? false { tables.map(page, frame: zero) }
          continue
        }
        let count = min(0x1000, region.byteCount - index << 12)
        guard let bytes = view.bytes(at: page, count: count) else { continue }
        let isZero = own == nil && Self.isZero(bytes, Int(count))
        let frame = own ?? (isZero ? zero : frames.next())
        tables.map(page, frame: frame)
        if isZero { continue }
        if count < 0x1000 {
          let rest = [UInt8](repeating: 0, count: Int(0x1000 - count))
          add(frame, .bytes(Self.array(bytes, Int(count)) + rest))
        } else {
          add(frame, .memory(page))
        }
      }
    }
  }

  private mutating func add(_ frame: UInt64, _ source: Source) {
    if case .memory(let address) = source, let last = pieces.last,
      case .memory(let start) = last.source, last.frames.upperBound == frame,
      start + UInt64(last.frames.count) << 12 == address
    {
      pieces[pieces.count - 1] = Piece(
        frames: last.frames.lowerBound..<frame + 1, source: last.source)
    } else {
      pieces.append(Piece(frames: frame..<frame + 1, source: source))
    }
  }

  private static func isZero(_ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
    UnsafeRawBufferPointer(start: bytes, count: count).allSatisfy { $0 == 0 }
  }

  private static func array(_ bytes: UnsafeRawPointer, _ count: Int) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  // MARK: What the kernel keeps beside its pools

  /// Addresses of so many pages that no region has.
  private func place(pages: UInt64) -> Address {
    var base: Address = view.profile.wordBytes == 8 ? 0xFFFF_F800_0200_0000 : 0x8040_0000
    let bytes = pages << 12
    // Past whatever is in the way; there are a few regions only.
    while let region = view.memoryRegions.first(where: {
      base < $0.base &+ $0.byteCount && $0.base < base &+ bytes
    }) {
      base = (region.base &+ region.byteCount &+ 0xFFF) & ~0xFFF
    }
    return base
  }

  private mutating func mapSystem(_ configuration: TraceConfiguration) {
    var roots = MachineRoots(configuration)
    roots.variables = KernelVariablesByName(view.variables)
    roots.descriptors = Array(view.descriptors)
    for index in 0..<view.lookasideCount {
      let list = view.lookaside(at: index)
      if list.top != 0 { roots.lookasides.append((index, list)) }
    }
    let marked = view.memoryRegions.filter { $0.hasFrames && $0.kind != nil }
    let markBytes = marked.map { (($0.byteCount + 0xFFF) >> 12 + 0xFFF) & ~0xFFF }
    // The block, the variables, the text, the marks.
    let textStart: UInt64 = 0x1000 + UInt64(WrittenVariables.byteCount)
    let textRoom: UInt64 = UInt64(MachineRoots.mostBytes)
    let base = place(pages: (textStart + textRoom + markBytes.reduce(0, +)) >> 12)
    var markPlace = base + textStart + textRoom
    for region in view.memoryRegions {
      let range = PoolImage.Range(
        base: region.base, byteCount: (region.byteCount + 0xFFF) & ~0xFFF, kind: region.kind,
        hasFrames: region.hasFrames)
      guard region.hasFrames, region.kind != nil else {
        roots.ranges.append((range, 0))
        continue
      }
      roots.ranges.append((range, markPlace))
      let marks = (0..<(region.byteCount + 0xFFF) >> 12).map { page in
        region.marks(at: region.base + page << 12)?.rawValue ?? 0
      }
      markPlace += map(marks, at: markPlace)
    }
    let text = Array(roots.text.utf8)
    _ = map(text, at: base + textStart)
    header.comment = MachineRoots.comment(base + textStart, byteCount: text.count)
    guard let blockBytes = facts.debuggerBlockBytes else { return }
    let words = mapVariables(at: base + 0x1000)
    header.debuggerData = base
    _ = map(
      DebuggerData.bytes(
        at: base, byteCount: blockBytes, is64Bit: view.profile.wordBytes == 8, words), at: base)
  }

  /// Maps bytes at an address; returns how many pages' bytes that are.
  private mutating func map(_ bytes: [UInt8], at address: Address) -> UInt64 {
    for (index, start) in stride(from: 0, to: bytes.count, by: 0x1000).enumerated() {
      let piece = Array(bytes[start..<min(start + 0x1000, bytes.count)])
      let frame = frames.next()
      tables.map(address + UInt64(index) << 12, frame: frame)
      add(frame, .bytes(piece + [UInt8](repeating: 0, count: 0x1000 - piece.count)))
    }
    return UInt64((bytes.count + 0xFFF) & ~0xFFF)
  }

  /// The variables that the debugger's block names, and the block's words.
  private mutating func mapVariables(at address: Address) -> [DebuggerData.Field: UInt64] {
    let (profile, variables) = (view.profile, view.variables)
    let word = Int(profile.wordBytes)
    var page = DumpPage(byteCount: WrittenVariables.byteCount)
    var words: [DebuggerData.Field: UInt64] = [
      .kernelBase: profile.descriptorBase, .pageBytes: 0x1000,
      .buildText: address + UInt64(WrittenVariables.buildText),
      .tagTable: address + UInt64(WrittenVariables.tagTable),
    ]
    page.put("\(facts.builds[0].lowerBound).poolfuzz model of \(profile.name)", at: 0)
    let ranges = view.configuration.nonPagedRanges
    let nonPagedEnd = ranges.map { $0.base + $0.pages << 12 }.max() ?? 0
    let values: [DebuggerData.Field: UInt64] = [
      .maximumNonPagedPoolBytes: variables.maximumPages << 12, .nonPagedPoolStart: ranges[0].base,
      .nonPagedPoolEnd: nonPagedEnd, .pagedPoolStart: variables.pagedBitmap.base,
      .pagedPoolEnd: variables.pagedBitmap.base + variables.pagedBitmap.pages << 12 - 1,
      .pagedPoolBytes: variables.pagedBitmap.pages << 12,
      .availablePages: view.configuration.availablePages == nil ? 0 : variables.availablePages,
      .allocatedNonPagedPool: variables.allocatedPages.nonPaged,
    ]
    for (field, offset) in WrittenVariables.words {
      page.put(values[field] ?? 0, at: offset, bytes: word)
      words[field] = address + UInt64(offset)
    }
    let paged = view.descriptors.filter { $0.kind == .paged }
    page.put(UInt64(paged.count - 1), at: WrittenVariables.numberOfPagedPools, bytes: 4)
    for (index, root) in paged.enumerated() {
      page.put(root.address, at: WrittenVariables.pagedDescriptors + index * word, bytes: word)
    }
    words[.numberOfPagedPools] = address + UInt64(WrittenVariables.numberOfPagedPools)
    words[.pagedPoolDescriptors] = address + UInt64(WrittenVariables.pagedDescriptors)
    words[.nonPagedPoolDescriptor] = view.descriptors.first { $0.kind == .nonPaged }?.address
    let tag = WrittenVariables.tagTable
    page.put(variables.trackerTable, at: tag, bytes: word)
    page.put(variables.trackerRows, at: tag - word, bytes: word)
    if let big = facts.bigTable {
      page.put(variables.bigTable, at: tag - Int(big.address), bytes: word)
      page.put(variables.bigTableEntries, at: tag - Int(big.entries), bytes: word == 8 ? 8 : 4)
    }
    _ = map(page.bytes, at: address)
    return words
  }

  // MARK: Writing

  /// Gives the dump to `put`, piece by piece, each at most 64 KB. Throws where the form has no room
  /// for the runs of pages.
  public func write(_ put: ([UInt8]) -> Void) throws(CrashDumpError) {
    var runs: [Range<UInt64>] = []
    for piece in pieces {
      if let last = runs.last, last.upperBound == piece.frames.lowerBound {
        runs[runs.count - 1] = last.lowerBound..<piece.frames.upperBound
      } else {
        runs.append(piece.frames)
      }
    }
    put(try header.head(runs))
    for piece in pieces {
      switch piece.source {
      case .bytes(let bytes): put(bytes)
      case .memory(let address):
        for first in stride(from: 0, to: UInt64(piece.frames.count), by: 16) {
          let count = min(16, UInt64(piece.frames.count) - first) << 12
          guard let bytes = view.bytes(at: address + first << 12, count: count) else {
            preconditionFailure("the machine has changed under its dump")
          }
          put(Self.array(bytes, Int(count)))
        }
      }
    }
  }
}

/// Hands out page frames, but those that pages of the model have already.
private final class FrameSupply {
  private let initial: Range<UInt64>
  private let initialBase: Address
  private let contiguous: Range<UInt64>
  private let contiguousBase: Address
  private var free: UInt64 = 0x100

  init(_ configuration: PoolConfiguration) {
    initial =
      KernelPool.initialPoolFrame..<KernelPool.initialPoolFrame + configuration.nonPagedPages
    initialBase = configuration.profile.nonPagedBase
    // So many that they would reach into the pool's have ordinary frames.
    let pages = configuration.contiguousPages
    let fits = pages <= KernelPool.initialPoolFrame - KernelPool.contiguousFrame
    contiguous = KernelPool.contiguousFrame..<KernelPool.contiguousFrame + (fits ? pages : 0)
    contiguousBase = configuration.profile.contiguousBase
  }

  /// The highest frame that any page has.
  var highest: UInt64 { max(free, initial.upperBound) - 1 }

  func next() -> UInt64 {
    for range in [contiguous, initial] where range.contains(free) { free = range.upperBound }
    free += 1
    return free - 1
  }

  /// The frame that the model gives a page; nil where it has none of its own.
  func fixed(_ page: Address) -> UInt64? {
    for (range, base) in [(initial, initialBase), (contiguous, contiguousBase)] {
      let index = (page &- base) >> 12
      if page >= base, index < UInt64(range.count) { return range.lowerBound + index }
    }
    return nil
  }
}
