import Testing
import WeirCore

private typealias Member = StateShape.Field
private let int = StateShape.signed(bits: 64), int32 = StateShape.signed(bits: 32)

/// A record named `Order` with these fields.
private func order(_ fields: Member...) -> StateShape { .record("Order", fields) }

/// What the article *State and upgrades* says of a change of form.
private struct Change: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let written: StateShape
    let wanted: StateShape
    /// The changes in words; `nil` where it is refused.
    let changes: [String]?
    /// How the refusal begins.
    let refusal: String

    init(
        _ name: String, from written: StateShape, to wanted: StateShape, changes: [String]
    ) {
        (testDescription, self.written, self.wanted) = (name, written, wanted)
        (self.changes, refusal) = (changes, "")
    }

    init(_ name: String, from written: StateShape, to wanted: StateShape, refused: String) {
        (testDescription, self.written, self.wanted) = (name, written, wanted)
        (changes, refusal) = (nil, refused)
    }
}

@Suite struct `The change from one form of state to another` {
    private static let missing = "is not in the state that was saved, which has "

    private static let fields: [Change] = [
        Change(
            "nothing", from: order(Member("id", int)), to: order(Member("id", int)), changes: []),
        Change(
            "another order", from: order(Member("id", int), Member("name", .string)),
            to: order(Member("name", .string), Member("id", int)), changes: []),
        Change(
            "the type renamed", from: order(Member("id", int)),
            to: .record("Purchase", [Member("id", int)]), changes: []),
        Change(
            "a default given", from: order(Member("id", int)),
            to: order(Member("id", int, hasDefault: true)), changes: []),
        Change(
            "fields with defaults added, the first one too", from: order(Member("id", int)),
            to: order(
                Member("note", .optional(.string), hasDefault: true), Member("id", int),
                Member("currency", .string, hasDefault: true)),
            changes: ["added note", "added currency"]),
        Change(
            "a field without a default added", from: order(Member("id", int)),
            to: order(Member("id", int), Member("currency", .string)),
            refused: "field \"currency\": \(missing)\"id\", and has no default"),
        Change(
            "an optional added that has no default", from: order(),
            to: order(Member("note", .optional(.string))),
            refused: "field \"note\": \(missing)no fields, and has no default"),
        Change(
            "a field removed", from: order(Member("id", int), Member("note", .string)),
            to: order(Member("id", int)), changes: ["removed note"]),
        Change(
            "a field renamed by an alias of the new", from: order(Member("customer", .string)),
            to: order(Member("owner", .string, aliases: ["buyer", "customer"])),
            changes: ["renamed customer to owner"]),
        Change(
            "a field renamed by an alias of the old",
            from: order(Member("customer", .string, aliases: ["owner"])),
            to: order(Member("owner", .string)), changes: ["renamed customer to owner"]),
        Change(
            "a field renamed without an alias", from: order(Member("customer", .string)),
            to: order(Member("owner", .string, hasDefault: true)),
            changes: ["added owner", "removed customer"]),
        Change(
            "a name before an alias", from: order(Member("a", int), Member("b", int)),
            to: order(Member("b", int, aliases: ["a"]), Member("c", int, aliases: ["a"])),
            changes: ["renamed a to c"]),
        Change(
            "a field renamed and widened", from: order(Member("cents", int32)),
            to: order(Member("amount", int, aliases: ["cents"])),
            changes: ["renamed cents to amount", "widened amount from Int32 to Int"]),
    ]

    private static let numbers: [Change] = [
        Change(
            "a signed number widened", from: .signed(bits: 8), to: int,
            changes: ["widened value from Int8 to Int"]),
        Change(
            "an unsigned number widened", from: .unsigned(bits: 16), to: .unsigned(bits: 64),
            changes: ["widened value from UInt16 to UInt"]),
        Change(
            "an unsigned number made a larger signed one", from: .unsigned(bits: 32), to: int,
            changes: ["widened value from UInt32 to Int"]),
        Change(
            "a Float made a Double", from: .float(bits: 32), to: .float(bits: 64),
            changes: ["widened value from Float to Double"]),
        Change(
            "an unsigned number made a signed one as large", from: .unsigned(bits: 64), to: int,
            refused: "Int cannot be read from UInt"),
        Change(
            "a signed number narrowed", from: int, to: int32,
            refused: "Int32 cannot be read from Int"),
        Change(
            "a signed number made unsigned", from: .signed(bits: 8), to: .unsigned(bits: 64),
            refused: "UInt cannot be read from Int8"),
        Change(
            "a Double made a Float", from: .float(bits: 64), to: .float(bits: 32),
            refused: "Float cannot be read from Double"),
        Change(
            "an integer made a Double", from: int32, to: .float(bits: 64),
            refused: "Double cannot be read from Int32"),
        Change(
            "a number made a time", from: int, to: .timestamp,
            refused: "Timestamp cannot be read from Int"),
        Change(
            "a number made text", from: int, to: .string, refused: "String cannot be read from Int"),
        Change(
            "another form of its own", from: .opaque("sketch"), to: .opaque("sketch 2"),
            refused: "sketch 2 (opaque) cannot be read from sketch (opaque)"),
    ]

