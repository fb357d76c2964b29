/// Splits a line of comma-separated values: fields may be in double quotes, a doubled quote inside
/// stands for one; blanks around a field do not count.
enum CommaSeparatedLine {
  /// More fields than any table has; the rest of the line is ignored.
  static let mostFields = 256

  static func fields(_ line: [UInt8]) -> [ArraySlice<UInt8>] {
    var fields: [ArraySlice<UInt8>] = []
    fields.reserveCapacity(16)
    var index = 0
    while index <= line.count, fields.count < mostFields {
      while index < line.count, line[index] == 0x20 || line[index] == 0x09 { index += 1 }
      if index < line.count, line[index] == 0x22 {
        fields.append(quoted(line, &index))
        while index < line.count, line[index] != 0x2C { index += 1 }
      } else {
        let start = index
        while index < line.count, line[index] != 0x2C { index += 1 }
        var end = index
        while end > start, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
        fields.append(line[start..<end])
      }
      index += 1
    }
    return fields
  }

  private static func quoted(_ line: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
    var bytes: [UInt8] = []
    index += 1
    while index < line.count {
      if line[index] == 0x22 {
        guard index + 1 < line.count, line[index + 1] == 0x22 else { break }
        index += 1
      }
      bytes.append(line[index])
      index += 1
    }
    index += 1
    return bytes[...]
  }
}
