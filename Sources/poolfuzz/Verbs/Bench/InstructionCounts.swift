import Foundation

/// Instructions an operation, as kept beside the sources: one line for each kernel and machine,
/// `kernel`, `machine` and `instructions`, with tabs between them.
struct InstructionCounts {
  private var counts: [String: Double] = [:]

  /// No counts.
  init() {}

  /// Reads a file of counts; throws with the line that is wrong.
  init(file path: String) throws(CommandFailure) {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw CommandFailure(message: "\(path): cannot be read", code: .environment)
    }
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty && !line.hasPrefix("#") {
      let fields = line.split(separator: "\t")
      guard fields.count == 3, let count = Double(fields[2]) else {
        throw CommandFailure(
          message: "\(path):\(index + 1): expected a kernel, a machine and a number",
          code: .badInput)
      }
      counts["\(fields[0])\t\(fields[1])"] = count
    }
  }

  /// The count of a kernel on a machine, or nil where none is kept.
  subscript(kernel: BenchKernel, machine: BenchMachine) -> Double? {
    counts["\(kernel.rawValue)\t\(machine.name)"]
  }
}
