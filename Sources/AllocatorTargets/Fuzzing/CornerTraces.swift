import PropertyTesting

/// What has been seen to break allocators by itself: the first call a huge one, sizes near the ends of
/// numbers, nothing at all, more than there is; and programs of a few calls to which the faults of real
/// allocators come down.
struct CornerTraces {
  private let capabilities: TargetCapabilities

  init(_ capabilities: TargetCapabilities) { self.capabilities = capabilities }

  /// Sizes near 2 to the power of 16, 31, 32, 63 and 64.
  static let edges: [UInt64] =
    [16, 31, 32, 63].flatMap { width -> [UInt64] in
      let power = UInt64(1) << width
      return [power - 1, power, power + 1, power - 8, power + 8, power - 64]
    } + [1, 2, 7, 8, 15, 16, 17, 31, 32, 63, 64, 65, 4096].map { 0 &- $0 }

  /// Whether a call makes an allocator write gigabytes: what becomes of it the machine decides.
  static func isMachineBound(_ operation: TargetOperation) -> Bool {
    guard operation.call == .allocateZeroed, let bytes = operation.requestedBytes else {
      return false
    }
    return bytes > 16 << 20 && bytes < 1 << 48
  }

  /// The traces, those first that find the most.
  var all: [TargetTrace] {
    let (first, second) = (Slot(0), Slot(1))
    let arena = TargetSetup().arenaBytes
    let basics: [[TargetOperation]] = [
      [.allocate(first, 16)], [.allocate(first, arena)], [.allocate(first, 40, alignment: 64)],
      [.allocate(first, 0), .allocate(second, 1)],
    ]
    var programs: [[TargetOperation]] =
      ([arena, arena - 16, arena / 4 * 3, arena / 2 + 1, arena + 1] + Self.edges).map {
        [.allocate(first, $0)]
      }
    programs += Self.edges.map { [.allocate(first, 40), .allocate(second, $0), .free(first)] }
    programs += [UInt64(4096), 1 << 16, 1 << 20, 1 << 31, 1 << 63].map {
      [.allocate(first, 24, alignment: $0)]
    }
    programs += Self.edges.suffix(13).map { [.allocate(first, $0, alignment: 64)] }
    for size in Self.edges + [0, 1, 39, 40, 41, 4096] {
      programs.append([
        .allocate(first, 40), .allocate(second, 8),
        TargetOperation(.reallocate, first, bytes: size), .free(second),
      ])
      programs.append([
        .allocate(first, 40), .allocate(second, 8), TargetOperation(.resize, first, bytes: size),
      ])
    }
    programs += Self.edges.map { [TargetOperation(.reallocate, first, bytes: $0)] }
    for count in [UInt64(1) << 32, 1 << 33, 1 << 63, .max, .max / 2 + 2, 3, 1, 0] {
      for bytes in [UInt64(1) << 32, 2, 16, .max, .max / 3 + 1, 0] {
        programs.append([TargetOperation(.allocateZeroed, first, bytes: bytes, second: count)])
      }
    }
    let plain = TargetSetup()
    let shapes =
      basics.map { (plain, $0) } + threads + reallocations + resizings + fillings
      + programs.map { (plain, $0) } + alignments
    let usable = shapes.filter { setup, operations in
      setup.arenaBytes % capabilities.arenaAlignment == 0
        && operations.allSatisfy { operation in
          let isOfArena = [.resizeArena, .addRegion].contains(operation.call)
          return capabilities.allows(operation) && !Self.isMachineBound(operation)
            && (!isOfArena || operation.bytes % capabilities.arenaAlignment == 0)
        }
    }
    return usable.map { TargetTrace(configuration: $0.0, operations: $0.1) }
  }

  private typealias Shape = (TargetSetup, [TargetOperation])

