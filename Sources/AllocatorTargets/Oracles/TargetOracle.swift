import Platform

/// Judges a run by what a caller can see: addresses, sizes, contents, and the end of the process.
///
/// It lives outside of the worker and keeps its own books from the calls and their answers. The first
/// operation that shows anything wrong, of the rules that are asked for, is the failing one.
struct TargetOracle {
  private let operations: [TargetOperation]
  private let run: TargetRun
  private let setup: TargetSetup
  private let capabilities: TargetCapabilities
  private let freshBytes: UInt64
  private let rules: Set<TargetRule>
  private var blocks = LiveBlocks()
  private var arenaBytes: UInt64
  /// What was asked for where a block has just been freed and nothing was asked since.
  private var justFreed: (bytes: UInt64, alignment: UInt64)?

  /// The first failure of a run against `rules`; nil where all held. `freshBytes` is the largest
  /// request that a fresh allocator serves.
  static func failure(
    _ operations: [TargetOperation], _ run: TargetRun, _ setup: TargetSetup,
    _ capabilities: TargetCapabilities, freshBytes: UInt64, rules: Set<TargetRule>
  ) -> TargetFailure? {
    var oracle = Self(
      operations: operations, run: run, setup: setup, capabilities: capabilities,
      freshBytes: freshBytes, rules: rules)
    return oracle.judge()
  }

  private init(
    operations: [TargetOperation], run: TargetRun, setup: TargetSetup,
    capabilities: TargetCapabilities, freshBytes: UInt64, rules: Set<TargetRule>
  ) {
    (self.operations, self.run, self.setup) = (operations, run, setup)
    (self.capabilities, self.freshBytes, self.rules) = (capabilities, freshBytes, rules)
    arenaBytes = setup.arenaBytes
  }

  private mutating func judge() -> TargetFailure? {
    for index in run.results.indices {
      if let failure = step(index) { return failure }
    }
    return ending()
  }

  private func promises(_ promise: TargetCapabilities.Promise) -> Bool {
    capabilities.promises.contains(promise)
  }

  /// A failure, unless nobody wants to hear of its rule.
  private func failure(
    _ rule: TargetRule, _ text: String, at step: Int, variant: String = ""
  ) -> TargetFailure? {
    guard rules.contains(rule) else { return nil }
    return TargetFailure(rule: rule, variant: variant, text: text, step: step)
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    "0x" + String(number, radix: 16)
  }
  private func hexadecimal(_ number: UInt64) -> String { Self.hexadecimal(number) }
}

// MARK: Operations

extension TargetOracle {
  private mutating func step(_ index: Int) -> TargetFailure? {
    let operation = operations[index]
    let result = run.results[index]
    let freed = justFreed
    if result.state != .skipped { justFreed = nil }
    switch (operation.call, result.state) {
    case (.allocate, .done), (.allocateZeroed, .done), (.allocate, .returned),
      (.allocateZeroed, .returned), (.reallocate, .returned):
      if let failure = served(operation, result, index) { return failure }
    case (.reallocate, .done):
      if result.address == 0 {
        blocks.remove(operation.slot)
      } else if let failure = served(operation, result, index) {
        return failure
      }
    case (.allocate, .null), (.allocateZeroed, .null), (.reallocate, .null):
      if let failure = refused(operation, result, index, freed) { return failure }
    case (.resize, .done):
      if let failure = resized(operation, result, index) { return failure }
    case (.free, .done), (.freeSized, .done):
      if let block = blocks.block(of: operation.slot) {
        justFreed = (block.bytes, block.alignment)
      }
      blocks.remove(operation.slot)
    case (.reset, .done): blocks = LiveBlocks()
    case (.resizeArena, .done): arenaBytes = operation.bytes
    default: break
    }
    guard operation.isMeasured, capabilities.functions.contains(.footprint),
      result.state == .done, result.footprint > 0, result.footprint < blocks.liveBytes
    else { return nil }
    let text = "\(result.footprint) bytes held, \(blocks.liveBytes) live"
    return failure(.footprint, text, at: index)
  }

  /// A block came back.
  /// The alignment that a block is asked for with: by this operation, or else when it was first made.
  private static func alignment(of operation: TargetOperation, _ old: LiveBlocks.Block?) -> UInt64 {
    operation.alignment > 0 ? operation.alignment : old?.alignment ?? 0
  }

