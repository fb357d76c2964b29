import struct KernelPool.PoolTag
import typealias KernelPool.Address

/// Every large allocation, by address and by its place in the big-page table.
struct LargeBooks: ~Copyable {
  /// A large allocation.
  struct Claim: BitwiseCopyable {
    var address: Address
    /// Its entry; 0 where it found the table full.
    var place: Address
    var tag: UInt32
    var pages: UInt64
    /// The descriptor that counts it, or -1, and the bytes that this counts.
    var descriptor: Int = -1
    var countedBytes: UInt64 = 0
    /// Bytes that the process is charged.
    var chargedBytes: UInt64 = 0
    var isKernels = false
    /// Its contents were looked at in the present operation.
    var isFresh = true
  }

  private var byAddress = AddressIndex()
  private var byPlace = AddressIndex()
  private(set) var claims = FlatArray<Claim>()
  private var unused = FlatArray<UInt32>()
  /// Entries that were read and wait for their pages to be free.
  var pending = FlatArray<Claim>()
  /// Claims to be held against what callers hold.
  var suspects = FlatArray<UInt32>()
  /// Entries in use.
  private(set) var entryCount: UInt64 = 0
  /// Allocations that callers hold.
  var liveCount = 0

  init() {}

  /// The number of the allocation at an address, or nil.
  func number(at address: Address) -> Int? { byAddress[address].map { Int($0) } }

  /// The number of the allocation of an entry, or nil.
  func number(ofEntryAt place: Address) -> Int? { byPlace[place].map { Int($0) } }

  /// Enters an allocation; nil where the address has one.
  mutating func add(_ claim: Claim) -> Int? {
    guard byAddress[claim.address] == nil else { return nil }
    let number: UInt32
    if unused.count > 0 {
      number = unused.removeLast()
      claims[Int(number)] = claim
    } else {
      number = UInt32(claims.count)
      claims.append(claim)
    }
    byAddress.set(claim.address, number)
    if claim.place != 0 {
      byPlace.set(claim.place, number)
      entryCount &+= 1
    }
    return Int(number)
  }

  /// Takes an allocation out.
  mutating func remove(_ number: Int) {
    let claim = claims[number]
    byAddress.remove(claim.address)
    if claim.place != 0 {
      byPlace.remove(claim.place)
      entryCount &-= 1
    }
    claims.place(number).pointee.address = 0
    unused.append(UInt32(number))
  }

  /// The place of an allocation, to be changed there.
  func place(_ number: Int) -> UnsafeMutablePointer<Claim> { claims.place(number) }
}
