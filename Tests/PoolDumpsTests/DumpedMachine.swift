import CrashDumps
import Foundation
import KernelPool
import PoolTrace

@testable import PoolDumps

/// A trace that was replayed, and its machine as a dump in memory.
struct DumpedMachine: ~Copyable {
  let replayer: Replayer
  let bytes: [UInt8]

  init(_ trace: String, form: MachineDump.Form = .bitmap) throws {
    var parser = TraceParser(trace)
    var replayer = try Replayer.boot(TraceConfiguration())
    reading: while true {
      switch parser.next() {
      case .operation(.config(let configuration)):
        replayer = try Replayer.boot(configuration)
      case .operation(let operation):
        _ = replayer.step(operation)
      case .finished: break reading
      case .failure(let error): throw CrashDumpError(message: error.description(file: "trace"))
      case .endOfTrace, .unreadable: break reading
      }
    }
    bytes = try Self.dump(replayer, form)
    self.replayer = replayer
  }

  static func dump(_ replayer: borrowing Replayer, _ form: MachineDump.Form) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let dump = try MachineDump(
      replayer.pool.view, replayer.configuration, halted: replayer.pool.halted, form: form)
    try dump.write { bytes += $0 }
    return bytes
  }

  static func space(_ bytes: [UInt8]) throws -> (DumpHeader, AddressSpace<DumpBytes>) {
    let source = DumpBytes(bytes)
    let header = try DumpHeader(source)
    guard let mode = header.mode else { throw CrashDumpError(message: "no page tables") }
    return (
      header,
      AddressSpace(
        try PhysicalMemory(header, source), mode, directoryBase: header.directoryBase)
    )
  }

  /// The golden traces of a folder of the trace language's tests.
  static func golden(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "PoolTraceTests/Golden")
    return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }
}
