import PropertyTesting

/// A failing trace, cut after its failure.
struct FailingTrace<Configuration: MachineConfiguration, Operation: SlotOperation> {
  let trace: Trace<Configuration, Operation>
  let identity: FailureIdentity
}
