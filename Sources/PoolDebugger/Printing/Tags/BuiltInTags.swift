extension PoolTagDescriptions {
  /// A short list of tags that are met often, in our own words.
  public static let builtIn: PoolTagDescriptions = {
    var descriptions = PoolTagDescriptions()
    for (tag, text, binary) in common {
      descriptions.describe(Array(tag.utf8), TagDescription(text: text, binary: binary))
    }
    return descriptions
  }()

  private static let common: [(tag: String, text: String, binary: String?)] = [
    ("AcpD", "ACPI: data of a device", "acpi.sys"),
    ("Adap", "Adapter objects of the hardware layer", nil),
    ("AfdC", "Sockets: connections", "afd.sys"),
    ("AfdE", "Sockets: end points", "afd.sys"),
    ("ALPC", "Local procedure calls: ports", "nt!alpc"),
    ("BIG ", "Large allocations whose own tag could not be kept", "nt!ex"),
    ("CcSc", "Cache manager: shared cache maps", "nt!cc"),
    ("CcWk", "Cache manager: work queue entries", "nt!cc"),
    ("CM??", "Registry (configuration manager)", "nt!cm"),
    ("Devi", "Device objects", "nt!io"),
    ("Driv", "Driver objects", "nt!io"),
    ("EtwB", "Event tracing: buffers", "nt!etw"),
    ("Even", "Event objects", "nt!ke"),
    ("File", "File objects", "nt!io"),
    ("FMsl", "Filter manager: stream lists", "fltmgr.sys"),
    ("Frag", "Filler between a large allocation and the free rest of its last page", "nt!ex"),
    ("FSro", "File system runtime: locks and such", "nt!fsrtl"),
    ("Gh??", "Graphics: objects by handle", "win32k.sys"),
    ("Io  ", "I/O manager: general use", "nt!io"),
    ("IoNm", "I/O manager: names", "nt!io"),
    ("Irp ", "I/O request packets", "nt!io"),
    ("Key ", "Registry: key objects", "nt!cm"),
    ("LSwi", "Server: initial work context", "srv.sys"),
    ("Mdl ", "Memory descriptor lists", "nt!mm"),
    ("MFE0", "Filter driver of a virus scanner", nil),
    ("MmCa", "Memory manager: control areas of mapped files", "nt!mm"),
    ("MmCi", "Memory manager: control areas of images", "nt!mm"),
    ("MmCm", "Contiguous memory for drivers (MmAllocateContiguousMemory)", "nt!mm"),
    ("MmSt", "Memory manager: prototype page-table entries of sections", "nt!mm"),
    ("NDpp", "Network: packet pools", "ndis.sys"),
    ("None", "Allocations without a tag (ExAllocatePool)", nil),
    ("NpFn", "Named pipes: name blocks", "npfs.sys"),
    ("NpFr", "Named pipes: queue entries", "npfs.sys"),
    ("NtF?", "NTFS: general use", "ntfs.sys"),
    ("Ntf?", "NTFS: stream and file blocks", "ntfs.sys"),
    ("ObDi", "Object manager: directories", "nt!ob"),
    ("ObNm", "Object manager: names", "nt!ob"),
    ("Pool", "The pool's own tables", "nt!ex"),
    ("Proc", "Process objects", "nt!ps"),
    ("ReEv", "Resource package: events", "nt!ex"),
    ("ReTa", "Resource package: owner tables", "nt!ex"),
    ("Sect", "Section objects", "nt!mm"),
    ("SeSd", "Security: descriptors", "nt!se"),
    ("SeTd", "Security: tokens' dynamic part", "nt!se"),
    ("TCP?", "TCP/IP", "tcpip.sys"),
    ("Thre", "Thread objects", "nt!ps"),
    ("Toke", "Token objects", "nt!se"),
    ("Us??", "Window manager", "win32k.sys"),
    ("Vad?", "Memory manager: address descriptors", "nt!mm"),
  ]
}
