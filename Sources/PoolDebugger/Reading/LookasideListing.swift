/// The output of `!lookaside`.
public struct LookasideListing: Sendable, Hashable {
  /// One list.
  public struct List: Sendable, Hashable {
    /// The symbol's name.
    public var name: String
    /// The address of the list head.
    public var address: UInt64
    /// The tag of its blocks.
    public var tag: ListedTag?
    /// The fields by their printed names; counts and bytes are decimal, `Type` hexadecimal.
    public var fields: [Field] = []
    /// The line it begins on, from 1.
    public var line: Int

    /// The first field of this name.
    public func value(_ name: String) -> UInt64? { fields.first { $0.name == name }?.value }
  }

  /// A field `name = value`; `Hit Rate` occurs twice, for allocations and for frees.
  public struct Field: Sendable, Hashable {
    /// The printed name.
    public var name: String
    /// The value.
    public var value: UInt64
  }

  /// The lists in the order of the listing.
  public var lists: [List] = []
}
