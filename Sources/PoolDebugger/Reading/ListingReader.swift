import TextDecoding

/// Reads debugger output line by line and says what it recognised.
///
/// The text may be any mixture of outputs with prompts, prose and noise between them, wrapped by a
/// mail program or with its blanks collapsed by a forum. Lines are recognised one by one; a block
/// line, or a value line of `!vm`, that ends too early is tried again together with the next line.
/// A block enters a listing only when one line (or the joined one) names its address, size,
/// previous size and state: nothing is ever inferred. Memory grows with what is recognised and not
/// taken, never with what is not.
public struct ListingReader: Sendable {
  /// So many warnings are kept; more are only counted.
  public static let mostWarnings = 1_000

  private struct Pending {
    var bytes: [UInt8]
    var recognised: RecognisedLine
    var line: Int
    var joins = 0
  }

  private var assembler: ListingAssembler
  private var pending: Pending?
  private var lineNumber = 0

  /// A reader for one source; the name appears in warnings and listings.
  public init(source: String) {
    assembler = ListingAssembler(source: source)
  }

  /// Reads the next line, without its line end.
  public mutating func read(line raw: [UInt8]) {
    lineNumber += 1
    let bytes = LineRecogniser.normalise(raw)
    let recognised = LineRecogniser.recognise(bytes)
    if let waiting = pending {
      pending = nil
      if join(waiting, with: bytes, recognised) { return }
      flush(waiting)
    }
    let next = Pending(bytes: bytes, recognised: recognised, line: lineNumber)
    if Self.isUnfinished(recognised) {
      pending = next
    } else {
      assembler.add(recognised, bytes: bytes, line: lineNumber)
    }
  }

  /// The listings that no line to come can change, in their order, which `finish()` then leaves
  /// out. Who takes them after each line reads a text of any length in bounded memory.
  mutating func takeSettled() -> [Listing] {
    guard !assembler.settled.isEmpty else { return [] }
    defer { assembler.settled = [] }
    return assembler.settled
  }

  /// Ends the text and gives everything that was read; the reader is not used afterwards.
  public mutating func finish() -> ParsedOutput {
    if let waiting = pending { flush(waiting) }
    pending = nil
    return assembler.finish(lines: lineNumber)
  }

  /// Reads a whole text that is in memory.
  public static func read(_ text: String, source: String) -> ParsedOutput {
    var reader = ListingReader(source: source)
    for line in LineSplitter.lines(of: text) { reader.read(line: line) }
    return reader.finish()
  }

  private static func isUnfinished(_ recognised: RecognisedLine) -> Bool {
    switch recognised {
    case .brokenBlock, .brokenValue: true
    case .block(let block): block.missing != .nothing
    default: false
    }
  }

  /// Tries the waiting line and this one as one; true when they made one line.
  private mutating func join(
    _ waiting: Pending, with bytes: [UInt8], _ recognised: RecognisedLine
  ) -> Bool {
    switch recognised {
    case .noise, .odd: break
    default: return false
    }
    let joinedBytes = waiting.bytes + [0x20] + bytes
    guard joinedBytes.count <= 512 else { return false }
    let joined = LineRecogniser.recognise(joinedBytes)
    switch (waiting.recognised, joined) {
    case (.brokenBlock, .block(let block)) where block.warning == nil: break
    case (.brokenBlock, .special), (.brokenValue, .virtualMemoryValue): break
    case (.brokenBlock, .brokenBlock) where waiting.joins < 2,
      (.brokenValue, .brokenValue) where waiting.joins < 2:
      pending = Pending(
        bytes: joinedBytes, recognised: joined, line: waiting.line, joins: waiting.joins + 1)
      return true
    case (.block(let before), .block(let block)):
      guard block.warning == nil else { return false }
      if before.missing == .tag, !Self.isTagTail(bytes) { return false }
      if before.missing == .process, block.missing == .process { return false }
    default: return false
    }
    if Self.isUnfinished(joined) {
      pending = Pending(
        bytes: joinedBytes, recognised: joined, line: waiting.line, joins: waiting.joins + 1)
    } else {
      assembler.add(joined, bytes: joinedBytes, line: waiting.line)
    }
    return true
  }

  /// A tag alone on its line, perhaps with its mark and what may follow a tag.
  private static func isTagTail(_ bytes: [UInt8]) -> Bool {
    var scanner = ByteScanner(bytes)
    scanner.skipBlanks()
    _ = scanner.skip(0x2A)
    let tag = scanner.word()
    scanner.skipBlanks()
    return tag.count <= 4
      && (scanner.isAtEnd || scanner.contains("(Protected)") || scanner.contains("Process:"))
  }

