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
