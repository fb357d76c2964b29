import KernelPool
import PoolDebugger
import PoolDumps
import PoolReport
import PoolWalk

/// What `inspect` shows of a dump's pools besides its report, in the words of `replay`.
struct DumpViews {
  /// Addresses whose pages are shown.
  let pages: [GivenAddress]
  private let poolUsed: PoolUsedFlags?
  private let showsUsage: Bool
  private let showsFragmentation: Bool
  private let showsMap: Bool
  private let mapOptions: PageMapOptions
  private let pinLimit: Int?

  /// The options of the views.
  static let options: [Option] = [
    Option(
      name: "--pool", argument: .value("ADDRESS"),
      help: "prints a crash dump's page as the debugger's !pool does", isRepeatable: true),
    Option(
      name: "--poolused",
      argument: .optionalValue("FLAGS", isValue: { Quantity.bare.number($0) != nil }),
      help: "prints a crash dump's tag table: 1 verbose, 2 by nonpaged, 4 by paged"),
    Option(name: "--vm", argument: .none, help: "prints a crash dump's usage and limits"),
    Option(name: "--frag", argument: .none, help: "prints a crash dump's fragmentation"),
    Option(name: "--map", argument: .none, help: "prints the page map of a crash dump's pools"),
    Option(
      name: "--pins", argument: .quantity("K", .count()),
      help: "prints the K pages of a crash dump that fewest blocks keep"),
    Option(
      name: "--width", argument: .quantity("COLUMNS", .count()), help: "columns of a page map (100)"
    ),
  ]

  init(_ arguments: ParsedArguments) throws(CommandFailure) {
    pages = try arguments.values("--pool").map { text throws(CommandFailure) in
      guard let given = GivenAddress(text) else {
        throw .usage("--pool \(text): not an address in hexadecimal")
      }
      return given
    }
    poolUsed = arguments.value("--poolused").map {
      PoolUsedFlags(rawValue: UInt32(clamping: Quantity.bare.number($0) ?? 0))
    }
    showsUsage = arguments.has("--vm")
    showsFragmentation = arguments.has("--frag")
    showsMap = arguments.has("--map")
    pinLimit = try arguments.number("--pins").map { Int(clamping: $0) }
    var options = PageMapOptions()
    options.colour = .never
    if let width = try arguments.number("--width") { options.width = Int(clamping: width) }
    mapOptions = options
  }

  /// True where nothing is asked for.
  var isEmpty: Bool { pages.isEmpty && poolUsed == nil && !showsUsage && !needsAllPages }

  private var needsAllPages: Bool { showsFragmentation || showsMap || pinLimit != nil }

  /// What is asked for of one dump. `limit` is the most bytes of pages that may be in memory.
  func texts(
    _ pool: DumpedPool<DumpFile>, name: String, limit: UInt64, _ streams: StandardStreams
  ) throws(CommandFailure) -> (texts: [String], code: ExitCode) {
    var texts: [String] = []
    var code = ExitCode.held
    for given in pages {
      let address = given.settled(streams) { address in
        pool.withPage(at: address) { view, _ in view.byte(address) != nil }
      }
      let (isThere, isGuess, text) = pool.withPage(at: address) { view, isGuess in
        (view.byte(address) != nil, isGuess, PoolPagePrinter(view).text(for: address))
      }
      if !isThere {
        streams.remark("--pool: no page is in the dump at \(String(address, radix: 16))")
        code = .badInput
      }
      if isGuess {
        streams.remark(
          "--pool: no chain of headers ends with the page of"
            + " \(String(address, radix: 16)); it is shown as one of small blocks for its first")
      }
      texts.append(text)
    }
    let view = pool.view
    if let poolUsed {
      do {
        texts.append(try PoolUsedPrinter(view).text(flags: poolUsed))
      } catch {
        throw .usage("--poolused: \(error.message)")
      }
    }
    if showsUsage {
      let printer = VirtualMemoryPrinter(view)
      texts += [printer.text, printer.diagnosis]
    }
    guard needsAllPages else { return (texts, code) }
    try Self.loadAll(pool, name, limit)
    if showsFragmentation { texts.append(FragmentationPrinter(view).text) }
    if showsMap { texts.append(PageMap(view).text(mapOptions)) }
    if let pinLimit { texts.append(DumpedMoment(pool).pins(pinLimit)) }
    return (texts, code)
  }

  /// Brings all pages of the pools in; throws where they are more than may be.
  static func loadAll(
    _ pool: DumpedPool<DumpFile>, _ name: String, _ limit: UInt64
  ) throws(CommandFailure) {
    guard pool.loadAll(most: limit) else {
      throw CommandFailure(
        message:
          "\(name): the pools' pages together are more than the limit of \(counted(limit, "byte"))"
          + " (--memory-limit)", code: .environment)
    }
  }
}

/// The pools of a dump as a history of one moment.
struct DumpedMoment {
  /// What the pages hold.
  private(set) var history: PoolHistory

  /// The moment; all pages must have been loaded. At most so many are kept as a recording keeps.
  init(_ pool: DumpedPool<DumpFile>, limits: RecordingLimits = RecordingLimits()) {
    var recorder = PoolRecorder(pool.view, limits: limits)
    let figures = Self.figures(pool)
    recorder.record(pool.view, line: "the dump", figures: figures)
    history = recorder.finish(pool.view, line: "the dump", figures: figures)
    history.peakBytes = state.liveBytes
  }

  /// Bytes of pages in use, and of blocks and large allocations that callers own.
  private static func figures(_ pool: DumpedPool<DumpFile>) -> PoolFigures {
    let walker = PoolWalker(pool.view)
    var figures = PoolFigures()
    for area in walker.areas {
      walker.visitPages(of: area) { use in
        figures.held += use.pages * pool.view.profile.pageBytes
        switch use {
        case .smallBlocks(let page):
          for block in walker.blocks(ofPage: page).blocks where block.state == .allocated {
            figures.live += block.byteCount
          }
        case .large(let allocation): figures.live += allocation.byteCount
        case .table, .kept: break
        }
      }
    }
    return figures
  }

  /// The state.
  var state: HistoryState { HistoryState(history, step: history.stepCount - 1) }

  /// The pin report, every line ended.
  func pins(_ limit: Int) -> String {
    HistoryText(history, at: state, pinLimit: limit).pinReport
  }
}
