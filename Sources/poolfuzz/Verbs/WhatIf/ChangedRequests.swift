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
  private let lookasideTags: Set<PoolTag>
  /// Tags whose requests are not made any more.
  private let droppedTags: Set<PoolTag>
  /// The lookaside lists.
  private(set) var parked: ParkedBlocks
  private var bindings: [SlotName: Binding] = [:]
  private var blocks: UInt64 = 0

  /// Freed slots beyond this number are forgotten, so that new names for ever need no more memory.
  private static let mostBindings = 1 << 20

  /// The block that a slot was given.
  private struct Binding {
    var block: SlotName
    var size: ParkedBlocks.Size
    var isOwner = true
  }

  init(
    resizes: [RequestResize], lookasideTags: [PoolTag], depth: Int, droppedTags: [PoolTag] = []
  ) {
    self.resizes = resizes
    resizeCounts = Array(repeating: 0, count: resizes.count)
    self.lookasideTags = Set(lookasideTags)
    self.droppedTags = Set(droppedTags)
    parked = ParkedBlocks(depth: depth)
  }

  /// The operation to run instead, or nil where there is nothing left to call.
  mutating func change(
    _ operation: PoolTrace.Operation, _ slots: ReplaySlots
  ) -> PoolTrace.Operation? {
    if isDropped(operation) { return nil }
    return switch operation {
    case .config, .dump, .expect: nil
    case .processor, .tick, .interruptLevel: operation
    case .alloc(let name, let type, let bytes, let tag):
      allocate(name, ParkedBlocks.Size(type: type, bytes: resized(bytes, tag), tag: tag), slots)
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

  /// What was asked for and met no request, a sentence each.
  var withoutEffect: [String] {
    zip(resizes, resizeCounts).filter { $0.1 == 0 }.map {
      "no request of tag '\($0.0.tag.spelling)' for \($0.0.from) bytes: --resize changes nothing"
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
    _ name: SlotName, _ size: ParkedBlocks.Size, _ slots: ReplaySlots
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
    let size = ParkedBlocks.Size(type: .cacheAligned, bytes: bytes, tag: .contiguous)
    guard let block = newBlock(name, size) else { return nil }
    return .contiguous(block, bytes: bytes, limits: nil)
  }

  /// Binds a slot to a parked block, and then returns nil, or to a new block.
  private mutating func newBlock(_ name: SlotName, _ size: ParkedBlocks.Size) -> SlotName? {
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
