/// Checks that operations tell the shrinker the truth about themselves.
///
/// A shrinker trusts what operations say of their slots and parameters. One wrong `switch` there
/// shows up as a bad minimum months later; here it shows up at once.
public enum OperationLaws {
  /// The breaches found in a sample of operations; quadratic in its size.
  public static func breaches<Operation: SlotOperation>(
    of sample: [Operation]
  ) -> [LawBreach] {
    var breaches: [LawBreach] = []
    for operation in sample {
      checkRenaming(operation, &breaches)
      checkReplacement(operation, &breaches)
      for other in sample {
        checkDistinction(operation, other, &breaches)
        checkMerger(operation, other, &breaches)
      }
    }
    return breaches
  }

  private static func checkRenaming<Operation: SlotOperation>(
    _ operation: Operation, _ breaches: inout [LawBreach]
  ) {
    if operation.renamingSlots({ $0 }) != operation {
      breaches.append(LawBreach(law: .identityRenaming, witness: operation.description))
    }
    func shifted(_ slot: Slot) -> Slot { Slot((slot.number + 1) % Slot.limit) }
    func shifted(_ use: SlotUse?) -> SlotUse? {
      use.map { SlotUse(shifted($0.slot), $0.effect) }
    }
    let renamed = operation.renamingSlots(shifted)
    let expected = SlotUses(
      first: shifted(operation.slots.first), second: shifted(operation.slots.second))
    let isFaithful =
      renamed.slots == expected && renamed.kind == operation.kind
      && renamed.parameters.map(\.value) == operation.parameters.map(\.value)
    if !isFaithful {
      breaches.append(LawBreach(law: .faithfulRenaming, witness: operation.description))
    }
  }

  private static func checkReplacement<Operation: SlotOperation>(
    _ operation: Operation, _ breaches: inout [LawBreach]
  ) {
    let parameters = operation.parameters
    for (index, parameter) in parameters.enumerated() {
      if operation.replacingParameter(at: index, with: parameter.value) != operation {
        breaches.append(LawBreach(law: .identityReplacement, witness: operation.description))
      }
      for value in [parameter.origin, parameter.value / 2] + parameter.landmarks {
        guard let replaced = operation.replacingParameter(at: index, with: value) else { continue }
        var expected = parameters.map(\.value)
        expected[index] = value
        let isFaithful =
          replaced.parameters.map(\.value) == expected && replaced.kind == operation.kind
          && replaced.slots == operation.slots
        if !isFaithful {
          breaches.append(LawBreach(law: .faithfulReplacement, witness: operation.description))
        }
      }
    }
  }

  private static func checkDistinction<Operation: SlotOperation>(
    _ left: Operation, _ right: Operation, _ breaches: inout [LawBreach]
  ) {
    let looksEqual =
      left.kind == right.kind && left.slots == right.slots
      && left.parameters.map(\.value) == right.parameters.map(\.value)
    if looksEqual != (left == right) {
      breaches.append(LawBreach(law: .distinction, witness: "\(left) and \(right)"))
    }
  }

  private static func checkMerger<Operation: SlotOperation>(
    _ left: Operation, _ right: Operation, _ breaches: inout [LawBreach]
  ) {
    for merged in left.merging(right) where merged.slots != left.slots || !merged.isCreation {
      breaches.append(LawBreach(law: .merger, witness: "\(left) and \(right)"))
    }
  }
}
