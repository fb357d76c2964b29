extension FragmentationQuery {
  /// Replays a trace on the kernel model, operation by operation as the abstract pool made it.
  ///
  /// - Throws: ``KernelContest/Failure`` where the machine's memory cannot be reserved.
  public func outcome(
    of best: BestTrace, on contest: KernelContest
  ) throws(KernelContest.Failure) -> KernelOutcome {
    let kernel = Kernel(try KernelReplay(contest, geometry: geometry))
    _ = replay(best) { kernel.replay.apply($0) }
    return KernelOutcome(kernel.replay.target)
  }

  /// What an escaping closure can hold.
  private final class Kernel {
    var replay: KernelReplay

    init(_ replay: consuming KernelReplay) { self.replay = replay }
  }
}
