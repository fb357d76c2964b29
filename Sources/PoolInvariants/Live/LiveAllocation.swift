import struct KernelPool.PoolTag
import struct KernelPool.PoolType

/// What a caller knows of memory that it was given and has not freed.
public struct LiveAllocation: Equatable, Sendable {
  /// The slot of the trace that holds it.
  public var slot: UInt32
  /// Bytes that were asked for.
  public var requestedBytes: UInt64
  /// The pool type that was asked for, quota and other modifying bits included.
  public var type: PoolType
  /// The tag that was given, the mark of a protected block included.
  public var tag: PoolTag
  /// The seed of the bytes it was filled with; nil where it was not filled.
  public var patternSeed: UInt64?
  /// Whether it came from the contiguous-memory routine, which may go round the pool.
  public var isContiguous: Bool
  /// First byte that its owner has written over, from the start of the allocation.
  public private(set) var writtenFrom: UInt64 = .max
  /// End of the bytes that its owner has written over.
  public private(set) var writtenTo: UInt64 = 0

  /// An allocation whose owner has written nothing but the pattern.
  public init(
    slot: UInt32, requestedBytes: UInt64, type: PoolType, tag: PoolTag, patternSeed: UInt64?,
    isContiguous: Bool = false
  ) {
    self.slot = slot
    self.requestedBytes = requestedBytes
    self.type = type
    self.tag = tag
    self.patternSeed = patternSeed
    self.isContiguous = isContiguous
  }

  /// Notes that the owner stored `count` bytes at `offset`: those need not show the pattern any
  /// more. Only the part within the requested bytes is the owner's; the rest is an overrun, which
  /// excuses nothing. Two writes excuse what lies between them as well.
  public mutating func noteWrite(offset: Int64, count: UInt64) {
    guard offset > Int64.min / 2, let size = Int64(exactly: min(count, 1 << 62)) else { return }
    let end = offset.addingReportingOverflow(size)
    guard !end.overflow, end.partialValue > 0, UInt64(max(offset, 0)) < requestedBytes
    else { return }
    writtenFrom = min(writtenFrom, UInt64(max(offset, 0)))
    writtenTo = max(writtenTo, min(UInt64(end.partialValue), requestedBytes))
  }

  /// Notes that the whole pattern was written again.
  public mutating func noteFill(seed: UInt64) {
    patternSeed = seed
    writtenFrom = .max
    writtenTo = 0
  }
}
