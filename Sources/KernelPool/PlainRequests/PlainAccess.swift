// Single steps of plain requests: fields of headers, links and counters at host addresses.

extension UnsafeMutableRawPointer {
  /// A 32-bit word.
  @inline(__always) func word32(_ offset: Int = 0) -> UInt32 {
    loadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  /// Stores a 32-bit word.
  @inline(__always) func store32(_ value: UInt32, _ offset: Int = 0) {
    storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
  }

  /// Adds to a 32-bit counter.
  @inline(__always) func add32(_ difference: UInt32, _ offset: Int) {
    store32(word32(offset) &+ difference, offset)
  }

  /// A pointer of the machine.
  @inline(__always) func word<Word: FixedWidthInteger>(_: Word.Type, _ offset: Int = 0) -> Word {
    loadUnaligned(fromByteOffset: offset, as: Word.self)
  }

  /// Stores a pointer of the machine.
  @inline(__always) func store<Word: FixedWidthInteger>(_ value: Word, _ offset: Int = 0) {
    storeBytes(of: value, toByteOffset: offset, as: Word.self)
  }

  /// Adds to a counter as wide as a pointer.
  @inline(__always) func add<Word: FixedWidthInteger>(_ difference: Word, _ offset: Int) {
    store(word(Word.self, offset) &+ difference, offset)
  }
}

extension KernelPool {
  /// A link as it is stored at a host address, decoded.
  @inline(__always) func plainLink<Shape: BlockShape>(
    _: Shape.Type, _ place: UnsafeMutableRawPointer, _ offset: Int
  ) -> Address {
    Address(place.word(Shape.Word.self, offset)) & ~plain.linkBit
  }

  /// A link as the version stores it.
  @inline(__always) func encoded<Shape: BlockShape>(
    _: Shape.Type, _ address: Address
  ) -> Shape.Word {
    Shape.Word(truncatingIfNeeded: address | plain.linkBit)
  }

  /// The head of the list of `units`, at its host address.
  @inline(__always) func plainHead<Shape: BlockShape>(
    _: Shape.Type, _ units: UInt32
  ) -> UnsafeMutableRawPointer {
    plain.heads + (Int(units) &- 1) &* Shape.headBytes
  }

  /// The head of the list of `units`.
  @inline(__always) func plainHeadAddress<Shape: BlockShape>(
    _: Shape.Type, _ units: UInt32
  ) -> Address {
    plain.headsAddress &+ UInt64((Int(units) &- 1) &* Shape.headBytes)
  }

  /// The row at which the search for a tag starts, if it is the tag's.
  @inline(__always) private func plainRow<Shape: BlockShape>(
    _: Shape.Type, _ key: UInt32
  ) -> UnsafeMutableRawPointer? {
    let product = 40543 &* UInt64(key)
    let index = (product ^ (product &>> 32)) & plain.trackerMask
    let row = plain.tracker + Int(index) &* Shape.trackerRowBytes
    return row.word32() == key ? row : nil
  }

  /// Books an allocation under its tag.
  @inline(__always) mutating func trackPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ tag: PoolTag, _ bytes: Int
  ) throws(Halt) {
    guard let row = plainRow(shape, tag.unprotected.word) else {
      return try track(tag, bytes: UInt64(bytes), type: .nonPaged)
    }
    noteRow(shape, row)
    row.add32(1, Shape.trackerColumns.allocations)
    row.add(Shape.Word(truncatingIfNeeded: bytes), Shape.trackerColumns.bytes)
  }

  /// Books a free under its tag.
  @inline(__always) mutating func untrackPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ tag: PoolTag, _ bytes: Int
  ) throws(Halt) {
    guard let row = plainRow(shape, tag.unprotected.word) else {
      return try untrack(tag.unprotected, bytes: UInt64(bytes), type: .nonPaged)
    }
    noteRow(shape, row)
    row.add32(1, Shape.trackerColumns.frees)
    row.add(0 &- Shape.Word(truncatingIfNeeded: bytes), Shape.trackerColumns.bytes)
  }

  @inline(__always) private func noteRow<Shape: BlockShape>(
    _: Shape.Type, _ row: UnsafeMutableRawPointer
  ) {
    guard Shape.keepsJournal else { return }
    let offset = UInt64(row - plain.tracker)
    memory.noteStore(plain.trackerAddress &+ offset, UInt64(Shape.trackerRowBytes))
  }

  /// Notes a store to a block's header, or to that and the links behind it.
  @inline(__always) func noteHeader<Shape: BlockShape>(
    _: Shape.Type, _ host: UnsafeMutableRawPointer
  ) {
    if Shape.keepsJournal { memory.noteStore(inWindow: host, Shape.headerBytes) }
  }

  @inline(__always) func noteBlock<Shape: BlockShape>(
    _: Shape.Type, _ host: UnsafeMutableRawPointer
  ) {
    if Shape.keepsJournal {
      memory.noteStore(inWindow: host, Shape.headerBytes &+ Shape.headBytes)
    }
  }

  /// Notes a store to the head of the list of `units`.
  @inline(__always) func noteHead<Shape: BlockShape>(_ shape: Shape.Type, _ units: UInt32) {
    if Shape.keepsJournal {
      memory.noteStore(plainHeadAddress(shape, units), UInt64(Shape.headBytes))
    }
  }

  /// Notes that a lookaside list changed.
  @inline(__always) func noteLookaside<Shape: BlockShape>(
    _: Shape.Type, _ list: UnsafeMutablePointer<LookasideList>
  ) {
    if Shape.keepsJournal { memory.journal?.noteLookaside(list - lookasides) }
  }

  /// Adds one to a counter of the descriptor.
  @inline(__always) func countPlain<Shape: BlockShape>(_: Shape.Type, _ offset: Int) {
    if Shape.keepsJournal { memory.noteStore(plain.descriptorAddress &+ UInt64(offset), 4) }
    plain.descriptor.add32(1, offset)
  }

  /// Adds to the descriptor's byte count where it has one.
  @inline(__always) func countPlainBytes<Shape: BlockShape>(_: Shape.Type, _ bytes: Int) {
    guard plain.totalBytes >= 0 else { return }
    if Shape.keepsJournal {
      memory.noteStore(
        plain.descriptorAddress &+ UInt64(plain.totalBytes), UInt64(Shape.wordBytes))
    }
    plain.descriptor.add(Shape.Word(truncatingIfNeeded: bytes), plain.totalBytes)
  }
}
