import KernelPool

/// One line of a trace.
///
/// Operations name slots, never positions, so any of them can be left out of a trace without a
/// change in the meaning of the others. Equality is that of meaning: two spellings of one
/// operation (`0x10` and `16`) are equal. Rare and large payloads are boxed, so an array of
/// operations stays small.
public enum Operation: Equatable, Sendable {
  /// Sets up the machine; only ever the first operation.
  indirect case config(TraceConfiguration)
  /// Allocates `bytes` (`ExAllocatePoolWithTag`). The type carries quota, raise and must-succeed.
  case alloc(SlotName, PoolType, bytes: UInt64, tag: PoolTag)
  /// Allocates contiguous memory (`MmAllocateContiguousMemory`); nil means without limits.
  indirect case contiguous(SlotName, bytes: UInt64, limits: ContiguousLimits?)
  /// Frees what the slot holds (`ExFreePoolWithTag`); nil frees without a tag (`ExFreePool`).
  case free(SlotName, tag: PoolTag?)
  /// Frees an address, whatever it is.
  case freeAt(AddressExpression, tag: PoolTag?)
  /// Stores bytes, at least one, at an offset from the slot's last address.
  case write(SlotName, offset: Int64, [UInt8])
  /// Stores bytes, at least one, at an address.
  case writeAt(AddressExpression, [UInt8])
  /// Writes the slot's own pattern over the requested bytes.
  case fill(SlotName)
  /// The following operations run on this processor, 0...63. A number that the machine does not
  /// have is no error of the trace, since the line that configures it may have been removed.
  case processor(UInt8)
  /// Seconds pass, 0...86,400.
  case tick(seconds: UInt32)
  /// The following operations run at this interrupt request level: 0 passive, 1 APC, 2 dispatch.
  case interruptLevel(UInt8)
  /// Prints the state.
  case dump
  /// The trace checks itself.
  indirect case expect(Expectation)

  /// The most seconds of one `tick`: a day. A bound, so that no line keeps a replay busy for ever.
  public static let maximumTickSeconds: UInt32 = 86_400
  /// The largest processor number.
  public static let maximumProcessor: UInt8 = 63
  /// The largest interrupt request level: dispatch level, where the nonpaged pool may be used.
  public static let maximumInterruptLevel: UInt8 = 2
}
