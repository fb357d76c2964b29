// Corruptions reach into the model, which only a build for testing lets them.
#if DEBUG
  @testable import KernelPool
  import PoolInvariants

  // Instruments of the planted corruptions: single fields of headers, lists, tables and variables.

  extension AuditedPool {
    private var layout: HeaderLayout { pool.profile.header }
    private var word: UInt64 { pool.profile.wordBytes }

    /// The header of the block whose body starts at `body`.
    func header(_ body: Address) -> Address { body - UInt64(layout.bytes) }

    /// One field of the block's header.
    func field(_ body: Address, _ path: KeyPath<HeaderLayout, HeaderLayout.BitField>) -> UInt32 {
      layout[keyPath: path].get(pool.view.word32(header(body)) ?? 0)
    }

    /// Writes one field of the block's header.
    mutating func set(
      _ body: Address, _ path: KeyPath<HeaderLayout, HeaderLayout.BitField>, _ value: UInt32
    ) {
      let word = pool.view.word32(header(body)) ?? 0
      poke(header(body), layout[keyPath: path].set(word, value))
    }

    /// Writes a link as the version stores it.
    mutating func link(_ place: Address, _ target: Address) {
      pokePointer(place, target | (pool.profile.linkEncoding == .lowBitSet ? 1 : 0))
    }

    /// The head that lists free blocks as large as the one at `body`.
    func head(_ body: Address, descriptor: Int, plus units: UInt64 = 0) -> Address {
      let size = UInt64(field(body, \.blockSize)) + units
      return pool.view.descriptors[descriptor].listHeads + (size - 1) * word * 2
    }

    /// Makes a list of one entry.
    mutating func relink(_ head: Address, _ entry: Address) {
      link(head, entry)
      link(head + word, entry)
      link(entry, head)
      link(entry + word, head)
    }

    /// Empties a list.
    mutating func empty(_ head: Address) {
      link(head, head)
      link(head + word, head)
    }

    /// Adds to a 32-bit counter.
    mutating func add(_ place: Address, _ difference: UInt32) {
      poke(place, (pool.view.word32(place) ?? 0) &+ difference)
    }

    /// The first run on the list of four pages and more.
    var longRun: Address {
      pool.view.pointer(pool.state.pointee.variables.pointee.freeRunHeads + 3 * word * 2) ?? 0
    }

    /// Adds or takes marks of a nonpaged page.
    mutating func mark(_ address: Address, _ marks: PageMarks, _ isSet: Bool) {
      guard let page = pool.state.pointee.nonPagedPage(at: address) else { return }
      if isSet {
        pool.state.pointee.setMarks(page, marks)
      } else {
        pool.state.pointee.clearMarks(page, marks)
      }
    }

    /// Flips one bit of a map for a page of the paged pool.
    mutating func flip(_ map: KeyPath<PageBitmap, Address>, _ address: Address) {
      let bitmap = pool.state.pointee.variables.pointee.pagedBitmap
      let index = (address - bitmap.base) / pool.profile.pageBytes
      let place = bitmap[keyPath: map] + index / 32 * 4
      poke(place, (pool.view.word32(place) ?? 0) ^ (1 << UInt32(index % 32)))
    }

    /// The place of a large allocation's entry.
    func bigEntry(_ address: Address) -> Address {
      let variables = pool.state.pointee.variables.pointee
      for index in 0..<variables.bigTableEntries {
        let place = variables.bigTable + index * pool.profile.bigEntryBytes
        if pool.view.pointer(place) == address { return place }
      }
      preconditionFailure("no entry")
    }

    /// The row of a tag.
    func row(_ tag: PoolTag) -> Address {
      let variables = pool.state.pointee.variables.pointee
      for index in 0..<variables.trackerRows {
        let place = variables.trackerTable + index * pool.profile.trackerRowBytes
        if pool.view.word32(place) == tag.word { return place }
      }
      preconditionFailure("no row")
    }

    /// Changes the lookaside list of a body's size in place.
    mutating func lookaside(_ body: Address, _ change: (inout LookasideList) -> Void) {
      let units = UInt64(field(body, \.blockSize))
      GeneralBlocks(pool: pool.state).change(pool.state.pointee.lookasides + Int(units) - 1, change)
    }

    /// Claims memory for a caller who never got it.
    mutating func pretend(_ address: Address, _ bytes: UInt64, _ type: PoolType = .nonPaged) {
      live.remove(address)
      live.insert(
        address,
        LiveAllocation(slot: 999, requestedBytes: bytes, type: type, tag: "Test", patternSeed: nil))
    }

    /// A field of the first descriptor.
    func counter(_ path: KeyPath<DescriptorLayout, UInt64>) -> Address {
      pool.view.descriptors[0].address + pool.profile.descriptor[keyPath: path]
    }
  }
#endif
