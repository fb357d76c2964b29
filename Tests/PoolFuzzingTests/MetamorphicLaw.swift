import KernelPool
import PoolTrace
import PropertyTesting

@testable import PoolFuzzing

/// Changes of a trace that must not change what comes of it: oracles that need no second model.
///
/// A law gives a changed trace; both are run without other oracles, and their answers must agree
/// once the change is taken out of them.
enum MetamorphicLaw: String, Sendable, CaseIterable {
  /// The same trace again.
  case replay
  /// Slots of other names.
  case slotNames = "slot-names"
  /// Tags permuted among themselves.
  case tagPermutation = "tag-permutation"
  /// Nonpaged and paged pool one MiB higher.
  case shiftedBase = "shifted-base"
  /// Blocks are not filled.
  case noFill = "no-fill"

  /// What a shifted base is shifted by, in bytes.
  static let shiftBytes: UInt64 = 0x10_0000

  /// The failure that a trace shows under the law, or nil; nil too where the law does not apply.
  func breach(of trace: PoolFuzzTrace) -> String? {
    guard let changed = changed(trace) else { return nil }
    let before = Answers(trace)
    let after = Answers(changed)
    // Where large allocations lie decides when their table grows.
    guard self != .shiftedBase || !before.resizesTable else { return nil }
    if before.lines == after.lines { return nil }
    let index = zip(before.lines, after.lines).prefix { $0 == $1 }.count
    return "\(rawValue): operation \(index) answers differently"
  }

  private func changed(_ trace: PoolFuzzTrace) -> PoolFuzzTrace? {
    var changed = trace
    switch self {
    case .replay: break
    case .slotNames:
      changed.operations = trace.operations.map { operation in
        operation.renamingSlots { Slot(($0.number * 7 + 3) % Slot.limit) }
      }
    case .tagPermutation:
      changed.operations = trace.operations.map { $0.withTags { Self.permuted($0) } }
    case .shiftedBase:
      guard !trace.operations.contains(where: \.namesAnAddress) else { return nil }
      changed.configuration.configuration.pool.profile.nonPagedBase &+= Self.shiftBytes
      changed.configuration.configuration.pool.profile.pagedBase &+= Self.shiftBytes
      guard changed.configuration.configuration.problem == nil else { return nil }
    case .noFill: changed.configuration.configuration.fill = .off
    }
    return changed
  }

  /// Swaps tags whose last digits are a pair; a permutation that is its own inverse.
  private static func permuted(_ tag: PoolTag) -> PoolTag {
    guard tag.word & 0xFFFF == 0x6154 else { return tag }
    return PoolTag(word: tag.word ^ 0x0100_0000)
  }
}

/// What came of each operation, addresses relative to their region.
private struct Answers {
  var lines: [String] = []
  var resizesTable = false

  init(_ trace: PoolFuzzTrace) {
    let configuration = trace.configuration.configuration
    do throws(ConfigurationError) {
      var replayer = try Replayer.boot(configuration, mutant: trace.configuration.mutant)
      for operation in trace.operations {
        let result = replayer.step(operation.operation)
        lines.append(Self.text(result, configuration.pool))
        if case .halted = result { break }
      }
      resizesTable =
        !replayer.pool.mechanisms.isDisjoint(with: [.tableGrown, .tableShrunk, .tableOverflow])
    } catch {
      lines = ["cannot be booted"]
    }
  }

  private static func text(_ result: StepResult, _ pool: PoolConfiguration) -> String {
    switch result {
    case .allocated(let address):
      let profile = pool.profile
      let page = profile.pageBytes
      let inNonPaged = address &- profile.nonPagedBase
      if inNonPaged < pool.nonPagedLimit &* page { return "np+\(inNonPaged)" }
      let inPaged = address &- profile.pagedBase
      return inPaged < pool.pagedPages &* page ? "pg+\(inPaged)" : "\(address)"
    case .halted(.bugCheck(let bugCheck)): return "bug check \(bugCheck.code)"
    case .halted: return "halted"
    default: return "\(result)"
    }
  }
}

extension PoolOperation {
  /// The same operation with its tag, if it has one, replaced.
  func withTags(_ replace: (PoolTag) -> PoolTag) -> PoolOperation {
    switch operation {
    case .alloc(let name, let type, let bytes, let tag):
      PoolOperation(normal: .alloc(name, type, bytes: bytes, tag: replace(tag)))
    case .free(let name, let tag?): PoolOperation(normal: .free(name, tag: replace(tag)))
    case .freeAt(let place, let tag?): PoolOperation(normal: .freeAt(place, tag: replace(tag)))
    default: self
    }
  }

  /// Whether it names an address that is no slot's.
  var namesAnAddress: Bool {
    switch operation {
    case .freeAt(.slot, _), .writeAt(.slot, _): false
    case .freeAt, .writeAt: true
    default: false
    }
  }
}
