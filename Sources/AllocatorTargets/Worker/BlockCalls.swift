import Platform

/// The calls that are about one block, and what its owner sees of them.
extension TraceExecutor {
  /// Blocks larger than this are not written to.
  private static let largestWritten: UInt64 = 1 << 44

  mutating func allocate(
    _ operation: TargetOperation, _ slot: Int, _ index: Int?
  ) -> TargetResult {
    var address: UnsafeMutableRawPointer?
    let wrong = Self.guarded { [library, allocator] in
      address = library.allocate(
        allocator, operation.pool, Self.size(operation.bytes), operation.tag,
        Self.size(operation.second))
    }
    judgeStack(wrong)
    return own(address, operation, operation.bytes, slot, index)
  }

  mutating func allocateZeroed(
    _ operation: TargetOperation, _ slot: Int, _ index: Int?
  ) -> TargetResult {
    var address: UnsafeMutableRawPointer?
    let wrong = Self.guarded { [library, allocator] in
      address = library.allocateZeroed?(
        allocator, operation.pool, Self.size(operation.second), Self.size(operation.bytes),
        TargetOperation.plainTag)
    }
    judgeStack(wrong)
    guard let address else { return TargetResult(state: .null) }
    guard let bytes = operation.requestedBytes else {
      stop(.overflow, Self.number(address))
      return TargetResult(state: .returned, address: Self.number(address))
    }
    if let index {
      area.setResult(TargetResult(state: .returned, address: Self.number(address)), index)
    }
    if !isStopped, !isTouchedOnly, bytes < Self.largestWritten,
      let wrong = BlockContent.nonZero(address, Int(bytes))
    {
      stop(.zeroes, UInt64(wrong), Self.number(address))
    }
    return own(address, operation, bytes, slot, index)
  }

  /// A size as C has it: any number of 64 bits.
  private static func size(_ bytes: UInt64) -> Int { Int(bitPattern: UInt(bytes)) }

  static func number(_ address: UnsafeMutableRawPointer) -> UInt64 {
    UInt64(UInt(bitPattern: address))
  }

  /// Takes a block that came back into a slot: its owner writes all bytes that it may use.
  private mutating func own(
    _ address: UnsafeMutableRawPointer?, _ operation: TargetOperation, _ requested: UInt64,
    _ slot: Int, _ index: Int?
  ) -> TargetResult {
    guard let address else { return TargetResult(state: .null) }
    var result = TargetResult(state: .returned, address: Self.number(address))
    result.usableBytes = requested
    guard !isStopped else { return result }
    if let index { area.setResult(result, index) }
    let usable = usableBytes(address, requested)
    result.usableBytes = UInt64(max(usable, 0))
    if let index { area.setResult(result, index) }
    var block = Owned(address: address, tag: operation.tag, usable: usable)
    block.requested = Int(clamping: requested)
    block.alignment = operation.alignment
    if requested < Self.largestWritten {
      block.bytes = Self.written(usable, block.requested)
    }
    owned[slot] = block
    fill(slot, seed: UInt64(slot) &* 0x9E37_79B9 &+ operation.bytes &+ area[.round] &* 0x1F123)
    result.state = .done
    return result
  }

  /// Bytes that the owner writes. A usable size out of this world is the parent's to judge; writing
  /// that far, or beyond it, helps nobody.
  private static func written(_ usable: Int, _ requested: Int) -> Int {
    min(max(usable, 0), requested + 4096)
  }

  private func usableBytes(_ address: UnsafeMutableRawPointer, _ requested: UInt64) -> Int {
    library.usable?(allocator, UnsafeRawPointer(address)) ?? Int(clamping: requested)
  }

  // MARK: Other sizes

  mutating func reallocate(
    _ operation: TargetOperation, _ slot: Int, _ index: Int?
  ) -> TargetResult {
    if owned[slot].address != nil { verify(slot) }
    guard !isStopped else { return TargetResult(state: .called) }
    let old = owned[slot]
    let alignment = operation.second > 0 ? operation.second : old.alignment
    var address: UnsafeMutableRawPointer?
    let wrong = Self.guarded { [library, allocator] in
      address = library.reallocate?(
        allocator, old.address, Self.size(operation.bytes), old.tag, Self.size(alignment))
    }
    judgeStack(wrong)
    guard let address else { return keptOld(operation, slot) }
    if let index {
      area.setResult(TargetResult(state: .returned, address: Self.number(address)), index)
    }
    if let oldAddress = old.address, !isStopped, !isTouchedOnly,
      operation.bytes < Self.largestWritten
    {
      let content = BlockContent(address: oldAddress, byteCount: old.bytes, seed: old.seed)
      let kept = min(old.requested, Int(operation.bytes))
      if let wrong = content.damage(within: kept, at: address) {
        stop(.reallocatedPayload, UInt64(wrong), Self.number(address))
      }
    }
    var result = own(address, operation, operation.bytes, slot, index)
    owned[slot].tag = old.tag
    owned[slot].alignment = alignment
    if isStopped { result.state = .returned }
    return result
  }

  /// The answer of a reallocation was NULL: the block is freed where that was asked, else as it was.
  private mutating func keptOld(_ operation: TargetOperation, _ slot: Int) -> TargetResult {
    guard let address = owned[slot].address else { return TargetResult(state: .null) }
    if operation.bytes == 0, library.capabilities.reallocZero == .frees {
      owned[slot].address = nil
      return TargetResult(state: .done)
    }
    let old = owned[slot]
    let content = BlockContent(address: address, byteCount: old.bytes, seed: old.seed)
    if !isTouchedOnly, let wrong = content.damage(within: old.bytes) {
      stop(.failedReallocation, UInt64(wrong), Self.number(address))
    }
    return TargetResult(state: .null)
  }

