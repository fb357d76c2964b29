import KernelPool
import PoolWalk

/// Prints what each operation of a replay came to: the text of `replay --state`, and of the golden
/// traces.
public struct Transcript {
  private let addresses: AddressPrinter
  private let view: PoolView
  private var dumps = 0

  /// A transcript of one pool's replay.
  public init(_ view: PoolView) {
    self.view = view
    addresses = AddressPrinter(view)
  }

  /// The lines that say what initialisation itself allocated.
  public var initialisation: [String] {
    let profile = view.profile
    let variables = view.variables
    func pages(_ bytes: UInt64) -> UInt64 {
      (bytes + profile.pageBytes - 1) / profile.pageBytes
    }
    let tags = KernelTable.tags.extent(in: view)
    let bigPages = KernelTable.bigPages.extent(in: view)
    let descriptorBytes = profile.descriptor.bytesWithLock
    var lines = [
      "# init bits=\(profile.wordBytes * 8) header=\(profile.header.bytes)"
        + " profile=\(profile.name)",
      "# init tracker \(addresses.text(tags.address)) pages=\(pages(tags.byteCount))"
        + " entries=\(variables.trackerRows)",
      "# init bigtable \(addresses.text(bigPages.address)) pages=\(pages(bigPages.byteCount))"
        + " entries=\(variables.bigTableEntries)",
    ]
    for root in view.descriptors where root.kind == .paged {
      lines.append(
        "# init pageddesc \(addresses.text(root.address)) pages=\(pages(descriptorBytes))"
          + " bytes=\(descriptorBytes) tag=Pool")
    }
    return lines
  }

  /// The lines of one operation; none where it has nothing to say.
  public mutating func lines(
    _ operation: Operation, _ result: StepResult, tags: Set<PoolTag>
  ) -> [String] {
    switch result {
    case .done: return []
    case .dump:
      dumps += 1
      return StateDump.lines(view, number: dumps, tags: tags)
    case .halted(let reason): return halt(reason, during: operation)
    case .raised(let status): return ["raise 0x" + String(status, radix: 16)]
    case .allocated(let address): return [subject(operation) + " -> " + addresses.text(address)]
    case .null: return [subject(operation) + " -> NULL"]
    case .freed: return [subject(operation) + " -> ok"]
    case .nothingToDo: return [subject(operation) + " -> null"]
    case .skipped: return [subject(operation) + " -> skipped"]
    }
  }

  private func subject(_ operation: Operation) -> String {
    switch operation {
    case .alloc(let name, _, _, _): "alloc \(name)"
    case .contiguous(let name, _, _): "contiguous \(name)"
    case .free(let name, _): "free \(name)"
    case .freeAt(let expression, _): "freeat \(expression)"
    case .write(let name, _, _): "write \(name)"
    case .writeAt(let expression, _): "writeat \(expression)"
    case .fill(let name): "fill \(name)"
    case .processor(let number): "cpu \(number)"
    case .interruptLevel(let level): "irql \(level)"
    case .target: TraceWriter.line(operation)
    case .config, .tick, .dump, .expect: "\(operation)"
    }
  }

  private func halt(_ reason: HaltReason, during operation: Operation) -> [String] {
    switch reason {
    case .hang: return ["hang"]
    case .nonCanonicalFault: return ["fault noncanonical"]
    case .fault(let address): return ["fault " + addresses.text(address)]
    case .bugCheck(let bugCheck):
      let (first, second, third, fourth) = bugCheck.parameters
      let rest = [second, third, fourth].map(addresses.text).joined(separator: " ")
      return [
        "bugcheck 0x" + String(bugCheck.code, radix: 16) + " " + addresses.text(first),
        "# parameters \(rest) during: \(subject(operation))",
      ]
    }
  }
}
