import Foundation
import Synchronization

/// A request to stop: the first interrupt ends a run after saving, the second at once.
enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// Whether an interrupt or a termination was asked for.
  static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Starts to listen.
  static func install() {
    // Whoever started this process may have left them blocked.
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGINT)
    sigaddset(&set, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interruption.flag.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
    }
  }
}
