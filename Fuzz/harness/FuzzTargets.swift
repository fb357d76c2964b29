import FuzzHarness

// The one program of all fuzz targets: libFuzzer's executable in a build with `-DFUZZING`, where
// its name says which target it is, else a replayer of inputs.

#if FUZZING
  /// What libFuzzer calls for every input.
  #if compiler(>=6.3)
    @c(LLVMFuzzerTestOneInput)
  #else
    @_cdecl("LLVMFuzzerTestOneInput")
  #endif
  public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    FuzzEntry.run(data, size)
  }

  /// Changes an input by its structure, or as libFuzzer would.
  #if compiler(>=6.3)
    @c(LLVMFuzzerCustomMutator)
  #else
    @_cdecl("LLVMFuzzerCustomMutator")
  #endif
  public func fuzzMutate(
    _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ capacity: Int, _ seed: UInt32
  ) -> Int {
    FuzzEntry.mutate(data, size, capacity, seed) ?? mutateBytes(data, size, capacity)
  }

  /// libFuzzer's own changes. Three words in registers: Swift's calling convention is C's here.
  @_silgen_name("LLVMFuzzerMutate")
  private func mutateBytes(
    _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ capacity: Int
  ) -> Int

  /// Joins two inputs by their structure; 0, which tells libFuzzer to do something else, where they
  /// have none.
  #if compiler(>=6.3)
    @c(LLVMFuzzerCustomCrossOver)
  #else
    @_cdecl("LLVMFuzzerCustomCrossOver")
  #endif
  public func fuzzCross(
    _ first: UnsafePointer<UInt8>, _ firstSize: Int, _ second: UnsafePointer<UInt8>,
    _ secondSize: Int, _ output: UnsafeMutablePointer<UInt8>, _ capacity: Int, _ seed: UInt32
  ) -> Int {
    FuzzEntry.cross(
      UnsafeRawBufferPointer(start: first, count: firstSize),
      UnsafeRawBufferPointer(start: second, count: secondSize),
      into: UnsafeMutableRawBufferPointer(start: output, count: capacity), seed: seed)
  }
#else
  import Foundation

  @main
  enum Replay {
    static func main() { exit(ReplayProgram.run(CommandLine.arguments)) }
  }
#endif
