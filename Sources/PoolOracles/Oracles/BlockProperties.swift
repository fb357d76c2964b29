import KernelPool
import struct PoolInvariants.TraceSlot
import PoolTrace

/// What an `expect block` line sees of an allocation, read from the pool's memory and nothing else.
extension BlockProperty {
  /// What is wrong with an expectation about the slot, or nil where it holds.
  func unmet(
    _ slot: TraceSlot?, _ name: SlotName, _ comparison: Comparison, _ number: UInt64,
    _ view: PoolView
  ) -> String? {
    guard let slot, slot.state == .holds else { return "slot \(name) holds no allocation" }
    guard let value = value(of: slot, view) else { return absence(name) }
    return comparison.holds(value, number)
      ? nil
      : "\(rawValue) of \(name) is \(text(value)), not \(comparison.rawValue) \(text(number))"
  }

  private func absence(_ name: SlotName) -> String {
    self == .processOffset
      ? "the block of slot \(name) names no process" : "slot \(name) holds no small block"
  }

  private func text(_ value: UInt64) -> String {
    self == .storedType || self == .storedTag ? "0x" + String(value, radix: 16) : "\(value)"
  }

  private func value(of slot: TraceSlot, _ view: PoolView) -> UInt64? {
    let profile = view.profile
    let isSmall = slot.address & (profile.pageBytes &- 1) != 0
    let header = slot.address &- UInt64(profile.header.bytes)
    if self == .alignment { return slot.address & (0 &- slot.address) }
    guard isSmall else {
      guard self == .usableBytes else { return nil }
      let page = profile.pageBytes
      let rest = slot.bytes % page
      return slot.bytes &- rest &+ (rest > 0 || slot.bytes == 0 ? page : 0)
    }
    guard let word = view.word32(header) else { return nil }
    let blockBytes = UInt64(profile.header.blockSize.get(word)) &* profile.unitBytes
    switch self {
    case .alignment: return nil
    case .storedType: return UInt64(profile.header.poolType.get(word))
    case .storedTag: return view.word32(header &+ 4).map(UInt64.init)
    case .usableBytes: return blockBytes &- UInt64(profile.header.bytes)
    case .processOffset:
      let process = view.variables.process
      let mask = UInt64.max >> (64 - 8 * profile.wordBytes)
      let expected =
        profile.quotaPointer.isHidden
        ? (process ^ view.variables.quotaCookie ^ header) & mask : process
      return stride(from: 0, to: blockBytes, by: Int(profile.wordBytes)).first {
        view.pointer(header &+ $0) == expected
      }
    }
  }
}
