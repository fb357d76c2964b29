// Long because of its table: every bug check of the pool with its parameters.

extension BugCheckMeaning {
  private typealias Rows = [BugCheckMeaning]

  private static func row(
    _ code: UInt64, _ selector: UInt64?, _ kind: Kind, _ text: String, _ roles: [Role],
    _ suspect: Suspect, _ next: String
  ) -> BugCheckMeaning {
    BugCheckMeaning(
      code: code, selector: selector, kind: kind, text: text, roles: roles, suspect: suspect,
      next: next)
  }

  private static let freedHeader =
    "the header of a freed block was changed after its free"

  static let badPoolHeader: [BugCheckMeaning] = [
    row(
      0x19, 0x02, .corruption, "the pattern around a special pool block is damaged",
      [.selector, .address("the block"), .bytes("of the block"), .nothing], .blockItself,
      "!pool P2 1"),
    row(
      0x19, 0x03, .corruption, "the links of a free list do not lead back to the entry checked",
      [
        .selector, .address("the list entry that was checked"),
        .address("read back through its forward link; equal to P2 in a sound list"),
        .address("read back through its backward link; equal to P2 in a sound list"),
      ], .listWriter, "dps P2; !pool P2"),
    row(
      0x19, 0x05, .corruption, "two neighbouring headers contradict each other",
      [.selector, .address("one of the two headers"), .reserved, .address("the other header")],
      .eitherHeader, "!pool P2 1; !pool P4 1"),
    row(
      0x19, 0x06, .corruption, "a previous size is too large",
      [
        .selector, .address("computed with the bad size"), .reserved,
        .address("the header with the bad previous size"),
      ], .blockInFront, "!pool P4 1"),
    row(
      0x19, 0x07, .corruption, "a header's sizes are damaged",
      [.selector, .nothing, .reserved, .address("the damaged header")], .blockInFront,
      "!pool P4 1"),
    row(
      0x19, 0x08, .corruption, "a block's size is zero",
      [.selector, .nothing, .reserved, .address("the damaged header")], .blockInFront,
      "!pool P4 1"),
    row(
      0x19, 0x09, .corruption, "a block's size is too large",
      [
        .selector, .address("computed with the bad size"), .reserved,
        .address("the header with the bad size"),
      ], .blockInFront, "!pool P4 1"),
    row(
      0x19, 0x0A, .corruption, "a walk of the page never met the block wanted",
      [
        .selector, .address("the header that was looked for"), .reserved,
        .address("in the page that was walked"),
      ], .unknown, "!pool P4; !poolval P4"),
    row(0x19, 0x0D, .corruption, freedHeader, freedRoles, .blockInFront, "!pool P2 1"),
    row(0x19, 0x0E, .corruption, freedHeader, freedRoles, .blockInFront, "!pool P2 1"),
    row(0x19, 0x0F, .corruption, freedHeader, freedRoles, .blockInFront, "!pool P2 1"),
    row(
      0x19, 0x20, .corruption,
      "the size in one header and the previous size in the next do not agree",
      [
        .selector, .address("the header whose block is freed"),
        .address("the next header, computed as P2 plus P2's own size"),
        .header("the header at P2, by published vectors; documented as reserved"),
      ], .eitherHeader, "!pool P2 1; !pool P3 1"),
    row(
      0x19, 0x21, .largeCorruption, "the word behind a large allocation is damaged",
      [
        .selector, .address("the allocation being freed"), .bytes("allocated"),
        .value("the damaged word found behind the bytes allocated"),
      ], .blockItself, "kb (the stack of this free shows the owner)"),
    row(
      0x19, 0x22, .wrongCall, "a page address was freed that the table of large allocations lacks",
      [.selector, .address("the address being freed"), .reserved, .reserved], .caller,
      "kb; !pool P2"),
    row(0x19, 0x23, .corruption, freedHeader, freedRoles, .blockInFront, "!pool P2 1"),
    row(0x19, 0x24, .corruption, freedHeader, freedRoles, .blockInFront, "!pool P2 1"),
    row(0x19, 0x25, .corruption, freedHeader, freedRoles, .blockInFront, "!pool P2 1"),
  ]

  private static let freedRoles: [Role] = [.selector, .reserved, .reserved, .reserved]

  private static let quota: [Role] = [
    .selector, .address("the block"), .tag("of the block; may be damaged"),
    .address("the quota's process as it was read"),
  ]

  private static let damagedHeader: [Role] = [
    .selector, .address("the header"), .header("the header's first part"), .nothing,
  ]

