/// A text that is not a seed.
public struct SeedError: Error, Equatable, CustomStringConvertible {
  /// The text as given.
  public let text: String

  /// Says what would have been accepted.
  public var description: String {
    "'\(text)' is no seed: give a decimal number, 0x and up to 16 hexadecimal digits, "
      + "or a commit identifier of 40 or 64 hexadecimal digits"
  }
}
