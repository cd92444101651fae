import Foundation
import Testing
import WeirCore

private enum Grade: String, Codable { case good, bad }
private struct Inner: Codable, Equatable { var label: String, sizes: [Int], grade: Grade? }
private struct Everything: Codable, Equatable {
    var flag: Bool, small: Int8, big: UInt64, float: Float, double: Double, text: String
    var time: Timestamp, bytes: [UInt8], data: Data, date: Date, link: URL, side: Side
    var inner: Inner, list: [Inner], counts: [String: Int], maybe: Int?, maybeInner: Inner?
    var maybeGrade: Grade?
}
private struct Refusing: Codable {
    var name: String, grade: Grade
}
private struct Sealed: Codable {
    var name: String
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let context = EncodingError.Context(
            codingPath: container.codingPath + [CodingKeys.name], debugDescription: "is sealed")
        try container.encode(name, forKey: .name)
        throw EncodingError.invalidValue(name, context)
    }
}

private struct Recorder: FieldVisitor, Equatable {
    var seen: [String] = []
    mutating func visitNull(_ index: Int) { seen.append("\(index) null") }
    mutating func visitInt(_ index: Int, _ value: Int64) { seen.append("\(index) int \(value)") }
    mutating func visitDouble(_ index: Int, _ value: Double) {
        seen.append("\(index) double \(value)")
    }
    mutating func visitBool(_ index: Int, _ value: Bool) { seen.append("\(index) bool \(value)") }
    mutating func visitString(_ index: Int, _ value: String) {
        seen.append("\(index) string \(value)")
    }
    mutating func visitBytes(_ index: Int, _ value: [UInt8]) {
        seen.append("\(index) bytes \(value)")
    }
    mutating func visitTimestamp(_ index: Int, _ value: Timestamp) {
        seen.append("\(index) time \(value)")
    }
    mutating func visitOther(_ index: Int, _ json: String) { seen.append("\(index) other \(json)") }
}

@Suite struct `A Codable type` {
    private let format = RowFormat(FlightCodable.self)
    private let twin = RowFormat(FlightRecord.self)

    private static let everything = Everything(
        flag: true, small: -8, big: .max, float: 0.1, double: -2.5, text: "a,\"b\"",
        time: Timestamp(microseconds: 1_500_000), bytes: [1, 255], data: Data([0, 7]),
        date: Date(timeIntervalSince1970: 86_400.25), link: URL(filePath: "/a b"), side: .ask,
        inner: Inner(label: "x", sizes: [1, 2], grade: .bad), list: [],
        counts: ["one": 1, "two": 2], maybe: nil,
        maybeInner: Inner(label: "", sizes: [], grade: nil), maybeGrade: .good)

