/// The name of an input: the SHA-1 of its content in hexadecimal, as libFuzzer names what it finds.
public enum ContentName {
  /// The name of those bytes.
  public static func of(_ bytes: [UInt8]) -> String {
    var state: InlineArray<5, UInt32> = [
      0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0,
    ]
    var message = bytes + [0x80]
    while message.count % 64 != 56 { message.append(0) }
    let bits = UInt64(bytes.count) * 8
    for shift in stride(from: 56, through: 0, by: -8) {
      message.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    for start in stride(from: 0, to: message.count, by: 64) {
      mix(message[start..<start + 64], into: &state)
    }
    var name = ""
    for index in 0..<5 {
      let digits = String(state[index], radix: 16)
      name += String(repeating: "0", count: 8 - digits.count) + digits
    }
    return name
  }

  /// One block of 64 bytes (FIPS 180-4, 6.1.2).
  private static func mix(_ block: ArraySlice<UInt8>, into state: inout InlineArray<5, UInt32>) {
    var words: [UInt32] = []
    words.reserveCapacity(80)
    for index in 0..<80 {
      if index < 16 {
        let place = block.startIndex + index * 4
        words.append(block[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) })
      } else {
        let mixed =
          words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16]
        words.append(rotate(mixed, 1))
      }
    }
    var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
    for index in 0..<80 {
      let (choice, constant): (UInt32, UInt32) =
        switch index / 20 {
        case 0: ((b & c) | (~b & d), 0x5A82_7999)
        case 1: (b ^ c ^ d, 0x6ED9_EBA1)
        case 2: ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
        default: (b ^ c ^ d, 0xCA62_C1D6)
        }
      let next = rotate(a, 5) &+ choice &+ e &+ constant &+ words[index]
      (e, d, c, b, a) = (d, c, rotate(b, 30), a, next)
    }
    state[0] = state[0] &+ a
    state[1] = state[1] &+ b
    state[2] = state[2] &+ c
    state[3] = state[3] &+ d
    state[4] = state[4] &+ e
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word << count | word >> (32 - count)
  }
}
