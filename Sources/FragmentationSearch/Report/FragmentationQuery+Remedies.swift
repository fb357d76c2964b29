extension FragmentationQuery {
  /// How much of the worst case each rule takes away, by the search from scratch: a schedule of
  /// staircases would be made for the rules that it then breaks.
  ///
  /// - Parameters:
  ///   - operations: simulated operations for each row and seed.
  ///   - seed: the first seed.
  ///   - seeds: how many, at least 1.
  ///   - streams: searches that exchange what they found; part of the question.
  ///   - workers: streams at once; the result does not depend on it.
  /// - Throws: ``Failure`` if the cap is too large to simulate.
  public func remedies(
    operations: Int, seed: UInt64, seeds: Int, streams: Int = 4, workers: Int = 1
  ) async throws(Failure) -> RemedyTable {
    guard peakLiveUnits <= Self.largestSimulatedUnits else {
      throw .capTooLarge(units: peakLiveUnits)
    }
    let question = SearchQuestion(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits, operations: operations,
      seed: seed, streams: streams, workers: workers)
    return await RemedyTable.measuring(question, by: MacroSearch(.elites), seeds: seeds)
  }
}
