/// Work that is numbered before it is divided, so that results do not depend on how it is divided.
enum Parallel {
  /// `transform` of each number in order, at most `workers` of them at once.
  static func map<Output: Sendable>(
    _ numbers: Range<Int>, workers: Int, _ transform: @escaping @Sendable (Int) -> Output
  ) async -> [Output] {
    await withTaskGroup(of: (Int, Output).self) { group in
      var next = numbers.lowerBound
      var results: [Int: Output] = [:]
      func start() -> Bool {
        guard next < numbers.upperBound else { return false }
        let number = next
        next += 1
        group.addTask { (number, transform(number)) }
        return true
      }
      for _ in 0..<max(1, workers) where !start() { break }
      while let (number, output) = await group.next() {
        results[number] = output
        _ = start()
      }
      return numbers.compactMap { results[$0] }
    }
  }
}
