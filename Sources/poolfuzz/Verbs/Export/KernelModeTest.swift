import KernelPool
import PoolTrace

/// A trace as a kernel-mode test in C, in the form of ReactOS's kmtests, which run on Windows too.
///
/// It asks for what the trace asks for and expects what the model answered: null or not, the status
/// raised, the stored type and tag of each small block, and where a block lies beside the one that
/// has been on its page for the longest. Pages are not compared: which one is taken depends on
/// everything else that a running machine does. For the same reason a difference on a busy machine
/// proves nothing before it comes again.
struct KernelModeTest {
  /// Operations written.
  private(set) var operations: UInt64 = 0
  /// Answers that the test expects.
  private(set) var checks: UInt64 = 0
  /// Expectations and dumps that nothing in a kernel could answer.
  private(set) var leftOut: UInt64 = 0

  private let profile: Profile
  private var lines: [String] = []
  private var indexes: [SlotName: Int] = [:]
  /// What lives on each page, the oldest first.
  private var pages: [Address: [(index: Int, address: Address)]] = [:]
  private var contiguousIndexes: Set<Int> = []
  private var helpers: Set<Helper> = []
  private var usesProcessors = false

  /// Operations of one C function: compilers take long over endless ones.
  private static let operationsPerFunction: UInt64 = 256

  /// A test without operations.
  init(_ profile: Profile) { self.profile = profile }

  /// Adds an operation and what it came to; says what is wrong with it for a real machine, or nil.
  mutating func add(
    _ operation: PoolTrace.Operation, _ result: StepResult, _ replayer: borrowing Replayer
  ) -> String? {
    switch result {
    case .halted: return "stops the kernel"
    case .skipped, .nothingToDo, .dump:
      leftOut += 1
      return nil
    case .done, .allocated, .null, .freed, .raised: break
    }
    if case .expect(let expectation) = operation {
      expect(expectation)
      return nil
    }
    if case .config = operation { return nil }
    operations += 1
    lines.append("")
    lines.append("    /* \(Self.comment(TraceWriter.line(operation))) */")
    defer {
      if operations % Self.operationsPerFunction == 0 { lines.append(Self.functionEnd) }
    }
    switch operation {
    case .alloc(let name, let type, let bytes, let tag):
      allocate(name, Self.request(type, bytes, tag), result, replayer)
    case .contiguous(let name, let bytes, let limits):
      allocate(name, contiguous(bytes, limits), result, replayer)
    case .free(let name, let tag):
      let slot = replayer.slots[name]
      free(name, tag, isContiguous: slot?.isContiguous ?? false, slot?.address ?? 0)
    case .fill(let name):
      line("RtlFillMemory(\(block(name)), \(Self.size(replayer.slots[name]?.bytes ?? 0)), 0xA5);")
    case .write(let name, let offset, let bytes):
      guard let slot = replayer.slots[name], slot.state == .holds, offset >= 0,
        UInt64(offset) <= slot.bytes, UInt64(bytes.count) <= slot.bytes - UInt64(offset)
      else { return "writes outside of a block" }
      write(name, UInt64(offset), bytes)
    case .writeAt: return "writes to a bare address"
    case .freeAt: return "frees a bare address"
    case .target: return "calls an allocator under test"
    case .processor(let number):
      usesProcessors = true
      line("KeSetSystemAffinityThread((KAFFINITY)1 << \(number));")
    case .tick(let seconds):
      helpers.insert(.wait)
      line("WaitSeconds(\(seconds));")
    case .interruptLevel(let level):
      helpers.insert(.interruptLevel)
      line("SetInterruptLevel(\(level));")
    case .config, .dump, .expect: break
    }
    return nil
  }

  // MARK: Requests

  private mutating func allocate(
    _ name: SlotName, _ request: String, _ result: StepResult, _ replayer: borrowing Replayer
  ) {
    let block = block(name)
    if case .raised(let status) = result {
      line("KmtStartSeh();")
      line("\(block) = \(request);")
      check("KmtEndSeh((NTSTATUS)\(Self.hexadecimal(UInt64(status))));")
      return
    }
    line("\(block) = \(request);")
    guard case .allocated(let address) = result, let index = indexes[name] else {
      check("ok_eq_pointer(\(block), NULL);")
      return
    }
    let page = address & ~(profile.pageBytes &- 1)
    check("ok(\(block) != NULL, \"null\\n\");")
    line("if (\(block) != NULL)")
    line("{")
    if address == page {
      check("    ok_eq_hex((ULONG)((ULONG_PTR)\(block) & \(profile.pageBytes - 1)), 0);")
    } else {
      let header = address &- UInt64(profile.header.bytes)
      if let word = replayer.pool.view.word32(header),
        let tag = replayer.pool.view.word32(header &+ HeaderLayout.tagOffset)
      {
        helpers.insert(.header)
        check(
          "    ok_eq_hex(STORED_TYPE(\(block)),"
            + " \(Self.hexadecimal(UInt64(profile.header.poolType.get(word)))));")
        check("    ok_eq_hex(STORED_TAG(\(block)), \(Self.hexadecimal(UInt64(tag))));")
      }
      if let oldest = pages[page]?.first {
        let isBehind = address >= oldest.address
        let distance = isBehind ? address &- oldest.address : oldest.address &- address
        check(
          "    ok_eq_pointer(\(block), (PVOID)((PUCHAR)Block[\(oldest.index)]"
            + " \(isBehind ? "+" : "-") \(Self.hexadecimal(distance))));")
      }
    }
    line("}")
    pages[page, default: []].append((index, address))
    if replayer.slots[name]?.isContiguous == true { contiguousIndexes.insert(index) }
  }

