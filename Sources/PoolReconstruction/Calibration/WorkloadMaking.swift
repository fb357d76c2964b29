import KernelPool
import PropertyTesting

/// The steps of a calibrated workload.
struct WorkloadMaking {
  private let plan: PhaseSizes
  private let stock: WorkloadStock
  private let recipe: CalibrationRecipe
  private var random: Xoshiro256
  private var pinsLeft: [UInt64]

  /// Pages in use before the first spell.
  private(set) var packedPages: UInt64 = 0
  /// Spells so far.
  private(set) var spells: UInt64 = 0
  /// Pages that a small block keeps.
  private(set) var pins: UInt64 = 0

  /// Holes of just its size elsewhere that a block may fall into before it comes to lie where it
  /// should.
  private static let mostStraysInARow = 64

  /// The tag of what settles behind a buffer.
  private static let tailTag = PoolTag("Even")

  /// What takes the front of the room, what falls between, what takes the back: the tags of the
  /// story's three pages.
  private static let trios: [(front: PoolTag, pin: Int, back: PoolTag)] = [
    (PoolTag("MFE0"), 0, PoolTag("NtFs")), (PoolTag("Io"), 1, PoolTag("Irp")),
    (PoolTag("Ntfr"), 0, PoolTag("MFE0")),
  ]

  init(_ stock: WorkloadStock, _ recipe: CalibrationRecipe) {
    (self.plan, self.stock, self.recipe) = (stock.plan, stock, recipe)
    random = Xoshiro256(seed: recipe.seed, stream: 1)
    pinsLeft = stock.pins.map(\.part.count)
  }

  /// Makes everything.
  mutating func run(
    _ replay: inout OnlineGenerator, _ target: CalibrationTarget
  ) throws(CalibrationError) {
    replay.say("The machine's large allocations, and the driver's buffers that stay.")
    for item in stock.large + stock.buffers { try all(item, &replay) }
    replay.say("Small blocks of every tag, in random order; a few go again and leave holes.")
    try pack(&replay)
    packedPages = replay.nonPagedPages
    guard packedPages <= target.nonPagedPages + slack(target) else {
      throw CalibrationError(
        "the blocks of the tags alone take \(packedPages) pages, packed as the pool packs them;"
          + " the usage of \(target.nonPagedPages) pages leaves no room for that")
    }
    let plugs = try plug(&replay)
    try churn(&replay, target)
    for slot in plugs { try replay.free(slot) }
    replay.say("The rest of the small blocks, which find holes enough.")
    for index in pinsLeft.indices {
      while pinsLeft[index] > 0 { _ = try takePin(index, &replay) }
    }
  }

  /// Fills the holes that are just as large as the blocks that stay, or as the room behind a buffer,
  /// until the spells are over: otherwise blocks would fall there first and keep no page.
  private func plug(_ replay: inout OnlineGenerator) throws(CalibrationError) -> [LiveSlot] {
    guard !pinsLeft.isEmpty else { return [] }
    replay.say("Blocks that fill the smallest holes for the time of the spells.")
    var plugs: [LiveSlot] = []
    for units in [plan.pin, plan.tail] {
      for _ in 0..<NonPagedUsage.holes(replay.view, units: units) {
        plugs.append(
          try replay.allocate(.nonPaged, units * replay.sizes.unitBytes, Self.tailTag))
      }
    }
    return plugs
  }

  /// Pages that the usage may be off.
  private func slack(_ target: CalibrationTarget) -> UInt64 {
    UInt64(Double(target.nonPagedPages) * recipe.tolerance)
  }

  /// Spells until the usage is reached: as many as the recipe says, and a few short ones for what is
  /// missing then.
  private mutating func churn(
    _ replay: inout OnlineGenerator, _ target: CalibrationTarget
  ) throws(CalibrationError) {
    var used = packedPages
    while used < target.nonPagedPages, spells < recipe.spells + 4 {
      let left = max(1, recipe.spells - min(spells, recipe.spells))
      let wanted = target.nonPagedPages - used
      try spell(buffers: (wanted + left - 1) / left, &replay)
      let now = replay.nonPagedPages
      if now <= used {
        // The last pages may come and go with blocks that find old holes.
        if now + slack(target) >= target.nonPagedPages { return }
        throw CalibrationError(
          "the driver's buffers do not fragment this pool: after spell \(spells) it holds"
            + " \(now) pages, before it \(used)")
      }
      used = now
    }
  }

  private func all(
    _ item: WorkloadStock.Item, _ replay: inout OnlineGenerator
  ) throws(CalibrationError) {
    for _ in 0..<item.part.count {
      _ = try replay.allocate(
        item.type, item.part.bytes, isLarge: item.part.isLarge, item.tag)
    }
  }

