import JSONLines
import KernelPool
import PoolOracles
import PoolTrace

/// `whatif --special-pool`: whether a machine could bear special pool for a tag, or for every small
/// request.
///
/// The trace is replayed as it is and with special pool; nothing is checked but what special pool
/// itself stops on.
struct SpecialPoolQuestion {
  /// The trace.
  let path: String
  /// The requests that it would serve.
  let requests: SpecialPoolRequests
  /// Blocks that it has room for; nil for the limit of the system.
  let mostBlocks: UInt64?
  /// Another system; nil for the trace's own.
  let profile: Profile?

  /// What a replay with special pool came to.
  struct Count {
    /// Requests that were meant for it, and those of a page and more, which it never serves.
    var (small, large): (UInt64, UInt64) = (0, 0)
    /// Requests that it served.
    var served: UInt64 = 0
    /// The most blocks at once, and the bytes that they took in ordinary pool then.
    var (peakBlocks, peakBytes): (UInt64, UInt64) = (0, 0)
    /// The first operation that found no page left.
    var firstLeftOut: UInt64?
    /// Pages of ordinary pool at the peak, without special pool and with it.
    var pages: (before: UInt64, after: UInt64) = (0, 0)

    /// Bytes in ordinary pool of the blocks that are held, together and by slot.
    private var bytesNow: UInt64 = 0
    private var blockBytes: [SlotName: UInt64] = [:]

    /// The share of the requests that were served, in thousandths, rounded down.
    var perMille: UInt64 { small == 0 ? 1000 : served * 1000 / small }

    /// Books what an operation came to on a machine with special pool; an allocation takes
    /// `ordinaryBytes` without it.
    mutating func note(
      _ operation: Operation, _ result: StepResult?, number: UInt64, ordinaryBytes: UInt64,
      _ machine: PoolConfiguration
    ) {
      switch operation {
      case .alloc(let name, let type, let bytes, let tag) where machine.specialPool.contains(tag):
        guard case .allocated(let address)? = result else { return }
        guard machine.specialPoolBytes(type, bytes: bytes, tag: tag) != nil else {
          large += 1
          return
        }
        small += 1
        guard machine.specialPoolBase..<machine.profile.contiguousBase ~= address else {
          firstLeftOut = firstLeftOut ?? number
          return
        }
        served += 1
        blockBytes[name] = ordinaryBytes
        bytesNow += ordinaryBytes
      case .free(let name, _): bytesNow -= blockBytes.removeValue(forKey: name) ?? 0
      default: return
      }
    }

    /// Books how many blocks special pool holds after an operation.
    mutating func notePeak(blocks: UInt64) {
      if blocks > peakBlocks { (peakBlocks, peakBytes) = (blocks, bytesNow) }
    }
  }

  /// Blocks that there can be.
  static let blockRange: ClosedRange<UInt64> = 1...1 << 20

  /// What Microsoft calls too little, in thousandths of the requests.
  static let fewPerMille: UInt64 = 950

  /// Replays and answers. A trace without a request that is meant has no answer.
  func run(_ streams: StandardStreams, asJSON: Bool) throws(CommandFailure) -> ExitCode {
    var file = try TraceFile(path: path, streams)
    var configuration = try file.configuration() ?? TraceConfiguration()
    file.tellWhatIsPassedOver(by: "whatif", streams)
    if let profile { configuration = configuration.replacingProfile(by: profile) }
    configuration.pool.specialPool = .none
    var special = configuration
    special.pool.specialPool = requests
    special.pool.specialPoolPages = mostBlocks ?? configuration.pool.profile.specialPoolLimit
    var before = try ReplaySession.boot(configuration, level: .off, for: path)
    var after = try bootSpecial(special)
    let most = after.replayer.configuration.pool.specialPoolPages
    special.pool.specialPoolPages = most
    var count = Count()
    while let operation = try file.next() {
      switch operation {
      case .config, .dump, .expect: continue
      default: break
      }
      let ordinary = before.step(operation)
      let result = after.step(operation)
      let ordinaryBytes: UInt64
      if case .alloc(let name, _, _, _) = operation, case .allocated? = ordinary {
        ordinaryBytes = before.replayer.slots[name]?.allocation.blockBytes ?? 0
      } else {
        ordinaryBytes = 0
      }
      count.note(
        operation, result, number: after.operations, ordinaryBytes: ordinaryBytes, special.pool)
      count.notePeak(blocks: after.view.variables.specialPagesInUse)
    }
    count.pages = (before.usage.peakPagesHeld, after.usage.peakPagesHeld)
    guard count.small > 0 else {
      throw CommandFailure(
        message: "\(path): no request that special pool would serve", code: .badInput)
    }
    var sentences = sentences(count, most: most, special.pool.profile)
    if let halted = after.replayer.pool.halted, before.replayer.pool.halted != halted {
      sentences.append(
        "With it the trace stops at operation \(after.operations): "
          + halted.text(AddressPrinter(after.view)) + ".")
    }
    if asJSON {
      streams.print(json(count, most: most, sentences))
    } else {
      sentences.forEach(streams.print)
    }
    return .held
  }

