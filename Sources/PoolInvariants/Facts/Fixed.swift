/// A value at one place in memory for as long as this object lives.
///
/// Calling a method of a large value that is stored in a changing struct copies the value first; a
/// profile showed that copies of a profile's facts were most of a cheap check. A value behind a
/// pointer is read where it lies.
final class Fixed<Value> {
  /// Where it lies.
  let place: UnsafePointer<Value>
  private let memory: UnsafeMutablePointer<Value>

  init(_ value: Value) {
    memory = .allocate(capacity: 1)
    memory.initialize(to: value)
    place = UnsafePointer(memory)
  }

  deinit {
    memory.deinitialize(count: 1)
    memory.deallocate()
  }
}
