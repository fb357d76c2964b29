import FragmentationSearch
import KernelPool
import PoolBounds

/// The pool, the rules and the cap that `bound` and `maximize` are asked about.
struct ContestOptions {
  /// The question.
  let query: FragmentationQuery
  /// The kernel that has these sizes; nil where none has.
  let profile: Profile?

  /// `on` or `off`.
  private enum Switch: String, CaseIterable {
    case on
    case off
  }

  /// The options, as the help shows them.
  static let options: [Option] = [
    .profile("the system whose pool it is (windows-2003-x86)"),
    Option(
      name: "--peak-live", argument: .quantity("BYTES", .bytes()),
      help: "the most bytes of live blocks at any moment, headers included"),
    Option(
      name: "--sizes", argument: .value("LO-HI"),
      help: "requests are of LO to HI bytes (all small ones)"),
    Option(
      name: "--page-units", argument: .quantity("P", .count()),
      help: "a pool of no particular system: units of a page"),
    Option(
      name: "--smallest-units", argument: .quantity("S", .count()),
      help: "units of its smallest block"),
    Option(
      name: "--peak-live-units", argument: .quantity("M", .count()),
      help: "the most live units at any moment"),
    Option(
      name: "--order", argument: .value("head|tail|relaxed"),
      help: "where remainders of splits go on their list (as the profile; tail)"),
    Option(
      name: "--exact-fit", argument: .value("on|off"),
      help: "whether exactly fitting free blocks are used (as the profile; on)"),
  ]

  private static let abstract = ["--page-units", "--smallest-units", "--peak-live-units"]
  private static let kernel = ["--profile", "--peak-live", "--sizes"]

  /// Reads the options.
  init(_ arguments: ParsedArguments, verb: String) throws(CommandFailure) {
    guard arguments.operands.isEmpty else {
      throw .usage("\(verb) takes no operand; '\(arguments.operands[0])' is one")
    }
    self = try Self.read(arguments, verb: verb)
  }

  /// Reads the options beside a verb's own operands.
  static func read(
    _ arguments: ParsedArguments, verb: String
  ) throws(CommandFailure) -> ContestOptions {
    if let units = abstract.first(where: arguments.has) {
      if let other = kernel.first(where: arguments.has) {
        throw .usage("\(units) describes a pool of no particular system; \(other) names one")
      }
      return try ofAnyPool(arguments)
    }
    return try ofKernel(arguments, verb)
  }

  private init(query: FragmentationQuery, profile: Profile?) {
    self.query = query
    self.profile = profile
  }

  // MARK: A system's pool

  private static func ofKernel(
    _ arguments: ParsedArguments, _ verb: String
  ) throws(CommandFailure) -> ContestOptions {
    let profile = try Profile.chosen(
      arguments.value("--profile") ?? Profile.windows2003x86.name)
    guard let bytes = try arguments.number("--peak-live") else {
      throw .usage(
        "\(verb) needs --peak-live BYTES, or --page-units, --smallest-units and --peak-live-units")
    }
    let geometry: PoolGeometry
    do {
      geometry = try PoolGeometry(
        profile: profile, requestBytes: try sizes(arguments))
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw .usage("--sizes: \(error)")
    }
    return ContestOptions(
      query: FragmentationQuery(
        profile: profile.name, geometry: geometry,
        rules: try rules(arguments, PlacementRules(profile: profile)),
        peakLiveBytes: Int(clamping: bytes)),
      profile: profile)
  }

  private static func sizes(
    _ arguments: ParsedArguments
  ) throws(CommandFailure) -> ClosedRange<Int>? {
    guard let text = arguments.value("--sizes") else { return nil }
    let bounds = text.split(separator: "-", omittingEmptySubsequences: false)
      .map { Quantity.bytes().number(String($0)).map { Int(clamping: $0) } }
    guard bounds.count == 2, let low = bounds[0], let high = bounds[1], low <= high else {
      throw .usage("--sizes is LO-HI in bytes, 16-4080 for example, not '\(text)'")
    }
    return low...high
  }

  // MARK: Any pool

  private static func ofAnyPool(
    _ arguments: ParsedArguments
  ) throws(CommandFailure) -> ContestOptions {
    var units: [Int] = []
    for name in abstract {
      guard let number = try arguments.number(name) else {
        throw .usage("\(abstract.joined(separator: ", ")) belong together; \(name) is missing")
      }
      units.append(Int(clamping: number))
    }
    let geometry: PoolGeometry
    do {
      // Units in which a block of the smallest size has room for a header and two links, so that
      // a kernel can have the pool too.
      geometry = try PoolGeometry(
        pageUnits: units[0], smallestBlockUnits: units[1], unitBytes: units[1] == 1 ? 16 : 8,
        headerBytes: 8)
    } catch {
      throw .usage(error.description)
    }
    return ContestOptions(
      query: FragmentationQuery(
        profile: "abstract", geometry: geometry, rules: try rules(arguments, .windows),
        peakLiveUnits: units[2]),
      profile: try? KernelContest.profile(for: geometry))
  }

  private static func rules(
    _ arguments: ParsedArguments, _ standard: PlacementRules
  ) throws(CommandFailure) -> PlacementRules {
    var rules = standard
    rules.remainderOrder = try arguments.choice("--order", default: standard.remainderOrder)
    let exactFit: Switch = try arguments.choice(
      "--exact-fit", default: standard.exactFit == .taken ? .on : .off)
    rules.exactFit = exactFit == .on ? .taken : .never
    return rules
  }

  /// The kernel's machine for these rules, with room for every page that the bound allows.
  ///
  /// - Throws: bad usage where no kernel has such a pool.
  func contest(for option: String) throws(CommandFailure) -> KernelContest {
    guard let profile else {
      throw .usage("\(option): \(KernelContest.Failure.geometry)")
    }
    do {
      return try KernelContest(
        profile: profile, geometry: query.geometry, rules: query.rules,
        pages: query.bound().upperBound.pages + 1)
    } catch {
      throw .usage("\(option): \(error)")
    }
  }
}
