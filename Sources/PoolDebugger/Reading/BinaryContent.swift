/// What a file is that holds no text, told by its first bytes.
public enum BinaryContent: String, Sendable, Hashable, CaseIterable {
  /// A crash dump of a Windows kernel.
  case kernelDump = "a crash dump of a Windows kernel"
  /// A minidump of a process.
  case processDump = "a minidump of a process"
  /// A hibernation file.
  case hibernationFile = "a hibernation file"
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
    case .kernelDump, .processDump, .hibernationFile:
      "open it in a debugger and save what !analyze -v, !vm, !poolused 2 and !pool print"
    case .eventLog: "save its entries as text"
    case .executable, .unknown: "what is read here is text"
    case .gzip, .zstandard, .xz, .bzip2, .lz4, .zip, .sevenZip, .cabinet: "unpack it first"
    }
  }

  /// First bytes, from the formats' public descriptions.
  private static let signatures: [([UInt8], BinaryContent)] = [
    (Array("PAGEDU".utf8), .kernelDump), (Array("MDMP".utf8), .processDump),
    (Array("hibr".utf8), .hibernationFile), (Array("HIBR".utf8), .hibernationFile),
    (Array("ElfFile".utf8) + [0], .eventLog),
    ([0x7F, 0x45, 0x4C, 0x46], .executable), ([0x4D, 0x5A, 0x90, 0], .executable),
    ([0x1F, 0x8B], .gzip), ([0x28, 0xB5, 0x2F, 0xFD], .zstandard),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], .xz), (Array("BZh".utf8), .bzip2),
    ([0x04, 0x22, 0x4D, 0x18], .lz4), ([0x50, 0x4B, 3, 4], .zip),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], .sevenZip), ([0x4D, 0x53, 0x43, 0x46, 0], .cabinet),
  ]

  /// What a file with these first bytes is; nil for what may be text.
  static func detect(_ head: [UInt8]) -> BinaryContent? {
    if let known = signatures.first(where: { head.starts(with: $0.0) }) { return known.1 }
    return head.count(where: { $0 == 0 }) >= 2 ? .unknown : nil
  }
}