    private static let containers: [Change] = [
        Change(
            "a value made optional", from: .string, to: .optional(.string),
            changes: ["widened value from String to String?"]),
        Change(
            "a value made optional and widened", from: order(Member("id", int32)),
            to: order(Member("id", .optional(int))),
            changes: ["widened id from Int32 to Int", "widened id from Int32 to Int?"]),
        Change(
            "an optional made what it wraps", from: .optional(int), to: int,
            refused: "Int cannot be read from Int?"),
        Change(
            "elements widened", from: .array(.optional(int32)), to: .array(.optional(int)),
            changes: ["widened value from Int32 to Int"]),
        Change(
            "keys and values widened",
            from: .dictionary(key: int32, value: order(Member("id", int32))),
            to: .dictionary(key: int, value: order(Member("id", int))),
            changes: ["widened key from Int32 to Int", "widened id from Int32 to Int"]),
        Change(
            "an array made a dictionary", from: .array(int), to: .dictionary(key: int, value: int),
            refused: "[Int: Int] cannot be read from [Int]"),
        Change(
            "keys narrowed", from: .dictionary(key: int, value: .unit),
            to: .dictionary(key: int32, value: .unit),
            refused: "field \"key\": Int32 cannot be read from Int"),
        Change(
            "changes within fields, arrays and optionals",
            from: order(
                Member("lines", .array(order(Member("cents", int32), Member("tax", int)))),
                Member("buyer", .optional(order(Member("id", int))))),
            to: order(
                Member(
                    "items",
                    .array(
                        order(Member("cents", int), Member("note", .string, hasDefault: true))),
                    aliases: ["lines"]),
                Member(
                    "buyer",
                    .optional(order(Member("number", int, aliases: ["id"]))))),
            changes: [
                "renamed lines to items", "added items.note",
                "widened items.cents from Int32 to Int", "removed items.tax",
                "renamed id to buyer.number",
            ]),
        Change(
            "a refusal deep down",
            from: order(Member("lines", .array(order(Member("cents", int))))),
            to: order(Member("lines", .array(order(Member("cents", int32))))),
            refused: "field \"lines.cents\": Int32 cannot be read from Int"),
        Change(
            "a record made a number", from: order(Member("id", int)), to: int,
            refused: "Int cannot be read from Order(id: Int)"),
        Change(
            "a record made only Codable", from: order(Member("id", int)),
            to: .coded("Order", [Member("id", int)]),
            refused: "Order(id: Int) (Codable) cannot be read from Order(id: Int)"),
    ]

    private static let choices: [Change] = [
        Change(
            "cases moved and added",
            from: .variant("Shape", [Member("dot", .unit), Member("circle", int)]),
            to: .variant(
                "Shape", [Member("line", .unit), Member("circle", int), Member("dot", .unit)]),
            changes: ["added line"]),
        Change(
            "a case renamed by an alias, its value widened",
            from: .variant("Shape", [Member("circle", int32)]),
            to: .variant("Shape", [Member("disc", int, aliases: ["circle"])]),
            changes: ["renamed circle to disc", "widened disc from Int32 to Int"]),
        Change(
            "a case removed",
            from: .variant("Shape", [Member("dot", .unit), Member("line", .unit)]),
            to: .variant("Shape", [Member("line", .unit)]),
            refused: "field \"dot\": is a case of the state that was saved, and no longer one"),
        Change(
            "a case renamed without an alias", from: .variant("Shape", [Member("dot", .unit)]),
            to: .variant("Shape", [Member("point", .unit)]),
            refused: "field \"dot\": is a case of the state that was saved, and no longer one"),
        Change(
            "another choice", from: .variant("Shape", [Member("dot", .unit)]),
            to: .variant("Form", [Member("dot", .unit)]),
            refused: "Form{dot} cannot be read from Shape{dot}"),
    ]