  private static let freedAgain =
    "the header of the block being freed is not marked in use"

  private static func address(_ words: String) -> [Role] {
    [.selector, .address(words), .nothing, .nothing]
  }

  static let badPoolCaller: [BugCheckMeaning] = [
    row(
      0xC2, 0x00, .wrongCall, "a request for zero bytes",
      [.selector, .nothing, .poolType, .tag("of the request")], .caller, "kb"),
    row(
      0xC2, 0x01, .corruption, "a block's header is damaged", damagedHeader, .blockInFront,
      "!pool P2 1"),
    row(
      0xC2, 0x02, .corruption, "a block's header is damaged", damagedHeader, .blockInFront,
      "!pool P2 1"),
    row(
      0xC2, 0x04, .corruption, "a block's header is damaged", damagedHeader, .blockInFront,
      "!pool P2 1"),
    row(
      0xC2, 0x06, .corruption, freedAgain,
      [.selector, .reserved, .address("the header"), .header("the header's contents")],
      .doubleFree, "!pool P3 1"),
    row(
      0xC2, 0x07, .corruption, freedAgain,
      [
        .selector, .reserved, .header("the header's contents"),
        .address("the block being freed, behind its header"),
      ], .doubleFree, "!pool P4 1; !verifier 80 P4"),
    row(
      0xC2, 0x08, .wrongCall, "an allocation at too high an interrupt level",
      [.selector, .interruptLevel, .poolType, .bytes("asked for")], .caller, "kb; !irql"),
    row(
      0xC2, 0x09, .wrongCall, "a free at too high an interrupt level",
      [.selector, .interruptLevel, .poolType, .address("the block being freed")], .caller,
      "kb; !irql"),
    row(
      0xC2, 0x0A, .wrongCall, "a free with another tag than the allocation's",
      [
        .selector, .address("the block"), .tag("of the allocation"),
        .tag("given to the free"),
      ], .callerOrTag, "kb; !pool P2"),
    row(
      0xC2, 0x0B, .corruption, "the process charged for a block is none", quota, .tailOrHeader,
      "!pool P2 1"),
    row(
      0xC2, 0x0C, .corruption, "the process charged for a block is none", quota, .tailOrHeader,
      "!pool P2 1"),
    row(
      0xC2, 0x0D, .corruption, "the process charged for a block is none", quota, .tailOrHeader,
      "!pool P2 1"),
    row(
      0xC2, 0x40, .wrongCall, "a free of a user-mode address",
      [
        .selector, .address("the address being freed"), .address("the start of system space"),
        .nothing,
      ], .caller, "kb"),
    row(
      0xC2, 0x41, .wrongCall, "a free of a nonpaged address that is not allocated",
      [
        .selector, .address("the address being freed"), .value("its page frame"),
        .value("the highest page frame"),
      ], .caller, "kb"),
    row(
      0xC2, 0x42, .wrongCall, "a free of an address that never was in a pool",
      address("the address being freed"), .caller, "kb"),
    row(
      0xC2, 0x43, .wrongCall, "a free of an address that never was in a pool",
      address("the address being freed"), .caller, "kb"),
    row(
      0xC2, 0x44, .wrongCall, "a free of a nonpaged address that is not allocated",
      [.selector, .address("the address being freed"), .reserved, .nothing], .caller, "kb"),
    row(
      0xC2, 0x46, .wrongCall, "a free of an invalid pool address",
      address("the address being freed"), .caller, "kb"),
    row(
      0xC2, 0x47, .wrongCall, "a free of a nonpaged address that is not allocated",
      [
        .selector, .address("the address being freed"), .value("its page frame"),
        .value("the highest page frame"),
      ], .caller, "kb"),
    row(
      0xC2, 0x48, .wrongCall, "a free of a paged address that is not allocated",
      [.selector, .address("the address being freed"), .reserved, .reserved], .caller, "kb"),
    row(
      0xC2, 0x50, .wrongCall, "a free of a paged address that is not allocated",
      [
        .selector, .address("the address being freed"),
        .value("its page, from the start of paged pool"), .bytes("of paged pool"),
      ], .caller, "kb"),
    row(
      0xC2, 0x60, .wrongCall, "a free of contiguous memory with a bad pointer",
      address("the address being freed"), .caller, "kb"),
    row(
      0xC2, 0x99, .wrongCall, "a free of an invalid address, or of a block whose header is damaged",
      address("the address being freed"), .caller, "kb; !pool P2"),
    row(
      0xC2, 0x9A, .wrongCall, "a must-succeed request, which is refused",
      [.selector, .poolType, .bytes("asked for"), .tag("of the request")], .caller, "kb"),
    row(
      0xC2, 0x9B, .wrongCall, "a request with tag zero",
      [.selector, .poolType, .bytes("asked for"), .address("the caller")], .caller, "ln P4"),
    row(
      0xC2, 0x9C, .wrongCall, "a request with the reserved tag BIG",
      [.selector, .poolType, .bytes("asked for"), .address("the caller")], .caller, "ln P4"),
    row(
      0xC2, 0x9D, .wrongCall, "a request whose tag has neither letter nor digit",
      [.selector, .value("the tag"), .poolType, .address("the caller")], .caller, "ln P4"),
    row(
      0xC2, 0x41286, .wrongCall, "a free in the middle of a paged allocation",
      [.selector, .reserved, .reserved, .value("the page, from the start of paged pool")],
      .caller, "kb"),
  ]

