// The lists of free blocks, one for each size in units: a double-linked ring through the blocks'
// first two pointers and the head in the descriptor (ReactOS ExpInsertPoolTailList and kin).
// The head of list k holds blocks of exactly k units, counted from one.

extension KernelPool {
  /// The address of the head that holds free blocks of `units`.
  @inline(__always) func listHead(_ descriptor: Int, units: UInt64) -> Address {
    descriptors[descriptor].listHeads &+ (units &- 1) &* (geometry.wordBytes &* 2)
  }

  /// Reads a link.
  @inline(__always) mutating func loadLink(_ address: Address) throws(Halt) -> Address {
    try memory.loadPointer(address) & ~memory.linkBit
  }

  /// Writes a link as the version stores it.
  @inline(__always) mutating func storeLink(_ address: Address, _ to: Address) throws(Halt) {
    try memory.storePointer(address, to | memory.linkBit)
  }

  /// Puts a free block on the list of its size.
  mutating func insert(
    _ header: Address, units: UInt64, _ descriptor: Int, at end: ListEnd
  ) throws(Halt) {
    let head = listHead(descriptor, units: units)
    let entry = header &+ geometry.headerBytes
    let blink = geometry.wordBytes
    if profile.checks == .wholePage { try checkLinks(head) }
    if end == .tail {
      let last = try loadLink(head &+ blink)
      try storeLink(entry, head)
      try storeLink(entry &+ blink, last)
      try storeLink(last, entry)
      if mutant != .tailInsertForgetsHead { try storeLink(head &+ blink, entry) }
    } else {
      let first = try loadLink(head)
      try storeLink(entry, first)
      try storeLink(entry &+ blink, head)
      if mutant != .headInsertForgetsBack { try storeLink(first &+ blink, entry) }
      try storeLink(head, entry)
    }
    if profile.checks == .wholePage {
      try checkLinks(head)
      try checkLinks(entry)
    }
  }

  /// Takes the first block off a list that is not empty; returns its header.
  @inline(__always)
  mutating func removeFirst(_ head: Address) throws(Halt) -> Address {
    switch profile.checks {
    case .none: break
    case .wholePage: try checkLinks(head)
    case .neighbour: try checkLinks(head)
    }
    let first = try loadLink(head)
    let second = try loadLink(first)
    try storeLink(head, second)
    if mutant != .removeFirstForgetsBack { try storeLink(second &+ geometry.wordBytes, head) }
    if profile.checks == .wholePage { try checkLinks(head) }
    return first &- geometry.headerBytes
  }

  /// Takes a free block off whatever list it is on.
  mutating func unlink(_ header: Address) throws(Halt) {
    let entry = header &+ geometry.headerBytes
    if profile.checks != .none { try checkLinks(entry) }
    let next = try loadLink(entry)
    let previous = try loadLink(entry &+ geometry.wordBytes)
    try storeLink(previous, next)
    if mutant != .unlinkForgetsBack { try storeLink(next &+ geometry.wordBytes, previous) }
    if profile.checks == .wholePage {
      try checkLinks(next)
      try checkLinks(previous)
    }
  }

  /// Stops the kernel unless both neighbours of a head or entry point back at it (ReactOS
  /// `ExpCheckPoolLinks`; Windows 7 compares in the same way, Mandt 2011).
  mutating func checkLinks(_ address: Address) throws(Halt) {
    let next = try loadLink(address)
    let previous = try loadLink(address &+ geometry.wordBytes)
    let backFromNext = try loadLink(next &+ geometry.wordBytes)
    let backFromPrevious = try loadLink(previous)
    guard backFromNext == address, backFromPrevious == address else {
      throw bugCheck(BugCheck.badPoolHeader, 3, address, backFromNext, backFromPrevious)
    }
  }
}
