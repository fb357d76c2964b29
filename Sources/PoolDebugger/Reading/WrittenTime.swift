/// Dates with a time of day as scripts and shells write them, in seconds of the common calendar.
enum WrittenTime {
  /// The first one in a line: `2026-11-29 18:05:12`, `2026-11-29T18:05`, `20261129-180512` or
  /// `11/29/2026 6:05:12 PM`. Nil where there is none.
  static func find(_ bytes: [UInt8]) -> Double? {
    guard bytes.count <= 512 else { return nil }
    for start in bytes.indices where isDigit(bytes[start]) {
      if start > 0, isDigit(bytes[start - 1]) { continue }
      let scanner = ByteScanner(bytes, at: start)
      if let time = international(scanner) ?? american(scanner) ?? compact(scanner) { return time }
    }
    return nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func international(_ line: ByteScanner) -> Double? {
    var scanner = line
    guard let year = scanner.decimal(), (1990...2200).contains(year), scanner.skip(0x2D),
      let month = scanner.decimal(), scanner.skip(0x2D), let day = scanner.decimal(),
      scanner.skip(0x54) || scanner.skip(0x20) || scanner.skip(0x5F)
    else { return nil }
    return clock(&scanner).flatMap { seconds(year, month, day, $0) }
  }

  private static func american(_ line: ByteScanner) -> Double? {
    var scanner = line
    guard let month = scanner.decimal(), scanner.skip(0x2F), let day = scanner.decimal(),
      scanner.skip(0x2F), let year = scanner.decimal(), (1990...2200).contains(year),
      scanner.skip(0x2C) || scanner.next == 0x20
    else { return nil }
    scanner.skipBlanks()
    guard var time = clock(&scanner) else { return nil }
    scanner.skipBlanks()
    if scanner.skip("PM"), time < 43_200 { time += 43_200 }
    if scanner.skip("AM"), time >= 43_200 { time -= 43_200 }
    return seconds(year, month, day, time)
  }

  private static func compact(_ line: ByteScanner) -> Double? {
    var scanner = line
    guard let date = scanner.decimal(), (19_900_101...22_001_231).contains(date),
      scanner.skip(0x2D) || scanner.skip(0x5F) || scanner.skip(0x54)
    else { return nil }
    let start = scanner.position
    guard let time = scanner.decimal(), [4, 6].contains(scanner.position - start) else {
      return nil
    }
    let clock = scanner.position - start == 4 ? time * 100 : time
    guard clock < 240_000, clock / 100 % 100 < 60, clock % 100 < 60 else { return nil }
    let seconds = clock / 10_000 * 3_600 + clock / 100 % 100 * 60 + clock % 100
    return Self.seconds(date / 10_000, date / 100 % 100, date % 100, seconds)
  }

  /// Seconds since midnight: `18:05` or `18:05:12`, with a hyphen too as file names have it.
  private static func clock(_ scanner: inout ByteScanner) -> UInt64? {
    guard let hour = scanner.decimal(), hour < 24, scanner.skip(0x3A) || scanner.skip(0x2D),
      let minute = scanner.decimal(), minute < 60
    else { return nil }
    var second: UInt64 = 0
    if scanner.skip(0x3A) || scanner.skip(0x2D) {
      guard let value = scanner.decimal(), value < 62 else { return nil }
      second = value
    }
    return hour * 3_600 + minute * 60 + second
  }

  /// Days of the proleptic Gregorian calendar, then seconds.
  private static func seconds(
    _ year: UInt64, _ month: UInt64, _ day: UInt64, _ time: UInt64
  ) -> Double? {
    guard (1...12).contains(month), (1...31).contains(day) else { return nil }
    let shifted = month > 2 ? year : year - 1
    let monthOfYear = month > 2 ? month - 3 : month + 9
    let days =
      365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * monthOfYear + 2) / 5
      + day
    return Double(days * 86_400 + time)
  }
}
