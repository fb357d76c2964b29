// MmAllocateContiguousMemory (ReactOS contmem.c): any size is first tried as a cache-aligned
// nonpaged block tagged MmCm; only if its page frames do not suit is it freed again and memory
// mapped outside of the pool.
//
// Frames: the initial pool is physically contiguous; expansion pages never are. The memory outside
// of the pool is contiguous.

/// Pages beside the pool with their marks: contiguous memory that the pool could not give, or special
/// pool.
struct PageArena {
  let base: Address
  let pages: UInt64
  let marks: UnsafeMutablePointer<UInt8>
}

extension KernelPool {
  /// First page frame of the initial nonpaged pool, whose pages have consecutive frames.
  public static let initialPoolFrame: UInt64 = 0x4000
  /// First page frame of the contiguous memory outside of the pool.
  public static let contiguousFrame: UInt64 = 0x2000

  /// Allocates physically contiguous memory.
  ///
  /// `bytes` is rounded only where the profile says so; `lowest` and `highest` are physical byte addresses, `boundary` is a
  /// multiple of the page size that the memory must not cross, or 0.
  public mutating func allocateContiguous(
    bytes: UInt64, lowest: UInt64 = 0, highest: UInt64 = .max, boundary: UInt64 = 0
  ) -> AllocationOutcome {
    GeneralBlocks(pool: state).allocateContiguous(
      bytes: bytes, lowest: lowest, highest: highest, boundary: boundary)
  }

  /// Frees memory that came from `allocateContiguous`.
  public mutating func freeContiguous(_ address: Address) -> FreeOutcome {
    if let halted { return .halted(halted) }
    if state.pointee.isInPool(address) { return free(address, tag: .contiguous) }
    return state.pointee.unmapContiguous(address)
  }
}

/// Page frames that a caller accepts.
private struct FrameLimits {
  let lowest: UInt64
  let highest: UInt64
  let boundary: UInt64

  func accept(first: UInt64, pages: UInt64) -> Bool {
    let last = first &+ max(pages, 1) &- 1
    guard first >= lowest, last <= highest else { return false }
    return boundary == 0 || first / boundary == last / boundary
  }
}

extension GeneralBlocks {
  fileprivate func allocateContiguous(
    bytes: UInt64, lowest: UInt64, highest: UInt64, boundary: UInt64
  ) -> KernelPool.AllocationOutcome {
    if let halted = pool.pointee.halted { return .halted(halted) }
    let geometry = pool.pointee.geometry
    do throws(Halt) {
      let limits = FrameLimits(
        lowest: geometry.pages(holding: lowest),
        highest: highest &>> geometry.pageShift &- (has(.contiguousHighestExcluded) ? 1 : 0),
        boundary: boundary &>> geometry.pageShift)
      let type: PoolType = .cacheAligned
      let request =
        pool.pointee.profile.contiguousRequest == .asGiven
        ? bytes : max(pool.pointee.pageRounded(bytes), bytes)
      if let address = try allocateWithTag(type, bytes: request, tag: .contiguous) {
        if pool.pointee.suits(address, pages: geometry.pages(holding: bytes), limits) {
          return .address(address)
        }
        if !has(.contiguousKeepsRefused),
          case .halted(let reason) = free(address, .contiguous)
        {
          return .halted(reason)
        }
      }
      guard pool.pointee.variables.pointee.interruptLevel <= 1 else { return .null }
      return pool.pointee.mapContiguous(pages: geometry.pages(holding: bytes), limits)
    } catch {
      return .halted(pool.pointee.stop())
    }
  }
}

extension PoolState {
  /// Frees memory that was mapped outside of the pool.
  fileprivate mutating func unmapContiguous(_ address: Address) -> KernelPool.FreeOutcome {
    var page = (address &- contiguousArena.base) &>> geometry.pageShift
    guard page < contiguousArena.pages, geometry.isPageAligned(address),
      contiguousArena.marks[Int(page)] & PageMarks.start.rawValue != 0
    else {
      _ = bugCheck(BugCheck.badPoolCaller, 0x60, address)
      return .halted(stop())
    }
    var isLast = false
    while !isLast {
      isLast = contiguousArena.marks[Int(page)] & PageMarks.end.rawValue != 0
      contiguousArena.marks[Int(page)] &= PageMarks.touched.rawValue
      page += 1
    }
    return .freed
  }

  /// True where the frames from `address` on are consecutive and within the limits. The count is
  /// of the size, not of the span.
  fileprivate mutating func suits(_ address: Address, pages: UInt64, _ limits: FrameLimits) -> Bool
  {
    guard let page = nonPagedPage(at: address) else { return false }
    let isInitial = page &+ max(pages, 1) <= variables.pointee.initialPages
    guard isInitial || pages <= 1 else { return false }
    return limits.accept(first: KernelPool.initialPoolFrame &+ page, pages: pages)
  }

  /// Takes the first free pages outside of the pool that the limits accept.
  fileprivate mutating func mapContiguous(
    pages: UInt64, _ limits: FrameLimits
  ) -> KernelPool.AllocationOutcome {
    let wanted = max(pages, 1)
    var run: UInt64 = 0
    for page in 0..<contiguousArena.pages {
      let isFree = contiguousArena.marks[Int(page)] & PageMarks.mapped.rawValue == 0
      run = isFree ? run + 1 : 0
      guard run >= wanted else { continue }
      let first = page + 1 - wanted
      guard limits.accept(first: KernelPool.contiguousFrame &+ first, pages: wanted) else {
        continue
      }
      for mapped in first...(mutant == .contiguousOverlaps ? first : page) {
        contiguousArena.marks[Int(mapped)] |= PageMarks.mapped.rawValue
      }
      contiguousArena.marks[Int(first)] |= PageMarks.start.rawValue
      contiguousArena.marks[Int(page)] |= PageMarks.end.rawValue
      return .address(contiguousArena.base &+ first &<< geometry.pageShift)
    }
    return .null
  }
}
