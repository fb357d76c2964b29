import KernelPool

/// Something that a page's chain of headers does not have when it is sound.
public struct ChainFault: Sendable, Equatable {
  /// Address of the header that is wrong.
  public let address: Address
  /// What is wrong with it.
  public let defect: Defect

  /// What can be wrong with a header.
  public enum Defect: Sendable, Equatable {
    /// The size is zero: there is no next block to go to.
    case zeroSize
    /// The block would end this many bytes behind the page.
    case pastPageEnd(byBytes: UInt64)
    /// The previous size does not tell the block before; both in bytes.
    case previousSize(expected: UInt64, found: UInt64)
    /// The header is not mapped.
    case unreadable

    /// True where a walk cannot go on.
    public var endsWalk: Bool {
      switch self {
      case .previousSize: false
      case .zeroSize, .pastPageEnd, .unreadable: true
      }
    }
  }
}
