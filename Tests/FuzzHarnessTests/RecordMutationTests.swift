import FuzzHarness
import PoolFuzzing
import PropertyTesting
import Testing

/// Mutation and crossover work on records, stay within their buffer, and follow from their seed.
@Suite struct RecordMutationTests {
  private func mutated(_ bytes: [UInt8], capacity: Int, seed: UInt32) -> [UInt8] {
    var buffer = bytes + Array(repeating: 0xEE, count: capacity - bytes.count)
    let count = buffer.withUnsafeMutableBytes {
      TraceHarness().mutate($0, count: bytes.count, seed: seed) ?? bytes.count
    }
    return Array(buffer.prefix(count))
  }

  private func sample(records: Int, seed: UInt64) -> [UInt8] {
    var choices = RandomChoices(seed: Seed(seed))
    let count = TraceRecords.headerBytes + records * TraceRecords.recordBytes
    return (0..<count).map { _ in UInt8(choices.draw(below: 256)) }
  }

  @Test func aMutationFollowsFromItsSeedAndStaysInItsBuffer() {
    var different: Set<[UInt8]> = []
    for seed in 0..<400 as Range<UInt32> {
      let start = sample(records: Int(seed % 40), seed: UInt64(seed % 7))
      let capacity = start.count + Int(seed % 5) * 24
      let once = mutated(start, capacity: capacity, seed: seed)
      #expect(once == mutated(start, capacity: capacity, seed: seed))
      #expect(once.count <= capacity)
      #expect((once.count - TraceRecords.headerBytes) % TraceRecords.recordBytes == 0)
      different.insert(once)
    }
    #expect(different.count > 300)
  }

  @Test func aShortInputIsCompletedAndATinyBufferIsLeftAlone() {
    #expect(mutated([1, 2, 3], capacity: 200, seed: 5).count >= TraceRecords.headerBytes)
    #expect(mutated([1, 2, 3], capacity: 10, seed: 5) == [1, 2, 3])
  }

  @Test func aCrossingHasRecordsOfBothAndTheHeaderOfTheFirst() throws {
    let harness = TraceHarness()
    let first = sample(records: 30, seed: 1)
    let second = sample(records: 30, seed: 2)
    func records(_ bytes: [UInt8]) -> [[UInt8]] {
      stride(from: TraceRecords.headerBytes, to: bytes.count - 7, by: 8).map {
        Array(bytes[$0..<$0 + 8])
      }
    }
    let known = (Set(records(first)), Set(records(second)))
    for seed in 0..<50 as Range<UInt32> {
      var output = [UInt8](repeating: 0, count: 500)
      let joined = output.withUnsafeMutableBytes { target in
        first.withUnsafeBytes { first in
          second.withUnsafeBytes { harness.cross(first, $0, into: target, seed: seed) }
        }
      }
      let crossed = Array(output.prefix(try #require(joined)))
      #expect(crossed.prefix(TraceRecords.headerBytes) == first.prefix(TraceRecords.headerBytes))
      let own = records(crossed)
      #expect(own.allSatisfy { known.0.contains($0) || known.1.contains($0) })
      #expect(own.contains { known.0.contains($0) } && own.contains { known.1.contains($0) })
    }
  }

  @Test func recordsDoNotShiftWhenOneIsTakenAway() {
    var decoder = TraceRecords()
    let bytes = sample(records: 40, seed: 9)
    let whole = decoder.trace(decoding: bytes)
    let cut = Array(bytes.prefix(TraceRecords.headerBytes + 80)) + Array(bytes.dropFirst(168))
    let rest = decoder.trace(decoding: cut)
    #expect(whole.operations.count >= 40 && rest.operations.count >= 39)
    let kinds = (whole.operations.map(\.kind), rest.operations.map(\.kind))
    // Kind and slot of every other record stay; sizes of stores may follow what is live.
    let same = zip(kinds.0[11..<40], kinds.1[10..<39]).count { $0 == $1 }
    #expect(same == 29)
  }

  @Test func feedbackTellsFragmentationAndLists() {
    var feedback = DomainFeedback()
    feedback.note(heldBytes: 4096, liveBytes: 4096)
    let before = feedback
    feedback.note(heldBytes: 1 << 20, liveBytes: 4096)
    let changed = (0..<DomainFeedback.wordCount).contains { before.words[$0] != feedback.words[$0] }
    #expect(changed)
    for _ in 0..<3 { feedback.note(occupiedHead: 511, of: 512) }
    #expect(feedback[47] == 3)
    feedback.note(occupiedHead: 0, of: 512)
    #expect(feedback[32] == 1)
    for _ in 0..<300 { feedback.note(outcome: 2) }
    #expect(feedback[50] == 255)
  }
}
