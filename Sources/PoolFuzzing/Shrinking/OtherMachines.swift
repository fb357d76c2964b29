import KernelPool
import PoolTrace
import PropertyTesting

/// The machines to which a failure may be moved: every version, by itself and as the trace's machine
/// is set otherwise, with lists that keep no freed block, or one, with tables that are full at once.
///
/// A machine that a generator drew may want more operations than another: a list to fill, a table
/// to exhaust. The trace itself is tried on others, where some of its operations may be left out; and
/// traces of a few operations are looked for afresh, for which no path need lead there.
enum OtherMachines {
  typealias Alphabet = ShortestSearch<PoolSetup, PoolOperation>.Alphabet

  /// The trace on other machines: its own made smaller in one thing or several, every version.
  static func detours(of trace: PoolFuzzTrace) -> [PoolFuzzTrace] {
    let own = trace.configuration
    var machines = onePartSmaller(own) + variants(of: own)
    for version in versions {
      var moved = own
      if own.configuration.pool.profile.name != version.name {
        moved.configuration.pool.profile = version
      }
      machines += [
        plain(version, like: own), small(plain(version, like: own)), moved, small(moved),
      ]
    }
    return distinct(machines, but: own).map { machine in
      PoolFuzzTrace(
        configuration: machine,
        operations: trace.operations.map { moved($0, from: own, to: machine) })
    }
  }

  /// Alphabets of a trace on other machines, the simplest first in the order of traces: few machines,
  /// of which each shows in few operations what others show in more.
  static func alphabets(of trace: PoolFuzzTrace) -> [Alphabet] {
    let own = trace.configuration
    func machine(
      _ version: Profile, _ lookasideDepth: UInt16? = nil, _ singlePageDepth: UInt16? = nil,
      isFull: Bool = false
    ) -> PoolSetup {
      variant(
        of: plain(version, like: own), lookasideDepth: lookasideDepth,
        singlePageDepth: singlePageDepth, isFull: isFull)
    }
    let usual = TraceConfiguration.defaultProfile
    var machines = [
      small(own), machine(usual), machine(usual, nil, 0), machine(usual, nil, 1, isFull: true),
      machine(usual, 1), machine(usual, nil, nil, isFull: true), machine(usual, 0, 0, isFull: true),
      machine(.windows2003x64, nil, 0), machine(.windows2003x64, nil, nil, isFull: true),
      machine(.reactosX64), machine(.windowsVistax86),
    ]
    // Where frees wait, in batches of one and of two.
    machines += ([0, 1, 2] as [UInt32]).map { limit in
      var waiting = machine(.windows8x64)
      if limit > 0 { waiting.configuration.pool.profile.deferredFreeLimit = limit }
      return waiting
    }
    // A region that tables leave few pages of.
    var narrow = machine(.reactosX86, nil, nil, isFull: true)
    narrow.configuration.pool.nonPagedPages = fewPages
    machines.append(narrow)
    return distinct(machines, but: own).filter(\.canBoot).map { machine in
      let key = TraceOrder.key(of: PoolFuzzTrace(configuration: machine, operations: []))
      return (key: key, machine: machine)
    }
    .sorted { $0.key < $1.key }
    .flatMap { alphabets(of: trace, on: $0.machine) }
  }

  // MARK: Machines

  /// Pages for the tables and not much else.
  private static let fewPages: UInt64 = 24

  private static func plain(_ version: Profile, like setup: PoolSetup) -> PoolSetup {
    var plain = setup
    plain.configuration = TraceConfiguration(profile: version)
    return plain
  }

  private static func distinct(_ machines: [PoolSetup], but own: PoolSetup) -> [PoolSetup] {
    machines.reduce(into: []) { distinct, machine in
      if machine != own, !distinct.contains(machine) { distinct.append(machine) }
    }
  }

  /// A machine with one number nearer to nothing, which need not be nearer to its default.
  private static func onePartSmaller(_ setup: PoolSetup) -> [PoolSetup] {
    var smaller = setup.parameters.enumerated().flatMap { index, parameter in
      Set([0, 1, 2, parameter.value / 2, parameter.value &- 1]).filter { $0 < parameter.value }
        .sorted().compactMap { setup.replacingParameter(at: index, with: $0) }
    }
    var eager = setup
    eager.configuration.pool.profile.deferredFreeLimit = 1
    smaller.append(eager)
    return smaller
  }

  /// A machine on which no list keeps a freed block and every table is full at once.
  private static func small(_ machine: PoolSetup) -> PoolSetup {
    variant(of: machine, lookasideDepth: 0, singlePageDepth: 0, isFull: true)
  }

  /// A machine with what keeps freed blocks or fills up made small, in all combinations.
  private static func variants(of machine: PoolSetup) -> [PoolSetup] {
    [nil, 0, 1].flatMap { lookaside in
      [nil, 0, 1].flatMap { singlePages in
        [false, true].map {
          variant(
            of: machine, lookasideDepth: lookaside, singlePageDepth: singlePages, isFull: $0)
        }
      }
    }
  }