  /// A machine with special pool. Where nobody said how many blocks it has room for, and the pools leave
  /// fewer addresses than the system's limit takes, half as many, and so on.
  private func bootSpecial(
    _ configuration: TraceConfiguration
  ) throws(CommandFailure) -> ReplaySession {
    var configuration = configuration
    while mostBlocks == nil, configuration.pool.specialPoolPages > 1 {
      do {
        return try ReplaySession.boot(configuration, level: .off)
      } catch {
        configuration.pool.specialPoolPages /= 2
      }
    }
    return try ReplaySession.boot(configuration, level: .off, for: path)
  }

  // MARK: The answer

  private var subject: String {
    guard case .tag(let tag) = requests else { return "for every request below a page" }
    let shown = tag.spelling.trimmingSuffix(" ")
    return "for \(shown.isEmpty ? tag.spelling : shown)"
  }

  private func sentences(_ count: Count, most: UInt64, _ profile: Profile) -> [String] {
    func size(_ pages: UInt64) -> String {
      WhatIfAnswer.size(Int64(clamping: pages.multipliedReportingOverflow(by: profile.pageBytes).0))
    }
    let blocks = count.peakBlocks
    var sentences = [
      "Special pool \(subject) holds \(counted(blocks, "block")) at the peak, each on a page of its"
        + " own: \(size(blocks)) of memory and \(size(2 * blocks)) of addresses, for what takes"
        + " \(WhatIfAnswer.size(Int64(clamping: count.peakBytes))) in ordinary pool."
    ]
    let isLess = mostBlocks == nil && most < profile.specialPoolLimit
    let limit =
      "the limit of \(counted(most, "block")) (\(size(2 * most)) of addresses"
      + (isLess ? ", for more of which the machine's pools leave no room)" : ")")
    let share = "\(count.perMille / 10).\(count.perMille % 10) %"
    if count.served == count.small {
      sentences.append(
        "The machine could bear it: within \(limit) it serves all"
          + " \(counted(count.small, "request")) that it is for.")
    } else {
      let left = count.small - count.served
      let verdict =
        count.perMille < Self.fewPerMille
        ? "The machine could not bear it" : "The machine could barely bear it"
      sentences.append(
        "\(verdict): at \(limit), \(left) of \(counted(count.small, "request")) fall back to ordinary"
          + " pool and nothing says so, the first at operation \(count.firstLeftOut ?? 0); \(share) are"
          + " covered, and Microsoft warns below 95 %.")
    }
    if count.large > 0 {
      sentences.append(
        "\(counted(count.large, "request")) of a page and more \(count.large == 1 ? "is" : "are") not"
          + " covered in any case.")
    }
    sentences.append(
      "Ordinary pool then holds \(counted(count.pages.after, "page")) at its peak instead of"
        + " \(count.pages.before).")
    return sentences
  }

  private func json(_ count: Count, most: UInt64, _ sentences: [String]) -> JSONValue {
    .object([
      ("answer", .array(sentences.map(JSONValue.string))),
      ("special_pool_limit", .unsigned(most)), ("peak_blocks", .unsigned(count.peakBlocks)),
      ("peak_block_bytes", .unsigned(count.peakBytes)), ("requests", .unsigned(count.small)),
      ("served", .unsigned(count.served)), ("larger_requests", .unsigned(count.large)),
      ("peak_pages_before", .unsigned(count.pages.before)),
      ("peak_pages_after", .unsigned(count.pages.after)),
    ])
  }
}

extension SpecialPoolQuestion {
  /// What the option's word says.
  static func requests(_ text: String) throws(CommandFailure) -> SpecialPoolRequests {
    if text == "all" { return .all }
    guard let tag = PoolTag.read(text) else {
      throw .usage("--special-pool is a tag of up to four characters, or all, not '\(text)'")
    }
    return .tag(tag.unprotected)
  }
}
