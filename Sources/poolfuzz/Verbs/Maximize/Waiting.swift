import Dispatch

/// Waits for asynchronous work where the command line, which is not, needs its answer.
///
/// The main thread sleeps meanwhile; the work runs on the threads of the concurrency runtime.
func waiting<Value: Sendable>(for work: @escaping @Sendable () async -> Value) -> Value {
  let answer = Answer<Value>()
  Task.detached {
    answer.value = await work()
    answer.isThere.signal()
  }
  answer.isThere.wait()
  guard let value = answer.value else { preconditionFailure("the work ended without an answer") }
  return value
}

/// One writer, then one reader behind the semaphore.
private final class Answer<Value: Sendable>: @unchecked Sendable {
  var value: Value?
  let isThere = DispatchSemaphore(value: 0)
}
