import KernelPool
import PoolTrace

/// An allocator in a contest of fragmentation: runs calls and tells what it held.
protocol FragmentationEntrant: AnyObject {
  /// Its name in tables.
  var name: String { get }
  /// The bytes held after each call that asks for it, those of the fresh allocator taken off; nil for
  /// calls that do not, and for all where the allocator did not get through.
  func heldBytes(_ calls: [TargetOperation]) throws(TargetError) -> [UInt64?]
}

/// A library in a worker. Every program gets a fresh process, so that none inherits the holes of the
/// one before.
final class LibraryEntrant: FragmentationEntrant {
  let name: String
  private let process: TargetProcess
  private let setup: TargetSetup
  private let timeoutSeconds: Double

  init(
    _ settings: TargetSettings, name: String, arenaBytes: UInt64, callLimit: Int, executable: String
  ) throws(TargetError) {
    var settings = settings
    settings.operationLimit = callLimit
    settings.memoryLimitBytes = max(settings.memoryLimitBytes, arenaBytes)
    self.name = name
    var setup = TargetSetup(arenaBytes: arenaBytes)
    setup.rounds = 1
    self.setup = setup
    timeoutSeconds = max(settings.timeoutSeconds, 60)
    process = try TargetProcess(settings, executable: executable)
  }

  func heldBytes(_ calls: [TargetOperation]) throws(TargetError) -> [UInt64?] {
    let run = try process.run(
      calls, setup, flags: [.measure], timeoutSeconds: timeoutSeconds)
    if case .finished = run.ending { try process.replaceRunner() }
    guard case .finished = run.ending else {
      throw TargetError(message: "\(name): it did not get through a program: \(run.ending)")
    }
    return zip(calls, run.results).map { call, result in
      guard call.isMeasured, result.footprint > 0 else { return nil }
      return result.footprint > run.freshFootprint ? result.footprint - run.freshFootprint : 0
    }
  }
}

/// A version of the kernel's pool: held is what its nonpaged descriptor has booked.
final class ModelEntrant: FragmentationEntrant {
  let name: String
  private let configuration: TraceConfiguration
  private static let tag = PoolTag("Frag")

  /// An entrant with a nonpaged pool of so many bytes.
  init(_ profile: Profile, poolBytes: UInt64) {
    name = profile.name
    var configuration = TraceConfiguration(profile: profile)
    configuration.pool.nonPagedPages = poolBytes / profile.pageBytes
    self.configuration = configuration
  }

  func heldBytes(_ calls: [TargetOperation]) throws(TargetError) -> [UInt64?] {
    var pool: KernelPool
    do {
      pool = try KernelPool.boot(configuration.pool, reserve: MappedMemory.reserve)
    } catch {
      throw TargetError(message: "\(name): \(error.message)")
    }
    let pageBytes = pool.profile.pageBytes
    let fresh = Self.pages(pool.view)
    var addresses: [UInt32: Address] = [:]
    return try calls.map { call throws(TargetError) in
      switch call.call {
      case .allocate:
        let outcome = pool.allocate(.nonPaged, bytes: call.bytes, tag: Self.tag)
        guard case .address(let address) = outcome else {
          throw TargetError(message: "\(name): it refuses \(call.bytes) bytes")
        }
        addresses[call.slot] = address
      case .free:
        guard let address = addresses.removeValue(forKey: call.slot),
          pool.free(address, tag: Self.tag) == .freed
        else { throw TargetError(message: "\(name): a free was not done") }
      default: break
      }
      guard call.isMeasured else { return nil }
      let pages = Self.pages(pool.view)
      return (pages > fresh ? pages - fresh : 0) * pageBytes
    }
  }

  private static func pages(_ view: PoolView) -> UInt64 {
    guard let root = view.descriptors.first else { return 0 }
    let layout = view.profile.descriptor
    return UInt64(view.word32(root.address &+ layout.totalPages) ?? 0)
      + UInt64(view.word32(root.address &+ layout.totalBigPages) ?? 0)
  }
}
