/// What the parameters of the pool's bug checks mean, as a table.
///
/// Codes and first parameters are those of Microsoft's bug check reference; the vectors of sample
/// 501 agree with the roles of the other parameters.
struct BugCheckMeaning: Sendable {
  let code: UInt64
  /// The first parameter; nil stands for any.
  let first: UInt64?
  let text: String
  /// Memory is corrupt (and not just a call wrong).
  let isCorruption: Bool
  /// Which parameter (2...4) is the first dword of a block header.
  var header: Int?
  /// Which parameter (2...4) is a tag.
  var tag: Int?
  /// Which parameter (2...4) is the address to look at.
  var address: Int?

  static func find(code: UInt64, first: UInt64?) -> BugCheckMeaning? {
    all.first { $0.code == code && ($0.first == nil || $0.first == first) }
  }

  static let all: [BugCheckMeaning] = badPoolHeader + badPoolCaller + heapCorruption + others

  private static let badPoolHeader: [BugCheckMeaning] = [
    .init(
      code: 0x19, first: 0x02, text: "the pattern around a special pool block is damaged",
      isCorruption: true, address: 2),
    .init(
      code: 0x19, first: 0x03, text: "a free list's links do not meet",
      isCorruption: true, address: 2),
    .init(
      code: 0x19, first: 0x05, text: "two neighbouring headers contradict each other",
      isCorruption: true, address: 2),
    .init(
      code: 0x19, first: 0x06, text: "a previous size is too large",
      isCorruption: true, address: 2),
    .init(
      code: 0x19, first: 0x07, text: "a block's size is damaged",
      isCorruption: true, address: 4),
    .init(
      code: 0x19, first: 0x08, text: "a block's size is zero",
      isCorruption: true, address: 4),
    .init(
      code: 0x19, first: 0x09, text: "a block's size is too large",
      isCorruption: true, address: 2),
    .init(
      code: 0x19, first: 0x0A, text: "a walk of the page did not meet the block wanted",
      isCorruption: true, address: 2),
    .init(
      code: 0x19, first: 0x0D,
      text: "the header of a freed block was changed, mostly by the "
        + "block before it", isCorruption: true),
    .init(
      code: 0x19, first: 0x0E,
      text: "the header of a freed block was changed, mostly by the "
        + "block before it", isCorruption: true),
    .init(
      code: 0x19, first: 0x0F,
      text: "the header of a freed block was changed, mostly by the "
        + "block before it", isCorruption: true),
    .init(
      code: 0x19, first: 0x20, text: "the block after the freed one does not name its size",
      isCorruption: true, header: 4, address: 2),
    .init(
      code: 0x19, first: 0x21,
      text: "the bytes behind a large allocation are damaged: its "
        + "user overran it", isCorruption: true, address: 2),
    .init(
      code: 0x19, first: 0x22,
      text: "an address was freed that the table of large "
        + "allocations does not know: a double free or a stray pointer", isCorruption: true,
      address: 2),
    .init(code: 0x19, first: 0x23, text: "a freed block was changed", isCorruption: true),
    .init(code: 0x19, first: 0x24, text: "a freed block was changed", isCorruption: true),
    .init(code: 0x19, first: 0x25, text: "a freed block was changed", isCorruption: true),
    .init(code: 0x19, first: nil, text: "a pool header is damaged", isCorruption: true),
  ]

  private static let badPoolCaller: [BugCheckMeaning] = [
    .init(code: 0xC2, first: 0x00, text: "a request for zero bytes", isCorruption: false),
    .init(code: 0xC2, first: 0x01, text: "a block's header is damaged", isCorruption: true),
    .init(code: 0xC2, first: 0x02, text: "a block's header is damaged", isCorruption: true),
    .init(code: 0xC2, first: 0x04, text: "a block's header is damaged", isCorruption: true),
    .init(
      code: 0xC2, first: 0x06, text: "a block was freed twice", isCorruption: true,
      header: 3, address: 4),
    .init(
      code: 0xC2, first: 0x07, text: "a block was freed twice", isCorruption: true,
      header: 3, tag: 2, address: 4),
    .init(
      code: 0xC2, first: 0x08, text: "an allocation at too high an IRQL",
      isCorruption: false),
    .init(
      code: 0xC2, first: 0x09, text: "a free at too high an IRQL", isCorruption: false,
      address: 4),
    .init(
      code: 0xC2, first: 0x0A, text: "a free with another tag than the allocation's",
      isCorruption: true, tag: 3, address: 2),
    .init(
      code: 0xC2, first: 0x0B, text: "the process charged for a block is damaged",
      isCorruption: true, tag: 3, address: 2),
    .init(
      code: 0xC2, first: 0x0C, text: "the process charged for a block is damaged",
      isCorruption: true, tag: 3, address: 2),
    .init(
      code: 0xC2, first: 0x0D, text: "the process charged for a block is damaged",
      isCorruption: true, tag: 3, address: 2),
    .init(
      code: 0xC2, first: 0x40, text: "a free of a user-mode address", isCorruption: false,
      address: 2),
    .init(
      code: 0xC2, first: 0x99, text: "a free of an invalid address, or of a damaged block",
      isCorruption: true, address: 2),
    .init(code: 0xC2, first: 0x9A, text: "a must-succeed request", isCorruption: false),
    .init(code: 0xC2, first: 0x9B, text: "a request with tag zero", isCorruption: false),
    .init(
      code: 0xC2, first: 0x9C, text: "a request with the reserved tag BIG",
      isCorruption: false),
    .init(
      code: 0xC2, first: nil, text: "a free of an address that is no pool allocation",
      isCorruption: false, address: 2),
  ]

  private static let heapCorruption: [BugCheckMeaning] = [
    .init(code: 0x13A, first: 0x06, text: "a block was overrun", isCorruption: true, address: 3),
    .init(code: 0x13A, first: 0x07, text: "a block was underrun", isCorruption: true, address: 3),
    .init(
      code: 0x13A, first: 0x08, text: "a free block where a busy one is wanted",
      isCorruption: true, address: 3),
    .init(
      code: 0x13A, first: 0x09, text: "an invalid address or size was passed",
      isCorruption: true, address: 3),
    .init(
      code: 0x13A, first: 0x0B, text: "a block was used after its free",
      isCorruption: true, address: 3),
    .init(
      code: 0x13A, first: 0x11, text: "an invalid state, mostly a double free",
      isCorruption: true, address: 3),
    .init(
      code: 0x13A, first: 0x12,
      text: "an invalid state, mostly a use after free or a "
        + "neighbour's overflow", isCorruption: true, address: 3),
    .init(
      code: 0x13A, first: 0x17,
      text: "a damaged block on the list of delayed frees: found "
        + "late, by an innocent thread", isCorruption: true, address: 3),
    .init(
      code: 0x13A, first: nil, text: "the heap behind the pool is damaged",
      isCorruption: true, address: 3),
  ]

  private static let others: [BugCheckMeaning] = [
    .init(
      code: 0xC1, first: nil, text: "a write outside a special pool block",
      isCorruption: true, address: 2),
    .init(
      code: 0xC5, first: nil, text: "a pool structure led to an invalid address",
      isCorruption: true),
    .init(code: 0xC6, first: nil, text: "freed pool was changed", isCorruption: true, address: 2),
    .init(
      code: 0xD0, first: nil,
      text: "a memory manager's pool structure led to an invalid "
        + "address", isCorruption: true),
  ]
}
