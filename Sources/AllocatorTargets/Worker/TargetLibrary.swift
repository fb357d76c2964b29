import Platform

/// The functions of a shared library under test: those of `poolfuzz_target.h`, or `malloc` and `free`
/// of a library that has no more.
struct TargetLibrary {
  typealias Memory = UnsafeMutableRawPointer
  typealias Create = @convention(c) (UnsafeRawPointer) -> Memory?
  typealias Allocate = @convention(c) (Memory?, UInt32, Int, UInt32, Int) -> Memory?
  typealias Free = @convention(c) (Memory?, Memory, UInt32) -> Void
  typealias Usable = @convention(c) (Memory?, UnsafeRawPointer) -> Int
  typealias Destroy = @convention(c) (Memory?) -> Void
  typealias Reallocate = @convention(c) (Memory?, Memory?, Int, UInt32, Int) -> Memory?
  typealias AllocateZeroed = @convention(c) (Memory?, UInt32, Int, Int, UInt32) -> Memory?
  typealias FreeSized = @convention(c) (Memory?, Memory, Int, Int, UInt32) -> Void
  typealias Resize = @convention(c) (Memory?, Memory, Int) -> Int32
  typealias AddRegion = @convention(c) (Memory?, Memory, Int) -> Int32
  typealias ResizeArena = @convention(c) (Memory?, Int) -> Int32
  typealias Footprint = @convention(c) (Memory?) -> Int
  typealias Check = @convention(c) (Memory?, UnsafeMutablePointer<CChar>, Int) -> Int32
  typealias Visit = @convention(c) (Memory?, UnsafeRawPointer?, Int, Int32) -> Void
  typealias Walk = @convention(c) (Memory?, Visit, Memory?) -> Void
  private typealias TellCounters =
    @convention(c) (UnsafeMutablePointer<Memory?>, UnsafeMutablePointer<Int>) -> Void
  private typealias Declare = @convention(c) (Memory) -> Void
  private typealias Alignment = @convention(c) () -> Int

  var capabilities = TargetCapabilities()
  let create: Create
  let allocate: Allocate
  let free: Free
  let destroy: Destroy
  var usable: Usable?
  var reallocate: Reallocate?
  var allocateZeroed: AllocateZeroed?
  var freeSized: FreeSized?
  var resize: Resize?
  var addRegion: AddRegion?
  var resizeArena: ResizeArena?
  var reset: Destroy?
  var footprint: Footprint?
  var check: Check?
  var walk: Walk?
  /// A byte for each place in the code that counts how often it was reached; see `poolfuzz_counters.h`.
  var counters = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// How many the library has, those too that are beyond the most that are looked at.
  var counterCount = 0

  init(create: Create, allocate: Allocate, free: Free, destroy: Destroy) {
    (self.create, self.allocate, self.free, self.destroy) = (create, allocate, free, destroy)
  }

  /// What is wrong with a library.
  struct Failure: Error {
    let message: String
  }

  /// Loads a library. `malloc` is the system's own; behind `malloc:`, only `malloc` and its kin are
  /// looked for.
  static func load(_ path: String) throws(Failure) -> TargetLibrary {
    let wantsMalloc = path == "malloc" || path.hasPrefix("malloc:")
    let file = path == "malloc" ? "libc.so.6" : wantsMalloc ? String(path.dropFirst(7)) : path
    let library: LoadedLibrary
    do throws(LoadedLibrary.Failure) {
      library = try LoadedLibrary.load(file)
    } catch {
      throw Failure(message: error.message)
    }
    if !wantsMalloc, library.symbol("poolfuzz_create") != nil {
      return try declared(interface(library), library)
    }
    return try MallocLibrary.load(library)
  }

  /// The counters of a library that was compiled with them; none of another.
  static func counters(
    of library: LoadedLibrary
  ) -> (seen: UnsafeMutableRawBufferPointer, count: Int) {
    var (start, count) = (Memory?.none, 0)
    if let symbol = library.symbol("poolfuzz_counters"), library.isOwner(of: symbol) {
      unsafeBitCast(symbol, to: TellCounters.self)(&start, &count)
    }
    count = start == nil ? 0 : max(count, 0)
    let seen = UnsafeMutableRawBufferPointer(
      start: start, count: min(count, SharedArea.mostCounters))
    return (seen, count)
  }