  private mutating func flush(_ waiting: Pending) {
    assembler.add(waiting.recognised, bytes: waiting.bytes, line: waiting.line)
  }
}

/// What a file is that holds no text, told by its first bytes.
public enum BinaryContent: String, Sendable, Hashable, CaseIterable {
  /// A crash dump of a Windows kernel.
  case kernelDump = "a crash dump of a Windows kernel"
  /// A minidump of a process.
  case processDump = "a minidump of a process"
  /// A hibernation file.
  case hibernationFile = "a hibernation file"
  /// The core of a virtual machine or a process, in ELF.
  case core = "a core dump in ELF"
  /// What VMware keeps beside the memory of a machine.
  case vmwareState = "a saved state of VMware"
  /// A saved machine of VirtualBox.
  case virtualBoxState = "a saved state of VirtualBox"
  /// A saved machine of QEMU.
  case qemuState = "a saved state of QEMU"
  /// Physical memory by LiME, AVML or HPAK.
  case memoryImage = "an image of physical memory in pieces (LiME, AVML or HPAK)"
  /// A Windows event log.
  case eventLog = "a Windows event log"
  /// An executable or a driver.
  case executable = "an executable file"
  /// gzip.
  case gzip = "compressed with gzip"
  /// Zstandard.
  case zstandard = "compressed with Zstandard"
  /// xz.
  case xz = "compressed with xz"
  /// bzip2.
  case bzip2 = "compressed with bzip2"
  /// LZ4.
  case lz4 = "compressed with LZ4"
  /// A zip archive.
  case zip = "a zip archive"
  /// A 7-Zip archive.
  case sevenZip = "a 7-Zip archive"
  /// A cabinet archive.
  case cabinet = "a cabinet archive"
  /// No text, and nothing known.
  case unknown = "binary data of no known kind"

  /// What to do in order to have it read.
  public var remedy: String {
    switch self {
    case .kernelDump: "give it by its file's name: it is read here and there, not as a stream"
    case .processDump: "it has no kernel's memory; a dump of the kernel has"
    case .hibernationFile:
      "its pages are compressed; unpack it to raw memory with a memory tool, and read that with"
        + " --directory-base"
    case .core, .virtualBoxState, .qemuState, .memoryImage:
      "make raw memory of it, or a crash dump of Windows, with a memory tool; raw memory is read"
        + " with --directory-base (CR3)"
    case .vmwareState:
      "the memory stands in the .vmem file beside it, which is read with --directory-base (CR3)"
    case .eventLog: "save its entries as text"
    case .executable: "what is read here is text"
    case .unknown: "what is read here is text; raw memory is read with --directory-base"
    case .gzip, .zstandard, .xz, .bzip2, .lz4, .zip, .sevenZip, .cabinet: "unpack it first"
    }
  }

  /// First bytes, from the formats' public descriptions.
  private static let signatures: [([UInt8], BinaryContent)] = [
    (Array("PAGEDU".utf8), .kernelDump), (Array("MDMP".utf8), .processDump),
    (Array("hibr".utf8), .hibernationFile), (Array("HIBR".utf8), .hibernationFile),
    ([0xD0, 0xBE, 0xD2, 0xBE], .vmwareState), ([0xD2, 0xBE, 0xD2, 0xBE], .vmwareState),
    ([0xD3, 0xBE, 0xD3, 0xBE], .vmwareState), ([0xD1, 0xBA, 0xD1, 0xBA], .vmwareState),
    ([0x7F] + Array("Virtual".utf8), .virtualBoxState),
    (Array("ElfFile".utf8) + [0], .eventLog),
    ([0x7F, 0x45, 0x4C, 0x46], .executable), ([0x4D, 0x5A, 0x90, 0], .executable),
    ([0x1F, 0x8B], .gzip), ([0x28, 0xB5, 0x2F, 0xFD], .zstandard),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], .xz), (Array("BZh".utf8), .bzip2),
    ([0x04, 0x22, 0x4D, 0x18], .lz4), ([0x50, 0x4B, 3, 4], .zip),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], .sevenZip), ([0x4D, 0x53, 0x43, 0x46, 0], .cabinet),
  ]

  /// First letters of files that go on with zeroes.
  private static let words: [(String, BinaryContent)] = [
    ("wake", .hibernationFile), ("WAKE", .hibernationFile), ("RSTR", .hibernationFile),
    ("QEVM", .qemuState), ("EMiL", .memoryImage), ("AVML", .memoryImage), ("HPAK", .memoryImage),
  ]

  /// What a file with these first bytes is; nil for what may be text.
  public static func detect(_ head: [UInt8]) -> BinaryContent? {
    // An executable and a core differ in their type alone.
    if head.count > 17, head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
      return head[16] == 4 && head[17] == 0 ? .core : .executable
    }
    if let known = signatures.first(where: { head.starts(with: $0.0) }) { return known.1 }
    // A text may begin with these letters; it has no zeroes.
    guard head.count(where: { $0 == 0 }) >= 2 else { return nil }
    return words.first { head.starts(with: $0.0.utf8) }?.1 ?? .unknown
  }
}

