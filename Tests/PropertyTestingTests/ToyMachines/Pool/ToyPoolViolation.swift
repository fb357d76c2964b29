/// What can be wrong with a toy pool.
enum ToyPoolViolation: Sendable {
  case pageNotTiled, freeNeighbours, listTooDeep, wrongList, lostBlock, wrongCount
}
