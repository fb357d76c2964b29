/// How an allocator is put under test.
public struct TargetSettings: Sendable, Hashable {
  /// The shared library, or `malloc` for the system's own.
  public var library: String
  /// Text that the library gets when an allocator is created.
  public var option = ""
  /// Seconds after which a trace counts as one that hangs.
  public var timeoutSeconds = 5.0
  /// Resident bytes of the worker above which an allocator counts as growing without bound.
  public var memoryLimitBytes: UInt64 = 512 << 20
  /// Bytes of address space that the worker may use; 0 is no limit.
  public var addressSpaceBytes: UInt64 = 64 << 30
  /// The most operations of a trace.
  public var operationLimit = 8192

  /// The usual settings for a library.
  public init(library: String) { self.library = library }
}

/// Why an allocator cannot be put under test at all.
public struct TargetError: Error, Equatable, Sendable {
  /// What is wrong, with the library's name.
  public let message: String
}
