import Platform

/// The executable as a worker: loads the library, then keeps one child that runs traces, and starts
/// another whenever it dies.
///
/// The division of labour. The *keeper* loads the library and never calls it; so it stays whole. Its
/// child, the *runner*, is a copy of it (`fork`), runs traces until the allocator ends it, and costs a
/// fraction of a millisecond to replace. Both speak with the parent over two pipes, a byte a word:
///
/// | from   | to     | bytes               | meaning                                  |
/// |--------|--------|---------------------|------------------------------------------|
/// | keeper | parent | `H`                 | the library is loaded                     |
/// | keeper | parent | `E`                 | it is not; the reason is the message      |
/// | keeper | parent | `F` and four bytes  | a runner of that process number is ready  |
/// | parent | runner | `R`                 | run the trace in the shared area          |
/// | parent | runner | `B`                 | run the traces of the batch in it         |
/// | runner | parent | `D`                 | it was run, or they were                  |
/// | keeper | parent | `X` and four bytes  | the runner has died with that wait status |
///
/// Before `H` the keeper writes down what the library can do and promises. A closed pipe ends both: a runner that does not come to read it
/// looks at it every ten seconds, and ends should the parent be gone.
public enum TargetWorker {
  /// The word behind the program's name that makes it a worker.
  public static let word = "target-worker"

  /// Descriptors that the parent leaves open.
  static let areaDescriptor: Int32 = 3
  static let commandDescriptor: Int32 = 4
  static let responseDescriptor: Int32 = 5

  /// Runs as a worker: LIBRARY CAPACITY OPTION. Returns the exit code.
  public static func main(_ words: [String]) -> Int32 {
    guard words.count == 3, let capacity = Int(words[1]),
      let area = SharedArea(descriptor: areaDescriptor, capacity: capacity)
    else { return 2 }
    let library: TargetLibrary
    do throws(TargetLibrary.Failure) {
      library = try TargetLibrary.load(words[0])
    } catch {
      say(error.message, area)
      send(0x45)
      return 4
    }
    area.setCapabilities(library.capabilities)
    GuardedMemory.prepareGarbage()
    send(0x48)
    return keep(Runner(library: library, area: area, option: words[2]))
  }

  /// What a runner needs.
  private struct Runner {
    let library: TargetLibrary
    let area: SharedArea
    let option: String
  }

  // MARK: The keeper

  private static let commands = PipeEnd(descriptor: commandDescriptor)
  private static let responses = PipeEnd(descriptor: responseDescriptor)

  private static func keep(_ runner: Runner) -> Int32 {
    while true {
      guard let child = Processes.fork() else { return 4 }
      if child == 0 { run(runner) }
      send(0x46, child)
      let status = Processes.wait(for: child)
      if commands.isClosed { return 0 }
      send(0x58, status)
    }
  }

  private static func send(_ word: UInt8, _ number: Int32? = nil) {
    responses.write(word, number)
  }

  private static func say(_ message: String, _ area: SharedArea) {
    let bytes = Array(message.utf8.prefix(SharedArea.messageBytes - 1)) + [0]
    for (index, byte) in bytes.enumerated() { area.message[index] = CChar(bitPattern: byte) }
  }

  // MARK: The runner

  private static func run(_ runner: Runner) -> Never {
    Processes.limit(fileBytes: 1 << 24, addressSpaceBytes: 0)
    Processes.endWhenUnread(responses, everySeconds: 10)
    CrashRecord.install(at: runner.area.crash)
    runner.option.withCString { option in
      guard var executor = TraceExecutor(runner.library, runner.area, option: option) else {
        Processes.endNow(4)
      }
      while let word = commands.readWord() {
        if word == 0x42 { executor.runBatch() } else { executor.run() }
        send(0x44)
      }
    }
    Processes.endNow(0)
  }
}
