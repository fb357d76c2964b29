#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// What the system answered: which path it was about, and why it did not do it.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The path, or a name such as "standard output".
  public let path: String
  /// The system's error number (`errno`).
  public let number: Int32

  /// An error about a path.
  public init(path: String, number: Int32) {
    self.path = path
    self.number = number
  }

  /// Nothing is there.
  public static func absence(of path: String) -> SystemError {
    SystemError(path: path, number: ENOENT)
  }

  /// The error that the last call left in `errno`.
  static func last(_ path: String) -> SystemError { SystemError(path: path, number: errno) }

  /// `path: reason`, both without bytes that would steer a terminal.
  public var message: String { "\(PrintableText.escaped(path)): \(Self.reason(number))" }

  /// The same as ``message``.
  public var description: String { message }

  /// Whether nothing is there. No other error says that: what cannot be looked at may be there.
  public var isAbsence: Bool { number == ENOENT }

  /// The reader of a pipe has gone.
  public var isClosedPipe: Bool { number == EPIPE }

  /// What an error number means, in the system's words.
  public static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
}

/// A fault that is made on purpose: the tests' way to see what becomes of every call that can fail.
///
/// The calls of this module are counted, from 1, in the order in which the process makes them. The
/// variable `POOLFUZZ_FAULT` says which of them fails and how: `17:ENOSPC` fails the 17th once,
/// `17+:EIO` that and all that follow, `17:short` lets it write or read one byte only. `count` fails
/// none and says at the end of the process how many there were.
public struct PlannedFault: Sendable, Equatable {
  /// How a call fails.
  public enum Kind: Sendable, Equatable {
    /// With this error number.
    case error(Int32)
    /// A read or a write of one byte.
    case short
  }

  /// The first call that fails, from 1.
  public var call: UInt64
  /// Whether all later ones fail as well.
  public var isLasting: Bool
  /// How it fails.
  public var kind: Kind

  /// The variable of the environment.
  static let variable = "POOLFUZZ_FAULT"

  /// Whether the calls are only counted.
  static var isCounting: Bool { Machine.environment(variable) == "count" }

  private static let names: [String: Int32] = [
    "ENOSPC": ENOSPC, "EIO": EIO, "EACCES": EACCES, "EINTR": EINTR, "EROFS": EROFS,
    "EMFILE": EMFILE, "EDQUOT": EDQUOT,
  ]

  /// Reads the text of the variable; nil where it is none.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    isLasting = parts[0].hasSuffix("+")
    guard let call = UInt64(isLasting ? parts[0].dropLast() : parts[0]), call > 0 else {
      return nil
    }
    self.call = call
    if parts[1] == "short" {
      kind = .short
    } else if let number = Self.names[String(parts[1])], !isLasting || number != EINTR {
      // A call that is interrupted for good would be made for good.
      kind = .error(number)
    } else {
      return nil
    }
  }

  /// Whether it befalls the call of that number.
  func befalls(_ call: UInt64) -> Bool { call == self.call || isLasting && call > self.call }
}

/// Every call that can fail goes through here: counted, and failed where that was planned.
enum SystemCall {
  private static let count = Atomic<UInt64>(0)

  /// The fault of this process, read once.
  private static let fault: PlannedFault? = Machine.environment(PlannedFault.variable).flatMap {
    PlannedFault($0)
  }

  /// The calls so far.
  static var made: UInt64 { count.load(ordering: .relaxed) }

  /// The fault that befalls the next call; nil where it may go on.
  private static func next() -> PlannedFault.Kind? {
    let number = count.add(1, ordering: .relaxed).newValue
    guard let fault, fault.befalls(number) else { return nil }
    return fault.kind
  }

  /// A call whose answer below zero is a failure that `errno` explains; one that was interrupted is
  /// made again.
  static func run(_ path: String, _ body: () -> Int32) throws(SystemError) -> Int32 {
    while true {
      if case .error(let number) = next() {
        if number == EINTR { continue }
        throw SystemError(path: path, number: number)
      }
      let answer = body()
      if answer >= 0 { return answer }
      if errno != EINTR { throw .last(path) }
    }
  }

  /// A read or a write of at most `byteCount` bytes; the answer is how many there were.
  static func transfer(
    _ path: String, _ byteCount: Int, _ body: (Int) -> Int
  ) throws(SystemError) -> Int {
    while true {
      var wanted = byteCount
      switch next() {
      case .error(EINTR): continue
      case .error(let number): throw SystemError(path: path, number: number)
      case .short: wanted = min(1, byteCount)
      case nil: break
      }
      let count = body(wanted)
      if count >= 0 { return count }
      if errno != EINTR { throw .last(path) }
    }
  }
}
