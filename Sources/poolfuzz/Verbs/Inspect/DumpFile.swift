import CrashDumps
import Platform

/// A dump file, read at any place.
final class DumpFile: DumpSource {
  private let file: OpenedFile
  let byteCount: UInt64

  init(path: String) throws(CommandFailure) {
    file = try answered { () throws(SystemError) in try OpenedFile(path: path) }
    do throws(SystemError) { byteCount = try file.byteCount() ?? 0 } catch {
      throw CommandFailure(error)
    }
  }

  func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
    guard count >= 0, UInt64(count) <= byteCount, offset <= byteCount - UInt64(count) else {
      return nil
    }
    var isWhole = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = (try? file.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)) ?? 0
      isWhole = filled == count
    }
    return isWhole ? bytes : nil
  }
}

/// Tells on standard error how far a long reading has come: after two seconds, then every two.
final class ReadingProgress {
  private let name: String
  private let streams: StandardStreams?
  private var readPages: UInt64 = 0
  private var next = ContinuousClock.now + .seconds(2)

  /// `streams` is nil where nothing is to be told.
  init(_ name: String, _ streams: StandardStreams?) {
    self.name = name
    self.streams = streams
  }

  /// So many pages more were read.
  func add(_ pages: UInt64) {
    readPages += pages
    guard let streams, readPages % 1024 < pages, ContinuousClock.now >= next else { return }
    next = ContinuousClock.now + .seconds(2)
    streams.remark("\(name): \(readPages >> 8) MiB of the kernel's memory read")
  }
}
