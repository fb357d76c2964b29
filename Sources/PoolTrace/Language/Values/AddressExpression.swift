/// An address as a trace writes it: relative to a region, absolute, or by way of a slot.
///
/// The text forms are `np+N`, `pg+N`, `ss+N`, `0xN`, `ID`, `ID+N` and `ID-N`. Names of slots may
/// hold hyphens and may begin with `0x`, so the forms are told apart by this rule, which looks at
/// nothing but the text: with a `+`, what stands before it is a region or a slot; otherwise, with
/// a last `-` that stands after at least one character and before a number, it is `ID-N`;
/// otherwise what begins with `0x` is absolute; everything else is a slot. (The slot `a-1` itself
/// is therefore written `a-1+0`.)
public enum AddressExpression: Hashable, Sendable {
  /// Bytes from the start of the nonpaged pool.
  case nonPaged(UInt64)
  /// Bytes from the start of the paged pool.
  case paged(UInt64)
  /// Bytes from the start of the session pool.
  case session(UInt64)
  /// A simulated address.
  case absolute(UInt64)
  /// The last address of a slot and bytes to add to it, wrapping.
  case slot(SlotName, offset: Int64)
}