  private static func interface(_ library: LoadedLibrary) throws(Failure) -> TargetLibrary {
    func symbol(_ name: String) throws(Failure) -> UnsafeMutableRawPointer {
      guard let symbol = library.symbol("poolfuzz_" + name) else {
        throw Failure(message: "the library has poolfuzz_create but not poolfuzz_\(name)")
      }
      return symbol
    }
    func optional<Function>(_ name: String, _: Function.Type) -> Function? {
      library.symbol("poolfuzz_" + name).map { unsafeBitCast($0, to: Function.self) }
    }
    var target = TargetLibrary(
      create: unsafeBitCast(try symbol("create"), to: Create.self),
      allocate: unsafeBitCast(try symbol("allocate"), to: Allocate.self),
      free: unsafeBitCast(try symbol("free"), to: Free.self),
      destroy: unsafeBitCast(try symbol("destroy"), to: Destroy.self))
    if library.symbol("poolfuzz_capabilities") == nil { _ = try symbol("usable_size") }
    target.usable = optional("usable_size", Usable.self)
    target.reallocate = optional("reallocate", Reallocate.self)
    target.allocateZeroed = optional("allocate_zeroed", AllocateZeroed.self)
    target.freeSized = optional("free_sized", FreeSized.self)
    target.resize = optional("resize", Resize.self)
    target.addRegion = optional("add_region", AddRegion.self)
    target.resizeArena = optional("resize_arena", ResizeArena.self)
    target.reset = optional("reset", Destroy.self)
    target.footprint = optional("footprint", Footprint.self)
    target.check = optional("check", Check.self)
    target.walk = optional("walk", Walk.self)
    (target.counters, target.counterCount) = counters(of: library)
    return target
  }

  /// The library with what it declares; one of version 1 with what that version demanded.
  private static func declared(
    _ interface: TargetLibrary, _ library: LoadedLibrary
  ) throws(Failure) -> TargetLibrary {
    var target = interface
    let functions = target.functions
    guard let symbol = library.symbol("poolfuzz_capabilities") else {
      let alignment = library.symbol("poolfuzz_natural_alignment").map {
        unsafeBitCast($0, to: Alignment.self)()
      }
      target.capabilities.interface = 1
      target.capabilities.functions = functions
      target.capabilities.promises = [.joins, .stableUsableSize]
      target.capabilities.naturalAlignment = UInt64(bitPattern: Int64(alignment ?? 8))
      if let problem = target.capabilities.problem {
        throw Failure(message: "poolfuzz_natural_alignment: \(problem) is none")
      }
      return target
    }
    let read = withUnsafeTemporaryAllocation(
      byteCount: TargetCapabilities.structureBytes, alignment: 8
    ) { memory -> TargetCapabilities? in
      guard let base = memory.baseAddress else { return nil }
      TargetCapabilities().write(to: base)
      unsafeBitCast(symbol, to: Declare.self)(base)
      return TargetCapabilities.read(from: base, functions: functions)
    }
    guard let read else { throw Failure(message: "poolfuzz_capabilities: no such policy") }
    if let problem = read.problem {
      throw Failure(message: "poolfuzz_capabilities: \(problem) cannot be")
    }
    target.capabilities = read
    return target
  }

  /// Has every counter begin anew.
  func clearCounters() {
    if !counters.isEmpty { counters.initializeMemory(as: UInt8.self, repeating: 0) }
  }

  /// Gives a block back, with its size where that is asked or the library needs it.
  func give(
    _ allocator: Memory?, _ address: Memory, _ block: TraceExecutor.Owned, saysSize: Bool = false
  ) {
    if saysSize || capabilities.promises.contains(.freesBySize), let freeSized {
      let alignment = Int(bitPattern: UInt(block.alignment))
      freeSized(allocator, address, block.requested, alignment, block.tag)
    } else {
      free(allocator, address, block.tag)
    }
  }

  private var functions: TargetCapabilities.Functions {
    var functions: TargetCapabilities.Functions = []
    if usable != nil { functions.insert(.usableSize) }
    if reallocate != nil { functions.insert(.reallocate) }
    if allocateZeroed != nil { functions.insert(.allocateZeroed) }
    if freeSized != nil { functions.insert(.freeSized) }
    if resize != nil { functions.insert(.resize) }
    if addRegion != nil { functions.insert(.addRegion) }
    if resizeArena != nil { functions.insert(.resizeArena) }
    if reset != nil { functions.insert(.reset) }
    if footprint != nil { functions.insert(.footprint) }
    if check != nil { functions.insert(.check) }
    if walk != nil { functions.insert(.walk) }
    if !counters.isEmpty { functions.insert(.counters) }
    return functions
  }
}