  private static func request(_ type: PoolType, _ bytes: UInt64, _ tag: PoolTag) -> String {
    let isCharged = type.contains(.quota)
    // The call that charges raises by itself, unless it is told not to.
    var flags: [String] = []
    let kind = type.subtracting([.quota, .raiseOnFailure])
    if isCharged, !type.contains(.raiseOnFailure) {
      flags.append("POOL_QUOTA_FAIL_INSTEAD_OF_RAISE")
    }
    if !isCharged, type.contains(.raiseOnFailure) {
      flags.append("POOL_RAISE_IF_ALLOCATION_FAILURE")
    }
    var base = "(POOL_TYPE)\(hexadecimal(UInt64(kind.rawValue)))"
    if kind == .nonPaged { base = "NonPagedPool" }
    if kind == .paged { base = "PagedPool" }
    let word =
      flags.isEmpty ? base : "(POOL_TYPE)(" + ([base] + flags).joined(separator: " | ") + ")"
    let call = isCharged ? "ExAllocatePoolWithQuotaTag" : "ExAllocatePoolWithTag"
    return "\(call)(\(word), \(size(bytes)), \(hexadecimal(UInt64(tag.word))))"
  }

  private mutating func contiguous(_ bytes: UInt64, _ limits: ContiguousLimits?) -> String {
    helpers.insert(.contiguous)
    let limits = limits ?? .none
    let words = [bytes, limits.lowest, limits.highest, limits.boundary].map {
      Self.hexadecimal($0) + "ULL"
    }
    return "Contiguous(\(words.joined(separator: ", ")))"
  }

  private mutating func free(
    _ name: SlotName, _ tag: PoolTag?, isContiguous: Bool, _ address: Address
  ) {
    let block = block(name)
    let call =
      isContiguous
      ? "MmFreeContiguousMemory(\(block));"
      : tag.map { "ExFreePoolWithTag(\(block), \(Self.hexadecimal(UInt64($0.word))));" }
        ?? "ExFreePool(\(block));"
    line("if (\(block) != NULL) \(call)")
    line("\(block) = NULL;")
    if let index = indexes[name] { contiguousIndexes.remove(index) }
    let page = address & ~(profile.pageBytes &- 1)
    pages[page]?.removeAll { $0.address == address }
    if pages[page]?.isEmpty == true { pages[page] = nil }
  }

  private mutating func write(_ name: SlotName, _ offset: UInt64, _ bytes: [UInt8]) {
    let values = bytes.map { Self.hexadecimal(UInt64($0)) }.joined(separator: ", ")
    line("{")
    line("    static const UCHAR Bytes[] = { \(values) };")
    line(
      "    if (\(block(name)) != NULL)"
        + " RtlCopyMemory((PUCHAR)\(block(name)) + \(Self.size(offset)), Bytes, sizeof(Bytes));")
    line("}")
  }

  private mutating func expect(_ expectation: Expectation) {
    switch expectation {
    case .ok(let name): check("ok(\(block(name)) != NULL, \"null\\n\");")
    case .null(let name): check("ok_eq_pointer(\(block(name)), NULL);")
    case .block(let name, .usableBytes, let comparison, let bytes):
      helpers.insert(.size)
      check(
        "ok(UsableBytes(\(block(name))) \(comparison.rawValue) \(Self.size(bytes)), \"%u bytes\\n\","
          + " (unsigned int)UsableBytes(\(block(name))));")
    case .block(let name, .alignment, .greaterOrEqual, let bytes) where bytes > 0:
      check("ok((ULONG_PTR)\(block(name)) % \(bytes) == 0, \"%p\\n\", \(block(name)));")
    default: leftOut += 1
    }
  }

  // MARK: Text

  private mutating func block(_ name: SlotName) -> String {
    let index = indexes[name] ?? indexes.count
    indexes[name] = index
    return "Block[\(index)]"
  }

