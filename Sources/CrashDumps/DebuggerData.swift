/// The debugger's data block of a Windows kernel (`KDDEBUGGER_DATA64`): where the kernel's variables
/// lie. Its words have 64 bits on 32-bit systems too.
///
/// Offsets as in volatility3's types; nearly all are addresses of variables, not values. Recent
/// builds leave those of the pool zero (measured on builds 19041 and 22000).
public struct DebuggerData: Sendable {
  /// A word of the block by its offset.
  public enum Field: Int, Sendable, CaseIterable {
    case kernelBase = 0x18
    case pagedPoolDescriptors = 0x68
    case numberOfPagedPools = 0x70
    case maximumNonPagedPoolBytes = 0x100
    case nonPagedPoolStart = 0x110
    case nonPagedPoolEnd = 0x118
    case pagedPoolStart = 0x120
    case pagedPoolEnd = 0x128
    case pageBytes = 0x138
    case pagedPoolBytes = 0x140
    case availablePages = 0x1A8
    case tagTable = 0x1B8
    case nonPagedPoolDescriptor = 0x1C0
    case buildText = 0x208
    case allocatedNonPagedPool = 0x250
  }

  /// Bytes of the block as systems have it (volatility's overlays): the last is measured.
  static let sizes: Set<UInt32> = [0x290, 0x318, 0x328, 0x330, 0x340, 0x360, 0x368, 0x380]
  /// Bytes of the longest.
  static let mostBytes = 0x380
  /// Bytes up to the address of the build's text, and that too.
  private static let fewestBytes = 0x210

  private let fields: DumpFields
  private let is64Bit: Bool

  /// The block at an address; nil where it is encoded or not there. `read` gives the bytes of memory
  /// from an address on, at most so many.
  public init?(at address: UInt64, is64Bit: Bool, _ read: (UInt64, Int) -> [UInt8]) {
    guard address != 0 else { return nil }
    self.init(read(address, Self.mostBytes), is64Bit: is64Bit)
  }

  /// A block in bytes; nil where its letters are not there.
  init?(_ bytes: [UInt8], is64Bit: Bool) {
    guard bytes.count >= Self.fewestBytes, Array(bytes[0x10..<0x14]) == Array("KDBG".utf8) else {
      return nil
    }
    // What lies behind a shorter block is not its own.
    let size = Int(DumpFields(bytes: bytes).word32(0x14))
    fields = DumpFields(bytes: Array(bytes.prefix(max(size, Self.fewestBytes))))
    self.is64Bit = is64Bit
  }

  /// A word; nil where it is zero or the block ends before it.
  public func word(_ field: Field) -> UInt64? {
    guard field.rawValue + 8 <= fields.bytes.count else { return nil }
    let word = fields.word64(field.rawValue)
    let value = is64Bit ? word : word & 0xFFFF_FFFF
    return value == 0 ? nil : value
  }

  /// The system's own words about its build.
  public func buildText(_ read: (UInt64, Int) -> [UInt8]) -> String? {
    guard let address = word(.buildText) else { return nil }
    let text = read(address, 128).prefix { (0x20...0x7E).contains($0) }
    return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
  }

  /// A block for a machine that is written: `address` is its own, `byteCount` one of the known
  /// sizes.
  public static func bytes(
    at address: UInt64, byteCount: Int, is64Bit: Bool, _ words: [Field: UInt64]
  ) -> [UInt8] {
    func wide(_ address: UInt64) -> UInt64 {
      is64Bit || address < 0x8000_0000 ? address : address | 0xFFFF_FFFF_0000_0000
    }
    var block = DumpPage(byteCount: byteCount)
    // A list of one: the links lead back to the block.
    block.put(wide(address), at: 0, bytes: 8)
    block.put(wide(address), at: 8, bytes: 8)
    block.put("KDBG", at: 0x10)
    block.put(UInt64(byteCount), at: 0x14, bytes: 4)
    for (field, word) in words {
      block.put(field == .pageBytes ? word : wide(word), at: field.rawValue, bytes: 8)
    }
    return block.bytes
  }
}