    @Test func `has the fields that it codes`() {
        #expect(
            format.fields == [
                FieldDescription(name: "carrier", type: .string, isOptional: false),
                FieldDescription(name: "number", type: .int64, isOptional: false),
                FieldDescription(name: "scheduled", type: .timestamp, isOptional: false),
                FieldDescription(name: "delay", type: .double, isOptional: true),
                FieldDescription(name: "tail", type: .string, isOptional: true),
            ])
        #expect(format.fingerprint == twin.fingerprint)
        let inner: [FieldDescription] = [
            FieldDescription(name: "label", type: .string, isOptional: false),
            FieldDescription(name: "sizes", type: .list(.int64), isOptional: false),
            FieldDescription(name: "grade", type: .string, isOptional: true),
        ]
        #expect(
            RowFormat(Everything.self).fields.map(\.type) == [
                .bool, .int8, .uint64, .float, .double, .string, .timestamp, .bytes, .bytes,
                .timestamp, .string, .string, .record(inner), .list(.record(inner)), .record([]),
                .int64, .record(inner), .string,
            ])
    }

    @Test func `comes back from every format`() throws {
        let format = RowFormat(Everything.self)
        try format.validate()
        let row = Self.everything
        #expect(try format.fromJSON(format.json(row)) == row)
        var offset = 0
        let bytes = try format.binary(row)
        #expect(try format.binaryCodec.read(bytes, at: &offset) == row)
        #expect(offset == bytes.count)
        let decoder = try format.csvDecoder(header: format.fields.map(\.name))
        let line = try format.csv(row)
        #expect(try decoder.read(line) == row, "\(line)")
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `is written and read as a record with the same fields`(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        let header = twin.fields.map(\.name)
        let decoder = try format.csvDecoder(header: header)
        for _ in 0..<50 {
            let record = FlightRecord(
                carrier: random.string(), number: random.integer(Int.self),
                scheduled: random.time(), delay: random.optional { $0.double() },
                tail: random.optional { $0.string() })
            let plain = FlightCodable(
                carrier: record.carrier, number: record.number, scheduled: record.scheduled,
                delay: record.delay, tail: record.tail)
            let json = try twin.json(record)
            #expect(try format.json(plain) == json)
            #expect(try format.fromJSON(json) == plain)
            let line = try twin.csv(record)
            #expect(try format.csv(plain) == line)
            #expect(try decoder.read(line) == plain)
            var offset = 0
            let bytes = try format.binary(plain)
            #expect(try format.binaryCodec.read(bytes, at: &offset) == plain)
        }
    }

    @Test func `is read by Foundation from what it wrote`() throws {
        let plain = FlightCodable(
            carrier: "UA", number: 1, scheduled: Timestamp(seconds: 1_357_034_400), delay: 2.5,
            tail: nil)
        let text = try format.json(plain)
        #expect(try JSONDecoder().decode(FlightCodable.self, from: Data(text.utf8)) == plain)
        let foundation = try JSONEncoder().encode(plain)
        #expect(try format.jsonDecoder().read(Array(foundation)) == plain)
        let micros = Data(#"{"carrier":"UA","number":1,"scheduled":1500000}"#.utf8)
        #expect(
            try JSONDecoder().decode(FlightCodable.self, from: micros).scheduled
                == Timestamp(microseconds: 1_500_000))
    }

    @Test func `says what is wrong with a row`() throws {
        #expect(
            message { try format.fromJSON(#"{"carrier":"UA","scheduled":1}"#) }
                == "field \"number\": is not in the object, and the property is not optional")
        #expect(
            message { try format.fromJSON(#"{"carrier":"UA","number":"7","scheduled":1}"#) }
                == "field \"number\": \"\"7\"\" is not a signed 64-bit integer")
        #expect(
            message { try format.fromJSON(#"{"carrier":null,"number":7,"scheduled":1}"#) }
                == "field \"carrier\": has no value, and the property is not optional")
        let decoder = try format.csvDecoder(header: ["carrier", "number", "scheduled"])
        #expect(
            message { try decoder.read("UA,x,1") }
                == "field \"number\" (column 2): \"x\" is not a signed 64-bit integer")
        #expect(
            message { try decoder.read("UA,1") }
                == "the record has 2 columns, the header has 3")
        #expect(
            message { try RowFormat(Sealed.self).json(Sealed(name: "x")) }
                == "field \"name\": is sealed")
    }

    @Test func `whose fields can't be found out says so at the start`() throws {
        #expect(
            message { try RowFormat(Refusing.self).validate() }
                == "Refusing: its fields could not be found out: its init(from:) refused a made-up "
                + "value of \"grade\" (Cannot initialize Grade from invalid String value ). Make "
                + "Refusing a `Record` with a schema, or the type of that field `CaseIterable`.")
        #expect(
            message { try RowFormat(Int.self).validate() }
                == "Int: its fields could not be found out: it does not decode itself from named "
                + "fields. Make Int a `Record` with a schema, or the type of that field "
                + "`CaseIterable`.")
        #expect(
            try RowFormat(Refusing.self).fromJSON(#"{"name":"x","grade":"bad"}"#).grade == .bad)
    }
}

@Suite struct `A visitor` {
    @Test func `is given each field as a store takes it`() throws {
        var sample = Sample()
        sample.u64 = .max
        sample.i8 = -3
        sample.float = 0.5
        sample.bytes = [1]
        sample.maybeInt = 4
        sample.tags = ["a\"b"]
        var recorder = Recorder()
        try RowFormat(Sample.self).visit(sample, with: &recorder)
        #expect(
            recorder.seen == [
                "0 bool false", "1 int -3", "2 int 0", "3 int 0", "4 int 0", "5 int 0", "6 int 0",
                "7 int 0", "8 int 0", "9 other 18446744073709551615", "10 int 0", "11 double 0.5",
                "12 double 0.0", "13 string ", "14 time 1970-01-01T00:00:00Z", "15 bytes [1]",
                "16 string bid", "17 int -7", "18 other {\"name\":\"\",\"altitude\":null}",
                "19 null", "20 int 4", "21 null", "22 null", "23 null", "24 null", "25 null",
                "26 null", "27 other [\"a\\\"b\"]", "28 other []", "29 other []", "30 other []",
                "31 string ", "32 null",
            ])
    }

    @Test func `sees the same of a Codable type`() throws {
        var (first, second) = (Recorder(), Recorder())
        let record = FlightRecord(carrier: "UA", number: 1, scheduled: .latest, delay: .nan)
        let plain = FlightCodable(
            carrier: "UA", number: 1, scheduled: .latest, delay: .nan, tail: nil)
        try RowFormat(FlightRecord.self).visit(record, with: &first)
        try RowFormat(FlightCodable.self).visit(plain, with: &second)
        #expect(first == second)
        #expect(
            first.seen == [
                "0 string UA", "1 int 1", "2 time +294247-01-10T04:00:54.775807Z", "3 double nan",
                "4 null",
            ])
    }
}
