import KernelPool

/// Prints addresses as results and state dumps do: relative to their region where they have one.
public struct AddressPrinter {
  private let view: PoolView

  /// A printer for the addresses of one pool.
  public init(_ view: PoolView) { self.view = view }

  /// `np+0x...`, `pg+0x...`, `ss+0x...`, `nplist:SIZE`, `pglist:SIZE` or `0x...`.
  public func text(_ address: Address) -> String {
    let profile = view.profile
    let shift = UInt64(profile.pageBytes.trailingZeroBitCount)
    let machine = view.configuration
    let nonPaged = machine.nonPagedRanges[0]
    if let text = relative("np", address, nonPaged.base, nonPaged.pages << shift) { return text }
    if let text = relative("pg", address, profile.pagedBase, machine.pagedPages << shift) {
      return text
    }
    if profile.hasSessionPool,
      let text = relative("ss", address, profile.sessionBase, machine.sessionPages << shift)
    {
      return text
    }
    return listHead(address) ?? "0x" + String(address, radix: 16)
  }

  private func relative(
    _ name: String, _ address: Address, _ base: Address, _ bytes: UInt64
  ) -> String? {
    let offset = address &- base
    return offset < bytes ? name + "+0x" + String(offset, radix: 16) : nil
  }

  private func listHead(_ address: Address) -> String? {
    let profile = view.profile
    let headBytes = profile.wordBytes * 2
    for root in view.descriptors {
      let offset = address &- root.listHeads
      guard offset < profile.unitsPerPage * headBytes else { continue }
      let name = root.kind.isPaged ? "pglist:" : "nplist:"
      let size = (offset / headBytes + 1) * profile.unitBytes
      let rest = offset % headBytes
      return name + String(size, radix: 16) + (rest == 0 ? "" : "+\(rest)")
    }
    return nil
  }
}

extension PoolTag {
  /// The tag as state dumps print it: quoted if it holds a blank, `0` for zero, `*` where a byte
  /// cannot be printed.
  public var dumpText: String {
    if word == 0 { return "0" }
    let (first, second, third, fourth) = bytes
    let characters = [first, second, third, fourth]
    guard characters.allSatisfy({ (0x20...0x7E).contains($0) }) else { return "*" }
    let text = String(decoding: characters, as: UTF8.self)
    return text.contains(" ") ? "'\(text)'" : text
  }
}
