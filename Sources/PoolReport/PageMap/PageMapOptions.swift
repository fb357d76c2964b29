/// How a page map is drawn.
public struct PageMapOptions: Sendable, Equatable {
  /// The characters of a map.
  public enum Symbols: Sendable {
    /// Characters that every terminal has.
    case ascii
    /// Block and box characters.
    case unicode
  }
  /// Whether colours are used; the caller knows the terminal and `NO_COLOR`.
  public enum Colour: Sendable {
    /// None.
    case never
    /// The terminal's colour sequences.
    case ansi
  }
  /// Which pages are drawn.
  public enum Pages: Sendable {
    /// Every page in use.
    case all
    /// Those that differ from the earlier state.
    case changed
  }

  /// Columns of a line at most, as far as an address and eight cells leave room.
  public var width = 100
  /// The characters.
  public var symbols = Symbols.ascii
  /// The colours.
  public var colour = Colour.never
  /// The pages. `changed` needs an earlier state to compare with and draws all without one.
  public var pages = Pages.all
  /// The most pages and runs drawn; the rest is counted.
  public var pageLimit = 256

  /// The defaults.
  public init() {}
}
