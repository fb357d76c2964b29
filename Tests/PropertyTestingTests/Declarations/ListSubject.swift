import PropertyTesting

/// Lists that draw on one store of room, with an operation of each shape; planted bugs are the
/// subject's type parameter.
struct ListSubject<Bug: ListBug>: DeclaredSubject {
  struct Full: Error {}
  struct Thing {
    var list: [Int] = []
    var sum = 0
  }

  private var room = 12

  static var operations: [OperationDeclaration<Self>] { all }
  static var thingLimit: Int { 3 }

  private static var all: [OperationDeclaration<Self>] {
    [
      .creates("open", .none) { _, _ in Thing() },
      .creates("of", .all(.int("value", -5...5), .int("count", 1...6), .bool("twice"))) {
        subject, values in
        let (value, count, twice) = values
        let length = twice ? 2 * count : count
        guard length <= subject.room else { return nil }
        subject.room -= length
        return Thing(list: Array(repeating: value, count: length), sum: value * length)
      },
      .uses("push", weight: 2, .both(.int("value", -5...5), .oneOf("end", ["front", "back"]))) {
        subject, thing, values in
        guard subject.room > 0 else {
          if Bug.name == "throws" { throw Full() }
          return .refused
        }
        subject.room -= 1
        thing.list.insert(values.0, at: values.1 == "front" ? 0 : thing.list.count)
        thing.sum += Bug.name == "sum" && values.0 == -3 ? 0 : values.0
        return .done
      },
      .uses("last", .none) { _, thing, _ in
        .compare(thing.list.last, expected: thing.list.isEmpty ? nil : thing.list.last)
          .labelled(thing.list.isEmpty ? "empty" : "filled")
      },
      .combines("move", .none) { _, from, to, _ in
        to.list += from.list
        to.sum += Bug.name == "move" && from.list.count > 1 ? 0 : from.sum
        from = Thing()
        return .done(to.list.count)
      },
      .destroys("close", .none) { subject, thing, _ in
        guard thing.list.count < 5 else { return .refused }
        subject.room += Bug.name == "leak" && thing.list.count == 2 ? 1 : thing.list.count
        return .done
      },
      .acts("settle", .none) { _, _ in .done("settled") },
    ]
  }

  mutating func check(_ thing: inout Thing) throws {
    let sum = thing.list.reduce(0, +)
    guard thing.sum == sum else {
      throw BrokenRule("the sum is that of the list", "\(thing.sum) for \(thing.list)")
    }
  }

  mutating func finish(_ things: [Thing]) throws {
    let held = things.reduce(room) { $0 + $1.list.count }
    guard held == 12 else { throw BrokenRule("no room is lost", "\(12 - held) lost") }
  }
}

protocol ListBug: SendableMetatype { static var name: String { get } }
enum NoListBug: ListBug { static var name: String { "" } }
enum SumBug: ListBug { static var name: String { "sum" } }
enum MoveBug: ListBug { static var name: String { "move" } }
enum LeakBug: ListBug { static var name: String { "leak" } }
enum ThrowBug: ListBug { static var name: String { "throws" } }
