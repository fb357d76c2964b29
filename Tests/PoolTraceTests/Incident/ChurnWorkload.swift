import PoolTestSupport
import PropertyTesting

/// The workload of `churn.trace` and `remedy.trace`: a driver's contiguous buffers that come and go
/// among small blocks of mixed lifetimes.
///
/// It runs in steps. In each, first whatever is due is freed; then the driver asks for buffers, at
/// most two in busy spells, one in quiet ones; then one to three small blocks and perhaps one of
/// middle size arrive. Seven small blocks in ten live for up to 20 steps, a quarter for up to 400,
/// the rest stay. After the last step the load passes: everything but those that stay is freed.
struct ChurnWorkload {
  /// One request of the workload: what it is for, its tag and its bytes.
  private typealias Kind = (tag: String, bytes: UInt64)

  private static let steps = 600
  private static let spellSteps = 150
  private static let smallKinds: [Kind] = [
    ("ReEv", 16), ("MFE0", 16), ("Even", 48), ("Ntfr", 56), ("File", 152), ("'Irp '", 256),
    ("'Io  '", 88), ("'Mdl '", 224),
  ]
  /// The sizes of the holes in the story's three pages, less headers.
  private static let middleKinds: [Kind] = [
    ("NtFs", 0x5C0), ("'Irp '", 0x780), ("MFE0", 0x998), ("'Io  '", 0x858), ("NDpp", 0xA18),
    ("Ntfr", 0x640),
  ]

  private let bufferBytes: UInt64
  private var random: SplitMix64
  private var due: [Int: [String]] = [:]
  private var names: [String: Int] = [:]
  private var lines: [String] = []
  /// How many lines there are before the load passes.
  private(set) var loadLines = 0

  /// The lines of the trace without comments, configuration and expectations.
  static func operations(seed: UInt64, bufferBytes: UInt64) -> (lines: [String], loadLines: Int) {
    var workload = ChurnWorkload(bufferBytes: bufferBytes, seed: seed)
    for step in 0..<steps { workload.run(step) }
    workload.loadLines = workload.lines.count
    for step in workload.due.keys.sorted() { workload.free(step) }
    return (workload.lines, workload.loadLines)
  }

  private init(bufferBytes: UInt64, seed: UInt64) {
    self.bufferBytes = bufferBytes
    random = SplitMix64(seed: seed)
  }

  private mutating func run(_ step: Int) {
    free(step)
    let isBusy = step / Self.spellSteps % 2 == 0
    for _ in 0..<(isBusy ? 2 : 1) where below(100) < 60 {
      let name = name("buffer")
      lines.append("contiguous \(name) 0x\(String(bufferBytes, radix: 16))")
      schedule(name, at: step + 1 + below(isBusy ? 150 : 8))
    }
    for _ in 0..<(1 + below(3)) { addSmall(step) }
    if below(100) < 40 {
      let name = allocate("middle", Self.middleKinds)
      schedule(name, at: step + 1 + below(60))
    }
  }

  private mutating func addSmall(_ step: Int) {
    let name = allocate("small", Self.smallKinds)
    switch below(100) {
    case ..<70: schedule(name, at: step + 1 + below(20))
    case ..<95: schedule(name, at: step + 1 + below(400))
    default: break
    }
  }

  private mutating func allocate(_ word: String, _ kinds: [Kind]) -> String {
    let name = name(word)
    let kind = kinds[below(kinds.count)]
    lines.append("alloc \(name) NonPaged \(kind.bytes) \(kind.tag)")
    return name
  }

  private mutating func free(_ step: Int) {
    for name in due.removeValue(forKey: step) ?? [] { lines.append("free \(name)") }
  }

  private mutating func schedule(_ name: String, at step: Int) {
    due[step, default: []].append(name)
  }

  private mutating func name(_ word: String) -> String {
    names[word, default: 0] += 1
    return "\(word)\(names[word, default: 0])"
  }

  private mutating func below(_ limit: Int) -> Int { Int(random.next(below: UInt64(limit))) }
}