  private static func heap(
    _ first: UInt64, _ text: String, _ suspect: Suspect, _ kind: Kind = .corruption
  ) -> BugCheckMeaning {
    row(
      0x13A, first, kind, text,
      [
        .selector, .address("the heap that reports it"), .address("where it was found"),
        .reserved,
      ], suspect, "!pool P3; !heap P2")
  }

  static let heapCorruption: [BugCheckMeaning] = [
    heap(0x03, "a block's header is damaged", .blockInFront),
    heap(0x04, "several blocks' headers are damaged", .blockInFront),
    heap(0x05, "the header of a large allocation is damaged", .unknown, .largeCorruption),
    heap(0x06, "a corruption with the features of an overrun", .blockInFront),
    heap(0x07, "a corruption with the features of an underrun", .blockItself),
    heap(0x08, "a free block was given where a busy one is wanted", .caller, .wrongCall),
    heap(0x09, "an invalid argument was given", .caller, .wrongCall),
    heap(0x0A, "an allocation's type is not what the heap holds it for", .unknown),
    heap(0x0B, "a corruption with the features of a use after free", .earlierOwner),
    heap(0x0C, "a block was given to a heap that it does not belong to", .caller, .wrongCall),
    heap(0x0D, "a free list is damaged", .earlierOwner),
    heap(0x0E, "a list is damaged", .earlierOwner),
    heap(0x0F, "a call on a block that is free", .caller, .wrongCall),
    heap(0x10, "an invalid state, which can be an overrun", .blockInFront),
    heap(0x11, "an invalid state, which can be a double free", .callerOrCorruption),
    heap(
      0x12, "an invalid state, which can be a use after free or a neighbour's overrun",
      .earlierOwner),
    heap(0x13, "a null heap was given", .caller, .wrongCall),
    heap(0x14, "a request beyond the largest allocation", .caller, .exhaustion),
    heap(0x15, "a request beyond the commit limit", .consumers, .exhaustion),
    heap(0x16, "an invalid internal state: a bad address or corruption", .unknown),
    heap(
      0x17, "a block on the list of delayed frees is damaged: found late, by an innocent thread",
      .earlierOwner),
  ]

  private static let atLevel: [Role] = [
    .selector, .interruptLevel, .poolType, .bytes("asked for"),
  ]
  private static let freedAtLevel: [Role] = [
    .selector, .interruptLevel, .poolType, .address("the block being freed"),
  ]
  private static let left: [Role] = [
    .selector, .bytes("of paged pool left"), .bytes("of nonpaged pool left"),
    .count("allocations left"),
  ]

