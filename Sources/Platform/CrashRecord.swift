#if canImport(Glibc)
  import Glibc
#endif

/// What this process was doing when a signal ended it, written by the process itself into memory that
/// others see: the address that was touched and the calls that led there.
///
/// Glibc only: elsewhere nothing is written.
public enum CrashRecord {
  /// Words that it takes, text included.
  public static let wordCount = 192
  /// Bytes of its text, behind the first 16 words.
  public static let textBytes = 1408

  /// The words: the signal's number, the address, how many calls, the address of each.
  private nonisolated(unsafe) static var place: UnsafeMutablePointer<UInt64>?
  private static let mostFrames = 12

  /// Writes down from now on what a fatal signal meets. `words` has room for `wordCount`.
  public static func install(at words: UnsafeMutablePointer<UInt64>) {
    #if canImport(Glibc)
      place = words
      prepare()
      _ = FatalSignals.enterThread()
      FatalSignals.take { number, info, _ in
        CrashRecord.write(number, info)
        // The instruction is run again, or `abort` goes on: this time the signal ends the process.
        signal(number, SIG_DFL)
      }
    #endif
  }

  #if canImport(Glibc)
    private typealias Backtrace =
      @convention(c) (UnsafeMutablePointer<UnsafeMutableRawPointer?>, Int32) -> Int32
    private typealias Lookup =
      @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int32
    private nonisolated(unsafe) static var backtrace: Backtrace?
    private nonisolated(unsafe) static var lookup: Lookup?
    private nonisolated(unsafe) static var frames: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    /// The answer of `dladdr`: a library's path and base, a symbol's name and address.
    private nonisolated(unsafe) static var answer: UnsafeMutableRawPointer?
    private nonisolated(unsafe) static var ownBase: UInt = 0

    /// Looks up what is needed, since a process that ends can no longer ask for memory.
    private static func prepare() {
      guard let memory = HostMemory.reserve(4096) else { return }
      frames = memory.bindMemory(to: UnsafeMutableRawPointer?.self, capacity: 64)
      answer = memory + 1024
      backtrace = dlsym(nil, "backtrace").map { unsafeBitCast($0, to: Backtrace.self) }
      lookup = dlsym(nil, "dladdr").map { unsafeBitCast($0, to: Lookup.self) }
      // The first call loads a library.
      if let frames { _ = backtrace?(frames, 2) }
      if let own = frames?[0], let answer, let lookup, lookup(own, answer) != 0 {
        ownBase = answer.load(fromByteOffset: 8, as: UInt.self)
      }
    }

    private static func write(_ number: Int32, _ info: UnsafeMutablePointer<siginfo_t>?) {
      guard let place else { return }
      let isAtAddress = number == SIGSEGV || number == SIGBUS
      let address = info?.pointee._sifields._sigfault.si_addr
      place[1] = isAtAddress ? UInt64(UInt(bitPattern: address)) : 0
      place[0] = UInt64(UInt32(bitPattern: number))
      guard let frames, let count = backtrace?(frames, 48) else { return }
      var written = 0
      var end = 0
      for index in 0..<Int(count) where written < mostFrames {
        guard let frame = frames[index], let answer, let lookup, lookup(frame, answer) != 0
        else { continue }
        let base = answer.load(fromByteOffset: 8, as: UInt.self)
        // Neither this program's own calls nor the return from a signal.
        let name = answer.load(fromByteOffset: 16, as: UnsafePointer<CChar>?.self)
        let isOwn = base == ownBase
        if isOwn || (written == 0 && name == nil && index < 4) { continue }
        end = append(answer, UInt(bitPattern: frame) &- base, name, end)
        written += 1
      }
      place[2] = UInt64(written)
    }

    /// Appends `LIBRARY+0xOFFSET NAME` and a line's end.
    private static func append(
      _ answer: UnsafeMutableRawPointer, _ offset: UInt, _ name: UnsafePointer<CChar>?,
      _ start: Int
    ) -> Int {
      guard let place else { return start }
      let text = UnsafeMutableRawPointer(place + 16).assumingMemoryBound(to: UInt8.self)
      var end = start
      func put(_ byte: UInt8) {
        guard end < textBytes - 1 else { return }
        text[end] = byte
        end += 1
      }
      if var path = answer.load(as: UnsafePointer<CChar>?.self) {
        var rest = path
        while rest.pointee != 0 {
          if rest.pointee == 0x2F { path = rest + 1 }
          rest += 1
        }
        while path.pointee != 0 {
          put(UInt8(bitPattern: path.pointee))
          path += 1
        }
      }
      put(0x2B)
      put(0x30)
      put(0x78)
      var shift = 60
      while shift > 0, offset >> UInt(shift) == 0 { shift -= 4 }
      while shift >= 0 {
        let digit = UInt8(truncatingIfNeeded: offset >> UInt(shift) & 15)
        put(digit < 10 ? 0x30 + digit : 0x57 + digit)
        shift -= 4
      }
      if var name {
        put(0x20)
        while name.pointee != 0 {
          put(UInt8(bitPattern: name.pointee))
          name += 1
        }
      }
      put(0x0A)
      text[end] = 0
      return end
    }
  #endif
}
