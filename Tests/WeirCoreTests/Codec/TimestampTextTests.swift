import Foundation
import Testing
import WeirCore

@Suite struct `A timestamp as text` {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (1_357_034_400_000_000, "2013-01-01T10:00:00Z"), (1_500_000, "1970-01-01T00:00:01.5Z"),
        (951_782_400_000_010, "2000-02-29T00:00:00.00001Z"),
        (253_402_300_799_000_000, "9999-12-31T23:59:59Z"),
        (253_402_300_800_000_000, "+010000-01-01T00:00:00Z"),
        (-62_167_219_200_000_000, "0000-01-01T00:00:00Z"),
        (-62_167_219_200_000_001, "-000001-12-31T23:59:59.999999Z"),
        (Int64.max, "+294247-01-10T04:00:54.775807Z"),
        (Int64.min, "-290308-12-21T19:59:05.224192Z"),
    ])
    func `is ISO 8601 and reads back`(micros: Int64, text: String) {
        let time = Timestamp(microseconds: micros)
        #expect(time.iso8601 == text)
        #expect("\(time)" == text)
        #expect(Timestamp(iso8601: text) == time)
        let bytes = Array(text.utf8)
        let read = Timestamp(iso8601Bytes: bytes.span)
        #expect(read == time)
    }

    @Test(arguments: [
        (0, "1970-01-01", "00:00"), (-1, "1969-12-31", "23:59"),
        (-60_000_000, "1969-12-31", "23:59"), (-60_000_001, "1969-12-31", "23:58"),
        (951_868_799_999_999, "2000-02-29", "23:59"),
        (253_402_300_800_000_000, "+010000-01-01", "00:00"),
        (Int64.max, "+294247-01-10", "04:00"), (Int64.min, "-290308-12-21", "19:59"),
    ])
    func `has its day and its minute apart`(micros: Int64, date: String, minute: String) {
        let time = Timestamp(microseconds: micros)
        #expect(time.iso8601Date == date)
        #expect(time.iso8601Minute == minute)
    }

    @Test(arguments: [
        ("2013-01-01T10:00:00", 1_357_034_400_000_000),
        ("2013-01-01 10:00:00Z", 1_357_034_400_000_000),
        ("2013-01-01t10:00z", 1_357_034_400_000_000), ("2013-01-01", 1_356_998_400_000_000),
        ("2013-01-01T12:30:00+02:30", 1_357_034_400_000_000),
        ("2013-01-01T05:00:00-0500", 1_357_034_400_000_000),
        ("2013-01-01T11:00:00+01", 1_357_034_400_000_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456), ("1970-01-01T00:00:00,5Z", 500_000),
        ("1970-01-01T00:00:60Z", 60_000_000), ("+001970-01-01", 0),
        ("-0001-12-31", -62_167_305_600_000_000),
    ])
    func `is read in the forms that files have`(text: String, micros: Int64) {
        #expect(Timestamp(iso8601: text)?.microseconds == micros)
        #expect(Timestamp(iso8601: text[...])?.microseconds == micros)
    }

    @Test(arguments: [
        "", "2013", "2013-1-1", "2013-13-01", "2013-00-01", "2013-02-29", "1900-02-29",
        "2013-04-31",
        "2013-01-00", "2013-01-01T", "2013-01-01T24:00:00Z", "2013-01-01T10:60:00Z",
        "2013-01-01T10:00:61Z", "2013-01-01T10:00:00.Z", "2013-01-01T10:00:00Zx", "2013-01-01Z",
        "2013-01-01T10:00:00+", "2013-01-01T10:00:00+1", "2013-01-01T10:00:00+24:00",
        "2013-01-01T10:00:00+01:60", "+294247-01-10T04:00:54.775808Z",
        "-290308-12-21T19:59:05.224191Z", "+999999-12-31", "-999999-01-01", "２０１３-01-01",
        "2013-01-01T10:00:00+01:0", "+1234567-01-01", "20130101",
    ])
    func `that names no point in time is refused`(text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `agrees with Foundation`(seed: UInt64) throws {
        let formatter = ISO8601DateFormatter()
        var random = CodecRandom(seed: seed)
        for _ in 0..<200 {
            // Foundation changes to the Julian calendar before October 1582.
            let seconds = Int64.random(in: -12_000_000_000...253_402_300_799, using: &random)
            let time = Timestamp(seconds: seconds)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(time.iso8601 == expected)
            #expect(Timestamp(iso8601: expected) == time)
            let inner = Timestamp(microseconds: random.integer(Int64.self))
            #expect(Timestamp(iso8601: inner.iso8601) == inner)
        }
    }

    @Test func `is Codable as text and reads microseconds`() throws {
        let time = Timestamp(seconds: 1_357_034_400)
        let data = try JSONEncoder().encode([time])
        #expect(String(decoding: data, as: UTF8.self) == #"["2013-01-01T10:00:00Z"]"#)
        #expect(try JSONDecoder().decode([Timestamp].self, from: data) == [time])
        #expect(
            try JSONDecoder().decode([Timestamp].self, from: Data("[5]".utf8))
                == [Timestamp(microseconds: 5)])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Timestamp].self, from: Data(#"["noon"]"#.utf8))
        }
    }
}