  /// Driver Verifier, as far as it concerns pools.
  static let verifier: [BugCheckMeaning] = [
    row(0xC4, 0x00, .wrongCall, "a request for zero bytes", atLevel, .caller, "kb"),
    row(
      0xC4, 0x01, .wrongCall, "paged pool was allocated above APC_LEVEL", atLevel, .caller,
      "kb; !irql"),
    row(
      0xC4, 0x02, .wrongCall, "nonpaged pool was allocated above DISPATCH_LEVEL", atLevel,
      .caller, "kb; !irql"),
    row(
      0xC4, 0x10, .wrongCall, "an address was freed that no allocation returned",
      address("the address being freed"), .caller, "kb"),
    row(
      0xC4, 0x11, .wrongCall, "paged pool was freed above APC_LEVEL", freedAtLevel, .caller,
      "kb; !irql"),
    row(
      0xC4, 0x12, .wrongCall, "nonpaged pool was freed above DISPATCH_LEVEL", freedAtLevel,
      .caller, "kb; !irql"),
    row(
      0xC4, 0x13, .wrongCall, "a block was freed again",
      [.selector, .reserved, .address("the header"), .header("the header's contents")], .caller,
      "kb; !pool P3 1"),
    row(
      0xC4, 0x14, .wrongCall, "a block was freed again",
      [.selector, .reserved, .address("the header"), .header("the header's contents")], .caller,
      "kb; !pool P3 1"),
    row(
      0xC4, 0x15, .wrongCall, "a block was freed that holds an active timer",
      [.selector, .address("the timer"), .poolType, .address("the block being freed")], .caller,
      "kb; ln P2"),
    row(
      0xC4, 0x16, .wrongCall, "a free of a bad address, or with bad parameters",
      [.selector, .reserved, .address("the address being freed"), .nothing], .caller, "kb"),
    row(
      0xC4, 0x17, .wrongCall, "a block was freed that holds a live resource",
      [.selector, .address("the resource"), .poolType, .address("the block being freed")],
      .caller, "kb; !locks P2"),
    row(
      0xC4, 0x51, .corruption, "a block's end was overrun, found when it was freed",
      [
        .selector, .address("the allocation's base"),
        .address("written beyond the allocation"), .bytes("charged"),
      ], .blockItself, "kb; !verifier 80 P2"),
    row(
      0xC4, 0x60, .leak, "a driver is unloaded with pool left", left, .driver, "!verifier 3"),
    row(
      0xC4, 0x61, .leak, "a driver allocates while it is unloaded", left, .driver,
      "!verifier 3"),
    row(
      0xC4, 0x62, .leak, "a driver was unloaded without freeing its pool allocations",
      [
        .selector, .address("the driver's name"), .reserved,
        .count("allocations left, paged and nonpaged"),
      ], .driver, "!verifier 3 DRIVER.sys (lists each one: address, size, tag, caller)"),
    row(
      0xC4, 0x105, .wrongCall, "an IRP was freed with the pool's call", address("the IRP"),
      .caller, "kb"),
    row(
      0xC4, 0x2000, .wrongCall, "executable pool was asked for",
      [.selector, .address("the code that asks"), .poolType, .tag("of the request")], .caller,
      "ln P2"),
  ]

  private static let damaged: [Role] = [
    .address("the block being freed"), .address("the first damaged byte"), .reserved, .selector,
  ]

  /// Special pool's own checks; the fourth parameter says which.
  static let specialPool: [BugCheckMeaning] = [
    row(
      0xC1, 0x20, .wrongCall, "a block was freed that was not allocated",
      [.address("the address being freed"), .reserved, .nothing, .selector], .caller, "kb"),
    row(
      0xC1, 0x21, .wrongCall, "a bad address was freed",
      [
        .address("the address being freed"), .bytes("asked for"), .bytes("computed"), .selector,
      ], .caller, "kb"),
    row(
      0xC1, 0x22, .wrongCall, "a bad address was freed",
      [
        .address("the address being freed"), .bytes("asked for"), .bytes("computed"), .selector,
      ], .caller, "kb"),
    row(
      0xC1, 0x23, .caught, "bytes near the block in its page are damaged", damaged, .blockItself,
      "!verifier 80 P1; db P2"),
    row(
      0xC1, 0x24, .caught, "bytes behind the block are damaged", damaged, .blockItself,
      "!verifier 80 P1; db P2"),
    row(
      0xC1, 0x30, .wrongCall, "an allocation at a wrong interrupt level",
      [.interruptLevel, .poolType, .bytes("asked for"), .selector], .caller, "kb; !irql"),
    row(
      0xC1, 0x31, .wrongCall, "a free at a wrong interrupt level",
      [.interruptLevel, .poolType, .address("the block being freed"), .selector], .caller,
      "kb; !irql"),
    row(
      0xC1, 0x32, .hardware, "a single bit near the block is wrong", damaged, .hardware,
      "db P2"),
  ]

  private static let followed: [Role] = [
    .address("the address that was touched"), .interruptLevel, .access, .address("the instruction"),
  ]
  private static let touched: [Role] = [
    .address("the address that was touched"), .access, .address("the instruction, if known"),
    .reserved,
  ]

