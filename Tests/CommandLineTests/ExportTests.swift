import Foundation
import KernelPool
import PoolTestSupport
import PoolTrace
import Testing

/// `poolfuzz export --kmtest`: what it writes is compiled, and run against a kernel that answers from
/// a table.
struct ExportTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Small blocks in one page, a page of its own, a request too large, a status, stores.
  private static let trace = """
    config profile=windows-2003-x86 lookaside=0 nonpaged_pages=64
    alloc a NonPaged 24 Abcd
    alloc b NonPaged 104 Ab*/
    alloc c PagedCacheAligned 40 "x
    free a Abcd
    alloc d NonPaged 16 Wxyz
    expect block d usable_bytes >= 16
    expect live_blocks == 3
    alloc e NonPaged 4096 Page
    alloc f NonPaged 0x7fffffff Huge
    expect null f
    alloc g NonPaged+Raise 0x7fffffff Huge
    expect raise 0xC000009A
    contiguous k 8192
    fill b
    write b 100 010203
    free f
    cpu 0
    tick 1
    irql 2
    irql 0
    free b
    """

  private func export(_ trace: String, _ options: [String] = []) throws -> Command.Result {
    try Command.run(["export", "--kmtest", try scratch.file("t.trace", trace)] + options)
  }

  /// The kernel of the table: it hands out the addresses that it was given, with their headers, and
  /// counts what the test objects to.
  private static let kernel = """
    #define _GNU_SOURCE
    #include <stdint.h>
    #include <stdio.h>
    #include <string.h>
    #include <sys/mman.h>
    typedef void VOID, *PVOID; typedef unsigned char UCHAR, *PUCHAR, BOOLEAN, KIRQL;
    typedef uint32_t ULONG; typedef int32_t NTSTATUS; typedef uint64_t ULONGLONG;
    typedef uintptr_t ULONG_PTR, KAFFINITY; typedef size_t SIZE_T; typedef int POOL_TYPE;
    typedef union { int64_t QuadPart; } LARGE_INTEGER, PHYSICAL_ADDRESS;
    #define C_ASSERT(condition) _Static_assert(1, "the table's kernel has any width")
    #define START_TEST(name) static void Test_##name(void)
    enum { NonPagedPool = 0, PagedPool = 1, KernelMode = 0, FALSE = 0, MmCached = 1,
      POOL_QUOTA_FAIL_INSTEAD_OF_RAISE = 8, POOL_RAISE_IF_ALLOCATION_FAILURE = 16 };
    static int failures, checks;
    static NTSTATUS raised;
    #define ok(condition, ...) (checks++, (condition) ? 0 : (failures++, printf(__VA_ARGS__)))
    #define ok_eq_pointer(value, expected) \\
      ok((void *)(value) == (void *)(expected), "line %d: %p\\n", __LINE__, (void *)(value))
    #define ok_eq_hex(value, expected) \\
      ok((ULONG)(value) == (ULONG)(expected), "line %d: %x\\n", __LINE__, (ULONG)(value))
    #define KmtStartSeh() raised = 0
    #define KmtEndSeh(status) ok(raised == (status), "line %d: %x\\n", __LINE__, raised)
    static const struct { uintptr_t address; ULONG word, tag; } answers[] = {
    #include "answers.h"
    };
    static unsigned next;
    static PVOID answer(void) {
      uintptr_t address = answers[next].address;
      if (!address) { raised = (NTSTATUS)0xC000009A; next++; return NULL; }
      mmap((void *)(address & ~4095ul), 8192, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      if (address & 4095) {
        ((ULONG *)address)[-2] = answers[next].word; ((ULONG *)address)[-1] = answers[next].tag;
      }
      next++;
      return (PVOID)address;
    }
    #define ExAllocatePoolWithTag(type, bytes, tag) ((void)(type), (void)(tag), answer())
    #define ExAllocatePoolWithQuotaTag ExAllocatePoolWithTag
    #define MmAllocateContiguousMemorySpecifyCache(bytes, l, h, b, c) \\
      ((void)(l), (void)(h), (void)(b), answer())
    #define ExFreePoolWithTag(block, tag) (void)(block)
    #define ExFreePool(block) (void)(block)
    #define MmFreeContiguousMemory(block) (void)(block)
    #define ExQueryPoolBlockSize(block, charged) ((void)(charged), 16)
    #define RtlFillMemory(block, bytes, byte) memset(block, byte, bytes)
    #define RtlCopyMemory memcpy
    #define KeSetSystemAffinityThread(set) (void)(set)
    #define KeRevertToUserAffinityThread() (void)0
    #define KeGetCurrentIrql() 0
    #define KeLowerIrql(level) (void)(level)
    #define KeRaiseIrql(level, old) (void)(old)
    #define KeDelayExecutionThread(mode, alertable, time) (void)(time)

    """

  /// What the model answers to each allocation, as rows of the table: of the `moved`-th the address
  /// is another.
  private static func answers(moved: Int? = nil) throws -> String {
    var parser = TraceParser(trace)
    guard case .operation(.config(let configuration)) = parser.next() else { return "" }
    var replayer = try Replayer.boot(configuration)
    var rows: [String] = []
    while case .operation(let operation) = parser.next() {
      switch replayer.step(operation) {
      case .allocated(let address):
        let place = address &+ (rows.count == moved ? 16 : 0)
        let word = replayer.pool.view.word32(address - 8) ?? 0
        let tag = replayer.pool.view.word32(address - 4) ?? 0
        rows.append("{ \(place)u, \(word), \(tag) },")
      case .null, .raised: rows.append("{ 0, 0, 0 },")
      default: break
      }
    }
    return rows.joined(separator: "\n")
  }

  /// Compiles the exported test together with the table's kernel and runs it.
  private func run(_ test: String, answers: String) throws -> Command.Result {
    _ = try scratch.file("kmt_test.h", Self.kernel)
    _ = try scratch.file("answers.h", answers)
    _ = try scratch.file(
      "test.c",
      test
        + "int main(void) { Test_PoolTrace(); printf(\"%d of %d\\n\", failures, checks); return 0; }\n"
    )
    return try Command.shell(
      "clang -Wall -Werror -Wno-unused-function -Wno-unused-value -I. test.c -o test && ./test",
      in: scratch.url)
  }

  @Test func theModelsAnswersPassAndOthersDoNot() throws {
    let exported = try export(Self.trace)
    #expect(exported.code == 0)
    #expect(exported.errors.contains("t.trace: 16 operations, "))
    let healthy = try run(exported.output, answers: try Self.answers())
    #expect(healthy.code == 0, "\(healthy.errors)")
    #expect(healthy.output.hasPrefix("0 of "))
    // The second block lies elsewhere on its page.
    let moved = try run(exported.output, answers: try Self.answers(moved: 1))
    #expect(moved.output.contains("\n1 of ") || moved.output.contains("\n2 of "))
    // A header of another type.
    let damaged = try Self.answers().replacing("{ 0, 0, 0 }", with: "{ 0x70000008, 0, 0 }")
    #expect(!(try run(exported.output, answers: damaged)).output.hasPrefix("0 of "))
  }

  @Test func manyOperationsAreSeveralFunctions() throws {
    let pairs = (0..<300).map { "alloc a\($0) Paged 32 Abcd" }.joined(separator: "\n")
    let path = scratch.path + "/t.c"
    let run = try export("config profile=windows-7-x64\n" + pairs, ["-o", path, "--quiet"])
    #expect(run.code == 0 && run.output.isEmpty)
    let text = try scratch.text("t.c")
    #expect(text.contains("    Part2();") && !text.contains("Part3"))
    #expect(text.contains("C_ASSERT(sizeof(PVOID) == 8)"))
    let json = try JSONLine(try export(Self.trace, ["--json"]).output)
    #expect(json.number("operations") == 16)
  }

  @Test(arguments: [
    ("alloc a NonPaged 8 Abcd\nwrite a 8 00", 3, ":3: 'write a 8 00' writes outside of a block"),
    ("alloc a NonPaged 8 Abcd\nwrite a -1 00", 3, "writes outside of a block"),
    ("alloc a NonPaged 8 Abcd\nfreeat a", 3, "frees a bare address"),
    ("writeat np+0 00", 3, "writes to a bare address"),
    ("freeat 0x10\nexpect bugcheck 0xC2", 3, "stops the kernel"),
    ("alloc a NonPaged 8 Abcd\nexpect null a", 1, "does not hold on the model"),
    ("", 3, "no operation to export"),
  ])
  func whatNoMachineShouldRunIsRefused(trace: String, code: Int32, message: String) throws {
    let run = try export("config profile=windows-2003-x86\n" + trace)
    #expect(run.code == code)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(run.output.isEmpty)
  }

  @Test func theFormIsAsked() throws {
    #expect(try Command.run(["export", "t.trace"]).code == 2)
    #expect(try Command.run(["export", "--kmtest"]).code == 2)
  }
}
