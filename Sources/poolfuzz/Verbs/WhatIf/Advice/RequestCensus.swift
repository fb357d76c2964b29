import KernelPool
import PoolTrace

/// What the tags of a trace ask for: the material from which remedies are chosen.
struct RequestCensus {
  /// The requests of one tag.
  struct Tag {
    /// Bytes of blocks that were freed again: how much the tag churns.
    var churnedBytes: UInt64 = 0
    /// Requests that were freed again.
    var frees: UInt64 = 0
    /// Bytes that its callers hold now, and the most that they held, in units of the pool.
    var live: [Bool: Live] = [:]
    /// The same by size of the request, small blocks only.
    var sizes: [UInt64: Size] = [:]
  }

  /// What is held in one pool, paged or not.
  struct Live {
    var bytes: UInt64 = 0
    var peak: UInt64 = 0
  }

  /// Requests of one size.
  struct Size {
    var requests: UInt64 = 0
    var churnedBytes: UInt64 = 0
  }

  private(set) var tags: [PoolTag: Tag] = [:]
  /// The system's sizes.
  let profile: Profile
  /// More sizes of a tag are not told apart.
  private static let mostSizes = 4096

  init(_ profile: Profile) { self.profile = profile }

  /// Notes an operation that was done; `slot` is the slot before it.
  mutating func note(_ operation: PoolTrace.Operation, _ result: StepResult, _ slot: Slot?) {
    switch (operation, result) {
    case (.alloc(_, let type, let bytes, let tag), .allocated):
      allocated(tag.unprotected, isPaged: type.isPaged, bytes)
    case (.contiguous(_, let bytes, _), .allocated): allocated(.contiguous, isPaged: false, bytes)
    case (.free, .freed):
      guard let slot else { return }
      freed(slot.tag.unprotected, isPaged: slot.type.isPaged, slot.bytes)
    default: break
    }
  }

  /// Bytes of a request's block, or its pages.
  private func blockBytes(_ bytes: UInt64) -> UInt64 {
    bytes > profile.largestSmallRequest
      ? bytes.roundedUp(to: profile.pageBytes)
      : profile.units(forRequest: bytes) * profile.unitBytes
  }

  private mutating func allocated(_ tag: PoolTag, isPaged: Bool, _ bytes: UInt64) {
    let kept = bytes.roundedUp(to: profile.unitBytes)
    tags[tag, default: Tag()].live[isPaged, default: Live()].add(kept)
    guard bytes <= profile.largestSmallRequest else { return }
    if tags[tag]?.sizes[bytes] != nil || (tags[tag]?.sizes.count ?? 0) < Self.mostSizes {
      tags[tag]?.sizes[bytes, default: Size()].requests += 1
    }
  }

  private mutating func freed(_ tag: PoolTag, isPaged: Bool, _ bytes: UInt64) {
    let block = blockBytes(bytes)
    tags[tag]?.frees += 1
    tags[tag]?.churnedBytes &+= block
    tags[tag]?.live[isPaged]?.remove(bytes.roundedUp(to: profile.unitBytes))
    if tags[tag]?.sizes[bytes] != nil { tags[tag]?.sizes[bytes]?.churnedBytes &+= block }
  }
}

extension RequestCensus.Live {
  fileprivate mutating func add(_ count: UInt64) {
    bytes &+= count
    peak = max(peak, bytes)
  }

  fileprivate mutating func remove(_ count: UInt64) { bytes -= min(count, bytes) }
}

extension UInt64 {
  /// The number rounded up to a multiple of a power of two, modulo 2^64.
  func roundedUp(to step: UInt64) -> UInt64 { (self &+ step &- 1) & ~(step - 1) }
}
