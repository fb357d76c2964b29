import KernelPool
import PoolTrace

/// Turns the operations of a trace into those that a changed program would have made.
///
/// A slot whose tag has a lookaside list of its own stands for a block that may outlive it, so such
/// blocks get names of their own, and the slot is bound to one.
struct ChangedRequests {
  private let resizes: [RequestResize]
  /// How many requests each of them changed.
  private var resizeCounts: [Int]
  /// Tags of requests that a lookaside list of their own was meant for, and came.
  private var seenTags: Set<PoolTag> = []
  /// Tags whose freed blocks wait on lists of their own.
  let lookasideTags: Set<PoolTag>
  /// Tags whose requests are not made any more.
  private let droppedTags: Set<PoolTag>
  /// The lookaside lists.
  private(set) var parked: ParkedRequests
  private var bindings: [SlotName: Binding] = [:]
  private var blocks: UInt64 = 0

  /// Freed slots beyond this number are forgotten, so that new names for ever need no more memory.
  private static let mostBindings = 1 << 20

  /// The block that a slot was given.
  private struct Binding {
    var block: SlotName
    var size: ParkedRequests.Size
    var isOwner = true
  }

  init(
    resizes: [RequestResize], lookasideTags: [PoolTag], depth: Int, droppedTags: [PoolTag] = []
  ) {
    self.resizes = resizes
    resizeCounts = Array(repeating: 0, count: resizes.count)
    self.lookasideTags = Set(lookasideTags)
    self.droppedTags = Set(droppedTags)
    parked = ParkedRequests(depth: depth)
  }

  /// The operation to run instead, or nil where there is nothing left to call.
  mutating func change(
    _ operation: PoolTrace.Operation, _ slots: ReplaySlots
  ) -> PoolTrace.Operation? {
    if isDropped(operation) { return nil }
    return switch operation {
    case .config, .dump, .expect: nil
    case .processor, .tick, .interruptLevel, .target: operation
    case .alloc(let name, let type, let bytes, let tag):
      allocate(name, ParkedRequests.Size(type: type, bytes: resized(bytes, tag), tag: tag), slots)
    case .contiguous(let name, let bytes, let limits):
      allocateContiguous(name, resized(bytes, .contiguous), limits, slots)
    case .free(let name, let tag): free(name, tag, slots)
    case .freeAt(let expression, let tag): .freeAt(renamed(expression), tag: tag)
    case .write(let name, let offset, let bytes):
      .write(bindings[name]?.block ?? name, offset: offset, bytes)
    case .writeAt(let expression, let bytes): .writeAt(renamed(expression), bytes)
    case .fill(let name):
      bindings[name].map { $0.isOwner ? .fill($0.block) : nil } ?? .fill(name)
    }
  }

  /// A slot of which no request is made was never used, so its frees and stores are skipped.
  private func isDropped(_ operation: PoolTrace.Operation) -> Bool {
    switch operation {
    case .alloc(_, _, _, let tag): droppedTags.contains(tag.unprotected)
    case .contiguous: droppedTags.contains(.contiguous)
    default: false
    }
  }

  private mutating func resized(_ bytes: UInt64, _ tag: PoolTag) -> UInt64 {
    if lookasideTags.contains(tag.unprotected) { seenTags.insert(tag.unprotected) }
    guard
      let index = resizes.firstIndex(where: {
        $0.tag.unprotected == tag.unprotected && $0.from == bytes
      })
    else { return bytes }
    resizeCounts[index] += 1
    return resizes[index].to
  }

  /// What was asked for, and how many requests met it.
  var resizeEffects: [(resize: RequestResize, count: Int)] {
    zip(resizes, resizeCounts).map { ($0, $1) }
  }

  /// What was asked for and met no request, a sentence each.
  var withoutEffect: [String] {
    zip(resizes, resizeCounts).filter { $0.1 == 0 }.map {
      "no request of tag '\($0.0.tag.spelling)' for \(counted($0.0.from, "byte")): --resize changes nothing"
    }
      + lookasideTags.subtracting(seenTags).sorted().map {
        "no request of tag '\($0.spelling)': --lookaside changes nothing"
      }
  }

  private func isHeld(_ name: SlotName, _ slots: ReplaySlots) -> Bool {
    guard let binding = bindings[name] else { return slots[name]?.state == .holds }
    return binding.isOwner && slots[binding.block]?.state == .holds
  }

  private mutating func unbound(
    _ operation: PoolTrace.Operation, _ name: SlotName
  ) -> PoolTrace.Operation {
    bindings[name] = nil
    return operation
  }

  private mutating func allocate(
    _ name: SlotName, _ size: ParkedRequests.Size, _ slots: ReplaySlots
  ) -> PoolTrace.Operation? {
    if isHeld(name, slots) { return nil }
    guard lookasideTags.contains(size.tag.unprotected) else {
      return unbound(.alloc(name, size.type, bytes: size.bytes, tag: size.tag), name)
    }
    guard let block = newBlock(name, size) else { return nil }
    return .alloc(block, size.type, bytes: size.bytes, tag: size.tag)
  }