  private mutating func line(_ text: String) { lines.append("    " + text) }

  private mutating func check(_ text: String) {
    checks += 1
    line(text)
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    "0x" + String(number, radix: 16, uppercase: true)
  }

  /// A number of bytes as C reads it on either width.
  private static func size(_ bytes: UInt64) -> String {
    bytes <= UInt64(Int32.max) ? "\(bytes)" : "(SIZE_T)\(hexadecimal(bytes))ULL"
  }

  /// Text that cannot end a comment of C.
  private static func comment(_ text: String) -> String {
    let printable = text.unicodeScalars.map {
      (0x20..<0x7F).contains($0.value) ? Character($0) : "?"
    }
    return String(printable.prefix(200)).replacing("*/", with: "* /").replacing("\\", with: "/")
  }

  private static let functionEnd = "\u{0}"

  /// The C source.
  var text: String {
    let parts = lines.split(separator: Self.functionEnd)
    var text = """
      /*
       * A trace of the kernel pool as a kernel-mode test, written by poolfuzz \(Poolfuzz.version).
       * It expects what the model of \(profile.name) answers: \(counted(checks, "check")).
       * Other code uses the same pool: run it on a quiet machine, and trust what comes again.
       */
      #include <kmt_test.h>

      /* The machine that the expectations are about. */
      C_ASSERT(sizeof(PVOID) == \(profile.wordBytes));

      static PVOID Block[\(max(1, indexes.count))];

      """
    for helper in Helper.allCases where helpers.contains(helper) {
      text += "\n" + helper.text(profile) + "\n"
    }
    for (number, part) in parts.enumerated() {
      text += "\nstatic VOID Part\(number + 1)(VOID)\n{\n"
      text += part.drop { $0.isEmpty }.joined(separator: "\n") + "\n}\n"
    }
    text += "\nSTART_TEST(PoolTrace)\n{\n    ULONG Index;\n\n"
    for number in 0..<parts.count { text += "    Part\(number + 1)();\n" }
    if helpers.contains(.interruptLevel) { text += "    SetInterruptLevel(0);\n" }
    if usesProcessors { text += "    KeRevertToUserAffinityThread();\n" }
    for index in contiguousIndexes.sorted() {
      text += "    if (Block[\(index)] != NULL) MmFreeContiguousMemory(Block[\(index)]);\n"
      text += "    Block[\(index)] = NULL;\n"
    }
    text += """

          /* What the trace leaves behind. */
          for (Index = 0; Index < sizeof(Block) / sizeof(Block[0]); Index++)
          {
              if (Block[Index] != NULL) ExFreePool(Block[Index]);
              Block[Index] = NULL;
          }
      }

      """
    return text
  }

  /// C that only some traces need.
  private enum Helper: CaseIterable {
    case header
    case contiguous
    case size
    case wait
    case interruptLevel

    func text(_ profile: Profile) -> String {
      switch self {
      case .header:
        """
        /* The header before a small block. */
        #define HEADER_WORD(Block, Offset) \\
            (*(ULONG *)((PUCHAR)(Block) - \(profile.header.bytes) + (Offset)))
        #define STORED_TYPE(Block) \\
            ((HEADER_WORD(Block, 0) >> \(profile.header.poolType.shift)) & 0x\
        \(String(profile.header.poolType.mask, radix: 16, uppercase: true)))
        #define STORED_TAG(Block) HEADER_WORD(Block, \(HeaderLayout.tagOffset))
        """
      case .contiguous:
        """
        static PVOID Contiguous(ULONGLONG Bytes, ULONGLONG Lowest, ULONGLONG Highest, ULONGLONG Boundary)
        {
            PHYSICAL_ADDRESS Low, High, Multiple;

            Low.QuadPart = Lowest;
            High.QuadPart = Highest;
            Multiple.QuadPart = Boundary;
            return MmAllocateContiguousMemorySpecifyCache((SIZE_T)Bytes, Low, High, Multiple, MmCached);
        }
        """
      case .size:
        """
        static SIZE_T UsableBytes(PVOID Block)
        {
            BOOLEAN IsCharged;

            return Block == NULL ? 0 : ExQueryPoolBlockSize(Block, &IsCharged);
        }
        """
      case .wait:
        """
        static VOID WaitSeconds(ULONG Seconds)
        {
            LARGE_INTEGER Time;

            Time.QuadPart = -10000000LL * Seconds;
            KeDelayExecutionThread(KernelMode, FALSE, &Time);
        }
        """
      case .interruptLevel:
        """
        static VOID SetInterruptLevel(KIRQL Level)
        {
            KIRQL Old;

            if (Level < KeGetCurrentIrql()) KeLowerIrql(Level);
            else KeRaiseIrql(Level, &Old);
        }
        """
      }
    }
  }
}
