import JSONLines
import PoolReport
import PoolTrace

/// What `view --json` prints.
enum ViewReport {
  /// The most moments of the curves over time.
  static let moments = 1000

  static func json(
    _ shown: ShownHistory, _ state: HistoryState, pinLimit: Int
  ) -> JSONValue {
    let history = shown.history
    let pins = PinReport(state)
    let space = UnusableFreeSpace(state)
    let members: [(String, JSONValue)] = [
      ("operation", .unsigned(state.operation)),
      ("operations_per_step", .unsigned(history.operationsPerStep)),
      ("pages_per_kept_page", .unsigned(history.pagesPerKeptPage)),
      ("pages_held", .unsigned(state.pagesHeld)), ("bytes_held", .unsigned(state.figures.held)),
      ("live_block_bytes", .unsigned(state.figures.live)),
      ("held_over_live", .number(state.heldOverLive)),
      ("pinned_pages", .integer(Int64(state.pinnedPages))),
      ("parked_pages", .integer(Int64(state.parkedPages))),
      ("parked_block_bytes", .unsigned(state.parkedBytes)),
      ("held_over_live_and_parked", .number(state.heldOverLiveAndParked)),
      ("free_bytes", .unsigned(space.freeBytes)),
      ("largest_free_block_bytes", .unsigned(state.largestHoleBytes)),
      ("releases", .array(pins.releases.map(release))),
      ("pins", .array(pins.entries.prefix(pinLimit).map(entry))),
      (
        "unusable_free_space",
        .array(space.corners.map { .array([.unsigned($0.blockBytes), .number($0.share)]) })
      ),
      ("over_time", overTime(history)),
    ]
    return .object(shown.members.head + members + shown.members.tail)
  }

  private static func release(_ release: PinReport.Release) -> JSONValue {
    .object([
      ("blocks", .integer(Int64(release.blocks))),
      ("parked_blocks", .integer(Int64(release.parkedBlocks))),
      ("bytes", .unsigned(release.byteCount)),
      ("pages", .integer(Int64(release.pages))),
    ])
  }

  private static func entry(_ entry: PinReport.Entry) -> JSONValue {
    .object([
      ("page", .string("0x" + String(entry.page, radix: 16))),
      ("bytes", .unsigned(entry.byteCount)),
      ("largest_free_block_bytes", .unsigned(entry.largestHoleBytes)),
      ("blocks", .array(entry.blocks.map(block))),
    ])
  }

  private static func block(_ block: PinReport.Block) -> JSONValue {
    .object([
      ("address", .string("0x" + String(block.address, radix: 16))),
      ("bytes", .unsigned(block.byteCount)), ("tag", .string(MetricScope.tag(block.tag).name)),
      ("parked", .bool(block.isParked)), ("slot", block.slot.map(JSONValue.string) ?? .null),
      ("operation", block.operation.map(JSONValue.unsigned) ?? .null),
    ])
  }

  /// Operation, bytes held, bytes live, and the bound or null.
  private static func overTime(_ history: PoolHistory) -> JSONValue {
    let count = min(history.stepCount, moments)
    return .array(
      (0..<count).map { index in
        let step = count == 1 ? 0 : index * (history.stepCount - 1) / (count - 1)
        let state = history.moment(step)
        return .array([
          .unsigned(state.operation), .unsigned(state.figures.held),
          .unsigned(state.figures.live), state.figures.bound.map(JSONValue.unsigned) ?? .null,
        ])
      })
  }
}
