#if Macros
    import Testing
    public import WeirCore
    import WeirMacros

    @Record struct Departure: Equatable {
        var origin = ""
        @Column("dep_delay", aliases: ["late"], doc: "late departure", unit: "minutes")
        var delay: Double?
        var isLate: Bool { (delay ?? 0) > 0 }
        private var internalMark = 0
    }

    @Record public struct Published: Equatable, StreamKey {
        public var id: Int
        @Column("at") public var time: Timestamp
        public init() {
            id = 0
            time = .epoch
        }
    }

    @Suite struct `A record by macro` {
        @Test func `has the schema that one would write`() throws {
            try Departure.schema.validate()
            #expect(
                Departure.schema.fields == [
                    FieldDescription(name: "origin", type: .string, isOptional: false),
                    FieldDescription(
                        name: "dep_delay", type: .double, isOptional: true, aliases: ["late"],
                        documentation: "late departure", unit: "minutes"),
                    FieldDescription(name: "internalMark", type: .int64, isOptional: false),
                ])
        }

        @Test func `is read and written like any other`() throws {
            let format = RowFormat(Published.self)
            let decoder = try format.csvDecoder(header: ["at", "id"])
            let line = Array("2013-01-01T10:00:00Z,7".utf8)
            let row = try decoder.decode(line.span)
            var expected = Published()
            expected.id = 7
            expected.time = Timestamp(seconds: 1_357_034_400)
            #expect(row == expected)
            #expect(row.stableHash == expected.stableHash)
            var json: [UInt8] = []
            try format.jsonEncoder().encode(row, into: &json)
            #expect(
                String(decoding: json, as: UTF8.self)
                    == #"{"id":7,"at":"2013-01-01T10:00:00Z"}"#)
        }
    }
#endif