  /// Allocates the small blocks in random order, and between them blocks that are freed at the end:
  /// from eight units to three quarters of a buffer's tail, so that neither tails nor lookaside
  /// lists of the smallest sizes are touched.
  private mutating func pack(_ replay: inout OnlineGenerator) throws(CalibrationError) {
    var left = stock.small.map(\.part.count)
    var total = left.reduce(0, +)
    var passing = stock.passing
    let sizes = replay.sizes
    let least = min(8, plan.tail / 2)
    let range = max(1, plan.tail * 3 / 4 - min(plan.tail * 3 / 4, least))
    // The lookaside lists of a tail's size are full before the first spell, so that no tail is
    // parked there later and keeps the room before it small.
    var leaving: [LiveSlot] = []
    for _ in 0..<(2 * UInt64(recipe.profile.lookasideDepth)) {
      leaving.append(try replay.allocate(.nonPaged, plan.tail * sizes.unitBytes, Self.tailTag))
    }
    while total > 0 || passing > 0 {
      var place = random.draw(below: total + passing)
      if place < passing {
        passing -= 1
        let bytes = (least + random.draw(below: range)) * sizes.unitBytes
        leaving.append(
          try replay.allocate(.nonPaged, max(bytes, sizes.smallest), PoolTag("Mdl")))
        continue
      }
      place -= passing
      var index = 0
      while place >= left[index] {
        place -= left[index]
        index += 1
      }
      left[index] -= 1
      total -= 1
      let item = stock.small[index]
      _ = try replay.allocate(item.type, item.part.bytes, item.tag)
    }
    for slot in leaving { try replay.free(slot) }
  }

  // MARK: Spells

  private mutating func spell(
    buffers count: UInt64, _ replay: inout OnlineGenerator
  ) throws(CalibrationError) {
    replay.say("Spell \(spells + 1): \(count) buffers come and go.")
    let unit = replay.sizes.unitBytes
    var buffers: [LiveSlot] = []
    for _ in 0..<count {
      let buffer = try replay.allocate(.nonPaged, plan.buffer * unit, .contiguous)
      guard buffer.isSmallBlock else {
        throw CalibrationError(
          "contiguous requests of \(recipe.bufferBytes) bytes get whole pages on"
            + " \(recipe.profile.name); nothing can settle behind them")
      }
      buffers.append(buffer)
    }
    var rooms = Set(buffers.map(\.page))
    var passing = try fillTails(of: &rooms, &replay)
    for buffer in buffers { try replay.free(buffer) }
    while !rooms.isEmpty { try cutUp(&rooms, &passing, &replay) }
    for slot in passing { try replay.free(slot) }
    spells += 1
  }

  /// A small block behind every buffer. Some may come from lookaside lists or lie in holes of just
  /// their size elsewhere; pages where none comes to lie, because a buffer found an old hole, are
  /// left out of `rooms`.
  private mutating func fillTails(
    of rooms: inout Set<UInt64>, _ replay: inout OnlineGenerator
  ) throws(CalibrationError) -> [LiveSlot] {
    var open = rooms
    var tails: [LiveSlot] = []
    var strays = 0
    let bytes = plan.tail * replay.sizes.unitBytes
    while !open.isEmpty, strays < Self.mostStraysInARow {
      let slot = try replay.allocate(.nonPaged, bytes, Self.tailTag)
      tails.append(slot)
      strays = open.remove(slot.page) == nil ? strays + 1 : 0
    }
    rooms.subtract(open)
    return tails
  }

  /// Cuts the room of a buffer up: a large block at its front, another at its back, and between
  /// them one that stays. The two that go are added to `passing`. A large block that finds another
  /// hole fills it for the time of the spell; when too many do, the spell ends.
  private mutating func cutUp(
    _ rooms: inout Set<UInt64>, _ passing: inout [LiveSlot], _ replay: inout OnlineGenerator
  ) throws(CalibrationError) {
    let unit = replay.sizes.unitBytes
    let trio = Self.trios[Int(random.draw(below: UInt64(Self.trios.count)))]
    let front = plan.front(spell: spells, choice: random.next())
    var place: UInt64?
    for _ in 0..<Self.mostStraysInARow where place == nil {
      let slot = try replay.allocate(.nonPaged, front * unit, trio.front)
      passing.append(slot)
      place = rooms.remove(slot.page)
    }
    guard let place else {
      rooms = []
      return
    }
    let back = try replay.allocate(.nonPaged, plan.back(front: front) * unit, trio.back)
    passing.append(back)
    // Beside a buffer that found an old hole, the two need not meet and leave no slot.
    if back.page == place { try pin(place, trio.pin, &replay) }
  }

  /// Lets long-lived blocks fall into holes of just their size until one lies on `page`: nearly
  /// always the first does.
  private mutating func pin(
    _ page: UInt64, _ preferred: Int, _ replay: inout OnlineGenerator
  ) throws(CalibrationError) {
    for _ in 0..<Self.mostStraysInARow {
      let wish = preferred % max(1, pinsLeft.count)
      let any = pinsLeft.firstIndex { $0 > 0 }
      guard let any else { return }
      let index = pinsLeft[wish] > 0 ? wish : any
      if try takePin(index, &replay).page == page {
        pins += 1
        return
      }
    }
  }

  private mutating func takePin(
    _ index: Int, _ replay: inout OnlineGenerator
  ) throws(CalibrationError) -> LiveSlot {
    pinsLeft[index] -= 1
    let item = stock.pins[index]
    return try replay.allocate(item.type, item.part.bytes, item.tag)
  }
}
