import PoolTrace

/// The kinds of operations, simplest first: the order is the shrinker's.
public enum PoolOperationKind: Int, Sendable, CaseIterable {
  /// `free`.
  case free
  /// `alloc`.
  case alloc
  /// `contiguous`.
  case contiguous
  /// `fill`.
  case fill
  /// `write`.
  case write
  /// `freeat`.
  case freeAt
  /// `writeat`.
  case writeAt
  /// `cpu`.
  case processor
  /// `tick`.
  case tick
  /// `irql`.
  case interruptLevel

  /// The kind of an operation; what only a replay understands counts as the last.
  public init(_ operation: PoolTrace.Operation) {
    switch operation {
    case .free: self = .free
    case .alloc: self = .alloc
    case .contiguous: self = .contiguous
    case .fill: self = .fill
    case .write: self = .write
    case .freeAt: self = .freeAt
    case .writeAt: self = .writeAt
    case .processor: self = .processor
    case .tick: self = .tick
    case .interruptLevel, .config, .dump, .expect, .target: self = .interruptLevel
    }
  }

  /// The word of the trace language.
  public var word: String {
    switch self {
    case .free: "free"
    case .alloc: "alloc"
    case .contiguous: "contiguous"
    case .fill: "fill"
    case .write: "write"
    case .freeAt: "freeat"
    case .writeAt: "writeat"
    case .processor: "cpu"
    case .tick: "tick"
    case .interruptLevel: "irql"
    }
  }
}