/// Cuts a stream of bytes into lines without ever holding more than one of them.
///
/// UTF-16 of either order becomes UTF-8 and byte-order marks go. A stream that is no text gives no
/// lines; `binary` says what it is. A line ends at a line feed; a carriage return before it is
/// dropped. Lines longer than `longestLineBytes` are cut there and the remainder is thrown away, so
/// that a file without line ends cannot exhaust memory.
public struct LineSplitter: Sendable {
  /// The longest line kept, in bytes; no format that is read here has lines near it.
  public static let longestLineBytes = 65_536

  /// So many first bytes tell what a stream holds.
  private static let headBytes = 18

  /// How many lines were cut at `longestLineBytes`.
  public private(set) var cutLines = 0
  /// What the stream holds where that is no text, known after its first eight bytes.
  public private(set) var binary: BinaryContent?

  /// The first bytes, until they tell the encoding; nil from then on.
  private var head: [UInt8]? = []
  private var decoder: UTF16Decoder?
  private var pending: [UInt8] = []
  private var isCut = false

  /// A splitter at the start of a stream.
  public init() {}

  /// Feeds a piece of the stream; `line` is called for every line that it completes.
  public mutating func push(
    _ chunk: some Sequence<UInt8>, line: ([UInt8]) throws -> Void
  ) rethrows {
    let isDone = try chunk.withContiguousStorageIfAvailable { bytes in
      try begin(bytes, line)
      return true
    }
    if isDone == nil { try Array(chunk).withUnsafeBufferPointer { try begin($0, line) } }
  }

  /// Collects the head; what follows it goes on.
  private mutating func begin(
    _ bytes: UnsafeBufferPointer<UInt8>, _ line: ([UInt8]) throws -> Void
  ) rethrows {
    guard let known = head else { return try decode(bytes, line) }
    let missing = Self.headBytes - known.count
    head = known + bytes.prefix(missing)
    guard bytes.count >= missing else { return }
    try decodeHead(line)
    try decode(UnsafeBufferPointer(rebasing: bytes[missing...]), line)
  }

  private mutating func decodeHead(_ line: ([UInt8]) throws -> Void) rethrows {
    guard let bytes = head else { return }
    head = nil
    let (encoding, markBytes) = TextEncoding.detect(bytes)
    switch encoding {
    case .utf8: if markBytes == 0 { binary = BinaryContent.detect(bytes) }
    case .utf16(let isBigEndian): decoder = UTF16Decoder(isBigEndian: isBigEndian)
    }
    try bytes.withUnsafeBufferPointer {
      try decode(UnsafeBufferPointer(rebasing: $0[markBytes...]), line)
    }
  }

  private mutating func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, _ line: ([UInt8]) throws -> Void
  ) rethrows {
    guard binary == nil else { return }
    guard let text = decoder?.decode(bytes) else { return try split(bytes, line) }
    try text.withUnsafeBufferPointer { try split($0, line) }
  }

  private mutating func split(
    _ bytes: UnsafeBufferPointer<UInt8>, _ line: ([UInt8]) throws -> Void
  ) rethrows {
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      let room = Self.longestLineBytes - pending.count
      pending.append(contentsOf: bytes[start..<min(end, start + room)])
      if end - start > room, !isCut {
        isCut = true
        cutLines += 1
      }
      if end < bytes.count { try endLine(line) }
      start = end + 1
    }
  }

  /// Ends the stream: a last line without a line feed is a line too.
  public mutating func finish(line: ([UInt8]) throws -> Void) rethrows {
    try decodeHead(line)
    if let rest = decoder?.finish() { pending += rest }
    if !pending.isEmpty { try endLine(line) }
  }

  /// Splits a text that is in memory already.
  public static func lines(of text: String) -> [[UInt8]] {
    var splitter = LineSplitter()
    var lines: [[UInt8]] = []
    splitter.push(text.utf8) { lines.append($0) }
    splitter.finish { lines.append($0) }
    return lines
  }

  private mutating func endLine(_ line: ([UInt8]) throws -> Void) rethrows {
    if pending.last == 0x0D { pending.removeLast() }
    let complete = pending
    pending.removeAll(keepingCapacity: true)
    isCut = false
    try line(complete)
  }
}
