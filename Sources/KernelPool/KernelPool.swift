/// The kernel pool: `ExAllocatePoolWithTag` and everything under it, over simulated memory.
///
/// How to read it: `allocate` and `free` in `SmallBlocks/Allocation.swift` and
/// `SmallBlocks/Release.swift` are the two entry points. Both work on bytes in the state's `memory`;
/// the kernel's variables are in `variables`; whatever differs between versions is asked of
/// `profile`. Each step of the published algorithm is a method in the file of its name.
///
/// A pool is a value that cannot be copied: it owns its memory, and there is one writer. Operations
/// never trap, whatever the memory holds. When the kernel would have stopped, `halted` says why and
/// every later operation answers with it.
public struct KernelPool: ~Copyable {
  /// Everything that the pool is made of, at one address for its whole life.
  let state: PoolPointer

  /// A pool of this state, which it owns.
  init(_ state: consuming PoolState) {
    self.state = .allocate(capacity: 1)
    self.state.initialize(to: state)
  }

  deinit {
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// The machine's sizes.
  public var configuration: PoolConfiguration {
    unsafeAddress { UnsafePointer(state.pointee.shownConfiguration) }
  }
  /// The version's facts.
  public var profile: Profile { unsafeAddress { UnsafePointer(state.pointee.shownProfile) } }
  /// Why the simulated kernel stopped, or nil while it runs.
  public var halted: HaltReason? { state.pointee.halted }
  /// What the operations since the last reading have set in motion.
  public var mechanisms: Mechanisms {
    get { state.pointee.mechanisms }
    set { state.pointee.mechanisms = newValue }
  }
  /// A planted bug, `.none` but for tests of the checks.
  public var mutant: Mutant { state.pointee.mutant }

  /// Everything that a debugger could read; valid as long as this pool lives.
  public var view: PoolView { state.pointee.view }

  /// Keeps a journal of what is stored to from now on; valid as long as this pool lives. Nil where
  /// there is no memory for it.
  public mutating func startJournal(
    reserve: ReservedBytes.Reserver = ReservedBytes.zeroed
  ) -> WriteJournal? {
    guard let journal = state.pointee.memory.startJournal(reserve) else { return nil }
    state.pointee.instance = state.pointee.instance.journaled
    return journal
  }

  /// What an allocation came to.
  public enum AllocationOutcome: Equatable, Sendable {
    /// The address of the caller's memory.
    case address(Address)
    /// The request failed.
    case null
    /// The request failed and raised this status.
    case raised(UInt32)
    /// The kernel stopped.
    case halted(HaltReason)
  }

  /// What a free or a write came to.
  public enum FreeOutcome: Equatable, Sendable {
    /// It was done.
    case freed
    /// The kernel stopped.
    case halted(HaltReason)
  }

  /// The status that a failed allocation raises: STATUS_INSUFFICIENT_RESOURCES.
  public static let insufficientResources: UInt32 = 0xC000_009A

  /// The following operations run on this processor.
  public mutating func run(onProcessor processor: Int) {
    precondition((0..<configuration.processors).contains(processor), "no such processor")
    state.pointee.variables.pointee.processor = processor
    state.pointee.selectLookasides()
  }

  /// The following operations run at this interrupt request level.
  public mutating func setInterruptLevel(_ level: UInt32) {
    state.pointee.variables.pointee.interruptLevel = level
  }

  /// Lets seconds pass: the depths of lookaside lists are adjusted once for each, where the version
  /// adjusts them.
  public mutating func tick(seconds: UInt64) { GeneralBlocks(pool: state).tick(seconds: seconds) }

  /// Stores bytes as a driver would, through any address.
  ///
  /// A store to memory that is not mapped stops the kernel with a fault.
  public mutating func write(_ address: Address, _ bytes: UnsafeRawBufferPointer) -> FreeOutcome {
    if let halted { return .halted(halted) }
    return state.pointee.write(address, bytes)
  }

  /// Stores bytes as a driver would that fills its memory: `store` gets the places of one piece after
  /// the other, none across a page, each with how far it lies behind `address`.
  public mutating func write(
    _ address: Address, byteCount: UInt64,
    _ store: (UnsafeMutableRawBufferPointer, _ offset: UInt64) -> Void
  ) -> FreeOutcome {
    if let halted { return .halted(halted) }
    return state.pointee.write(address, byteCount, store)
  }

  /// Carries steps of the general algorithm out, up to the one that stops the kernel.
  func attempt(_ steps: (GeneralBlocks) throws(Halt) -> Void) -> FreeOutcome {
    if let halted { return .halted(halted) }
    do throws(Halt) {
      try steps(GeneralBlocks(pool: state))
      return .freed
    } catch {
      return .halted(state.pointee.stop())
    }
  }
}
