import CrashDumps
import JSONLines
import PoolDebugger
import PoolDumps
import PoolWalk

extension DumpInspection {
  private typealias Member = (String, JSONValue)

  /// The same as an object.
  var json: JSONValue {
    var members: [Member] = [
      ("source", .string(name)), ("kind", .string(isRaw ? "raw memory" : "dump")),
    ]
    members.append(("pointer_bits", .unsigned(header.is64Bit ? 64 : 32)))
    members.append(("dump_kind", .unsigned(UInt64(header.kindNumber ?? 0))))
    members.append(("dump_kind_text", .string(kindText)))
    members.append(("build", .unsigned(UInt64(header.build))))
    members.append(("machine", .string(header.machineText)))
    members.append(("processors", .unsigned(UInt64(header.processors))))
    members.append(("written", .optional(written)))
    members.append(("up_seconds", upSeconds.map(JSONValue.unsigned) ?? .null))
    members.append(("build_text", .optional(buildText)))
    members.append(("places", .array(places.map(object))))
    switch memory {
    case .none: members.append(("memory", .string("none")))
    case .pages(let space, let pools):
      members.append(("memory", .string("pages")))
      members.append(("pages", .unsigned(space.memory.pageCount)))
      members.append(("pool", DumpedPoolReport(header, pools).json))
    case .pieces(let dump):
      members.append(("memory", .string("pieces")))
      members.append(("pieces", .unsigned(UInt64(dump.pieceCount))))
      members.append(("bytes", .unsigned(dump.memoryBytes)))
      members.append(("drivers", .array(dump.drivers.map(object))))
      members.append(("unloaded_drivers", .array(dump.unloadedDrivers.map(object))))
    }
    return .object(members)
  }

  private func hexadecimal(_ value: UInt64) -> JSONValue {
    .string("0x" + String(value, radix: 16))
  }

  private func object(_ place: Place) -> JSONValue {
    var members: [Member] = [("parameter", .unsigned(UInt64(place.parameter)))]
    members.append(("address", hexadecimal(place.address)))
    members.append(("bytes", .unsigned(UInt64(place.byteCount))))
    members.append(("absent", .optional(place.absence)))
    members.append(("driver", .optional(place.driver?.name)))
    members.append(("looks_like", .array(place.blocks.map(object))))
    return .object(members)
  }

  private func object(_ block: LooksLikeBlock) -> JSONValue {
    var members: [Member] = [("header", hexadecimal(block.address))]
    members.append(("bytes", .unsigned(block.fields.sizeBytes)))
    members.append(("tag", .string(block.tag.description)))
    members.append(("next_agrees", block.nextAgrees.map(JSONValue.bool) ?? .null))
    return .object(members)
  }

  private func object(_ driver: TriageDump.Driver) -> JSONValue {
    var members: [Member] = [("name", .string(driver.name)), ("path", .string(driver.path))]
    members.append(("base", hexadecimal(driver.base)))
    members.append(("bytes", .unsigned(driver.byteCount)))
    members.append(("time_stamp", hexadecimal(UInt64(driver.timeStamp))))
    return .object(members)
  }

  private func object(_ driver: TriageDump.UnloadedDriver) -> JSONValue {
    var members: [Member] = [("name", .string(driver.name))]
    members.append(("start", hexadecimal(driver.start)))
    members.append(("end", hexadecimal(driver.end)))
    return .object(members)
  }
}
