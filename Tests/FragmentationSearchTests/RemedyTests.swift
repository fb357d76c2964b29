import Testing

@testable import FragmentationSearch

/// Rules imposed on requests, one by one, on a pool whose pages can be counted by hand.
struct RemedyTests {
  private func trial(_ remedy: Remedy, _ cap: Int = 8192) -> Trial<AbstractPool> {
    let question = SearchQuestion(
      geometry: .x86, rules: .windows, peakLiveUnits: cap, operations: 0, seed: 0, remedy: remedy)
    let pool = AbstractPool(geometry: remedy.geometry(for: .x86), rules: .windows)
    return Trial(question, on: pool, recording: .on)
  }

  @Test func whatARequestGets() {
    let expected: [(Remedy, [Int])] = [
      (.none, [2, 33, 256, 257, 511]), (.lookasides, [2, 33, 256, 257, 511]),
      (.halfPageLimit, [2, 33, 256, 256, 256]), (.wholePages, [2, 33, 256, 512, 512]),
      (.divisorSizes, [2, 64, 256, 512, 512]),
    ]
    for (remedy, units) in expected {
      #expect([2, 33, 256, 257, 511].map { remedy.granted($0, .x86) } == units)
    }
  }

  /// A small block waits, is live all the while, and serves the next request of its size; a larger
  /// block is given back.
  @Test func parkedBlocksServeTheNextRequest() throws {
    var trial = trial(.lookasides)
    let small = trial.allocate(units: 32)
    let large = trial.allocate(units: 33)
    trial.free(try #require(small))
    trial.free(try #require(large))
    let parked = (trial.pool.footprint.liveUnits, trial.pages)
    #expect(parked == (32, 1))
    let other = trial.allocate(units: 31)
    #expect(other != nil && other != small)
    let again = trial.allocate(units: 32)
    #expect(again == small)
    // The program's own operations, and what the pool was asked: three requests and one release.
    let counts = (trial.operations, trial.trace.count)
    #expect(counts == (6, 4))
    var without = self.trial(.none)
    let block = without.allocate(units: 32)
    without.free(try #require(block))
    let left = without.pool.footprint.liveUnits
    #expect(left == 0)
  }

  @Test func listsAreAsDeepAsTheKernels() throws {
    var trial = trial(.lookasides)
    var blocks: [BlockHandle] = []
    for _ in 0..<300 { trial.allocate(units: 2).map { blocks.append($0) } }
    for block in blocks { trial.free(block) }
    let parked = trial.pool.footprint.liveUnits
    #expect(blocks.count == 300 && parked == 2 * 256)
    // A block that was given back is an ordinary one when its number is used again.
    let large = trial.allocate(units: 400)
    trial.free(try #require(large))
    let after = trial.pool.footprint.liveUnits
    #expect(after == 2 * 256)
  }

  @Test func parkedBlocksKeepTheCap() throws {
    var trial = trial(.lookasides, 64)
    let block = trial.allocate(units: 32)
    trial.free(try #require(block))
    let tooMuch = trial.allocate(units: 33)
    let parked = trial.allocate(units: 32)
    #expect(tooMuch == nil && parked == block)
  }
}
