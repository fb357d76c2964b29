import PoolFuzzing
import PropertyTesting
import Testing

/// Shows bitmap.end after free (planted bug bitmap-keeps-end).
///
/// 1. Without it: passes.
/// 2. Without it: passes.
@Test func bitmapEndAfterFree() throws {
  let text = """
    # failure: bitmap.end after free
    # mutant: bitmap-keeps-end
    # replay: poolfuzz replay FILE
    config format=1 profile=windows-2003-x86
    alloc s0 PagedSession 4097 Test
    free s0
    """
  let found = try FoundTrace(text: text, certificate: nil)
  let execution = PoolShrinker.execute(found.trace)
  #expect(execution.shows(FailureIdentity("bitmap.end after free")))
}
