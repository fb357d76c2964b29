import PoolDebugger

/// Fuzzes the readers of debugger output, and the checks, the diagnosis and the printing behind.
///
/// Its laws: no text crashes them; the report does not depend on the pieces in which the text
/// arrives; a JSON object stands on one line; and no block is inferred: the address of every block
/// that is reported stands in the text.
public final class ListingHarness: FuzzHarness {
  private let isPlanted: Bool

  /// A harness; planted, a block moves by four bytes on the way out of the reader.
  public init(isPlanted: Bool = false) { self.isPlanted = isPlanted }

  /// Runs an input.
  public func run(_ bytes: UnsafeRawBufferPointer) -> FuzzFinding? {
    let whole = Self.report(bytes, pieceBytes: max(bytes.count, 1))
    let pieces = Self.report(bytes, pieceBytes: 5)
    let lines = whole.jsonLines
    guard lines == pieces.jsonLines, whole.text == pieces.text else {
      return FuzzFinding(rule: "listing.portions", text: "another report when read in pieces")
    }
    if let line = lines.first(where: { $0.utf8.contains { $0 < 0x20 } }) {
      return FuzzFinding(rule: "listing.json", text: "a control character in: \(line)")
    }
    let digits = Self.digits(bytes)
    for checked in whole.listings {
      guard case .pool(let listing) = checked.listing.content else { continue }
      for block in listing.blocks where !digits.isEmpty {
        let address = isPlanted ? block.address &+ 4 : block.address
        guard Self.contains(digits, String(address, radix: 16)) else {
          return FuzzFinding(
            rule: "listing.inferred",
            text: "a block at 0x\(String(address, radix: 16)) that no line names")
        }
      }
    }
    return nil
  }

  private static func report(
    _ bytes: UnsafeRawBufferPointer, pieceBytes: Int
  ) -> InspectionReport {
    var inspection = Inspection()
    inspection.begin(source: "input")
    var splitter = LineSplitter()
    var place = 0
    while place < bytes.count {
      let end = min(place + pieceBytes, bytes.count)
      splitter.push(bytes[place..<end]) { inspection.read(line: $0) }
      place = end
    }
    splitter.finish { inspection.read(line: $0) }
    return inspection.report()
  }

  /// The text in lower case without the backticks that divide long addresses and the zeroes of UTF-16.
  private static func digits(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    bytes.compactMap { byte in
      switch byte {
      case 0x60, 0: nil
      case 0x41...0x5A: byte | 0x20
      default: byte
      }
    }
  }

  private static func contains(_ text: [UInt8], _ word: String) -> Bool {
    let word = Array(word.utf8)
    guard text.count >= word.count else { return false }
    return (0...text.count - word.count).contains { start in
      text[start] == word[0] && text[start..<start + word.count].elementsEqual(word)
    }
  }
}
