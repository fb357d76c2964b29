import FuzzHarness

#if FUZZING
  /// What libFuzzer calls for every input.
  #if compiler(>=6.3)
    @c(LLVMFuzzerTestOneInput)
  #else
    @_cdecl("LLVMFuzzerTestOneInput")
  #endif
  public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    FuzzEntry.run(.trace, data, size)
  }

  /// Changes an input by operations and lifetimes.
  #if compiler(>=6.3)
    @c(LLVMFuzzerCustomMutator)
  #else
    @_cdecl("LLVMFuzzerCustomMutator")
  #endif
  public func fuzzMutate(
    _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ capacity: Int, _ seed: UInt32
  ) -> Int {
    FuzzEntry.mutate(.trace, data, size, capacity, seed) ?? size
  }

  /// Joins two inputs by operations.
  #if compiler(>=6.3)
    @c(LLVMFuzzerCustomCrossOver)
  #else
    @_cdecl("LLVMFuzzerCustomCrossOver")
  #endif
  public func fuzzCross(
    _ first: UnsafePointer<UInt8>, _ firstSize: Int, _ second: UnsafePointer<UInt8>,
    _ secondSize: Int, _ output: UnsafeMutablePointer<UInt8>, _ capacity: Int, _ seed: UInt32
  ) -> Int {
    TraceHarness.cross(
      UnsafeRawBufferPointer(start: first, count: firstSize),
      UnsafeRawBufferPointer(start: second, count: secondSize),
      into: UnsafeMutableRawBufferPointer(start: output, count: capacity), seed: seed)
  }
#else
  import Foundation

  /// Without libFuzzer the executable replays inputs.
  @main
  enum Replay {
    static func main() {
      exit(ReplayProgram.run(.trace, Array(CommandLine.arguments.dropFirst())))
    }
  }
#endif
