#if FUZZING && compiler(>=6.3)
  /// Bytes that libFuzzer clears before an input and reads behind it. Words, so that their
  /// alignment is the eight bytes that its clearing needs.
  @section("__libfuzzer_extra_counters") @used
  nonisolated(unsafe) var extraCounters: InlineArray<24, UInt64> = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ]
#endif
