import typealias KernelPool.Address
import struct KernelPool.BugCheck
import enum KernelPool.HaltReason

/// What an operation must come to, worked out from the calls before it.
public enum Prediction: Equatable, Sendable {
  /// An allocation gets this address.
  case address(Address)
  /// An allocation returns NULL.
  case null
  /// An allocation raises this status.
  case raised(UInt32)
  /// A free is done.
  case freed
  /// The kernel stops, in exactly this way.
  case halted(HaltReason)
  /// Nothing is said, and why.
  case open(OpenReason)
}

/// Why nothing is said about an operation, and for most of these about any that follows.
public enum OpenReason: String, Sendable, CaseIterable {
  /// Bytes were stored outside of every live body: headers, links and tables may say anything.
  case damaged
  /// Something was freed that no caller held, and the version lets it pass: what it then reads is
  /// whatever lies there.
  case strayFree = "stray-free"
  /// A page lies 2^32 bytes or more into its run: the kernel cuts the offset to 32 bits and hands
  /// out pages that are not free (ReactOS on x64, recorded).
  case misplacedPages = "misplaced-pages"
  /// A request's page count was cut to 32 bits and its caller writes over more than it got.
  case cutPageCount = "cut-page-count"
  /// The header's field cannot hold the pool type that was asked for: what the free reads is the
  /// type of something else.
  case typeNotKept = "type-not-kept"
  /// The answer was another one than predicted: that was reported, and what follows from it is no
  /// news.
  case contradicted

  /// Every reason with its text, for the table of the manual.
  public var explanation: String {
    switch self {
    case .damaged: "bytes were stored outside of every live body"
    case .strayFree: "something was freed that no caller held, and the version lets it pass"
    case .misplacedPages: "the offset of a page does not fit into 32 bits, which this kernel keeps"
    case .cutPageCount: "the caller fills more than the cut page count gave it"
    case .typeNotKept: "the header cannot hold the pool type that was asked for"
    case .contradicted: "an answer before was another than predicted, and reported"
    }
  }
}

/// Ends the working-out of an operation.
enum Outcome: Error {
  /// The kernel stops.
  case stopped(HaltReason)
  /// Nothing can be said.
  case open(OpenReason)

  /// A bug check with its four parameters.
  static func bugCheck(
    _ code: UInt32, _ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0,
    _ fourth: UInt64 = 0
  ) -> Outcome {
    .stopped(.bugCheck(BugCheck(code, first, second, third, fourth)))
  }
}