  mutating func resize(_ operation: TargetOperation, _ slot: Int) -> TargetResult {
    verify(slot)
    guard !isStopped, let address = owned[slot].address else { return TargetResult(state: .called) }
    var isDone = false
    judgeStack(
      Self.guarded { [library, allocator] in
        isDone = library.resize?(allocator, address, Self.size(operation.bytes)) == 1
      })
    guard !isStopped else { return TargetResult(state: .returned) }
    let old = owned[slot]
    let content = BlockContent(address: address, byteCount: old.bytes, seed: old.seed)
    let kept = isDone ? min(old.requested, Int(clamping: operation.bytes)) : old.bytes
    if !isTouchedOnly, let wrong = content.damage(within: kept) {
      stop(isDone ? .reallocatedPayload : .payload, UInt64(wrong), Self.number(address))
      return TargetResult(state: .returned)
    }
    guard isDone else { return TargetResult(state: .null) }
    let usable = usableBytes(address, operation.bytes)
    owned[slot].usable = usable
    owned[slot].requested = Int(clamping: operation.bytes)
    owned[slot].bytes = 0
    if operation.bytes < Self.largestWritten {
      owned[slot].bytes = Self.written(usable, owned[slot].requested)
    }
    fill(slot, seed: old.seed &+ 0x77)
    return TargetResult(
      state: .done, address: Self.number(address), usableBytes: UInt64(max(usable, 0)))
  }

  // MARK: The end of a block

  mutating func release(_ slot: Int, saysSize: Bool = false) {
    verify(slot)
    guard !isStopped, let address = owned[slot].address else { return }
    let block = owned[slot]
    owned[slot].address = nil
    judgeStack(
      Self.guarded { [library, allocator] in
        library.give(allocator, address, block, saysSize: saysSize)
      })
  }

  /// Does what no caller may, and sees whether the allocator notices. Whatever ends the process from
  /// here on is the allocator's way to say so.
  mutating func misuse(_ operation: TargetOperation, _ slot: Int) {
    guard let address = owned[slot].address else { return }
    let block = owned[slot]
    let offset = Int(clamping: min(operation.bytes, 1 << 30))
    var target = address
    switch operation.misuse {
    case .double: release(slot)
    case .interior:
      guard offset > 0, offset < max(block.requested, 1) else { return }
      target = address + offset
    case .foreign: target = foreign + min(offset, 4096)
    case .behind:
      let byte = (address + block.requested + min(offset, 4096))
      byte.storeBytes(of: ~byte.load(as: UInt8.self), as: UInt8.self)
    }
    guard !isStopped else { return }
    area[.phase] = SharedArea.Phase.misuse.rawValue
    library.give(allocator, target, block)
    if let check = library.check, check(allocator, area.message, SharedArea.messageBytes) != 0 {
      // Noticed; what the allocator is like from here on nobody has promised.
      area[.phase] = SharedArea.Phase.done.rawValue
      isStopped = true
      return
    }
    area[.phase] = SharedArea.Phase.operations.rawValue
    stop(.unnoticedMisuse, operation.second, Self.number(target))
  }

  // MARK: Content

  mutating func fill(_ slot: Int, seed: UInt64) {
    guard let address = owned[slot].address else { return }
    owned[slot].seed = seed
    let content = BlockContent(address: address, byteCount: owned[slot].bytes, seed: seed)
    if isTouchedOnly { content.touch() } else { content.write() }
  }

  mutating func verify(_ slot: Int) {
    guard !isTouchedOnly, let address = owned[slot].address else { return }
    let block = owned[slot]
    let content = BlockContent(address: address, byteCount: block.bytes, seed: block.seed)
    if let wrong = content.damage(within: block.bytes) {
      return stop(.payload, UInt64(wrong), Self.number(address))
    }
    guard library.capabilities.promises.contains(.stableUsableSize), let usable = library.usable
    else { return }
    let now = usable(allocator, UnsafeRawPointer(address))
    if now != block.usable {
      stop(.usableChanged, UInt64(max(now, 0)), UInt64(max(block.usable, 0)))
    }
  }
}

/// What a walk over the allocator's blocks is held against.
struct WalkContext {
  let owned: UnsafeMutablePointer<TraceExecutor.Owned>
  let count: Int
  /// The address of the first block that is wrong.
  var wrong: UInt64

  static let visit: TargetLibrary.Visit = { context, address, _, isFree in
    guard let context, let address else { return }
    let walk = context.assumingMemoryBound(to: WalkContext.self)
    guard walk.pointee.wrong == 0 else { return }
    let count = walk.pointee.count
    let found = UnsafeMutableRawPointer(mutating: address)
    for slot in 0..<count where walk.pointee.owned[slot].address == found {
      if isFree != 0 || walk.pointee.owned[slot].isSeen {
        walk.pointee.wrong = UInt64(UInt(bitPattern: address))
      }
      walk.pointee.owned[slot].isSeen = true
      return
    }
    if isFree == 0 { walk.pointee.wrong = UInt64(UInt(bitPattern: address)) }
  }
}
