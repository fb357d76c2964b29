import Platform

/// The functions of a shared library under test: those of `poolfuzz_target.h`, or `malloc` and `free`
/// of any library that has no more.
struct TargetLibrary {
  typealias Create = @convention(c) (UnsafeRawPointer) -> UnsafeMutableRawPointer?
  typealias Allocate =
    @convention(c) (UnsafeMutableRawPointer?, UInt32, Int, UInt32, Int) -> UnsafeMutableRawPointer?
  typealias Free =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer, UInt32) -> Void
  typealias Usable = @convention(c) (UnsafeMutableRawPointer?, UnsafeRawPointer) -> Int
  typealias Destroy = @convention(c) (UnsafeMutableRawPointer?) -> Void
  typealias Alignment = @convention(c) () -> Int
  typealias Footprint = @convention(c) (UnsafeMutableRawPointer?) -> Int
  typealias Check =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>, Int) -> Int32
  typealias Visit =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeRawPointer?, Int, Int32) -> Void
  typealias Walk =
    @convention(c) (UnsafeMutableRawPointer?, Visit, UnsafeMutableRawPointer?) -> Void

  let create: Create
  let allocate: Allocate
  let free: Free
  let usable: Usable
  let destroy: Destroy
  let alignment: Int
  let footprint: Footprint?
  let check: Check?
  let walk: Walk?

  /// What is wrong with a library.
  struct Failure: Error {
    let message: String
  }

  /// Loads a library; `malloc` is the system's own.
  static func load(_ path: String) throws(Failure) -> TargetLibrary {
    let file = path == "malloc" ? "libc.so.6" : path
    let library: LoadedLibrary
    do throws(LoadedLibrary.Failure) {
      library = try LoadedLibrary.load(file)
    } catch {
      throw Failure(message: error.message)
    }
    if library.symbol("poolfuzz_create") != nil { return try interface(library) }
    return try MallocLibrary.load(library)
  }

  private static func interface(_ library: LoadedLibrary) throws(Failure) -> TargetLibrary {
    func symbol(_ name: String) throws(Failure) -> UnsafeMutableRawPointer {
      guard let symbol = library.symbol(name) else {
        throw Failure(message: "the library has poolfuzz_create but not \(name)")
      }
      return symbol
    }
    let alignment = library.symbol("poolfuzz_natural_alignment").map {
      unsafeBitCast($0, to: Alignment.self)()
    }
    let natural = alignment ?? 8
    guard natural > 0, natural & (natural - 1) == 0 else {
      throw Failure(message: "poolfuzz_natural_alignment gives \(natural), no power of two")
    }
    return TargetLibrary(
      create: unsafeBitCast(try symbol("poolfuzz_create"), to: Create.self),
      allocate: unsafeBitCast(try symbol("poolfuzz_allocate"), to: Allocate.self),
      free: unsafeBitCast(try symbol("poolfuzz_free"), to: Free.self),
      usable: unsafeBitCast(try symbol("poolfuzz_usable_size"), to: Usable.self),
      destroy: unsafeBitCast(try symbol("poolfuzz_destroy"), to: Destroy.self),
      alignment: natural,
      footprint: library.symbol("poolfuzz_footprint").map {
        unsafeBitCast($0, to: Footprint.self)
      },
      check: library.symbol("poolfuzz_check").map { unsafeBitCast($0, to: Check.self) },
      walk: library.symbol("poolfuzz_walk").map { unsafeBitCast($0, to: Walk.self) })
  }
}

/// Any library with `malloc` and `free`, as it is: it is loaded beside the process's own allocator
/// (`RTLD_LOCAL`), not in its place, so that only the trace uses it.
enum MallocLibrary {
  typealias Malloc = @convention(c) (Int) -> UnsafeMutableRawPointer?
  typealias Release = @convention(c) (UnsafeMutableRawPointer?) -> Void
  typealias Aligned =
    @convention(c) (UnsafeMutablePointer<UnsafeMutableRawPointer?>, Int, Int) -> Int32
  typealias UsableSize = @convention(c) (UnsafeMutableRawPointer?) -> Int

  /// Functions of C cannot capture, so the library's stand here; a worker loads one library.
  private nonisolated(unsafe) static var malloc: Malloc?
  private nonisolated(unsafe) static var release: Release?
  private nonisolated(unsafe) static var aligned: Aligned?
  private nonisolated(unsafe) static var usable: UsableSize?

  static func load(
    _ library: LoadedLibrary
  ) throws(TargetLibrary.Failure) -> TargetLibrary {
    func symbol(_ name: String) throws(TargetLibrary.Failure) -> UnsafeMutableRawPointer {
      guard let symbol = library.symbol(name) else {
        throw TargetLibrary.Failure(
          message: "the library has neither poolfuzz_create nor \(name)")
      }
      return symbol
    }
    let own = try symbol("malloc")
    // A handle also finds what the library itself was linked with.
    guard library.isOwner(of: own) else {
      throw TargetLibrary.Failure(
        message: "the library has neither poolfuzz_create nor a malloc of its own")
    }
    malloc = unsafeBitCast(own, to: Malloc.self)
    release = unsafeBitCast(try symbol("free"), to: Release.self)
    aligned = unsafeBitCast(try symbol("posix_memalign"), to: Aligned.self)
    usable = unsafeBitCast(try symbol("malloc_usable_size"), to: UsableSize.self)
    return TargetLibrary(
      create: { _ in UnsafeMutableRawPointer(bitPattern: 1) },
      allocate: { _, _, bytes, _, alignment in
        guard alignment > 16 else { return MallocLibrary.malloc?(bytes) }
        var memory: UnsafeMutableRawPointer?
        let failure = MallocLibrary.aligned?(&memory, alignment, bytes)
        return failure == 0 ? memory : nil
      },
      free: { _, address, _ in MallocLibrary.release?(address) },
      usable: { _, address in
        MallocLibrary.usable?(UnsafeMutableRawPointer(mutating: address)) ?? 0
      },
      destroy: { _ in },
      // C promises the alignment of the widest type for requests that are as large as it; smaller
      // ones may have less, and some libraries use that.
      alignment: 8, footprint: nil, check: nil, walk: nil)
  }
}
