import Foundation
import Platform
import JSONLines
import KernelPool
import PoolTrace

/// What an operation costs as live blocks and pool grow, and what memory it takes.
///
/// Each row is a small churn of so many live blocks. Beside it stands a loop of random accesses over
/// as many bytes as the pool touches, measured right after it: the part of the growth that is the
/// machine's caches and not the algorithm's. Resident memory is the pool's: the workload's own list of
/// live blocks is not counted.
struct GrowthTable {
  let machine: BenchMachine
  let steps: Int
  let streams: StandardStreams
  let json: Bool

  /// Cache lines that a step visits anew: two headers with their neighbours and list entries.
  private static let accessesOfAStep = 8

  /// Live blocks and pages of the rows up to a number of blocks; then a fixed number of blocks in
  /// pools from 10 MiB to 16 GiB.
  static func rows(mostBlocks: Int) -> [(live: Int, pages: UInt64)] {
    let blocks = [1_000, 10_000, 100_000, 1_000_000, 10_000_000].filter { $0 <= mostBlocks }
    let growing = blocks.map { (live: $0, pages: max(UInt64($0) / 16, 2560)) }
    let pools: [UInt64] = [2560, 32_768, 262_144, 1 << 20, 1 << 22]
    return growing + pools.map { (live: min(10_000, mostBlocks), pages: $0) }
  }

  func print(mostBlocks: Int) throws(CommandFailure) {
    if !json {
      streams.print(
        "live blocks   pool MiB   ns/operation   ns of random accesses   touched MiB   resident MiB"
      )
    }
    for (live, pages) in Self.rows(mostBlocks: mostBlocks) { try print(live, pages) }
  }

  private func print(_ live: Int, _ pages: UInt64) throws(CommandFailure) {
    let before = Machine.residentBytes() ?? 0
    let workload = ReferenceWorkload.smallChurn.scaled(live: live, pages: pages)
    var nanoseconds = 0.0
    var touched: UInt64 = 0
    var resident: UInt64 = 0
    do {
      var run = try WorkloadRun(workload, profile: machine.profile)
      run.warmUp(steps: max(live, 20_000))
      let time = ContinuousClock().measure { run.run(steps: steps) }
      nanoseconds = Benchmark.nanoseconds(time) / Double(2 * steps)
      touched = run.pool.view.touchedBytes
      let own = before + UInt64(live * MemoryLayout<Address>.stride)
      resident = (Machine.residentBytes() ?? 0) - min(own, (Machine.residentBytes() ?? 0))
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
    let random = Self.randomAccesses(byteCount: Int(touched), count: steps * Self.accessesOfAStep)
    let accesses = random / Double(2 * steps)
    let mebibyte = Double(1 << 20)
    guard !json else {
      return streams.print(
        JSONValue.object([
          ("name", .string("growth")), ("unit", .string("ns/operation")),
          ("live", .integer(Int64(live))), ("pages", .unsigned(pages)),
          ("value", .number(nanoseconds)), ("random", .number(accesses)),
          ("touched_bytes", .unsigned(touched)), ("resident_bytes", .unsigned(resident)),
        ]))
    }
    streams.print(
      String(
        format: "%11d %10.0f %14.1f %23.1f %13.1f %14.1f", live,
        Double(pages << 12) / mebibyte, nanoseconds, accesses, Double(touched) / mebibyte,
        Double(resident) / mebibyte))
  }

  /// Nanoseconds of so many accesses at random over so many bytes.
  private static func randomAccesses(byteCount: Int, count: Int) -> Double {
    var words = [UInt64](repeating: 1, count: max(byteCount / 8, 1))
    var generator = WorkloadGenerator()
    let time = ContinuousClock().measure {
      words.withUnsafeMutableBufferPointer { words in
        for _ in 0..<count {
          words[Int(generator.below(UInt64(words.count)))] &+= 1
        }
      }
    }
    return Benchmark.nanoseconds(time)
  }
}
