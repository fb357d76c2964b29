/// A PNG picture of eight bits a channel, decoded (W3C Portable Network Graphics).
struct PortablePicture {
  /// A colour without transparency.
  typealias Colour = UInt32

  let width: Int
  let height: Int
  private let channels: Int
  private var bytes: [UInt8] = []

  /// Why a picture could not be read.
  struct Unreadable: Error {
    var reason: String
  }

  init(_ file: [UInt8]) throws {
    guard file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), file.count > 33
    else { throw Unreadable(reason: "no PNG") }
    func word(_ at: Int) -> Int { file[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
    (width, height) = (word(16), word(20))
    guard file[24] == 8, file[25] == 2 || file[25] == 6, file[28] == 0 else {
      throw Unreadable(reason: "not eight bits of red, green and blue without interlacing")
    }
    channels = file[25] == 2 ? 3 : 4
    var packed: [UInt8] = []
    var position = 8
    while position + 12 <= file.count {
      let count = word(position)
      let isData = file[position + 4..<position + 8].elementsEqual("IDAT".utf8)
      if isData { packed += file[position + 8..<position + 8 + count] }
      position += 12 + count
    }
    // Two bytes before and four behind are zlib's.
    let raw = try Inflation.bytes(packed.dropFirst(2))
    guard raw.count == height * (width * channels + 1) else {
      throw Unreadable(reason: "\(raw.count) bytes of pixels")
    }
    unfilter(raw)
  }

  /// The colour of a pixel as 0xRRGGBB.
  subscript(x: Int, y: Int) -> Colour {
    guard (0..<width).contains(x), (0..<height).contains(y) else { return .max }
    let at = (y * width + x) * channels
    return bytes[at..<at + 3].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private mutating func unfilter(_ raw: [UInt8]) {
    let stride = width * channels
    bytes = [UInt8](repeating: 0, count: height * stride)
    for row in 0..<height {
      let filter = raw[row * (stride + 1)]
      for column in 0..<stride {
        let at = row * stride + column
        let left = column >= channels ? Int(bytes[at - channels]) : 0
        let up = row > 0 ? Int(bytes[at - stride]) : 0
        let corner = row > 0 && column >= channels ? Int(bytes[at - stride - channels]) : 0
        let guess: Int
        switch filter {
        case 1: guess = left
        case 2: guess = up
        case 3: guess = (left + up) / 2
        case 4: guess = Self.nearest(left, up, corner)
        default: guess = 0
        }
        bytes[at] = raw[row * (stride + 1) + 1 + column] &+ UInt8(guess)
      }
    }
  }

  /// Paeth's predictor.
  private static func nearest(_ left: Int, _ up: Int, _ corner: Int) -> Int {
    let guess = left + up - corner
    let (a, b, c) = (abs(guess - left), abs(guess - up), abs(guess - corner))
    return a <= b && a <= c ? left : b <= c ? up : corner
  }
}
