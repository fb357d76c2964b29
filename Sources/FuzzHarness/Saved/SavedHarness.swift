/// Fuzzes the readers of saved files. The first byte chooses the kind; the rest is what the file says, to
/// which its first lines and its hash are made to fit, so that what lies behind the hash is reached.
///
/// Their laws: no text crashes them, nor going on from what was read; what was read, written and read
/// again, is the same; and a file with a hash of which one bit is another one, or the end missing, is
/// refused.
public final class SavedHarness: FuzzHarness {
  private let isPlanted: Bool

  /// A harness; planted, a file is read whatever its hash says.
  public init(isPlanted: Bool = false) { self.isPlanted = isPlanted }

  /// The kind that a first byte chooses.
  public static func kind(_ byte: UInt8) -> SavedKind {
    SavedKind.all[Int(byte) % SavedKind.all.count]
  }

  /// Runs an input.
  public func run(_ bytes: UnsafeRawBufferPointer) -> FuzzFinding? {
    guard let first = bytes.first,
      let input = String(validating: bytes.dropFirst(), as: UTF8.self)
    else { return nil }
    let kind = Self.kind(first)
    let file = Array(kind.whole(input).utf8)
    guard let written = kind.rewritten(file) else { return nil }
    func finding(_ law: String, _ text: String) -> FuzzFinding {
      FuzzFinding(rule: "state.\(law)", text: "\(kind.name): \(text)", trace: written)
    }
    guard let again = kind.rewritten(Array(written.utf8)) else {
      return finding("unreadable", "what was written cannot be read")
    }
    guard again == written else { return finding("round-trip", "it reads as something else") }
    guard kind.isSealed, let place = Self.place(in: file, by: input) else { return nil }
    var changed = file
    changed[place.byte] ^= 1 << place.bit
    if isPlanted { changed = Array(kind.rehashed(String(decoding: changed, as: UTF8.self)).utf8) }
    guard kind.rewritten(changed) == nil else {
      return finding("hash", "bit \(place.bit) of byte \(place.byte) changed, and it is read")
    }
    // A table may end in the beginning of a row, which is cut off.
    guard kind.rewritten(Array(file.prefix(place.byte))) != written else {
      return finding("cut", "it ends before byte \(place.byte), and it is read")
    }
    return nil
  }

  /// A bit of the file that follows from the input; nil where there is none.
  private static func place(in file: [UInt8], by input: String) -> (byte: Int, bit: Int)? {
    guard !file.isEmpty else { return nil }
    let mixed = input.utf8.reduce(UInt64(file.count)) { ($0 &* 31) &+ UInt64($1) }
    return (Int(mixed >> 3 % UInt64(file.count)), Int(mixed & 7))
  }
}
