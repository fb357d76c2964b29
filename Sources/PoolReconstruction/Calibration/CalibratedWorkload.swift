import KernelPool
import PoolTrace
import PoolWalk
import PropertyTesting

/// Makes a workload whose final tag table is a given one and whose churn brings the pool to a given
/// usage, by one mechanism alone: a driver's contiguous buffers against small blocks.
///
/// The order of events is that of a machine's life. Large allocations and the buffers that are
/// still live come first, then everything small in random order, packed as the pool packs it, with
/// some blocks freed in between as on any machine. Then come the spells (`PhaseSizes`), each of
/// which costs a page for every buffer. They stop when the usage is reached.
///
/// The model runs along, and the tag table that it ends with is compared with the target row by
/// row. Nothing is written into a header: there are requests and frees only.
public struct CalibratedWorkload {
  /// What must be met.
  public let target: CalibrationTarget
  /// How.
  public let recipe: CalibrationRecipe

  /// More blocks than this are refused: a replay keeps each of them.
  static let mostBlocks: UInt64 = 1 << 25

  /// A workload that is not made yet.
  public init(_ target: CalibrationTarget, _ recipe: CalibrationRecipe) {
    (self.target, self.recipe) = (target, recipe)
  }

  /// What the workload came to.
  public struct Outcome: Sendable, Equatable {
    /// Operations.
    public var operations: UInt64
    /// Pages of nonpaged pool in use at the end.
    public var nonPagedPages: UInt64
    /// Pages in use before the first spell.
    public var packedPages: UInt64
    /// Spells of the driver.
    public var spells: UInt64
    /// Small blocks that each keep a page.
    public var pins: UInt64
    /// Buffers of the driver that are live at the end.
    public var liveBuffers: UInt64
  }

  /// Makes the workload, a line after the other. What it throws after the first line leaves a
  /// useless trace behind.
  public func run(
    _ output: @escaping (WorkloadLine) -> Void
  ) throws(CalibrationError) -> Outcome {
    _ = try PhaseSizes(recipe)
    try checkSizes()
    var replay = try OnlineGenerator(configuration, output)
    let kernel = TagRow.all(in: replay.view).filter { !$0.nonPaged.isEmpty || !$0.paged.isEmpty }
    let atStart = replay.nonPagedPages
    let stock = try WorkloadStock(self, kernel: kernel, pagesAtStart: atStart)
    output(.operation(.config(configuration)))
    var making = WorkloadMaking(stock, recipe)
    try making.run(&replay, target)
    try check(replay, target)
    let outcome = Outcome(
      operations: replay.operations, nonPagedPages: replay.nonPagedPages,
      packedPages: making.packedPages, spells: making.spells, pins: making.pins,
      liveBuffers: stock.liveBuffers)
    try writeExpectations(replay, kernel, outcome)
    return outcome
  }

  private func checkSizes() throws(CalibrationError) {
    let blocks = [target.nonPaged.count, target.paged.count]
    guard blocks.allSatisfy({ $0 <= Self.mostBlocks }), target.nonPagedPages < 1 << 26 else {
      throw CalibrationError(
        "more than \(Self.mostBlocks) blocks or 2^26 pages are too many to replay")
    }
  }

  /// The machine: pools of the sizes that `!vm` gave, or of half as much again as is needed.
  var configuration: TraceConfiguration {
    var configuration = TraceConfiguration(profile: recipe.profile)
    let pageBytes = recipe.profile.pageBytes
    configuration.fill = .off
    configuration.pool.nonPagedPages =
      target.nonPagedLimit ?? target.nonPagedPages + target.nonPagedPages / 2 + 256
    configuration.pool.pagedPages =
      target.pagedLimit ?? target.paged.bytes / pageBytes * 3 / 2 + 1024
    return configuration
  }

