import PoolDebugger
import PoolTrace

/// Fuzzes the importers of recorded traces. The first byte chooses the format; the rest is the
/// recording.
///
/// Their laws: no text crashes them; what they write is in the trace language; and it is a sound
/// story: a slot is filled only while it is empty and freed only while it holds something.
public final class ImportHarness: FuzzHarness {
  private let isPlanted: Bool

  /// A harness; planted, every second free is lost on its way out.
  public init(isPlanted: Bool = false) { self.isPlanted = isPlanted }

  /// The format that a first byte chooses.
  public static func format(_ byte: UInt8) -> RecordedFormat {
    RecordedFormat.allCases[Int(byte) % RecordedFormat.allCases.count]
  }

  /// Runs an input.
  public func run(_ bytes: UnsafeRawBufferPointer) -> FuzzFinding? {
    guard let first = bytes.first else { return nil }
    let format = Self.format(first)
    let written = converted(Array(bytes.dropFirst()), format)
    let text = String(decoding: written, as: UTF8.self)
    let operations: [Operation]
    do throws(TraceError) {
      operations = try TraceParser.operations(in: .bytes(written))
    } catch {
      return FuzzFinding(
        rule: "import.\(format.rawValue).language", text: error.description(file: "output"),
        trace: text)
    }
    var live: Set<SlotName> = []
    for (index, operation) in operations.enumerated() {
      var isSound = true
      switch operation {
      case .alloc(let name, _, _, _): isSound = live.insert(name).inserted
      case .free(let name, _): isSound = live.remove(name) != nil
      default: break
      }
      guard isSound else {
        return FuzzFinding(
          rule: "import.\(format.rawValue).slots",
          text: "operation \(index + 1) fills a slot that is full or frees an empty one",
          trace: text)
      }
    }
    return nil
  }

  private func converted(_ recording: [UInt8], _ format: RecordedFormat) -> [UInt8] {
    var importer = TraceImporter(format: format, options: ImportOptions())
    var splitter = LineSplitter()
    var written: [UInt8] = []
    var frees = 0
    func write(_ line: [UInt8]) {
      if line.starts(with: "free".utf8) {
        frees += 1
        if isPlanted, frees % 2 == 0 { return }
      }
      written += line
      written.append(0x0A)
    }
    splitter.push(recording) { importer.read(line: $0, sink: write) }
    splitter.finish { importer.read(line: $0, sink: write) }
    _ = importer.finish(sink: write)
    return written
  }
}
