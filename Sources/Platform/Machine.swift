#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the machine and this process are and have.
public enum Machine {
  /// A variable of the environment; nil where it is not set.
  public static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// The whole environment, a `NAME=VALUE` each.
  public static var environment: [String] {
    var lines: [String] = []
    var place = environ
    while let line = place.pointee {
      lines.append(String(cString: line))
      place += 1
    }
    return lines
  }

  /// Processors that are at work, at least 1.
  public static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Bytes of a page of memory.
  public static var pageBytes: UInt64 { UInt64(max(1, sysconf(Int32(_SC_PAGESIZE)))) }

  /// The name of the machine in its network.
  public static var hostName: String {
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "host" }
    return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The number of this process.
  public static var processNumber: Int32 { getpid() }

  /// When this process began, in the system's ticks; 0 where it does not say.
  static let processStart: UInt64 = startOfProcess(getpid()) ?? 0

  /// When a process began, in the system's ticks since the machine did; nil where there is none, 0
  /// where the system does not say. Numbers are given out again, a number with its start is not.
  static func startOfProcess(_ number: Int32) -> UInt64? {
    guard number > 0, kill(number, 0) == 0 || errno == EPERM else { return nil }
    // The name in the second field may hold blanks and brackets: count from its end.
    guard let text = firstBytes(of: "/proc/\(number)/stat"), let end = text.lastIndex(of: ")")
    else { return 0 }
    let fields = text[text.index(after: end)...].split(separator: " ")
    return fields.count > 19 ? UInt64(fields[19]) ?? 0 : 0
  }

  /// Bytes of this process that are in memory now; nil where the system does not tell.
  public static func residentBytes() -> UInt64? {
    guard let text = firstBytes(of: "/proc/self/statm") else { return nil }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = UInt64(fields[1]) else { return nil }
    return pages * pageBytes
  }

  /// Most bytes that were ever resident; 0 where the system does not say.
  public static var peakResidentBytes: UInt64 {
    var usage = rusage()
    // 0 is RUSAGE_SELF, whose type differs from system to system.
    guard getrusage(0, &usage) == 0 else { return 0 }
    #if canImport(Darwin)
      return UInt64(usage.ru_maxrss)
    #else
      return UInt64(usage.ru_maxrss) << 10
    #endif
  }

  /// Bytes that the machine could give a process now; nil where the system does not tell.
  public static func availableBytes() -> UInt64? {
    guard let text = firstBytes(of: "/proc/meminfo") else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
      return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 * 1024 }
    }
    return nil
  }

  /// The file of this program; nil where the system does not say.
  public static func executablePath() -> String? {
    var bytes = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Sleeps.
  public static func sleep(seconds: Double) {
    guard seconds > 0 else { return }
    let whole = min(seconds, 86_400)
    var time = timespec(
      tv_sec: Int(whole), tv_nsec: Int((whole - whole.rounded(.down)) * 1e9))
    var left = timespec()
    while nanosleep(&time, &left) != 0, errno == EINTR, !Interruption.isRequested { time = left }
  }

  /// What a file of the system says in its first 4 KiB. Such files are no files of the user's: they
  /// are not counted among the calls that can be made to fail.
  static func firstBytes(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }
}
