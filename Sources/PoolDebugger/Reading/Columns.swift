import KernelPool

/// Numbers and names in columns, as a debugger sets them.
///
/// A value wider than its column widens the line; nothing is ever cut.
enum Columns {
  /// `text` with blanks before it up to `width` characters.
  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
  }

  /// `text` with blanks behind it up to `width` characters.
  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }

  /// A decimal number in a column.
  static func decimal(_ value: some BinaryInteger, _ width: Int) -> String {
    right(String(value), width)
  }

  /// A hexadecimal number in a column, without prefix.
  static func hexadecimal(_ value: UInt64, _ width: Int) -> String {
    right(String(value, radix: 16), width)
  }

  /// A hexadecimal number with zeros before it up to `digits`.
  static func zeroPadded(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  /// A share of a whole in per cent with one decimal, rounded half up; 0.0 of nothing.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole != 0 else { return "0.0" }
    // Full-width arithmetic: a share of an absurd count must not trap.
    let tenths = part.multipliedFullWidth(by: 1000)
    let half = tenths.low.addingReportingOverflow(whole / 2)
    let high = tenths.high &+ (half.overflow ? 1 : 0)
    guard high < whole else { return ">1000000.0" }
    let rounded = whole.dividingFullWidth((high, half.partialValue)).quotient
    return "\(rounded / 10).\(rounded % 10)"
  }
}

/// How the debuggers of an era set their output.
///
/// The published listings differ in four places; each is a fact here, and a table says which
/// profile prints how. Sources: listings published for Windows 2000 to 11, and Microsoft's pages
/// on `!pool`, `!poolused` and `!vm`.
public struct DebuggerStyle: Sendable, Equatable {
  /// Whether `!pool` starts with a line that names the region.
  enum PageLine: Sendable {
    /// There is none.
    case omitted
    /// There is one.
    case printed
  }
  /// How `!pool` says what it thinks of an address that is no pool.
  public enum ErrorWording: Sendable {
    /// In our own words: no public log shows the old ones.
    case own
    /// In the words of recent debuggers.
    case recent
  }
  /// How wide tables are set.
  public enum TableLayout: Sendable {
    /// As up to Windows 2003.
    case narrow
    /// As since Windows 7.
    case wide
  }

  /// Whether `!pool` names the region.
  var pageLine: PageLine
  /// How `!pool` introduces the tag of a large allocation.
  var largeTagWords: String
  /// How `!pool` words errors.
  public var errors: ErrorWording
  /// The table of `!poolused`.
  public var poolUsed: TableLayout
  /// The lines of `!vm`.
  public var virtualMemory: TableLayout

  /// Debuggers of Windows 2000: no page line.
  public static let windows2000 = DebuggerStyle(
    pageLine: .omitted, largeTagWords: "Tag is", errors: .own, poolUsed: .narrow,
    virtualMemory: .narrow)
  /// Debuggers of Windows XP and 2003, the story's.
  public static let classic = DebuggerStyle(
    pageLine: .printed, largeTagWords: "Tag is", errors: .own, poolUsed: .narrow,
    virtualMemory: .narrow)
  /// Debuggers of Windows 7.
  static let windows7 = DebuggerStyle(
    pageLine: .printed, largeTagWords: "Tag is", errors: .recent, poolUsed: .wide,
    virtualMemory: .wide)
  /// Debuggers of Windows 8 and later.
  public static let modern = DebuggerStyle(
    pageLine: .printed, largeTagWords: "tag is", errors: .recent, poolUsed: .wide,
    virtualMemory: .wide)

  /// The style of a profile; profiles that are not in the table print in the classic style.
  public static func style(of profile: Profile) -> DebuggerStyle {
    table[profile.name] ?? .classic
  }

  private static let table: [String: DebuggerStyle] = [
    "windows-2000-x86": .windows2000,
    "windows-xp-x86": .classic,
    "windows-2003-x86": .classic,
    "windows-2003-x64": .classic,
    "reactos-x86": .classic,
    "reactos-x64": .classic,
    "windows-7-x86": .windows7,
    "windows-7-x64": .windows7,
    "windows-vista-x86": .windows7,
    "windows-vista-x64": .windows7,
    "windows-8-x86": .modern,
    "windows-8-x64": .modern,
    "windows-8.1-x64": .modern,
    "windows-10-x64": .modern,
  ]
}