  private mutating func served(
    _ operation: TargetOperation, _ result: TargetResult, _ index: Int
  ) -> TargetFailure? {
    let old = operation.call == .reallocate ? blocks.block(of: operation.slot) : nil
    if old != nil { blocks.remove(operation.slot) }
    guard let requested = operation.requestedBytes else { return nil }
    if let failure = misplaced(operation, result, requested, old, index) { return failure }
    let isWild = result.usableBytes > requested &+ max(arenaBytes, 1 << 30)
    let bytes = max(isWild ? requested : result.usableBytes, 1)
    let alignment = Self.alignment(of: operation, old)
    let block = LiveBlocks.Block(
      start: result.address, end: result.address &+ bytes, slot: operation.slot,
      bytes: requested, alignment: alignment)
    let other = blocks.insert(block)
    if isWild {
      return failure(.usableSize, "\(result.usableBytes) bytes usable of \(requested)", at: index)
    }
    return other.flatMap { overlap(block, $0, index) }
  }

  private func overlap(
    _ block: LiveBlocks.Block, _ other: LiveBlocks.Block, _ index: Int
  ) -> TargetFailure? {
    let text =
      "\(hexadecimal(block.start)), \(block.end &- block.start) bytes, while"
      + " \(hexadecimal(other.start)) to \(hexadecimal(other.end)) is live"
    return failure(block.bytes == 0 ? .zeroSize : .overlap, text, at: index)
  }

  /// What is wrong with a block by itself.
  private func misplaced(
    _ operation: TargetOperation, _ result: TargetResult, _ requested: UInt64,
    _ old: LiveBlocks.Block?, _ index: Int
  ) -> TargetFailure? {
    let address = result.address
    let place = hexadecimal(address)
    if requested == 0, capabilities.zeroPolicy == .null, operation.call != .reallocate {
      return failure(.zeroSize, "\(place) for no bytes", at: index)
    }
    if requested > mostBytes {
      return failure(.hugeSize, "\(place) for \(requested) bytes", at: index)
    }
    let isNatural = requested >= capabilities.naturalAlignment || capabilities.interface == 2
    let natural = isNatural && requested > 0 ? capabilities.naturalAlignment : 1
    let alignment = old == nil ? max(operation.alignment, natural) : natural
    if address & (alignment &- 1) != 0 {
      return failure(.alignment, "\(place) for an alignment of \(alignment) bytes", at: index)
    }
    let kept = Self.alignment(of: operation, old)
    if old != nil, kept > 0, promises(.reallocKeepsAlignment), address & (kept &- 1) != 0 {
      return failure(.reallocAlignment, "\(place) for an alignment of \(kept) bytes", at: index)
    }
    if result.usableBytes < requested {
      return failure(
        .usableSize, "\(result.usableBytes) bytes usable, \(requested) asked for", at: index)
    }
    if promises(.inArena), !isInside(address, max(requested, 1)) {
      let text =
        "\(place), \(requested) bytes, outside of the arena of \(arenaBytes) bytes at"
        + " \(hexadecimal(run.arenaBase))"
      return failure(.outside, text, at: index)
    }
    return nil
  }

  /// The most bytes that anybody can be given.
  private var mostBytes: UInt64 {
    var most = min(capabilities.largestBytes, 1 << 47)
    if promises(.inArena) {
      let regions = run.regions.reduce(0) { max($0, $1.bytes) }
      most = min(most, max(arenaBytes, run.growth.bytes, regions))
    }
    return most
  }

  private func isInside(_ address: UInt64, _ bytes: UInt64) -> Bool {
    let places = [(run.arenaBase, arenaBytes), run.growth] + run.regions
    return places.contains { base, size in
      address >= base && address &- base <= size && bytes <= size &- (address &- base)
    }
  }

  private mutating func resized(
    _ operation: TargetOperation, _ result: TargetResult, _ index: Int
  ) -> TargetFailure? {
    guard let old = blocks.block(of: operation.slot) else { return nil }
    blocks.remove(operation.slot)
    let bytes = max(min(result.usableBytes, operation.bytes &+ arenaBytes), operation.bytes, 1)
    let block = LiveBlocks.Block(
      start: old.start, end: old.start &+ bytes, slot: old.slot, bytes: operation.bytes,
      alignment: old.alignment)
    let other = blocks.insert(block)
    if result.usableBytes < operation.bytes {
      return failure(
        .resizeMoves, "\(result.usableBytes) bytes usable, \(operation.bytes) asked for", at: index)
    }
    if promises(.inArena), !isInside(old.start, operation.bytes) {
      return failure(.outside, "\(operation.bytes) bytes at \(hexadecimal(old.start))", at: index)
    }
    return other.flatMap { overlap(block, $0, index) }
  }
}

