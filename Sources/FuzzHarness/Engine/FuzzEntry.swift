#if FUZZING
  import Glibc

  /// The side that libFuzzer calls. Only in builds with `-DFUZZING`.
  ///
  /// Swift installs a crash handler of its own on Linux, and libFuzzer does not replace handlers
  /// that are set: without the reset below a crash would end the process and its input would be
  /// lost. Handlers for memory faults stay, because a sanitizer's reports of them are better.
  public enum FuzzEntry {
    private nonisolated(unsafe) static var harness: (any FuzzHarness)?

    /// Runs one input; ends the process with what is wrong, so that libFuzzer keeps the input.
    public static func run(
      _ subject: FuzzSubject, _ data: UnsafePointer<UInt8>?, _ size: Int
    ) -> CInt {
      let harness = harness(of: subject)
      let finding = harness.run(UnsafeRawBufferPointer(start: data, count: size))
      publish(harness.feedback)
      guard let finding else { return 0 }
      print("FINDING \(finding.rule): \(finding.text)")
      if let trace = finding.trace { print(trace) }
      fflush(nil)
      abort()
    }

    /// Changes an input by its structure, or returns nil.
    public static func mutate(
      _ subject: FuzzSubject, _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ capacity: Int,
      _ seed: UInt32
    ) -> Int? {
      let buffer = UnsafeMutableRawBufferPointer(start: data, count: capacity)
      return harness(of: subject).mutate(buffer, count: size, seed: seed)
    }

    /// The harness, made at the first input. `POOLFUZZ_PLANT` plants a bug: the subject's own where
    /// it is `1`, otherwise the one of that name.
    private static func harness(of subject: FuzzSubject) -> any FuzzHarness {
      if let harness { return harness }
      let plant = getenv("POOLFUZZ_PLANT").map { String(cString: $0) }
      let name = plant == "1" ? subject.plant : plant
      let made = subject.harness(plant: name == "none" ? nil : name)
      harness = made
      return made
    }

    private static func publish(_ feedback: DomainFeedback) {
      #if compiler(>=6.3)
        for index in 0..<DomainFeedback.wordCount { extraCounters[index] = feedback.words[index] }
      #endif
    }
  }

  /// Called by libFuzzer before it installs its own handlers.
  #if compiler(>=6.3)
    @c(LLVMFuzzerInitialize)
  #else
    @_cdecl("LLVMFuzzerInitialize")
  #endif
  public func fuzzInitialize(
    _ argc: UnsafeMutablePointer<CInt>?, _ argv: UnsafeMutableRawPointer?
  ) -> CInt {
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGQUIT] { signal(number, SIG_DFL) }
    return 0
  }
#endif