    private static let codables: [Change] = [
        Change(
            "members of a Codable type added that may be absent, removed and widened",
            from: .coded("V1", [Member("id", int32), Member("gone", .bool)]),
            to: .coded(
                "V2", [Member("id", int), Member("note", .optional(.string), hasDefault: true)]),
            changes: ["added note", "widened id from Int32 to Int", "removed gone"]),
        Change(
            "a member of a Codable type added that must be there",
            from: .coded("V1", [Member("id", int)]),
            to: .coded("V2", [Member("id", int), Member("name", .string)]),
            refused: "field \"name\": \(missing)\"id\""),
        Change(
            "a Codable type whose members could not be found out",
            from: .coded("V1", [Member("id", int)]), to: .coded("V2", []),
            changes: ["removed id"]),
    ]

    @Test(arguments: fields + numbers + containers + choices + codables)
    private func `is what the table of upgrades says`(change: Change) throws {
        guard let expected = change.changes else {
            let error = #expect(throws: StateFormatError.self) {
                try change.wanted.evolution(from: change.written)
            }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.hasPrefix(change.refusal), "\(text)")
            return
        }
        let found = try change.wanted.evolution(from: change.written)
        #expect(found.map { "\($0)" } == expected)
    }

    /// A type of state, its form, and whether its codec reads another form.
    private struct Subject {
        let shape: StateShape
        let reads: (StateShape) -> Bool

        init<Value>(_ type: Value.Type) throws {
            let codec = try StateCodec<Value>.find()
            shape = codec.shape
            reads = { (try? codec.reader(of: $0)) != nil }
        }
    }

    private struct Versions {
        struct First: Record {
            var id = Int32(0), name = "", lines: [Int32] = []
            static let schema = Schema(First.init) {
                Field("id", \.id)
                Field("name", \.name)
                Field("lines", \.lines)
            }
        }
        struct Second: Record {
            var id = 0, owner = "", lines: [Int]?, note: String?
            static let schema = Schema(Second.init) {
                Field("id", \.id)
                Field("owner", \.owner, aliases: ["name"])
                Field("lines", \.lines)
                Field("note", \.note)
            }
        }
        struct Third: Record {
            var id = "", first = First(), second: [Second] = []
            static let schema = Schema(Third.init) {
                Field("id", \.id)
                Field("first", \.first)
                Field("second", \.second)
            }
        }
        struct Coded: Codable { var id = Int32(0), name = "" }
        struct CodedLater: Codable { var id = 0, name: String?, note: String? }
        struct CodedOther: Codable { var id = "" }
    }

    @Test func `is refused where the codecs refuse to read, and only there`() throws {
        let subjects = [
            try Subject(Int8.self), try Subject(Int32.self), try Subject(Int.self),
            try Subject(UInt8.self), try Subject(UInt32.self), try Subject(UInt.self),
            try Subject(Float.self), try Subject(Double.self), try Subject(Bool.self),
            try Subject(String.self), try Subject(Timestamp.self), try Subject([UInt8].self),
            try Subject(Int?.self), try Subject(Int32?.self), try Subject([Int].self),
            try Subject([Int32?].self), try Subject([Int: Int32].self),
            try Subject([Int8: Int].self), try Subject([String: [Int]].self),
            try Subject(Versions.First.self), try Subject(Versions.Second.self),
            try Subject(Versions.Third.self), try Subject([Versions.First].self),
            try Subject([Versions.Second?].self), try Subject(Versions.Coded.self),
            try Subject(Versions.CodedLater.self), try Subject(Versions.CodedOther.self),
            try Subject((words: Int, gone: String).self),
            try Subject((words: Int?, new: Int?).self),
            try Subject(WeirCore.Change<Int8>.self), try Subject(WeirCore.Change<Int>.self),
        ]
        var readable = 0
        for written in subjects {
            for wanted in subjects {
                let changes = try? wanted.shape.evolution(from: written.shape)
                if changes != nil { readable += 1 }
                #expect(
                    (changes != nil) == wanted.reads(written.shape),
                    "\(wanted.shape) from \(written.shape)")
            }
        }
        // Each from itself, and some from others.
        #expect(readable > subjects.count + 20)
    }
}
