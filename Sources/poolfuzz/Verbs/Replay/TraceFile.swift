import Foundation
import KernelPool
import PoolTrace

/// An open trace, read operation by operation.
struct TraceFile: ~Copyable {
  private let file: OpenedFile
  private var parser: TraceParser
  /// An operation that was read while looking for the configuration.
  private var held: PoolTrace.Operation?

  /// Opens a file; `-` is standard input.
  init(path: String) throws(CommandFailure) {
    file = try OpenedFile(path: path)
    parser = TraceParser(.fileDescriptor(file.descriptor))
  }

  /// The path, as messages name it.
  var path: String { file.name }

  /// The line of the last operation.
  var line: UInt64 { parser.line }

  /// The configuration that the trace begins with, or the defaults where it begins otherwise. Ask
  /// before the first operation.
  mutating func configuration() throws(CommandFailure) -> TraceConfiguration {
    let first = try next()
    if case .config(let own)? = first { return own }
    held = first
    return TraceConfiguration()
  }

  /// The next operation; nil at the end. Throws on a line that is not in the language.
  mutating func next() throws(CommandFailure) -> PoolTrace.Operation? {
    if let operation = held {
      held = nil
      return operation
    }
    switch parser.next() {
    case .operation(let operation): return operation
    case .finished: return nil
    case .endOfTrace:
      throw CommandFailure(message: "\(path):\(line): 'end' belongs to --batch", code: .badInput)
    case .failure(let error):
      throw CommandFailure(message: error.description(file: path), code: .badInput)
    case .unreadable(let number): throw file.failure(number)
    }
  }

  /// The traces that operands name: files as they are, folders with every trace below them in the
  /// order of their names.
  static func expand(_ operands: [String]) throws(CommandFailure) -> [String] {
    var paths: [String] = []
    for operand in operands {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: operand, isDirectory: &isFolder),
        isFolder.boolValue
      else {
        paths.append(operand)
        continue
      }
      guard access(operand, R_OK | X_OK) == 0 else {
        throw CommandFailure(
          message: "\(operand): \(String(cString: strerror(errno)))", code: .environment)
      }
      let below = FileManager.default.enumerator(atPath: operand)?.compactMap { $0 as? String }
      let traces = (below ?? []).filter { $0.hasSuffix(".trace") }.sorted()
      guard !traces.isEmpty else {
        throw CommandFailure(message: "\(operand): no .trace file below", code: .badInput)
      }
      let folder = operand.hasSuffix("/") ? String(operand.dropLast()) : operand
      paths += traces.map { folder + "/" + $0 }
    }
    return paths
  }
}
