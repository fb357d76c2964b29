import PoolFuzzing
import PropertyTesting
import Testing

/// Shows bitmap.end after free (planted bug bitmap-keeps-end).
///
/// 1. Without it: passes.
/// 2. Without it: passes.
@Test func bitmapEndAfterFree() throws {
  let text = """
    config format=1 profile=windows-2003-x86
    alloc s0 PagedSession 4097 Test
    free s0
    """
  let trace = try PoolFuzzTrace.reading(text, mutant: .bitmapKeepsEnd)
  let execution = PoolShrinker.execute(trace)
  #expect(execution.shows(FailureIdentity("bitmap.end after free")))
}
