import Testing

@testable import PoolDebugger

@Suite struct EventTableTests {
  private static let native = """
    Time,Event,PoolType,Tag,Bytes,Entry,Session,Pid,Tid,Cpu
    1,PoolAlloc,0,Abcd,100,ffffda06b51c0010,,4,8,0
    2,PoolAlloc,1,"Io  ",1,ffffda06b51c1010,,4,8,0
    3,SessionPoolAlloc,33,Gh05,0x20,ffffda06b51c2010,1,4,8,0
    4,PoolAlloc,512,Nx?,"1,024",0xffffda06b51c3010,,4,8,0
    5,PoolFree,0,Abcd,100,ffffda06b51c0010,,4,8,0
    6,PoolAlloc,0,Efgh,8,ffffda06b51c1010,,4,8,0
    7,PoolFree,0,Lost,8,ffffda06b51cf010,,4,8,0
    8,PoolSnap,0,Lost,8,ffffda06b51cf010,,4,8,0
    9,PoolAlloc,0,Lost,many,ffffda06b51cf010,,4,8,0
    """

  @Test func theHeaderNamesTheColumns() {
    let (_, summary) = Importing.run(Self.native, .etwCSV)
    #expect(
      Importing.operations(Self.native, .etwCSV) == [
        "alloc s0 NonPaged 100 Abcd", "alloc s1 Paged 1 'Io  '",
        "alloc s2 PagedSession 32 Gh05", "alloc s3 NonPagedNx 1024 'Nx? '", "free s0",
        "free s1", "alloc s1 NonPaged 8 Efgh",
      ])
    #expect(summary.lostFrees == 1)
    #expect(summary.dropped == [.allocatedBefore: 1, .otherEvent: 1, .unreadableLine: 1])
  }

  @Test func columnsMayComeInAnyOrderUnderOtherNames() {
    let text = """
      "Size (B)","Pool Tag","Address","Event Name","Type"
      "48","0x64636241","0xFFFFDA06B51C0010","32","Paged"
      "48","Abcd","0xFFFFDA06B51C0010","34","Paged"
      """
    #expect(
      Importing.operations(text, .etwCSV) == ["alloc s0 Paged 48 Abcd", "free s0"])
  }

  @Test func eachEventMayHaveItsOwnHeader() {
    let text = """
      PoolAlloc, TimeStamp, Process Name ( PID), ThreadID, CPU, Type, Tag, NumberOfBytes, Entry
      PoolFree, TimeStamp, Process Name ( PID), ThreadID, CPU, Type, Tag, NumberOfBytes, Entry
      PoolAlloc, 10, System (4), 8, 0, 1, Abcd, 64, 0xffffda06b51c0010
      FileIoRead, 11, System (4), 8, 0
      PoolFree, 12, System (4), 8, 0, 1, Abcd, 64, 0xffffda06b51c0010
      """
    #expect(
      Importing.operations(text, .etwCSV) == ["alloc s0 Paged 64 Abcd", "free s0"])
  }

  @Test func lifetimesBecomeEventsInTheOrderOfTime() {
    let text = """
      Alloc Time (s),Free Time (s),Tag,Size (B),Type
      0.1,0.45,AAAA,16,Nonpaged
      0.2,,BBBB,32,Paged
      0.3,0.4,CCCC,48,Paged
      0.5,0.5,DDDD,64,Paged
      0.25,0.9,EEEE,80,Paged
      """
    let (_, summary) = Importing.run(text, .etwCSV)
    #expect(
      Importing.operations(text, .etwCSV) == [
        "alloc s0 NonPaged 16 AAAA", "alloc s1 Paged 32 BBBB", "alloc s2 Paged 48 CCCC",
        "free s2", "free s0", "alloc s0 Paged 64 DDDD", "free s0", "alloc s0 Paged 80 EEEE",
        "free s0",
      ])
    #expect(summary.outOfOrder == 1 && summary.liveBlocks == 1)
  }

  @Test func recordedBlockSizesLoseTheirHeaders() {
    var options = ImportOptions()
    options.sizeMeaning = .blockWithHeader(headerBytes: 16)
    let operations = Importing.operations(Self.native, .etwCSV, options)
    #expect(operations[0] == "alloc s0 NonPaged 84 Abcd")
    #expect(operations[1] == "alloc s1 Paged 0 'Io  '")
  }

  @Test func rowsWithoutAHeaderAreNothing() {
    let summary = Importing.run("1,PoolAlloc,0,Abcd,100,ff\n", .etwCSV).summary
    #expect(summary.operations == 0 && summary.dropped == [.otherEvent: 1])
  }
}
