import FuzzHarness

#if FUZZING
  /// What libFuzzer calls for every input.
  #if compiler(>=6.3)
    @c(LLVMFuzzerTestOneInput)
  #else
    @_cdecl("LLVMFuzzerTestOneInput")
  #endif
  public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    FuzzEntry.run(.listing, data, size)
  }
#else
  import Foundation

  /// Without libFuzzer the executable replays inputs.
  @main
  enum Replay {
    static func main() {
      exit(ReplayProgram.run(.listing, Array(CommandLine.arguments.dropFirst())))
    }
  }
#endif
