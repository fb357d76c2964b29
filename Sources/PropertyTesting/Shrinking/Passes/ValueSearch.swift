/// Looks for a simpler number with few attempts.
///
/// The origin first: most numbers do not matter. Then the landmarks. Then, if one step down is
/// accepted, or failing that half the way, a bisection. A number that cannot be lowered at all
/// costs four attempts and not a logarithm.
struct ValueSearch {
  let origin: UInt64
  let landmarks: [UInt64]

  /// A search in a trace's configuration, which knows the landmarks.
  init(_ parameter: Parameter, _ configuration: some TraceConfiguration) {
    self.init(parameter, landmarks: configuration.landmarks(of: parameter))
  }

  init(_ parameter: Parameter, landmarks: [UInt64]) {
    origin = parameter.origin
    self.landmarks = landmarks
  }

  /// Lowers a number as far as attempts succeed.
  ///
  /// - Parameter attempt: whether the number is accepted.
  func lower(_ start: UInt64, _ attempt: (UInt64) -> Bool) {
    guard start != origin, !attempt(origin) else { return }
    var value = start
    for landmark in landmarks.sorted(by: { distance($0) < distance($1) }) {
      guard landmark != origin, distance(landmark) < distance(value) else { continue }
      if attempt(landmark) {
        value = landmark
        break
      }
    }
    bisect(value, attempt)
  }

  private func bisect(_ start: UInt64, _ attempt: (UInt64) -> Bool) {
    var rejected: UInt64 = 0
    var accepted = distance(start)
    let isAbove = start > origin
    func value(at distance: UInt64) -> UInt64 {
      isAbove ? origin + distance : origin - distance
    }
    guard accepted > 1 else { return }
    if attempt(value(at: accepted - 1)) {
      accepted -= 1
    } else if accepted > 3, attempt(value(at: accepted / 2)) {
      accepted /= 2
    } else {
      // Only every second number may do: a parity.
      Self.gallop(limit: (accepted - 1) / 2) { attempt(value(at: accepted - $0 * 2)) }
      return
    }
    while accepted - rejected > 1 {
      let middle = rejected + (accepted - rejected) / 2
      if attempt(value(at: middle)) { accepted = middle } else { rejected = middle }
    }
  }

  private func distance(_ value: UInt64) -> UInt64 {
    value > origin ? value - origin : origin - value
  }

  /// The largest shift in `1...limit` that is accepted, tried from 1 by doubling and bisection.
  static func gallop(limit: UInt64, _ attempt: (UInt64) -> Bool) {
    guard limit > 0, attempt(1) else { return }
    var done: UInt64 = 1
    var refused = limit + 1
    while done < limit, done <= limit / 2 {
      guard attempt(done * 2) else {
        refused = done * 2
        break
      }
      done *= 2
    }
    while refused - done > 1 {
      let middle = done + (refused - done) / 2
      if attempt(middle) { done = middle } else { refused = middle }
    }
  }
}
