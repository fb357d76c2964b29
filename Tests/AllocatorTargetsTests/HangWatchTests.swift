import Platform
import Testing

@testable import AllocatorTargets

/// Who gets no processor does not hang; who uses it without an end does, and who sleeps.
@Suite struct HangWatchTests {
  private func slicesUntilHang(
    _ count: Int, _ activity: @escaping (Int) -> ProcessActivity?,
    moves: (Int) -> Bool = { _ in false }
  ) -> Int? {
    var watch = HangWatch(timeoutSeconds: 4, heartbeat: 0)
    #expect(watch.sliceSeconds == 1)
    var heartbeat: UInt64 = 0
    for slice in 1...count {
      if moves(slice) { heartbeat += 1 }
      if watch.hangs(heartbeat: heartbeat, { activity(slice) }) { return slice }
    }
    return nil
  }

  @Test func loadIsNoHang() {
    let spins = { (slice: Int) in ProcessActivity(processorSeconds: Double(slice), isBusy: true) }
    #expect(slicesUntilHang(100, spins) == 4)
    // A twentieth of a processor.
    let starves = { (slice: Int) in
      ProcessActivity(processorSeconds: Double(slice) / 20, isBusy: true)
    }
    #expect(slicesUntilHang(30, starves) == nil)
    #expect(slicesUntilHang(100, starves) == 61)
    #expect(slicesUntilHang(1_000, starves, moves: { $0 % 50 == 0 }) == nil)
    let stands = { (_: Int) in ProcessActivity(processorSeconds: 1, isBusy: true) }
    #expect(slicesUntilHang(399, stands) == nil)
    #expect(slicesUntilHang(400, stands) == 400)
    let sleeps = { (_: Int) in ProcessActivity(processorSeconds: 1, isBusy: false) }
    #expect(slicesUntilHang(100, sleeps) == 4)
    // It sleeps now and then, and goes on in between.
    let pauses = { (slice: Int) in
      ProcessActivity(processorSeconds: Double(slice) / 20, isBusy: false)
    }
    #expect(slicesUntilHang(30, pauses) == nil)
    // Where the system tells nothing, time on the wall decides.
    #expect(slicesUntilHang(100, { _ in nil }) == 4)
  }
}
