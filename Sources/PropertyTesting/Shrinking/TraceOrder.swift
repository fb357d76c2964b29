/// The one order over traces: shorter first, then simpler. Nothing else decides what is smaller.
///
/// | rank | what is compared                                                          |
/// |------|---------------------------------------------------------------------------|
/// | 1    | the number of operations                                                  |
/// | 2    | how many settings are away from their defaults, then how far each          |
/// | 3    | how many creations take a slot that an earlier one took                   |
/// | 4    | the ranks of the kinds, from the first operation to the last              |
/// | 5    | the numbers of the slots, likewise                                        |
/// | 6    | how many parameters are away from their origins, then how far each         |
/// | 7    | the values of all parameters and settings, which breaks the last ties      |
///
/// Every pass must go down in this order. As it is well-founded, shrinking ends whatever the
/// passes are; as it is total, two traces in which a bug shows in the same way have one of them
/// as the better, and normal forms come of their own.
public enum TraceOrder {
  /// The words of a trace.
  public static func key<C: TraceConfiguration, O: SlotOperation>(
    of trace: Trace<C, O>
  ) -> TraceKey {
    let settings = trace.configuration.parameters
    let parameters = trace.operations.map(\.parameters)
    var words: [UInt64] = []
    words.reserveCapacity(3 + settings.count * 2 + trace.operations.count * 6)
    words.append(UInt64(trace.operations.count))
    words.append(UInt64(settings.count { $0.complexity > 0 }))
    words += settings.map(\.complexity)
    words.append(UInt64(SlotNaming.reuseCount(trace.operations)))
    words += trace.operations.map { UInt64(max($0.kind, 0)) }
    for operation in trace.operations {
      operation.slots.forEach { words.append(UInt64($0.slot.number)) }
    }
    words.append(UInt64(parameters.reduce(0) { $0 + $1.count { $0.complexity > 0 } }))
    for list in parameters { words += list.map(\.complexity) }
    for list in parameters { words += list.map(\.value) }
    words += settings.map(\.value)
    return TraceKey(words: words)
  }

  /// Whether the first is smaller; looks at no more than it must.
  public static func isSmaller<C: TraceConfiguration, O: SlotOperation>(
    _ left: Trace<C, O>, than right: Trace<C, O>
  ) -> Bool {
    if left.operations.count != right.operations.count {
      return left.operations.count < right.operations.count
    }
    return key(of: left) < key(of: right)
  }
}