// MARK: Refusals

extension TargetOracle {
  private func refused(
    _ operation: TargetOperation, _ result: TargetResult, _ index: Int,
    _ freed: (bytes: UInt64, alignment: UInt64)?
  ) -> TargetFailure? {
    guard let bytes = operation.requestedBytes, bytes <= capabilities.largestBytes,
      !promises(.lawfulNull), result.refusals == 0
    else { return nil }
    // Whoever reallocates may keep the old block's alignment, promised or not.
    let old = operation.call == .reallocate ? blocks.block(of: operation.slot) : nil
    let alignment = Self.alignment(of: operation, old)
    guard alignment <= 4096 else { return nil }
    if bytes == 0 {
      guard capabilities.zeroPolicy == .unique, blocks.isEmpty, freshBytes > 0,
        operation.call != .reallocate
      else { return nil }
      return failure(.zeroSize, "NULL for no bytes, with nothing live", at: index)
    }
    if blocks.isEmpty, freshBytes == 0, bytes <= max(16, capabilities.smallestBytes),
      index == 0
    {
      return failure(.servesNothing, "\(bytes) bytes refused by a fresh allocator", at: index)
    }
    if promises(.refinds), let freed, freed.bytes == bytes, freed.alignment == alignment {
      return failure(.refind, "\(bytes) bytes refused where as many were just freed", at: index)
    }
    // What a fresh allocator serves says nothing of one whose arena has another size.
    guard promises(.joins), arenaBytes == setup.arenaBytes else { return nil }
    if blocks.isEmpty, bytes <= freshBytes / 2, alignment <= freshBytes / 4 {
      return failure(
        .refusal,
        "\(bytes) bytes refused with nothing live; a fresh allocator serves"
          + " \(freshBytes)", at: index)
    }
    return fits(bytes, alignment: alignment, index)
  }

  /// Whether a gap between live blocks is so large that the request had to be served.
  private func fits(_ bytes: UInt64, alignment: UInt64, _ index: Int) -> TargetFailure? {
    guard promises(.inArena), run.arenaBase > 0, freshBytes > 0 else { return nil }
    // What a fresh allocator cannot give is its own: it may lie at either end.
    let overhead = arenaBytes > freshBytes ? arenaBytes - freshBytes : 0
    let wanted = bytes.addingReportingOverflow(alignment)
    let product = wanted.0.multipliedReportingOverflow(by: capabilities.fitFactor)
    let needed = product.0.addingReportingOverflow(capabilities.fitBytes)
    guard !wanted.overflow, !product.overflow, !needed.overflow else { return nil }
    guard
      let gap = blocks.largestGap(
        from: run.arenaBase, bytes: arenaBytes, endOverhead: overhead), gap.bytes >= needed.0
    else { return nil }
    return failure(
      .fit, "\(bytes) bytes refused; \(gap.bytes) bytes from \(hexadecimal(gap.start)) on are free",
      at: index)
  }
}

// MARK: The end

extension TargetOracle {
  private func ending() -> TargetFailure? {
    let said = run.errors.isEmpty ? "" : ": " + run.errors.filter { $0 != "\n" }
    let isMisuse = run.phase == .misuse
    switch run.ending {
    case .finished: return afterwards()
    case .hung: return failure(.hang, "no answer in time, \(place)", at: run.step)
    // The way of an allocator to say that it has noticed.
    case .exited where isMisuse, .signalled where isMisuse: return nil
    case .exited, .signalled:
      if let report = SanitizerReport(run.errors) {
        var failure = failure(
          .crash, "\(report.title), \(place)", at: run.step, variant: report.variant)
        failure?.backtrace = report.lines
        return failure
      }
      return ended(said)
    case .problem(let problem, let detail, let second, let message):
      return noticed(problem, detail, second, message)
    }
  }

