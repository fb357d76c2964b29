#if FUZZING
  import Glibc

  /// The side that libFuzzer calls. Only in builds with `-DFUZZING`.
  ///
  /// Swift installs a crash handler of its own on Linux, and libFuzzer does not replace handlers
  /// that are set: without the reset below a crash would end the process and its input would be
  /// lost. Handlers for memory faults stay, because a sanitizer's reports of them are better.
  public enum FuzzEntry {
    /// Made before the first input. `POOLFUZZ_PLANT` plants a bug: the subject's canary where it is
    /// `1`, otherwise the one of that name.
    fileprivate nonisolated(unsafe) static var harness: any FuzzHarness = FuzzSubject.all[0]
      .harness()

    /// Runs one input; ends the process with what is wrong, so that libFuzzer keeps the input.
    public static func run(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
      let finding = harness.run(UnsafeRawBufferPointer(start: data, count: size))
      publish(harness.feedback)
      guard let finding else { return 0 }
      print("FINDING \(finding.rule): \(finding.text)")
      if let trace = finding.trace { print(trace) }
      fflush(nil)
      abort()
    }

    /// Changes an input by its structure; nil where it has none.
    public static func mutate(
      _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ capacity: Int, _ seed: UInt32
    ) -> Int? {
      let buffer = UnsafeMutableRawBufferPointer(start: data, count: capacity)
      return harness.mutate(buffer, count: size, seed: seed)
    }

    /// Joins two inputs by their structure; 0 where they have none.
    public static func cross(
      _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer,
      into output: UnsafeMutableRawBufferPointer, seed: UInt32
    ) -> Int {
      harness.cross(first, second, into: output, seed: seed) ?? 0
    }

    /// Chooses the subject by the program's name; a name that is none ends the process.
    fileprivate static func choose(_ program: String) {
      guard let subject = ReplayProgram.subject(ofProgram: program) else {
        print("the name of this program says what it fuzzes:")
        for subject in FuzzSubject.all { print("  fuzz-\(subject.name)") }
        exit(2)
      }
      let plant = getenv("POOLFUZZ_PLANT").map { String(cString: $0) }
      let name = plant == "1" ? subject.canary : plant
      harness = subject.harness(plant: name == "none" ? nil : name)
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
    _ argc: UnsafeMutablePointer<CInt>?,
    _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>?
  ) -> CInt {
    FuzzEntry.choose(argv?.pointee[0].map { String(cString: $0) } ?? "")
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGQUIT] { signal(number, SIG_DFL) }
    return 0
  }
#endif