  /// Compares the tag table, and the usage, with the target.
  private func check(
    _ replay: borrowing OnlineGenerator, _ target: CalibrationTarget
  ) throws(CalibrationError) {
    let rows = TagRow.all(in: replay.view)
    func verify(
      _ what: String, _ wanted: CalibrationTarget.Blocks, _ counts: [TagRow.Counts]
    ) throws(CalibrationError) {
      let count = counts.reduce(UInt64(0)) { $0 + UInt64($1.outstanding) }
      let bytes = counts.reduce(UInt64(0)) { $0 &+ $1.bytes }
      guard count == wanted.count, bytes == wanted.bytes else {
        throw CalibrationError(
          "\(what) came to \(count) blocks of \(bytes) bytes, not \(wanted.count) of"
            + " \(wanted.bytes)")
      }
    }
    for row in target.rows {
      let found = rows.filter { $0.tag == row.tag }
      try verify("tag \(TagSpelling.text(row.tag)), nonpaged,", row.nonPaged, found.map(\.nonPaged))
      try verify("tag \(TagSpelling.text(row.tag)), paged,", row.paged, found.map(\.paged))
    }
    try verify("all nonpaged tags together", target.nonPaged, rows.map(\.nonPaged))
    try verify("all paged tags together", target.paged, rows.map(\.paged))
    let pages = replay.nonPagedPages
    let difference =
      pages > target.nonPagedPages
      ? pages - target.nonPagedPages : target.nonPagedPages - pages
    guard Double(difference) <= Double(target.nonPagedPages) * recipe.tolerance else {
      throw CalibrationError(
        "the nonpaged pool came to \(pages) pages, not \(target.nonPagedPages)")
    }
  }

  /// The trace proves itself: the listed tags and the totals, the kernel's own blocks left out as
  /// the metrics do.
  private func writeExpectations(
    _ replay: borrowing OnlineGenerator, _ kernel: [TagRow], _ outcome: Outcome
  ) throws(CalibrationError) {
    replay.say("What must have come out: the listed tags to the byte, and the usage.")
    var lines: [String] = []
    for row in target.rows {
      let own = kernel.first { $0.tag == row.tag }
      let blocks = row.nonPaged.count + row.paged.count
      let bytes = row.nonPaged.bytes + row.paged.bytes
      guard own == nil, blocks > 0, let name = TagSpelling.metric(row.tag) else { continue }
      lines.append("tag.\(name).live_blocks == \(blocks)")
      lines.append("tag.\(name).live_block_bytes == \(bytes)")
    }
    let own = kernel.reduce((blocks: UInt64(0), bytes: UInt64(0))) {
      ($0.blocks + UInt64($1.nonPaged.outstanding), $0.bytes &+ $1.nonPaged.bytes)
    }
    lines.append("nonpaged.live_blocks == \(target.nonPaged.count - own.blocks)")
    lines.append("nonpaged.live_block_bytes == \(target.nonPaged.bytes - own.bytes)")
    for line in lines {
      var parser = TraceParser("expect " + line)
      guard case .operation(let operation) = parser.next() else { continue }
      replay.write(operation)
    }
  }
}

/// How tags are spelled in messages and in the names of metrics.
enum TagSpelling {
  static func text(_ tag: PoolTag) -> String {
    let (first, second, third, fourth) = tag.bytes
    return String(
      decoding: [first, second, third, fourth].map { (0x20...0x7E).contains($0) ? $0 : 0x2E },
      as: UTF8.self)
  }

  /// The tag in the name of a metric; nil where it has characters that need an escape.
  static func metric(_ tag: PoolTag) -> String? {
    let text = text(tag).trimmingSuffix(" ")
    let isPlain = text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
    }
    return isPlain && !text.isEmpty ? text : nil
  }
}

extension String {
  /// The text without `character` at its end.
  fileprivate func trimmingSuffix(_ character: Character) -> String {
    var text = self
    while text.last == character { text.removeLast() }
    return text
  }
}
