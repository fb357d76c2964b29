import Foundation
import Synchronization

/// A request to stop: the first interrupt ends a run after saving, the second at once.
enum Interruption {
  private static let requested = Atomic<Int32>(0)

  /// Whether an interrupt or a termination was asked for.
  static var isRequested: Bool { requested.load(ordering: .relaxed) != 0 }

  /// The signal that asked for it; SIGINT where none has.
  static var signalNumber: Int32 {
    let number = requested.load(ordering: .relaxed)
    return number == 0 ? SIGINT : number
  }

  /// The signals that ask for it.
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// Starts to listen.
  static func install() {
    // Whoever started this process may have left them blocked.
    var set = sigset_t()
    sigemptyset(&set)
    for number in signals { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
    for number in signals {
      signal(number) { number in
        if Interruption.requested.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
    }
  }
}
