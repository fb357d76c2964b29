#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread that does one thing at a time for another one, which waits for it: so there are many threads
/// and one that runs, and who runs when is a matter of the program alone.
public struct RelayThread {
  /// What is done; it gets the context that comes with it.
  public typealias Work = @convention(c) (UnsafeMutableRawPointer) -> Void

  /// Shared by both threads. `work` is nil while there is nothing to do.
  private struct State {
    var mutex = pthread_mutex_t()
    var change = pthread_cond_t()
    var work: Work?
    var context: UnsafeMutableRawPointer?
    var isOver = false
  }

  private let state: UnsafeMutablePointer<State>
  private let thread: pthread_t

  /// Starts a thread; nil where the system refuses.
  public init?() {
    guard let memory = HostMemory.reserve(MemoryLayout<State>.stride) else { return nil }
    let state = memory.bindMemory(to: State.self, capacity: 1)
    state.initialize(to: State())
    pthread_mutex_init(&state.pointee.mutex, nil)
    pthread_cond_init(&state.pointee.change, nil)
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let failure = pthread_create(
      &thread, nil,
      { context in
        #if canImport(Darwin)
          RelayThread.serve(context)
        #else
          if let context { RelayThread.serve(context) }
        #endif
        return nil
      }, state)
    guard failure == 0 else {
      HostMemory.release(memory, MemoryLayout<State>.stride)
      return nil
    }
    self.state = state
    #if canImport(Darwin)
      guard let thread else { return nil }
      self.thread = thread
    #else
      self.thread = thread
    #endif
  }

  private static func serve(_ context: UnsafeMutableRawPointer) {
    let state = context.assumingMemoryBound(to: State.self)
    pthread_mutex_lock(&state.pointee.mutex)
    while true {
      while state.pointee.work == nil, !state.pointee.isOver {
        pthread_cond_wait(&state.pointee.change, &state.pointee.mutex)
      }
      guard let work = state.pointee.work, let context = state.pointee.context else { break }
      work(context)
      state.pointee.work = nil
      pthread_cond_signal(&state.pointee.change)
    }
    pthread_mutex_unlock(&state.pointee.mutex)
  }

  /// Has the thread do something, and waits until it is done.
  public func run(_ context: UnsafeMutableRawPointer, _ work: Work) {
    pthread_mutex_lock(&state.pointee.mutex)
    state.pointee.context = context
    state.pointee.work = work
    pthread_cond_signal(&state.pointee.change)
    while state.pointee.work != nil {
      pthread_cond_wait(&state.pointee.change, &state.pointee.mutex)
    }
    pthread_mutex_unlock(&state.pointee.mutex)
  }

  /// Ends the thread and waits until it is gone, with all that it kept for itself.
  public func end() {
    pthread_mutex_lock(&state.pointee.mutex)
    state.pointee.isOver = true
    pthread_cond_signal(&state.pointee.change)
    pthread_mutex_unlock(&state.pointee.mutex)
    pthread_join(thread, nil)
    pthread_mutex_destroy(&state.pointee.mutex)
    pthread_cond_destroy(&state.pointee.change)
    HostMemory.release(state, MemoryLayout<State>.stride)
  }
}
