import Testing

/// Optima of small pools, from an enumeration that predates this solver and shares no code with it.
///
/// Columns: page units, smallest block units, cap on live units; then the most pages that any trace
/// can hold if the adversary picks among equal free blocks (relaxed), if remainders go to the head
/// of their list, and to its tail; last the fewest operations that reach the head-order optimum.
/// Requests up to a whole page are allowed. An empty field was never computed.
///
/// Cells that take long in a debug build run only with `POOLFUZZ_EXACT_CELLS=all`:
/// `POOLFUZZ_EXACT_CELLS=all swift test -c release --filter ExactOptimumTests`.
enum ExactOptimaTable {
  struct Cell: Sendable, CustomTestStringConvertible {
    let pageUnits: Int
    let smallestUnits: Int
    let peakLiveUnits: Int
    let relaxedPages: Int?
    let headPages: Int?
    let tailPages: Int?
    let headOperations: Int?

    var testDescription: String { "\(pageUnits),\(smallestUnits),\(peakLiveUnits)" }
  }

  static let cells: [Cell] = text.split(separator: "\n").map { line in
    let fields = line.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    return Cell(
      pageUnits: fields[0] ?? 0, smallestUnits: fields[1] ?? 0, peakLiveUnits: fields[2] ?? 0,
      relaxedPages: fields[3], headPages: fields[4], tailPages: fields[5],
      headOperations: fields[6])
  }

  private static let text = """
    3,1,2,1,,,
    3,1,3,2,,,
    3,1,4,2,,,
    3,1,5,3,,,
    3,1,6,4,,,
    3,1,7,5,,,
    3,1,8,6,,,
    3,1,9,6,,,
    3,1,10,7,,,
    3,1,11,8,,,
    3,1,12,8,,,
    3,1,13,9,,,
    3,1,14,10,,,
    3,1,15,11,,,
    3,1,16,12,,,
    3,1,17,13,,,
    3,1,18,13,,,
    3,1,19,14,,,
    3,1,20,15,,,
    3,1,21,15,,,
    3,1,22,16,,,
    3,1,23,17,,,
    3,1,24,18,,,
    3,1,25,19,,,
    3,1,26,20,,,
    3,1,27,20,,,
    3,1,28,21,,,
    3,1,29,22,,,
    3,1,30,22,,,
    4,1,2,1,1,,1
    4,1,3,1,1,,1
    4,1,4,2,2,,5
    4,1,5,3,3,,13
    4,1,6,3,3,,5
    4,1,7,4,4,,12
    4,1,8,5,5,,19
    4,1,9,6,6,,
    4,1,10,6,6,,
    4,1,11,7,7,,
    4,1,12,8,,,
    4,1,13,9,,,
    4,1,14,9,,,
    4,1,15,10,,,
    4,1,16,10,,,
    4,1,17,11,,,
    4,1,18,12,,,
    6,2,4,1,1,,1
    6,2,5,1,1,,1
    6,2,6,2,2,,6
    6,2,7,2,2,,2
    6,2,8,2,2,,2
    6,2,9,3,3,,5
    6,2,10,3,3,,5
    6,2,11,4,4,,10
    6,2,12,4,4,,8
    6,2,13,5,5,,17
    6,2,14,5,5,,13
    6,2,15,5,5,,11
    6,2,16,6,6,,18
    6,2,17,6,6,,16
    6,2,18,7,7,,25
    6,2,19,7,7,,21
    6,2,20,7,7,,17
    6,2,21,8,8,,26
    6,2,22,8,8,,22
    6,2,23,9,9,,41
    6,2,24,9,9,,27
    6,2,25,9,9,,23
    6,2,26,10,,,
    6,2,27,10,,,
    6,2,28,11,,,
    6,2,29,11,,,
    6,2,30,12,,,
    6,2,31,12,,,
    6,2,32,13,,,
    6,2,33,13,,,
    6,2,34,14,,,
    6,2,35,14,,,
    6,2,36,14,,,
    6,2,37,15,,,
    6,2,38,15,,,
    6,2,39,15,,,
    6,2,40,16,,,
    8,2,4,1,1,1,1
    8,2,5,1,1,1,1
    8,2,6,1,1,1,1
    8,2,7,2,2,2,5
    8,2,8,2,2,2,5
    8,2,9,2,2,2,2
    8,2,10,3,3,3,11
    8,2,11,3,3,3,5
    8,2,12,4,4,4,20
    8,2,13,4,4,4,12
    8,2,14,4,4,4,10
    8,2,15,5,5,,19
    8,2,16,5,5,,15
    8,2,17,6,6,,26
    8,2,18,6,6,,20
    8,2,19,7,7,,33
    8,2,20,7,7,,27
    8,2,21,8,,,
    8,2,22,8,,,
    8,2,23,9,,,
    8,2,24,9,,,
    8,2,25,10,,,
    16,2,4,1,1,1,1
    16,2,5,1,1,1,1
    16,2,6,1,1,1,1
    16,2,7,1,1,1,1
    16,2,8,1,1,1,1
    16,2,9,1,1,1,1
    16,2,10,2,2,2,10
    16,2,11,2,2,2,5
    16,2,12,2,2,2,5
    16,2,13,3,3,,41
    16,2,14,3,3,,17
    16,2,15,3,3,,13
    16,2,16,4,,,
    """
}