  /// Faults inside the pool's code, and in special pool.
  static let faults: [BugCheckMeaning] = [
    row(
      0xC5, nil, .corruption, "the pool's code followed a damaged link or header", followed,
      .earlierOwner, "!pool P1; .bugcheck; kb"),
    row(
      0xD0, nil, .largeCorruption,
      "the memory manager's pool code followed a damaged link or header", followed,
      .earlierOwner, "!pool P1; kb"),
    row(
      0xC6, nil, .caught, "freed pool was accessed, caught in the act",
      [
        .address("the address that was touched"), .access, .value("0 kernel, 1 user mode"),
        .reserved,
      ], .instruction, "kb; !verifier 80 P1"),
    row(
      0xCC, nil, .caught, "freed special pool was accessed, from system code", touched,
      .freeingSide, "kb; !verifier 80 P1"),
    row(
      0xD5, nil, .caught, "freed special pool was accessed, by a driver", touched, .freeingSide,
      "kb; !verifier 80 P1"),
    row(
      0xCD, nil, .caught, "memory behind a special pool block was accessed, from system code",
      touched, .instruction, "kb; !verifier 80 P1"),
    row(
      0xD6, nil, .caught, "memory behind a special pool block was accessed, by a driver", touched,
      .instruction, "kb; !verifier 80 P1"),
    row(
      0xDE, nil, .corruption, "damaged pool was found where a file object is dereferenced",
      [
        .value("not documented"), .value("not documented"), .value("not documented"),
        .value("not documented"),
      ], .unknown, "!analyze -v; !pool P2"),
    row(
      0x12B, nil, .hardware, "a page was changed while nobody could write to it",
      [
        .value("address or status"), .value("page or size"), .value("source, or 0"),
        .value("target, or 0"),
      ], .hardware, "test the memory"),
  ]

  private static let fault: [Role] = [
    .address("the address that was touched"), .value("2 a write, 0 a read, 10 an execution"),
    .address("the instruction"), .value("kind"),
  ]

  static let others: [BugCheckMeaning] = [
    row(
      0x41, nil, .exhaustion, "a must-succeed request could not be met",
      [
        .bytes("asked for"), .count("nonpaged pages in use"),
        .count("requests of more than a page"), .count("pages available"),
      ], .consumers, "!vm 1; !poolused 2; !poolused 4"),
    row(
      0xAB, nil, .leak, "a session ended with pool left",
      [
        .value("the session"), .bytes("of paged pool"), .bytes("of nonpaged pool"),
        .value("counts: nonpaged in the high half, paged in the low half"),
      ], .driver,
      "!poolused 8"),
    row(
      0xEC, nil, .leak, "a session ended with special pool left",
      [.value("the session"), .count("pages"), .nothing, .nothing], .driver, "!verifier 3"),
    row(
      0x139, 0x03, .corruption, "a list entry is damaged; a pool block may be what holds it",
      [.selector, .address("the trap frame"), .address("the exception record"), .reserved],
      .earlierOwner, "dl and dlb on the list; !pool on its entries"),
    row(
      0x139, 0x1D, .corruption, "a tree's node is damaged; a pool block may be what holds it",
      [.selector, .address("the trap frame"), .address("the exception record"), .reserved],
      .earlierOwner, "!pool on the node"),
    row(
      0x1A, 0x5305, .wrongCall, "an invalid pool address was freed",
      [.selector, .address("the address being freed"), .bytes("of the region"), .nothing],
      .caller, "kb"),
    row(
      0x1A, 0x41286, .wrongCall, "an invalid pool address was freed",
      [.selector, .reserved, .reserved, .reserved], .caller, "kb"),
    row(
      0x1A, 0x5200, .corruption, "a page on the free list was written to",
      [.selector, .address("the page"), .value("found"), .value("expected")], .earlierOwner,
      "!pool P2"),
    row(
      0x50, nil, .elsewhere,
      "invalid memory was touched; a pool object is one source of such an address",
      fault, .unknown, "!pool P1; kb"),
    row(
      0x0A, nil, .elsewhere, "bad memory was touched at a raised interrupt level",
      followed, .unknown, "!pool P1; kb"),
    row(
      0xD1, nil, .elsewhere, "a driver touched bad or pageable memory at a raised interrupt level",
      followed, .unknown, "!pool P1; kb"),
    row(
      0xFC, nil, .elsewhere,
      "code ran in memory that is not executable: an old driver may expect executable pool",
      [
        .address("the address that was executed"), .value("its page table entry"), .reserved,
        .reserved,
      ],
      .unknown, "!pool P1; kb"),
  ]
}
