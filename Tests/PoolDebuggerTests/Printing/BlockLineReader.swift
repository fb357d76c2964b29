import Testing

/// Reads block lines back by the columns that published listings have: written from the grammar,
/// not from the printer.
struct BlockLineReader {
  struct Block {
    let address: UInt64
    let size: UInt64
    let previousSize: UInt64
    let state: String
    let tag: String
    let isMarked: Bool
  }

  struct NotABlockLine: Error { let line: String }

  /// The block lines of a listing; other lines are passed over.
  static func blocks(in listing: String) throws -> [Block] {
    try listing.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { $0.contains(" previous size: ") }
      .map { try block(String($0)) }
  }

  private static func block(_ line: String) throws -> Block {
    let bytes = Array(line.utf8)
    guard let mark = bytes.first, mark == UInt8(ascii: " ") || mark == UInt8(ascii: "*"),
      let size = bytes.firstRange(of: " size: ".utf8),
      let previous = bytes.firstRange(of: " previous size: ".utf8),
      let open = bytes.firstRange(of: "  (".utf8), let close = bytes.firstIndex(of: 0x29)
    else { throw NotABlockLine(line: line) }
    let state = text(bytes[open.upperBound..<close])
    let widths = ["Allocated": 1, "Free": 6, "Free ": 1]
    guard let blanks = widths[state] else { throw NotABlockLine(line: line) }
    let behind = bytes[(close + 1)...].dropFirst(blanks)
    guard behind.first == mark, let start = number(bytes[1..<size.lowerBound], atLeast: 8),
      let byteCount = number(bytes[size.upperBound..<previous.lowerBound], atLeast: 4),
      let before = number(bytes[previous.upperBound..<open.lowerBound], atLeast: 4)
    else { throw NotABlockLine(line: line) }
    return Block(
      address: start, size: byteCount, previousSize: before, state: state,
      tag: text(behind.dropFirst().prefix(4)), isMarked: mark == UInt8(ascii: "*"))
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }

  private static func number(_ bytes: ArraySlice<UInt8>, atLeast width: Int) -> UInt64? {
    bytes.count < width ? nil : UInt64(text(bytes.drop { $0 == 0x20 }), radix: 16)
  }
}
