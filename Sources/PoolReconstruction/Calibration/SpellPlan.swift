import KernelPool

/// The sizes of the driver's spells, in units.
///
/// In a spell the driver's buffers open new pages, for no hole is large enough. A small block
/// settles in the room behind each buffer, so the page outlives it. When the buffer is given back,
/// a large request takes the front of its room, a middling one the back, and a long-lived block of
/// the smallest sizes falls into the slot between them. The two go again, the small block stays,
/// and neither hole takes a buffer any more.
///
/// Freed room is found again by the next request of its size, so a spell's large requests must be
/// larger than every hole that earlier spells left: the front grows from spell to spell, beginning
/// above half a page.
struct SpellPlan {
  /// The driver's buffer.
  let buffer: UInt64
  /// The room behind a buffer.
  let tail: UInt64
  /// The block that stays.
  let pin: UInt64
  private let firstFront: UInt64
  private let step: UInt64

  init(_ recipe: CalibrationRecipe) throws(CalibrationError) {
    let profile = recipe.profile
    let page = profile.unitsPerPage
    guard recipe.bufferBytes <= profile.largestSmallRequest else {
      throw CalibrationError(
        "buffers of \(recipe.bufferBytes) bytes have whole pages on \(profile.name); only smaller"
          + " ones, up to \(profile.largestSmallRequest) bytes, share a page with small blocks")
    }
    let least = max(profile.smallestBlockUnits, profile.smallestListedUnits)
    buffer = profile.units(forRequest: recipe.bufferBytes)
    tail = page - buffer
    pin = profile.units(forRequest: 16)
    guard tail >= least else {
      throw CalibrationError(
        "buffers of \(recipe.bufferBytes) bytes leave no room behind them for a small block")
    }
    firstFront = (page - pin) / 2 + 1
    guard buffer > firstFront + pin + least,
      case let range = buffer - pin - least - firstFront, range >= recipe.spells
    else {
      throw CalibrationError(
        "buffers of \(recipe.bufferBytes) bytes leave room for fewer than \(recipe.spells) spells")
    }
    step = min(4, range / recipe.spells)
  }

  /// Units of the request at the front, in spell `spell`, counted from 0; `choice` is any number.
  func front(spell: UInt64, choice: UInt64) -> UInt64 { firstFront + spell * step + choice % step }

  /// Units of the request at the back, which leaves a slot for the pin.
  func back(front: UInt64) -> UInt64 { buffer - pin - front }
}
