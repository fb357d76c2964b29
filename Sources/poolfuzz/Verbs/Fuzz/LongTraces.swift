import Platform
import PoolFuzzing
import Synchronization

/// The traces of a campaign that run long, on disk while they do: what ends the process from outside (KILL, a
/// machine without memory) leaves them there, and who goes on with the campaign can name them.
final class LongTraces: Sendable {
  private let store: FindingStore
  private let folder: String
  private let prefix: String
  /// From when on a trace is kept, in seconds.
  private let seconds: Double
  /// The numbers of those that this process keeps; nil from the end on.
  private let kept = Mutex<Set<UInt64>?>([])

  /// `base` is the path of the campaign's state without its extension, `limit` how many seconds a trace may take.
  init(_ store: FindingStore, base: String, limit: Double) {
    self.store = store
    folder = PathText.folder(of: base)
    prefix = PathText.name(of: base) + ".running-"
    seconds = min(limit / 100, 0.5)
  }

  /// Paths of what an earlier process was executing when it was ended.
  var left: [String] {
    let names = (try? Files.names(in: folder)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.sorted().map { "\(folder)/\($0)" }
  }

  /// Keeps those that have run long, and no longer what has ended.
  func see(_ runs: [RunningTraces.Run]) {
    kept.withLock { kept in
      guard let before = kept else { return }
      let long = runs.filter { $0.seconds > seconds }
      // Where the disk does not take it, nothing else depends on it.
      for run in long where !before.contains(run.number) {
        try? store.write(run.subject.trace.text(), to: path(run.number))
      }
      let now = Set(long.map(\.number))
      for number in before.subtracting(now) { try? Files.remove(path(number)) }
      kept = now
    }
  }

  /// The process ends by itself: nothing is kept any more, of earlier ones neither.
  func end() {
    kept.withLock { kept in
      kept = nil
      for path in left { try? Files.remove(path) }
    }
  }

  private func path(_ number: UInt64) -> String { "\(folder)/\(prefix)\(number).trace" }
}
