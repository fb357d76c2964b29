import Platform

/// Decides whether a run hangs, from what is seen of it in slices of time.
///
/// It hangs when nothing moves while the process uses the processor for the whole time-out, or while all of
/// its threads sleep. One that would run if it were let is waited for: the verdict must not be the load's.
struct HangWatch {
  /// Slices of a time-out.
  private static let slices = 4
  /// Time-outs on the wall after which a run hangs in any case.
  private static let mostTimeouts = 100

  private let timeoutSeconds: Double
  private var heartbeat: UInt64
  /// Slices since anything moved.
  private var quiet = 0
  private var first: ProcessActivity?
  private var last: ProcessActivity?

  init(timeoutSeconds: Double, heartbeat: UInt64) {
    (self.timeoutSeconds, self.heartbeat) = (timeoutSeconds, heartbeat)
  }

  /// For how long to wait before the next look.
  var sliceSeconds: Double { timeoutSeconds / Double(Self.slices) }

  /// Whether it hangs, at the end of a slice without an answer.
  mutating func hangs(heartbeat now: UInt64, _ activity: () -> ProcessActivity?) -> Bool {
    guard now == heartbeat else {
      (heartbeat, quiet, first, last) = (now, 0, nil, nil)
      return false
    }
    quiet += 1
    let (before, activity) = (last, activity())
    last = activity
    if quiet == 1 { first = activity }
    guard quiet >= Self.slices else { return false }
    guard let activity, let first, let before, quiet < Self.slices * Self.mostTimeouts else {
      return true
    }
    let used = activity.processorSeconds - first.processorSeconds
    let sleeps = !activity.isBusy && activity == before
    // The first slice went by before it was looked at; the system counts in hundredths.
    return sleeps || used >= timeoutSeconds - sliceSeconds - 0.02
  }
}
