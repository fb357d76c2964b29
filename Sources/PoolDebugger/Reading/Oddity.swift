/// Something that a debugger would not have printed in just that way.
///
/// Oddities are why `--strict` refuses a text; without it they are reported and reading goes on.
public struct Oddity: Sendable, Hashable {
  /// The name of the file or stream.
  public var source: String
  /// The line, from 1.
  public var line: Int
  /// What is odd about it, in a sentence.
  public var text: String

  /// `FILE:LINE: text`.
  public var description: String { "\(source):\(line): \(text)" }
}
