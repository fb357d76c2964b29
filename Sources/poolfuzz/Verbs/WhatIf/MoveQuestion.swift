import JSONLines
import KernelPool
import PoolOracles
import PoolTrace
import PoolWalk

/// `whatif --move`: what defragmentation could gain, if blocks of a pool could be moved.
struct MoveQuestion {
  /// The trace.
  let path: String
  /// Another system; nil for the trace's own.
  let profile: Profile?

  /// Replays the trace and answers. A kernel that stopped is exit code 1.
  func run(_ streams: StandardStreams, asJSON: Bool) throws(CommandFailure) -> ExitCode {
    var file = try TraceFile(path: path, streams)
    var configuration = try file.configuration() ?? TraceConfiguration()
    file.tellWhatIsPassedOver(by: "whatif", streams)
    if let profile { configuration = configuration.replacingProfile(by: profile) }
    var session = try ReplaySession.boot(configuration, level: .off, for: path)
    var gains = PackingGains(session.view)
    while let operation = try file.next() {
      switch operation {
      case .config, .dump, .expect: continue
      default: break
      }
      _ = session.step(operation)
      switch session.replayer.touched {
      case .allocation(let index, _):
        let slot = session.replayer.slots[index]
        if let block = slot.allocation.block { gains.allocated(block, at: slot.address) }
      case .release(let address, let index?):
        let slot = session.replayer.slots[index]
        if let block = slot.allocation.block { gains.freed(block, at: address) }
      default: break
      }
      gains.note(operation: session.operations)
    }
    session.finish()
    guard session.operations > 0 else {
      throw CommandFailure(message: "\(path): no operation", code: .badInput)
    }
    let pageBytes = configuration.pool.profile.pageBytes
    if asJSON {
      streams.print(json(gains))
    } else {
      sentences(gains, pageBytes).forEach(streams.print)
    }
    guard let reason = session.replayer.pool.halted else { return .held }
    streams.remark(
      "\(path): operation \(session.operations): "
        + reason.text(AddressPrinter(session.view)))
    return .found
  }

  /// The pools whose memory may be moved while its holder sleeps: at the level at which paged memory is
  /// used at all, nobody holds it in a register of a device.
  private static let lawful: [PoolFamily] = [.paged, .session]

  private func sentences(_ gains: PackingGains, _ pageBytes: UInt64) -> [String] {
    var sentences: [String] = []
    for family in PoolFamily.allCases where gains[family].peak.held > 0 {
      let own = gains[family]
      let name = Self.name(family)
      func size(_ pages: UInt64) -> String {
        WhatIfAnswer.size(Int64(clamping: pages &* pageBytes))
      }
      let may = Self.lawful.contains(family) ? "gains" : "would gain"
      sentences.append(
        "\(name): small blocks hold \(counted(own.last.held, "page")) at the end and need"
          + " \(own.last.packed), so moving them \(may) \(own.last.gain) at most"
          + " (\(size(own.last.gain)) of \(size(own.last.held))); the most is \(own.largest.gain) of"
          + " \(own.largest.held), behind operation \(own.largest.operation), and"
          + " \(own.peak.gain) of \(own.peak.held) at the peak, on average"
          + " \(Self.percent(own.averageShare)).")
    }
    if gains[.nonPaged].peak.held > 0 {
      sentences.append(
        "Nonpaged memory must not be moved: a device or a processor may use it at any moment.")
    }
    sentences.append(
      "Whoever holds a block has its address, so no version moves any: this is what it could gain.")
    return sentences
  }

  private static func name(_ family: PoolFamily) -> String {
    switch family {
    case .nonPaged: "Nonpaged pool"
    case .paged: "Paged pool"
    case .session: "Session pool"
    }
  }

  private static func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }

  private func json(_ gains: PackingGains) -> JSONValue {
    .object(
      PoolFamily.allCases.map { family in
        let own = gains[family]
        return (
          family.rawValue,
          .object([
            ("may_be_moved", .bool(Self.lawful.contains(family))),
            ("held", .unsigned(own.last.held)), ("packed", .unsigned(own.last.packed)),
            ("gain", .unsigned(own.last.gain)),
            ("largest_gain", .unsigned(own.largest.gain)),
            ("largest_held", .unsigned(own.largest.held)),
            ("largest_operation", .unsigned(own.largest.operation)),
            ("peak_held", .unsigned(own.peak.held)), ("peak_gain", .unsigned(own.peak.gain)),
            ("average_share", .number(own.averageShare)),
          ])
        )
      })
  }
}
