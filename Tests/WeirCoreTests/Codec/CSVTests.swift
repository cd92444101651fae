import Testing
import WeirCore

@Suite struct `Delimited text` {
    private let format = RowFormat(FlightRecord.self)
    private static let header = ["carrier", "flight", "scheduled", "extra", "delay"]

    private func decode(
        _ line: String, header: [String] = header, options: CSVOptions = CSVOptions()
    ) throws -> FlightRecord {
        try format.csvDecoder(header: header, options: options).read(line)
    }

    @Test func `is read by name and alias, columns in any order, unknown ones passed over`() throws
    {
        let expected = FlightRecord(
            carrier: "UA", number: 1545, scheduled: Timestamp(seconds: 1_357_034_400), delay: 2)
        #expect(try decode("UA,1545,2013-01-01T10:00:00Z,whatever,2") == expected)
        #expect(
            try decode(
                "2,x,2013-01-01T10:00:00Z,1545,UA",
                header: ["delay", "?", "scheduled", "number", "carrier"]) == expected)
    }

    @Test func `takes quotes, doubled quotes and line ends within quotes`() throws {
        #expect(try decode("\"U,\"\"A\"\"\n\",\"7\",1,\"\",").carrier == "U,\"A\"\n")
        #expect(try decode("U\"A,7,1,,").carrier == "U\"A")
        #expect(
            try decode(
                "\"\",7,1,,\"\"\"\"\"\"", header: ["carrier", "flight", "scheduled", "x", "tail"])
                == FlightRecord(number: 7, scheduled: Timestamp(microseconds: 1), tail: "\"\""))
    }

    @Test func `takes the texts for a missing value as configured`() throws {
        let options = CSVOptions(nullText: ["", "NA"])
        #expect(try decode("UA,1,1,,NA", options: options).delay == nil)
        #expect(try decode("UA,1,1,,", options: options).delay == nil)
        #expect(
            message { try decode("UA,NA,1,,2", options: options) }
                == "field \"number\" (column 2): \"NA\" means a missing value, and the property is "
                + "not optional")
        #expect(
            message { try decode("UA,1,1,,NA") }
                == "field \"delay\" (column 5): \"NA\" is not a number")
    }

    @Test func `takes an empty cell of a string as the empty string unless told otherwise`() throws
    {
        #expect(try decode(",1,1,,").carrier == "")
        let strict = CSVOptions(emptyStringIsNull: true)
        #expect(
            message { try decode(",1,1,,", options: strict) }
                == "field \"carrier\" (column 1): \"\" means a missing value, and the property is "
                + "not optional")
        #expect(try decode("\"\",1,1,,", options: strict).carrier == "")
        // A quoted text is never null, so an optional string keeps "" and nil apart.
        let header = ["carrier", "number", "scheduled", "tail"]
        #expect(try decode("a,1,1,\"\"", header: header).tail == "")
        #expect(try decode("a,1,1,", header: header).tail == nil)
        #expect(try format.csv(FlightRecord(tail: "")) == "\"\",0,1970-01-01T00:00:00Z,,\"\"")
    }

    @Test func `says what is wrong with a cell`() {
        #expect(
            message { try decode("UA,x,1,,") }
                == "field \"number\" (column 2): \"x\" is not a signed 64-bit integer")
        #expect(
            message { try decode("UA,9223372036854775808,1,,") }
                == "field \"number\" (column 2): \"9223372036854775808\" is not a signed 64-bit "
                + "integer")
        #expect(
            message { try decode("UA,1,yesterday,,") }
                == "field \"scheduled\" (column 3): \"yesterday\" is not a time: ISO 8601 such as "
                + "2013-01-01T10:00:00Z, or microseconds since 1970")
        #expect(
            message { try decode("UA,1,1,,0x1F") }
                == "field \"delay\" (column 5): \"0x1F\" is not a number")
        #expect(
            message { try decode("\"UA,1,1,,") }
                == "field \"carrier\" (column 1): a quoted cell has no closing quote: \"UA,1,1,,\"")
        #expect(
            message { try decode("\"UA\"x,1,1,,") }
                == "field \"carrier\" (column 1): text follows the closing quote of \"UA\"")
    }

    @Test func `with too few or too many columns says how many`() {
        #expect(
            message { try decode("UA,1,1,") } == "the record has 4 columns, the header has 5")
        #expect(
            message { try decode("UA,1,1,,2,3,4") } == "the record has 7 columns, the header has 5")
        #expect(message { try decode("") } == "the record has 1 columns, the header has 5")
    }

    @Test func `with broken UTF-8 in a string names the field`() throws {
        let decoder = try format.csvDecoder(header: Self.header)
        let line = Array("U".utf8) + [0xC3, 0x28] + Array(",1,1,,".utf8)
        #expect(
            message { try decoder.read(line) }
                == "field \"carrier\" (column 1): \"U\u{FFFD}(\" is not valid UTF-8")
        let skipped = Array("U,1,1,".utf8) + [0xFF] + Array(",".utf8)
        #expect(try decoder.read(skipped).carrier == "U")
    }

    @Test func `under a header that lacks a field names field, header and mend`() {
        #expect(
            message { try format.csvDecoder(header: ["carrier", "scheduled"]) }
                == "FlightRecord: the header has no column \"number\" (nor one of its aliases "
                + "\"flight\"); it has \"carrier\", \"scheduled\". Add the column, give the field "
                + "an alias that is there, or make the property optional.")
        #expect(
            message { try format.csvDecoder(header: []) }
                == "FlightRecord: the header has no column \"carrier\"; it has none. Add the "
                + "column, give the field an alias that is there, or make the property optional.")
    }

    @Test func `under a header that has a field twice is refused`() {
        #expect(
            message {
                try format.csvDecoder(header: ["carrier", "number", "flight", "scheduled"])
            }
                == "FlightRecord: the columns \"number\", \"flight\" all stand for field "
                + "\"number\". Rename one in the file, or remove an alias from the schema.")
    }

    @Test func `under a header with a byte order mark is read`() throws {
        #expect(
            try decode("UA,1,1", header: ["\u{FEFF}carrier", "number", "scheduled"]).carrier == "UA"
        )
    }

    @Test func `refuses options that contradict each other`() {
        #expect(
            message {
                try format.csvDecoder(
                    header: Self.header, options: CSVOptions(delimiter: "\"", quote: "\""))
            } == "CSV options: delimiter and quote are both \"\"\"; choose two.")
        #expect(throws: SchemaError.self) {
            try format.csvDecoder(header: Self.header, options: CSVOptions(delimiter: "→"))
        }
        #expect(throws: SchemaError.self) {
            try format.csvDecoder(header: Self.header, options: CSVOptions(delimiter: "\r\n"))
        }
    }

    @Test func `refuses null text that could not be a cell`() {
        #expect(
            message { try CSVOptions(nullText: ["", "n,a"]).validate() }
                == "CSV options: the null text \"n,a\" contains a delimiter, a quote or a line end; "
                + "leave it out, since such a text is never a cell of its own.")
    }

    @Test func `is written with a header, quotes where needed, and null text`() throws {
        let options = CSVOptions(delimiter: ";", nullText: ["NA", ""])
        #expect(
            String(decoding: format.csvEncoder(options: options).header, as: UTF8.self)
                == "carrier;number;scheduled;delay;tail")
        let flight = FlightRecord(
            carrier: "a;\"b\"", number: -5, scheduled: Timestamp(microseconds: 1_500_000),
            delay: nil, tail: "NA")
        #expect(
            try format.csv(flight, options)
                == "\"a;\"\"b\"\"\";-5;1970-01-01T00:00:01.5Z;NA;\"NA\"")
    }
}

