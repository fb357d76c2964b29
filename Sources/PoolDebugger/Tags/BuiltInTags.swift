// Long because of its table: the tags that are met most often.

extension PoolTagDescriptions {
  /// The tags that are met most often, in our own words, and what is publicly known to make some of
  /// them grow.
  public static let builtIn: PoolTagDescriptions = {
    var descriptions = PoolTagDescriptions()
    let causes = Dictionary(uniqueKeysWithValues: knownCauses.map { ($0.tag, $0.cause) })
    for (tag, text, binary) in common {
      descriptions.describe(
        Array(tag.utf8),
        TagDescription(text: text, binary: binary, knownCause: causes[tag]))
    }
    return descriptions
  }()

  private static let handles =
    "one process that does not close its handles keeps them: look at the column of handles in the "
    + "task manager"

  private static let knownCauses: [(tag: String, cause: Guidance)] = [
    (
      "MmSt",
      Guidance(
        text: "many open or mapped files at once; the paged pool of 32-bit systems runs out of it",
        source: "Microsoft support, KB312362")
    ),
    (
      "Ddk ",
      Guidance(
        text: "the default tag of the driver kit: any driver that calls without one",
        source: "driver reference, ExAllocatePool")
    ),
    (
      "FMfn",
      Guidance(
        text: "a file system filter that asks for names and does not release them",
        source: "driver reference, FltGetFileNameInformation")
    ),
    (
      "Irp ",
      Guidance(
        text: "requests that a driver holds and never completes (!irpfind lists them)",
        source: "debugger documentation, !irpfind")
    ),
    (
      "IoWI",
      Guidance(
        text: "work items that are allocated again and again and not freed",
        source: "driver reference, IoAllocateWorkItem")
    ),
    (
      "EtwB",
      Guidance(
        text: "buffers of tracing sessions: their number and size are settings (logman query -ets)",
        source: "Windows documentation, Event Tracing sessions")
    ),
    (
      "MmCm",
      Guidance(
        text: "drivers take contiguous memory once and keep it; sizes just below a page cost one",
        source: "ntdebugging, Pool Fragmentation (2009)")
    ),
    (
      "LSwi",
      Guidance(
        text: "grows with the file server's work items, whose number is a setting (MaxWorkItems)",
        source: "Microsoft support, events 2019 and 2020")
    ),
    (
      "Thre",
      Guidance(text: handles, source: "ntdebugging, Understanding Pool Consumption (2006)")
    ),
    (
      "Proc",
      Guidance(text: handles, source: "ntdebugging, Understanding Pool Consumption (2006)")
    ),
    (
      "Toke",
      Guidance(text: handles, source: "ntdebugging, Understanding Pool Consumption (2006)")
    ),
    (
      "File",
      Guidance(text: handles, source: "ntdebugging, Understanding Pool Consumption (2006)")
    ),
    (
      "Even",
      Guidance(text: handles, source: "ntdebugging, Understanding Pool Consumption (2006)")
    ),
  ]

