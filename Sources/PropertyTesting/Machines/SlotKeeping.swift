/// Who knows which slots are live while a trace is executed.
public enum SlotKeeping: Sendable {
  /// The runner: it skips what the effects do not allow, and the machine is never asked.
  case byRunner
  /// The machine, because its rules differ from those of `SlotEffect`: it answers `skipped`.
  case byMachine
}