  /// Nearly all of the arena in two or three blocks, one of them freed and asked for again; and what
  /// has just been freed at its end asked for as a larger one.
  private var fillings: [Shape] {
    let setup = TargetSetup()
    let arena = setup.arenaBytes
    var programs: [[TargetOperation]] = []
    for part in [2, 3] as [UInt64] {
      for slack in [64, 1024, arena / 20] {
        let bytes = arena / part - slack
        programs.append(
          (0..<Int(part)).map { .allocate(Slot($0), bytes) }
            + [.free(Slot(0)), .allocate(Slot(Int(part)), bytes)])
      }
    }
    programs.append([
      .allocate(Slot(0), arena / 4 * 3), .allocate(Slot(1), 8), .free(Slot(1)),
      .allocate(Slot(2), arena / 2),
    ])
    for slack in [32, 64, 128] as [UInt64] {
      programs.append([
        .allocate(Slot(0), 16), .free(Slot(0)), .allocate(Slot(1), arena - slack),
        .allocate(Slot(2), 16),
      ])
    }
    return programs.map { (setup, $0) }
  }

  /// A block that another thread frees than the one that asked for it: a second one, the first, and the first
  /// when the second has ended.
  private var threads: [Shape] {
    let other = TargetOperation(.thread, bytes: 1)
    let first = TargetOperation(.thread)
    let end = TargetOperation(.endThread, bytes: 1)
    return [16, 64, 4096, 100_000].flatMap { (bytes: UInt64) -> [Shape] in
      let (block, free) = (TargetOperation.allocate(Slot(0), bytes), TargetOperation.free(Slot(0)))
      return [[block, other, free], [other, block, end, free], [other, block, first, free]].map {
        (TargetSetup(), $0)
      }
    }
  }

  /// From a large block to a small one: beside the arena's end, and beside live neighbours.
  private var reallocations: [Shape] {
    var shapes: [Shape] = []
    for arena in [1 << 20, 3 << 18, (1 << 20) + 64] as [UInt64] {
      for bytes in [1 << 20, 1 << 19] as [UInt64] where bytes < arena {
        shapes.append(
          (
            TargetSetup(arenaBytes: arena),
            [.allocate(Slot(0), bytes), TargetOperation(.reallocate, Slot(0), bytes: 1)]
          ))
      }
    }
    for small in [1, 16, 65] as [UInt64] {
      shapes.append(
        (
          TargetSetup(),
          [
            .allocate(Slot(0), small), .allocate(Slot(1), small), .allocate(Slot(2), 300),
            .free(Slot(0)), TargetOperation(.reallocate, Slot(2), bytes: small),
            TargetOperation(.verify, Slot(1)),
          ]
        ))
    }
    return shapes
  }

  /// Blocks of every alignment: alone, reallocated, and freed behind a live one.
  private var alignments: [Shape] {
    var shapes: [Shape] = []
    for alignment in [32, 64, 256, 4096, 8192, 1 << 16] as [UInt64] {
      for bytes in [1, 40, 169, 5000, 100_000] as [UInt64] {
        let block = TargetOperation.allocate(Slot(0), bytes, alignment: alignment)
        shapes.append((TargetSetup(), [block]))
        for other in [1, bytes * 3] {
          shapes.append(
            (TargetSetup(), [block, TargetOperation(.reallocate, Slot(0), bytes: other)]))
        }
        shapes.append((TargetSetup(), [.allocate(Slot(1), 1), block, .free(Slot(0))]))
      }
    }
    return shapes
  }

  /// Another size of the arena, and all of it asked for.
  private var resizings: [Shape] {
    let arena = TargetSetup().arenaBytes
    return [192, 320, 4096 + 64, arena / 2, arena / 4 * 3, arena / 2 * 3].flatMap { bytes in
      let resizing = TargetOperation(.resizeArena, bytes: bytes)
      let half = bytes / 2
      return [
        (TargetSetup(), [resizing, .allocate(Slot(0), bytes)]),
        (
          TargetSetup(),
          [resizing] + [.allocate(Slot(0), half), .allocate(Slot(1), half)] + [
            .allocate(Slot(2), 64)
          ]
        ),
      ]
    }
  }
}