  /// Contiguous memory without limits can be parked like any other; with limits each request has
  /// its own.
  private mutating func allocateContiguous(
    _ name: SlotName, _ bytes: UInt64, _ limits: ContiguousLimits?, _ slots: ReplaySlots
  ) -> PoolTrace.Operation? {
    if isHeld(name, slots) { return nil }
    guard limits == nil, lookasideTags.contains(.contiguous) else {
      return unbound(.contiguous(name, bytes: bytes, limits: limits), name)
    }
    let size = ParkedRequests.Size(type: .cacheAligned, bytes: bytes, tag: .contiguous)
    guard let block = newBlock(name, size) else { return nil }
    return .contiguous(block, bytes: bytes, limits: nil)
  }

  /// Binds a slot to a parked block, and then returns nil, or to a new block.
  private mutating func newBlock(_ name: SlotName, _ size: ParkedRequests.Size) -> SlotName? {
    if let block = parked.take(size) {
      bindings[name] = Binding(block: block, size: size)
      return nil
    }
    blocks += 1
    guard let block = SlotName("_lookaside-block-\(blocks)") else { return nil }
    bindings[name] = Binding(block: block, size: size)
    return block
  }

  private mutating func free(
    _ name: SlotName, _ tag: PoolTag?, _ slots: ReplaySlots
  ) -> PoolTrace.Operation? {
    guard let binding = bindings[name] else { return .free(name, tag: tag) }
    guard binding.isOwner else { return nil }
    bindings[name]?.isOwner = false
    if bindings.count > Self.mostBindings { bindings[name] = nil }
    let holds = slots[binding.block]?.state == .holds
    if holds, parked.park(binding.block, binding.size) { return nil }
    return .free(binding.block, tag: tag)
  }

  private func renamed(_ expression: AddressExpression) -> AddressExpression {
    guard case .slot(let name, let offset) = expression, let binding = bindings[name] else {
      return expression
    }
    return .slot(binding.block, offset: offset)
  }
}

/// One `--resize TAG:FROM=TO`: requests of a tag for FROM bytes become requests for TO.
struct RequestResize {
  /// The tag.
  let tag: PoolTag
  /// Bytes that are asked for.
  let from: UInt64
  /// Bytes that are asked for instead.
  let to: UInt64

  /// Reads `TAG:FROM=TO`; the tag as in a trace, the numbers decimal or `0x` hexadecimal.
  init(_ text: String) throws(CommandFailure) {
    guard let resize = Self.read(text) else {
      throw .usage("--resize is TAG:FROM=TO, as in 'MmCm:0xf10=0x1000', not '\(text)'")
    }
    self = resize
  }

  /// Requests of `tag` for `from` bytes become requests for `to`.
  init(tag: PoolTag, from: UInt64, to: UInt64) {
    (self.tag, self.from, self.to) = (tag, from, to)
  }

  private static func read(_ text: String) -> RequestResize? {
    guard let colon = text.lastIndex(of: ":"),
      let tag = PoolTag.read(String(text[..<colon]))
    else { return nil }
    let sizes = text[text.index(after: colon)...].split(
      separator: "=", omittingEmptySubsequences: false)
    guard sizes.count == 2, let from = Quantity.bytes().number(String(sizes[0])),
      let to = Quantity.bytes().number(String(sizes[1]))
    else { return nil }
    return RequestResize(tag: tag, from: from, to: to)
  }
}

extension PoolTag {
  /// The tag that a word of a command line writes, spelled as in a trace; nil where it is none.
  static func read(_ text: String) -> PoolTag? {
    // The language's parser is the one place that knows how tags are spelled.
    var parser = TraceParser("free a \(text)")
    guard case .operation(.free(_, let tag?)) = parser.next(), case .finished = parser.next()
    else { return nil }
    return tag
  }
}

/// Lookaside lists of a driver's own for some tags: freed blocks are parked instead of given back,
/// and a later request of the same pool type and size takes the one that was parked last.
///
/// The blocks stay allocated as far as the pool knows (Microsoft, `ExInitializeLookasideListEx`).
struct ParkedRequests {
  /// Which list.
  struct Size: Hashable {
    /// The pool type.
    var type: PoolType
    /// The bytes of a request.
    var bytes: UInt64
    /// The tag.
    var tag: PoolTag
  }

  /// The most blocks on a list.
  let depth: Int
  /// Requests that a parked block answered.
  private(set) var hits: UInt64 = 0
  /// Blocks that are parked.
  private(set) var count = 0
  private var lists: [Size: [SlotName]] = [:]

  /// Empty lists of at most `depth` blocks each.
  init(depth: Int) { self.depth = depth }

  /// Parks a block; false where its list is full.
  mutating func park(_ name: SlotName, _ size: Size) -> Bool {
    guard lists[size, default: []].count < depth else { return false }
    lists[size, default: []].append(name)
    count += 1
    return true
  }

  /// Takes the block that was parked last, if there is one.
  mutating func take(_ size: Size) -> SlotName? {
    guard let name = lists[size]?.popLast() else { return nil }
    hits += 1
    count -= 1
    return name
  }
}