@Suite struct `Numbers in text` {
    private struct Numbers: Record, Equatable {
        var double = 0.0, float: Float = 0, small: Int8 = 0, big: UInt64 = 0, flag = false
        static let schema = Schema(Numbers.init) {
            Field("double", \.double)
            Field("float", \.float)
            Field("small", \.small)
            Field("big", \.big)
            Field("flag", \.flag)
        }
    }

    private func decode(_ line: String) throws -> Numbers {
        try RowFormat(Numbers.self).csvDecoder(header: ["double", "float", "small", "big", "flag"])
            .read(line)
    }

    @Test(arguments: [
        "0", "1", "-1.5", "+2", ".5", "5.", "1e5", "1E-5", "123456789012345678901234567890",
        "0.000000000000000000000000000001", "9007199254740993", "1e400", "-1e-400",
        "2.2250738585072011e-308", "179769313486231580793728971405301", "0.1234567890123456789012",
        "18446744073709551616.0000000001", "184467440737095516150.5",
    ])
    func `are read as the standard library reads them`(text: String) throws {
        let row = try decode("\(text),0,0,0,0")
        #expect(row.double == Double(text.replacing(/\.$/, with: "")))
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `are read as the standard library reads them at random`(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for _ in 0..<300 {
            let digits = (0..<Int.random(in: 1...22, using: &random)).map { _ in
                "\(Int.random(in: 0...9, using: &random))"
            }.joined()
            let fraction = Int.random(in: 0..<1_000_000, using: &random)
            let text = "\(digits).\(fraction)e\(Int.random(in: -30...30, using: &random))"
            let row = try decode("\(text),\(text),0,0,0")
            #expect(row.double == Double(text), "\(text)")
            #expect(row.float == Float(text), "\(text)")
        }
    }

    @Test(arguments: ["", "-", ".", "e5", "1e", "1e+", "--1", "1 ", " 1", "0x10", "1_000", "1,5"])
    func `that are none are refused`(text: String) {
        #expect(throws: FieldError.self) { try decode("\"\(text)\",0,0,0,0") }
    }

    @Test func `stay in the range of their type`() throws {
        #expect(
            try decode("0,0,-128,18446744073709551615,TRUE")
                == Numbers(small: -128, big: .max, flag: true))
        #expect(
            message { try decode("0,0,128,0,0") }
                == "field \"small\" (column 3): \"128\" is not a signed 8-bit integer")
        #expect(
            message { try decode("0,0,0,-1,0") }
                == "field \"big\" (column 4): \"-1\" is not an unsigned 64-bit integer")
        #expect(
            message { try decode("0,0,0,0,yes") }
                == "field \"flag\" (column 5): \"yes\" is not a truth value (true, false, 1 or 0)")
    }
}