  private static let common: [(tag: String, text: String, binary: String?)] = [
    ("AcpD", "ACPI: data of a device", "acpi.sys"),
    ("Adap", "Adapter objects of the hardware layer", nil),
    ("AfdB", "Sockets: buffers", "afd.sys"),
    ("AfdC", "Sockets: connections", "afd.sys"),
    ("AfdE", "Sockets: end points", "afd.sys"),
    ("AfdX", "Sockets: remote addresses", "afd.sys"),
    ("AlMs", "Local procedure calls: messages", "nt!alpc"),
    ("ALPC", "Local procedure calls: ports", "nt!alpc"),
    ("AlSe", "Local procedure calls: security contexts", "nt!alpc"),
    ("BIG ", "Large allocations whose own tag could not be kept", "nt!ex"),
    ("CcBc", "Cache manager: pinned ranges", "nt!cc"),
    ("CcSc", "Cache manager: shared cache maps", "nt!cc"),
    ("CcVa", "Cache manager: tables of views", "nt!cc"),
    ("CcWk", "Cache manager: work queue entries", "nt!cc"),
    ("CIcr", "Code integrity: caches of catalogues", "ci.dll"),
    ("CM??", "Registry (configuration manager)", "nt!cm"),
    ("ConT", "Contiguous physical memory of drivers", "nt!mm"),
    ("Ddk ", "Allocations of drivers that give no tag of their own", nil),
    ("Devi", "Device objects", "nt!io"),
    ("Driv", "Driver objects", "nt!io"),
    ("DxgK", "Graphics kernel: general use", "dxgkrnl.sys"),
    ("EtwB", "Event tracing: buffers of sessions", "nt!etw"),
    ("EtwR", "Event tracing: registrations", "nt!etw"),
    ("Even", "Event objects", "nt!ke"),
    ("File", "File objects", "nt!io"),
    ("FMfc", "Filter manager: contexts of files", "fltmgr.sys"),
    ("FMfl", "Filter manager: file lists", "fltmgr.sys"),
    ("FMfn", "Filter manager: cache of file names", "fltmgr.sys"),
    ("FMic", "Filter manager: requests in flight", "fltmgr.sys"),
    ("FMis", "Filter manager: work items", "fltmgr.sys"),
    ("FMsl", "Filter manager: contexts of streams", "fltmgr.sys"),
    ("FOCX", "File objects: extensions", "nt!io"),
    ("Frag", "Filler between a large allocation and the free rest of its last page", "nt!ex"),
    ("FSfm", "File system runtime: fast mutexes", "nt!fsrtl"),
    ("FSim", "File system runtime: advanced headers", "nt!fsrtl"),
    ("FSrN", "File system runtime: names of filters", "nt!fsrtl"),
    ("FSro", "File system runtime: locks and such", "nt!fsrtl"),
    ("FxDr", "Driver framework: drivers' objects", "wdf01000.sys"),
    ("Gh??", "Graphics: objects by handle", "win32k.sys"),
    ("Gla?", "Graphics: lookaside lists of objects", "win32k.sys"),
    ("HalD", "Hardware layer: transfers to and from devices", "hal.dll"),
    ("Io  ", "I/O manager: general use", "nt!io"),
    ("IoCc", "I/O manager: completion packets", "nt!io"),
    ("IoNm", "I/O manager: names", "nt!io"),
    ("IoSB", "I/O manager: buffers of buffered requests", "nt!io"),
    ("IoWI", "I/O manager: work items", "nt!io"),
    ("Irp ", "I/O request packets", "nt!io"),
    ("Job ", "Job objects", "nt!ps"),
    ("Key ", "Registry: key objects", "nt!cm"),
    ("LS??", "Server of files", "srv.sys"),
    ("LSwi", "Server: initial work context", "srv.sys"),
    ("Mdl ", "Memory descriptor lists", "nt!mm"),
    ("MFE0", "Filter driver of a virus scanner", nil),
    ("MmAc", "Memory manager: access flags of mappings", "nt!mm"),
    ("MmCa", "Memory manager: control areas of mapped files", "nt!mm"),
    ("MmCi", "Memory manager: control areas of images", "nt!mm"),
    ("MmCm", "Contiguous memory for drivers (MmAllocateContiguousMemory)", "nt!mm"),
    ("MmPb", "Memory manager: bitmaps of page files", "nt!mm"),
    ("MmSe", "Memory manager: mappings of sections", "nt!mm"),
    ("MmSm", "Memory manager: segments", "nt!mm"),
    ("MmSt", "Memory manager: prototype page-table entries of sections", "nt!mm"),
    ("Muta", "Mutex objects", "nt!ke"),
    ("NDnd", "Network: adapters", "ndis.sys"),
    ("NDpb", "Network: packet buffers", "ndis.sys"),
    ("NDpp", "Network: packet pools", "ndis.sys"),
    ("Net?", "Network: buffer lists", "netio.sys"),
    ("None", "Allocations without a tag (ExAllocatePool)", nil),
    ("NpFn", "Named pipes: name blocks", "npfs.sys"),
    ("NpFr", "Named pipes: queue entries", "npfs.sys"),
    ("NpFw", "Named pipes: data waiting", "npfs.sys"),
    ("Ntf0", "NTFS: cached record lists", "ntfs.sys"),
    ("NtF?", "NTFS: general use", "ntfs.sys"),
    ("Ntf?", "NTFS: stream and file blocks", "ntfs.sys"),
    ("Ntfc", "NTFS: context blocks of open files", "ntfs.sys"),
    ("Ntff", "NTFS: file control blocks", "ntfs.sys"),
    ("Ntfr", "NTFS: resources", "ntfs.sys"),
    ("ObDi", "Object manager: directories", "nt!ob"),
    ("ObHd", "Object manager: handle counts", "nt!ob"),
    ("ObNm", "Object manager: names", "nt!ob"),
    ("ObSc", "Object manager: cached security descriptors", "nt!ob"),
    ("ObSq", "Object manager: quota blocks", "nt!ob"),
    ("Obtb", "Object manager: handle tables", "nt!ob"),
    ("Pool", "The pool's own tables", "nt!ex"),
    ("Port", "Port objects of the former local procedure call", "nt!lpc"),
    ("Proc", "Process objects", "nt!ps"),
    ("PsJb", "Processes: job data", "nt!ps"),
    ("ReEv", "Resource package: events", "nt!ex"),
    ("ReTa", "Resource package: owner tables", "nt!ex"),
    ("RxSc", "Redirector: server entries", "rdbss.sys"),
    ("SeAt", "Security: attributes of tokens", "nt!se"),
    ("Sect", "Section objects", "nt!mm"),
    ("Sema", "Semaphore objects", "nt!ke"),
    ("SeSd", "Security: descriptors", "nt!se"),
    ("SeTd", "Security: tokens' dynamic part", "nt!se"),
    ("SeTl", "Security: tokens' locks", "nt!se"),
    ("Symb", "Symbolic links", "nt!ob"),
    ("TCP?", "TCP/IP", "tcpip.sys"),
    ("Tcp?", "TCP/IP: connections", "tcpip.sys"),
    ("Thre", "Thread objects", "nt!ps"),
    ("Toke", "Token objects", "nt!se"),
    ("Txf?", "NTFS: transactions", "ntfs.sys"),
    ("UdpA", "TCP/IP: end points of UDP", "tcpip.sys"),
    ("Us??", "Window manager", "win32k.sys"),
    ("Vad?", "Memory manager: address descriptors", "nt!mm"),
    ("VadS", "Memory manager: short address descriptors", "nt!mm"),
    ("Wait", "Wait completion packets", "nt!ke"),
    ("Wmi?", "Management instrumentation of drivers", "nt!wmi"),
  ]
}