  /// The process was ended by itself or by a signal.
  private func ended(_ said: String) -> TargetFailure? {
    switch run.ending {
    case .exited(let code):
      return failure(.exit, "the process ended with code \(code), \(place)\(said)", at: run.step)
    case .signalled(let number):
      let name = Processes.signalName(number)
      let address =
        name == "SIGSEGV" || name == "SIGBUS" ? " at \(hexadecimal(run.crash.address))" : ""
      var failure = failure(
        .crash, "the process got \(name)\(address), \(place)\(said)", at: run.step, variant: name)
      failure?.backtrace = run.crash.backtrace
      return failure
    default: return nil
    }
  }

  private var place: String {
    let round = run.round > 0 ? " of round \(run.round + 1)" : ""
    return switch run.phase {
    case .idle, .creation: "while the allocator was created"
    case .operations, .misuse: "in operation \(run.step + 1)\(round)"
    case .emptying: "while everything was freed\(round)"
    case .probing: "when the emptied allocator was asked for \(freshBytes) bytes"
    case .destruction, .done: "while the allocator was destroyed"
    }
  }

  private func noticed(
    _ problem: TargetProblem, _ detail: UInt64, _ second: UInt64, _ message: String
  ) -> TargetFailure? {
    let byte = "the byte at offset \(detail) of the block at \(hexadecimal(second))"
    let (rule, text): (TargetRule, String) =
      switch problem {
      case .payload: (.payload, "\(byte) is not its owner's, \(place)")
      case .reallocatedPayload: (.reallocContent, "\(byte) is not the old one's, \(place)")
      case .failedReallocation: (.reallocFailure, "\(byte) is not its owner's, \(place)")
      case .zeroes: (.zeroes, "\(byte) is not zero, \(place)")
      case .overflow: (.overflow, "\(hexadecimal(detail)), \(place)")
      case .stack: (.stack, "the caller's variables have changed, \(place)")
      case .usableChanged:
        (.usableChange, "the usable size was \(second) and is \(detail), \(place)")
      case .check: (.check, "\(message), \(place)")
      case .growth: (.growth, "\(detail) bytes are resident, \(place)")
      case .walk: (.walk, "the block at \(hexadecimal(detail)), \(place)")
      case .creation, .environment: (.creation, "no allocator of \(setup.arenaBytes) bytes")
      case .outsideWrite:
        (.outsideWrite, "the byte at \(hexadecimal(detail)) has changed, \(place)")
      case .unnoticedMisuse:
        (Self.misuseRule(detail), "\(hexadecimal(second)) was freed, \(place)")
      case .exhaustion: (.exhaustion, "refused \(place), served in the first")
      }
    return failure(rule, text, at: run.step)
  }

  private static func misuseRule(_ kind: UInt64) -> TargetRule {
    [.doubleFree, .interiorFree, .foreignFree, .overflowedBlock][Int(min(kind, 3))]
  }

  private func afterwards() -> TargetFailure? {
    let end = operations.count
    if !run.output.isEmpty,
      let failure = failure(.output, "on standard output: \(run.output.prefix(200))", at: end)
    {
      return failure
    }
    if freshBytes > 0, !run.freshServed, promises(.joins), !promises(.lawfulNull),
      setup.refusedGrowth == 0, !operations.contains(where: { $0.call == .resizeArena })
    {
      let text = "a fresh allocator serves \(freshBytes) bytes, the emptied one refuses"
      if let failure = failure(.emptied, text, at: end) { return failure }
    }
    let kind = RoundReadings.Kind.held(capabilities)
    if RoundReadings.verdict(kind, run.footprints, certainMark: run.certainMark) == .leaks,
      !RoundReadings.isGivenBack(run.footprints, rested: run.rested.footprint)
    {
      let failure = failure(
        .leak, "held after \(Self.readings(run.footprints))", at: end)
      if failure != nil { return failure }
    }
    let space = RoundReadings.verdict(
      .addressSpace, run.addressSpace, certainMark: run.certainMark)
    guard space == .leaks,
      !RoundReadings.isGivenBack(run.addressSpace, rested: run.rested.addressSpace)
    else { return nil }
    return failure(
      .addressSpace, "address space after \(Self.readings(run.addressSpace))", at: end)
  }

  private static func readings(_ values: [UInt64]) -> String {
    var parts: [String] = []
    for (mark, value) in values.enumerated() where value > 0 {
      let rounds: Int = 1 << mark
      parts.append("\(rounds) rounds \(value) bytes")
    }
    return parts.suffix(6).joined(separator: ", ")
  }
}
