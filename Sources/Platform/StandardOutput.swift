#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A standard descriptor.
public enum StandardDescriptor: Int32, Sendable {
  /// Standard output.
  case output = 1
  /// Standard error.
  case error = 2

  /// Whether a person sees it.
  public var isTerminal: Bool { isatty(rawValue) == 1 }

  /// Whether a person sees it who has not asked for text without colours (`NO_COLOR`).
  public var takesColours: Bool { isTerminal && Machine.environment("NO_COLOR") == nil }

  /// Columns of the terminal; nil where it is none or does not say.
  public var terminalColumns: Int? {
    var size = winsize()
    guard isTerminal, ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  /// Writes every byte.
  public func write(_ bytes: [UInt8]) throws(SystemError) {
    try Files.writeAll(
      bytes[...], to: rawValue, self == .output ? "standard output" : "standard error")
  }
}
