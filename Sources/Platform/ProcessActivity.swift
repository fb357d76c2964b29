#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What another process does at a moment: enough to tell one that hangs from one that nobody lets run.
///
/// Time on the wall says neither: on a loaded machine a healthy process may stand still for seconds.
public struct ProcessActivity: Sendable, Hashable {
  /// Processor time that it has used so far, in seconds, to some hundredths.
  public let processorSeconds: Double
  /// Whether one of its threads runs, would if a processor were free, or waits for a disk.
  public let isBusy: Bool

  /// What is seen of a process.
  public init(processorSeconds: Double, isBusy: Bool) {
    (self.processorSeconds, self.isBusy) = (processorSeconds, isBusy)
  }

  /// What process `number` does; nil where there is none, or where the system does not tell (Linux does).
  public init?(of number: Int32) {
    guard number > 0, let text = Machine.firstBytes(of: "/proc/\(number)/stat"),
      let whole = Self.reading(text)
    else { return nil }
    processorSeconds = Double(whole.ticks) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    isBusy = Files.threadNames(of: number).contains { thread in
      // A thread may end while it is looked at.
      let text = Machine.firstBytes(of: "/proc/\(number)/task/\(thread)/stat")
      return text.flatMap(Self.reading)?.isBusy ?? false
    }
  }

  /// Of `NUMBER (NAME) STATE ...`: the state, and the ticks in the fields 14 and 15. A name may have blanks
  /// and brackets.
  private static func reading(_ text: String) -> (ticks: UInt64, isBusy: Bool)? {
    guard let bracket = text.lastIndex(of: ")") else { return nil }
    let fields = text[bracket...].dropFirst().split(separator: " ")
    guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else {
      return nil
    }
    return (user &+ system, fields[0] == "R" || fields[0] == "D")
  }
}