/// Any library with `malloc` and `free`, as it is: it is loaded beside the process's own allocator
/// (`RTLD_LOCAL`), not in its place, so that only the trace uses it.
enum MallocLibrary {
  private typealias Memory = UnsafeMutableRawPointer
  private typealias Malloc = @convention(c) (Int) -> Memory?
  private typealias Calloc = @convention(c) (Int, Int) -> Memory?
  private typealias Realloc = @convention(c) (Memory?, Int) -> Memory?
  private typealias Release = @convention(c) (Memory?) -> Void
  private typealias PosixMemalign =
    @convention(c) (UnsafeMutablePointer<UnsafeMutableRawPointer?>, Int, Int) -> Int32
  private typealias UsableSize = @convention(c) (Memory?) -> Int

  /// Functions of C cannot capture, so the library's stand here; a worker loads one library.
  private nonisolated(unsafe) static var malloc: Malloc?
  private nonisolated(unsafe) static var calloc: Calloc?
  private nonisolated(unsafe) static var realloc: Realloc?
  private nonisolated(unsafe) static var release: Release?
  private nonisolated(unsafe) static var alignedAlloc: Calloc?
  private nonisolated(unsafe) static var posixMemalign: PosixMemalign?
  private nonisolated(unsafe) static var usable: UsableSize?

  static func load(
    _ library: LoadedLibrary
  ) throws(TargetLibrary.Failure) -> TargetLibrary {
    /// A handle also finds what the library itself was linked with, which is not asked for.
    func optional<Function>(_ name: String, _: Function.Type) -> Function? {
      guard let symbol = library.symbol(name), library.isOwner(of: symbol) else { return nil }
      return unsafeBitCast(symbol, to: Function.self)
    }
    malloc = optional("malloc", Malloc.self)
    release = optional("free", Release.self)
    guard malloc != nil, release != nil else {
      throw TargetLibrary.Failure(
        message: "the library has neither poolfuzz_create nor a malloc and a free of its own")
    }
    calloc = optional("calloc", Calloc.self)
    realloc = optional("realloc", Realloc.self)
    alignedAlloc = optional("aligned_alloc", Calloc.self)
    posixMemalign = optional("posix_memalign", PosixMemalign.self)
    usable = optional("malloc_usable_size", UsableSize.self)
    return target(TargetLibrary.counters(of: library))
  }

  private static func target(
    _ counters: (seen: UnsafeMutableRawBufferPointer, count: Int)
  ) -> TargetLibrary {
    var target = TargetLibrary(
      create: { _ in UnsafeMutableRawPointer(bitPattern: 1) },
      allocate: { _, _, bytes, _, alignment in
        alignment > 8
          ? MallocLibrary.aligned(alignment, UInt(bitPattern: bytes)) : MallocLibrary.malloc?(bytes)
      },
      free: { _, address, _ in MallocLibrary.release?(address) }, destroy: { _ in })
    var functions: TargetCapabilities.Functions = []
    if calloc != nil {
      target.allocateZeroed = { _, _, count, bytes, _ in MallocLibrary.calloc?(count, bytes) }
      functions.insert(.allocateZeroed)
    }
    if realloc != nil {
      target.reallocate = { _, address, bytes, _, _ in MallocLibrary.realloc?(address, bytes) }
      functions.insert(.reallocate)
    }
    if usable != nil {
      target.usable = { _, address in
        MallocLibrary.usable?(UnsafeMutableRawPointer(mutating: address)) ?? 0
      }
      functions.insert(.usableSize)
    }
    if !counters.seen.isEmpty { functions.insert(.counters) }
    (target.counters, target.counterCount) = counters
    target.capabilities.interface = 0
    target.capabilities.functions = functions
    target.capabilities.promises = [.joins, .stableUsableSize, .threads]
    if alignedAlloc == nil, posixMemalign == nil { target.capabilities.largestAlignment = 0 }
    return target
  }

  /// By `aligned_alloc` where the size is a multiple of the alignment, as C11 wants it, and by
  /// `posix_memalign` otherwise: both are under test.
  private static func aligned(_ alignment: Int, _ bytes: UInt) -> UnsafeMutableRawPointer? {
    let isMultiple = bytes & UInt(alignment - 1) == 0
    if isMultiple || posixMemalign == nil, let alignedAlloc {
      let mask = UInt(alignment - 1)
      guard bytes <= UInt.max - mask else { return nil }
      return alignedAlloc(alignment, Int(bitPattern: (bytes + mask) & ~mask))
    }
    var memory: UnsafeMutableRawPointer?
    let failure = posixMemalign?(&memory, alignment, Int(bitPattern: bytes))
    return failure == 0 ? memory : nil
  }
}
