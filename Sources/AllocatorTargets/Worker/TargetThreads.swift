import Platform

/// The threads that call an allocator under test: the runner's own is number 0, others begin where a trace
/// names them first. One runs at a time.
struct TargetThreads {
  /// The most threads, the runner's own counted.
  static let mostThreads = 8
  /// Who makes the next call.
  private(set) var current = 0
  private let threads: UnsafeMutablePointer<RelayThread?>

  /// Nil where the system has no memory for the table.
  init?() {
    let bytes = MemoryLayout<RelayThread?>.stride * Self.mostThreads
    guard let memory = HostMemory.reserve(bytes) else { return nil }
    threads = memory.bindMemory(to: RelayThread?.self, capacity: Self.mostThreads)
    threads.initialize(repeating: nil, count: Self.mostThreads)
  }

  /// Whether it is the runner's own thread that makes the next call.
  var isFirst: Bool { current == 0 }

  /// Lets a thread make the calls that follow; false where the system refuses one.
  mutating func change(to number: UInt64) -> Bool {
    let number = Int(number)
    if number > 0, threads[number] == nil {
      guard let thread = RelayThread() else { return false }
      threads[number] = thread
    }
    current = number
    return true
  }

  /// Ends a thread, if there is one of this number; whoever it was, the first one goes on.
  mutating func end(_ number: UInt64) -> Bool {
    let number = Int(number)
    guard number > 0, let thread = threads[number] else { return false }
    if current == number { current = 0 }
    threads[number] = nil
    thread.end()
    return true
  }

  /// Ends all but the first.
  mutating func endAll() {
    for number in 1..<Self.mostThreads { _ = end(UInt64(number)) }
  }

  /// Has the current thread do something, and waits until it is done.
  func run(_ context: UnsafeMutableRawPointer, _ work: RelayThread.Work) {
    if let thread = threads[current] { thread.run(context, work) } else { work(context) }
  }
}
