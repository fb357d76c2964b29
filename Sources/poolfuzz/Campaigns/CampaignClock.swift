import Foundation

/// The time of a campaign: this process, the run that it belongs to, and all runs.
struct CampaignClock {
  /// How long a run takes at most, in seconds; nil without a limit.
  let limit: Double?
  /// Seconds that the campaign has had in earlier processes.
  var earlierSeconds = 0.0
  /// Seconds that this run has had before it was ended and begun again.
  var earlierSecondsOfRun = 0.0
  private let start = ContinuousClock.now

  init(limit: Double?) { self.limit = limit }

  /// Seconds of this process.
  var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// Seconds of the campaign.
  var secondsOfAll: Double { earlierSeconds + seconds }

  /// Whether the run has had its time.
  var isOver: Bool { secondsLeft.map { $0 <= 0 } ?? false }

  /// Seconds that the run has left; nil without a limit.
  var secondsLeft: Double? { limit.map { max(0, $0 - earlierSecondsOfRun - seconds) } }

  /// Seconds of the run that a state keeps: what is over begins anew when the command is given again.
  var secondsToKeep: Double {
    limit == nil || isOver ? 0 : earlierSecondsOfRun + seconds
  }

  /// How many of a count of this process come in a second.
  func rate(_ count: UInt64) -> Double { Double(count) / max(seconds, 0.001) }
}
