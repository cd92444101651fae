import Testing
import WeirCore

private struct Observed: Record {
    var celsius = 0.0
    var fahrenheit: Double {
        get { celsius * 1.8 + 32 }
        set { celsius = (newValue - 32) / 1.8 }
    }
    static let schema = Schema(Observed.init) {
        Field("celsius", \.celsius)
        Field("fahrenheit", \.fahrenheit)
    }
}

private struct Twice: Record {
    var first = 0, second = 0
    static let schema = Schema(Twice.init) {
        Field("first", \.first, aliases: ["one"])
        Field("one", \.second)
    }
}

private struct Blank: Record {
    var value = 0
    static let schema = Schema(Blank.init) {}
}

private struct Nameless: Record {
    var value = 0
    static let schema = Schema(Nameless.init) { Field("value", \.value, aliases: [""]) }
}

private struct Branch: Record {
    var name = "", children: [Branch] = []
    static let schema = Schema(Branch.init) {
        Field("name", \.name)
        Field("children", \.children)
    }
}

private struct Doubtful: Record {
    var value: Int??
    static let schema = Schema(Doubtful.init) { Field("value", \.value) }
}

private struct Outer: Record {
    var inner: [Observed] = []
    static let schema = Schema(Outer.init) { Field("inner", \.inner) }
}

private struct Route: Record, StreamKey {
    var origin = "", leg = 0, factor = 0.0, via: String?
    static let schema = Schema(Route.init) {
        Field("origin", \.origin)
        Field("leg", \.leg)
        Field("factor", \.factor)
        Field("via", \.via)
    }
}

@Suite struct `A schema` {
    @Test func `describes its fields`() {
        #expect(
            FlightRecord.schema.fields == [
                FieldDescription(name: "carrier", type: .string, isOptional: false),
                FieldDescription(
                    name: "number", type: .int64, isOptional: false, aliases: ["flight"]),
                FieldDescription(
                    name: "scheduled", type: .timestamp, isOptional: false,
                    documentation: "scheduled departure, UTC"),
                FieldDescription(name: "delay", type: .double, isOptional: true, unit: "minutes"),
                FieldDescription(name: "tail", type: .string, isOptional: true),
            ])
    }

    @Test func `knows the type of every kind of field`() {
        let place: [FieldDescription] = [
            FieldDescription(name: "name", type: .string, isOptional: false),
            FieldDescription(name: "altitude", type: .float, isOptional: true, unit: "m"),
        ]
        #expect(
            Sample.schema.fields.map(\.type) == [
                .bool, .int8, .int16, .int32, .int64, .int64, .uint8, .uint16, .uint32, .uint64,
                .uint64, .float, .double, .string, .timestamp, .bytes, .string, .int64,
                .record(place), .bool, .int64, .double, .string, .timestamp, .bytes, .string,
                .record(place), .list(.string), .list(.int64), .list(.record(place)),
                .list(.list(.double)), .string, .string,
            ])
        #expect(Sample.schema.fields.filter(\.isOptional).count == 9)
    }

    @Test func `that is sound passes validation`() throws {
        try Sample.schema.validate()
        try RowFormat(FlightRecord.self).validate()
    }

    @Test func `says what is wrong with it`() {
        #expect(
            message { try Observed.schema.validate() }
                == "Observed: field \"fahrenheit\" is not a stored property of the record, so it "
                + "cannot be written in place. Name a stored `var` without observers, or drop the "
                + "field.")
        #expect(
            message { try Twice.schema.validate() }
                == "Twice: the name \"one\" stands for two fields. Give each field names and "
                + "aliases of its own.")
        #expect(
            message { try Blank.schema.validate() }
                == "Blank: the schema has no fields. List each stored property as "
                + "`Field(\"name\", \\.property)` in it.")
        #expect(
            message { try Nameless.schema.validate() }
                == "Nameless: a field has an empty name or alias. Give it the name that it has in "
                + "the data.")
        #expect(
            message { try Branch.schema.validate() }
                == "Branch: the record contains records of its own type, so its schema has no end. "
                + "Refer to the inner record by its key instead.")
        #expect(
            message { try Doubtful.schema.validate() }
                == "Doubtful: field \"value\" is an optional of an optional; no format can tell the "
                + "two kinds of missing apart. Make it a plain optional.")
    }

    @Test func `reports the fault of a record within the record`() {
        #expect(throws: SchemaError.notStored(record: "Observed", field: "fahrenheit")) {
            try Outer.schema.validate()
        }
    }

    @Test func `is not used for reading while it has a fault`() {
        #expect(throws: SchemaError.notStored(record: "Observed", field: "fahrenheit")) {
            try RowFormat(Observed.self).csvDecoder(header: ["celsius", "fahrenheit"])
        }
    }
}

@Suite struct `A fingerprint` {
    private func print(
        _ name: String, _ type: FieldType, optional: Bool = false, doc: String? = nil
    ) -> [FieldDescription] {
        [FieldDescription(name: name, type: type, isOptional: optional, documentation: doc)]
    }

    @Test func `is the same in every process`() {
        // Written down once; a change here breaks every saved state.
        #expect(FlightRecord.schema.fingerprint == 7_318_492_670_412_751_833)
        #expect(RowFormat(FlightRecord.self).fingerprint == FlightRecord.schema.fingerprint)
    }

    @Test func `follows names, types and optionality and nothing else`() {
        struct Named: Record {
            var value = 0
            static let schema = Schema(Named.init) { Field("value", \.value, doc: "a", unit: "b") }
        }
        struct Same: Record {
            var other = 0
            static let schema = Schema(Same.init) { Field("value", \.other, aliases: ["v"]) }
        }
        struct Renamed: Record {
            var value = 0
            static let schema = Schema(Renamed.init) { Field("values", \.value) }
        }
        struct Retyped: Record {
            var value: Int32 = 0
            static let schema = Schema(Retyped.init) { Field("value", \.value) }
        }
        struct Loosened: Record {
            var value: Int?
            static let schema = Schema(Loosened.init) { Field("value", \.value) }
        }
        #expect(Named.schema.fingerprint == Same.schema.fingerprint)
        let different: Set = [
            Named.schema.fingerprint, Renamed.schema.fingerprint, Retyped.schema.fingerprint,
            Loosened.schema.fingerprint,
        ]
        #expect(different.count == 4)
    }
}

@Suite struct `A record as a key` {
    @Test func `hashes alike when equal and differently otherwise`() {
        let route = Route(origin: "JFK", leg: 1, factor: 0, via: nil)
        #expect(route.stableHash == Route(origin: "JFK", leg: 1, factor: -0.0).stableHash)
        #expect(
            Route(origin: "e\u{301}").stableHash == Route(origin: "é").stableHash)
        let others = [
            Route(origin: "JFK", leg: 2), Route(origin: "LGA", leg: 1),
            Route(origin: "JFK", leg: 1, factor: 1), Route(origin: "JFK", leg: 1, via: ""),
        ]
        #expect(Set(others.map(\.stableHash) + [route.stableHash]).count == 5)
    }
}
