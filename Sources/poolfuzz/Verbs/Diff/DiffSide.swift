import KernelPool
import PoolDebugger
import PoolTrace

/// One of the two machines that a trace is compared on.
struct DiffSide: ~Copyable {
  private var replayer: Replayer
  private let addresses: AddressPrinter

  /// Boots the machine.
  init(_ configuration: TraceConfiguration, path: String) throws(CommandFailure) {
    do {
      replayer = try Replayer.boot(configuration)
    } catch {
      throw CommandFailure(
        message: "\(path): \(configuration.pool.profile.name): \(error.message)", code: .badInput)
    }
    addresses = AddressPrinter(replayer.pool.view)
  }

  /// The profile's name.
  var name: String { replayer.configuration.pool.profile.name }

  /// True once the kernel has stopped.
  var hasStopped: Bool { replayer.pool.halted != nil }

  /// Runs an operation. Addresses in the answer are relative to their regions, since every version
  /// has its regions elsewhere.
  mutating func answer(_ operation: PoolTrace.Operation) -> Answer {
    let place = place(of: operation)
    let result = replayer.step(operation)
    if case .allocated(let address) = result {
      return Answer(text: result.text(addresses), place: address)
    }
    return Answer(text: result.text(addresses), place: place)
  }

  /// What `!pool` prints for the page of an answer.
  func page(of answer: Answer) -> [String] {
    guard let place = answer.place else { return ["no page"] }
    let text = PoolPagePrinter(replayer.pool.view).text(for: place)
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  /// The address that an operation works on, before it does.
  private func place(of operation: PoolTrace.Operation) -> Address? {
    switch operation {
    case .free(let name, _), .fill(let name):
      replayer.resolve(.slot(name, offset: 0))
    case .write(let name, let offset, _):
      replayer.resolve(.slot(name, offset: offset))
    case .freeAt(let expression, _), .writeAt(let expression, _):
      replayer.resolve(expression)
    case .config, .alloc, .contiguous, .processor, .tick, .interruptLevel, .dump, .expect: nil
    }
  }

  /// What one operation came to.
  struct Answer {
    /// In words.
    var text: String
    /// An address on the page that it is about, if any.
    var place: Address?
  }
}