  private static func variant(
    of machine: PoolSetup, lookasideDepth: UInt16?, singlePageDepth: UInt16?, isFull: Bool
  ) -> PoolSetup {
    var variant = machine
    if let lookasideDepth { variant.configuration.pool.lookasideDepth = lookasideDepth }
    if let singlePageDepth {
      variant.configuration.pool.singlePageDepth = singlePageDepth
      variant.configuration.pool.pagedSinglePageDepth = nil
    }
    guard isFull else { return variant }
    variant.configuration.pool.trackerEntries = 1
    variant.configuration.pool.bigTableEntries = 1
    if machine.configuration.pool.specialPool != .none {
      variant.configuration.pool.specialPoolPages = 1
    }
    if machine.configuration.pool.profile.deferredFrees {
      variant.configuration.pool.profile.deferredFreeLimit = 1
    }
    return variant
  }

  /// The versions that differ in more than their names.
  private static let versions = Profile.all.reduce(into: [Profile]()) { versions, version in
    var unnamed = version
    let isKnown = versions.contains { known in
      unnamed.name = known.name
      return unnamed == known
    }
    if !isKnown { versions.append(version) }
  }

  /// Letters for another machine, the most first: every size in units for a single allocation; those
  /// of the trace and the machine's sizes; those of the trace; what the failing operation is about and
  /// its end, by itself, beside requests past the lookaside lists and for a page, beside runs of pages.
  /// Sizes of the trace are moved to where the other machine treats them alike.
  private static func alphabets(of trace: PoolFuzzTrace, on machine: PoolSetup) -> [Alphabet] {
    guard let last = trace.operations.last else { return [] }
    let profile = machine.configuration.pool.profile
    let header = UInt64(profile.header.bytes)
    let page = profile.pageBytes
    let type = TinyAlphabets.types(of: trace).last ?? .nonPaged
    func allocation(_ bytes: UInt64) -> PoolOperation {
      .alloc(Slot(0), type, bytes: bytes, tag: PoolOperation.plainTag)
    }
    func letters(_ operations: [PoolOperation]) -> [PoolOperation] {
      ShortestSearch.letters(
        of: PoolFuzzTrace(
          operations: operations.map { moved($0, from: trace.configuration, to: machine) }))
    }
    let subject = Lifetime.all(in: trace.operations).last {
      $0.operations.contains(trace.operations.count - 1)
    }
    let free = PoolOperation.free(Slot(0))
    let narrow = letters([subject.map { trace.operations[$0.creation] } ?? last, last, free])
    let all = letters(trace.operations + [free])
    let sizes = PoolAlphabet.sizes(of: machine).map(allocation)
    let limits = machine.landmarks(of: allocation(0).parameters[0])
    let (past, whole) = (allocation(limits[0]), allocation(limits[1]))
    let contiguous = PoolOperation(
      normal: .contiguous(PoolOperation.name(Slot(0)), bytes: page + 1, limits: nil))
    // Beside the smallest block it leaves a remainder too small for a list.
    let orphaning = allocation(
      limits[1] - (profile.smallestBlockUnits + 1) * profile.unitBytes)
    // The tag by which large requests are counted falls together with others.
    let isTagged = all.contains { letter in
      guard case .alloc(_, _, _, let tag) = letter.operation else { return false }
      return tag != PoolOperation.plainTag
    }
    let big = PoolOperation.alloc(Slot(0), type, bytes: 0, tag: PoolTag("BIG "))
    var lists = [
      all + sizes + [contiguous] + (isTagged ? [big] : []), all, narrow + [past, whole],
      narrow + [whole], narrow + [orphaning],
      [allocation(page + 1), allocation(3 * page + 1), free], narrow,
      [past, free],
    ]
    let sweeps =
      last.operationKind == .alloc && profile.deferredFrees
      && machine == plain(profile, like: machine)
    if sweeps {
      let every = (2..<profile.unitsPerPage).map { units in
        PoolOperation.alloc(
          Slot(0), .nonPaged, bytes: (units - 1) * profile.unitBytes - header + 1,
          tag: PoolOperation.plainTag)
      }
      lists.insert(every, at: 0)
    }
    return lists.map { ShortestSearch.letters(of: PoolFuzzTrace(operations: $0)) }
      .map { Alphabet(machine, $0, weight: sweeps ? 4 : 1) }
  }

  /// The same request at the same distance from the landmark below it.
  private static func moved(
    _ letter: PoolOperation, from setup: PoolSetup, to other: PoolSetup
  ) -> PoolOperation {
    guard let size = letter.parameters.first, size.role == ParameterRole.size.rawValue else {
      return letter
    }
    let landmarks = Array(zip([0] + setup.landmarks(of: size), [0] + other.landmarks(of: size)))
    guard let (from, to) = landmarks.last(where: { $0.0 <= size.value }) else { return letter }
    return letter.replacingParameter(at: 0, with: to + (size.value - from)) ?? letter
  }
}
