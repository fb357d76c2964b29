/// The name of a place that holds one thing at a time; never a position in a list.
///
/// A trace says `free s7`, not "free the third live block": what one operation means must not
/// change when another is deleted. Only then is every sub-sequence of a trace a trace, and only
/// then does deletion find small ones. (Positions taken modulo the live count were measured to
/// end several times longer under the same reducer.)
public struct Slot: Sendable, Hashable, Comparable, LosslessStringConvertible {
  /// Slots are numbered below this, so that tables of them stay small whatever a trace says.
  public static let limit = 1 << 20

  @usableFromInline let rawValue: UInt32

  /// The number of the slot, in `0..<Slot.limit`.
  @inlinable
  public var number: Int { Int(rawValue) }

  /// The slot of a number in `0..<Slot.limit`.
  @inlinable
  public init(_ number: Int) {
    precondition(number >= 0 && number < Self.limit, "no slot has that number")
    rawValue = UInt32(truncatingIfNeeded: number)
  }

  /// The slot of a number, or nil when no slot has it.
  public init?(exactly number: Int) {
    guard number >= 0, number < Self.limit else { return nil }
    rawValue = UInt32(truncatingIfNeeded: number)
  }

  /// Reads `s` and a decimal number below the limit, as written by `description`.
  public init?(_ description: String) {
    guard description.utf8.first == UInt8(ascii: "s") else { return nil }
    let digits = description.dropFirst()
    guard digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
      let number = Int(digits)
    else { return nil }
    self.init(exactly: number)
  }

  /// `s` and the number.
  public var description: String { "s\(rawValue)" }

  /// By number.
  @inlinable
  public static func < (left: Slot, right: Slot) -> Bool { left.rawValue < right.rawValue }
}
