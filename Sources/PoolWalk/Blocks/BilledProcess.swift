import KernelPool

/// Where a block charged to a process keeps the process.
///
/// Sources: ReactOS `ExAllocatePoolWithQuotaTag` (last pointer of the block), Mandt 2011 (header
/// on x64), SSTIC 2020 (hidden with a cookie and the block's address on Windows 8).
enum BilledProcess {
  /// The process that pays for an allocated block, or zero where there is none.
  static func read(_ view: PoolView, _ header: BlockHeader) -> Address {
    let profile = view.profile
    guard profile.type(stored: header.storedType).contains(.quota) else { return 0 }
    switch profile.quotaPointer {
    case .lastSlot:
      let end = header.address &+ header.units &* profile.unitBytes
      return view.pointer(end &- profile.wordBytes) ?? 0
    case .processBilled:
      return billed(view, header) ?? 0
    case .processBilledEncoded:
      guard let hidden = billed(view, header), hidden != 0 else { return 0 }
      return hidden ^ view.variables.quotaCookie ^ header.address
    }
  }

  private static func billed(_ view: PoolView, _ header: BlockHeader) -> Address? {
    view.profile.header.processBilledOffset.flatMap {
      view.pointer(header.address &+ UInt64($0))
    }
  }
}
