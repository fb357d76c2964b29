/// A simulated virtual address.
///
/// x86 profiles use the low 32 bits. Addresses are plain integers because a kernel's pool computes
/// with them: links, neighbours and page boundaries are all arithmetic on this value.
public typealias Address = UInt64
