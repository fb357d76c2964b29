import PoolFuzzing
import PoolOracles
import PoolReport
import PropertyTesting

/// A minimal trace drawn step by step: each operation, what happens without it, and the pages that
/// it changed.
enum StepStrip {
  /// Lines for people.
  static func lines(_ trace: PoolFuzzTrace, _ certificate: Certificate?) -> [String] {
    var machine = CheckedPool(configuration: trace.configuration)
    var failures: [PoolFailure] = []
    var options = PageMapOptions()
    options.pages = .changed
    var before = PageMap(machine.view)
    var lines: [String] = []
    for (index, operation) in trace.operations.enumerated() {
      let reason = certificate.flatMap {
        index < $0.operations.count ? "   [without it: \($0.operations[index].without.words)]" : nil
      }
      lines.append("\(index + 1). \(operation)\(reason ?? "")")
      _ = machine.perform(operation, &failures)
      if failures.isEmpty { machine.check(&failures) }
      let now = PageMap(machine.view)
      lines += now.text(options, since: before).split(separator: "\n")
        .filter { $0.contains("|") || $0.contains("^") || $0.hasSuffix("given back") }
        .map { "     \($0)" }
      before = now
      if !failures.isEmpty { break }
    }
    if failures.isEmpty { machine.finish(&failures) }
    lines += failures.prefix(4).map { "   ! \($0.text)" }
    return lines
  }
}
