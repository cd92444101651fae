import Testing
import WeirCore

@Suite struct `A JSON object` {
    private let format = RowFormat(FlightRecord.self)
    private let base = #""carrier":"UA","number":1,"scheduled":"2013-01-01T10:00:00Z""#

    @Test func `is written on one line, members in the order of the fields`() throws {
        let flight = FlightRecord(
            carrier: "U\"A\\\n\u{1}/é", number: -3, scheduled: Timestamp(seconds: 0), delay: 0.1)
        #expect(
            try format.json(flight)
                == #"{"carrier":"U\"A\\\n\u0001/é","number":-3,"scheduled":"1970-01-01T00:00:00Z","#
                + #""delay":0.1,"tail":null}"#)
    }

    @Test func `is read in any order, unknown members and white space passed over`() throws {
        let text = """
             { "x" : [1, {"y": [true, false, null, "]}"]}, -1.5e3], "tail":"T" ,
            "delay":2 , "scheduled" : 1500000,\t"flight":7,"carrier" : "UA" }\r\n
            """
        #expect(
            try format.fromJSON(text)
                == FlightRecord(
                    carrier: "UA", number: 7, scheduled: Timestamp(microseconds: 1_500_000),
                    delay: 2, tail: "T"))
    }

    @Test func `may leave out optional fields or have them null`() throws {
        let expected = FlightRecord(
            carrier: "UA", number: 1, scheduled: Timestamp(seconds: 1_357_034_400))
        #expect(try format.fromJSON("{\(base)}") == expected)
        #expect(try format.fromJSON("{\(base),\"delay\":null,\"tail\": null }") == expected)
    }

    @Test func `has its escapes undone`() throws {
        let text = #"{\#(base),"tail":"\"\\\/\b\f\n\r\t\u00e9\u65E5\ud83d\ude00"}"#
        #expect(try format.fromJSON(text).tail == "\"\\/\u{8}\u{C}\n\r\té日😀")
        #expect(try format.fromJSON(#"{\#(base),"t\u0061il":"x"}"#).tail == "x")
    }

    @Test(arguments: [
        #"\ud83d"#, #"\ud83d\u0041"#, #"\ude00"#, #"\u12"#, #"\u12G4"#, #"\x"#, "\n", "\u{0}",
    ])
    func `with a broken escape is refused`(escape: String) {
        #expect(throws: FieldError.self) {
            try format.fromJSON("{\(base),\"tail\":\"\(escape)\"}")
        }
    }

    @Test func `says what is wrong with it`() {
        func reason(_ text: String) -> String { message { try format.fromJSON(text) } }
        #expect(
            reason(#"{"carrier":"UA","scheduled":1}"#)
                == "field \"number\": is not in the object, and the property is not optional")
        #expect(
            reason(#"{"number":null}"#)
                == "field \"number\": has no value, and the property is not optional")
        #expect(
            reason(#"{"number":"7"}"#)
                == "field \"number\": expected a number at byte 10, found \"\"7\"}\"")
        #expect(
            reason(#"{"number":1.5}"#)
                == "field \"number\": \"1.5\" does not fit a signed 64-bit integer")
        #expect(
            reason(#"{"carrier":7}"#)
                == "field \"carrier\": expected a string at byte 11, found \"7}\"")
        #expect(
            reason(#"{"scheduled":"noon"}"#)
                == "field \"scheduled\": \"noon\" is not a time: ISO 8601 such as "
                + "2013-01-01T10:00:00Z, or microseconds since 1970")
        #expect(
            reason("{\(base),\"flight\":2}")
                == "field \"number\": comes twice in the object")
        #expect(
            reason("{\(base)} x") == "expected the end of the record at byte 63, found \"x\"")
        #expect(reason("") == "expected an object at byte 0, found the end")
        #expect(reason("[]") == "expected an object at byte 0, found \"[]\"")
        #expect(reason("{\(base)") == "expected \",\" or \"}\" at byte 61, found the end")
        #expect(
            reason("{\(base),}") == "expected a string at byte 62, found \"}\"")
        #expect(
            reason(#"{"tail":"abc"#)
                == "field \"tail\": a string that starts at byte 8 has no end")
    }

    @Test(arguments: [
        "01", "-", "1.", ".5", "+1", "1e", "nul", "nulll", "tru", "NaN", "Infinity", "[1,]",
        "[1 2]",
        #"{"a":1,}"#, #"{"a" 1}"#, "{1:2}", "'x'", "\"", "/**/1", "",
    ])
    func `with an unknown member that is not JSON is refused`(value: String) {
        #expect(throws: FieldError.self) { try format.fromJSON("{\(base),\"x\":\(value)}") }
    }

    @Test func `with broken UTF-8 is refused`() {
        let text = Array("{\(base),\"tail\":\"".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(
            message { try format.jsonDecoder().read(text) }
                == "field \"tail\": \"\u{FFFD}\" is not valid UTF-8")
    }

    @Test func `nests so deep and no deeper`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try format.fromJSON("{\(base),\"x\":\(nested(127))}").carrier == "UA")
        #expect(
            message { try format.fromJSON("{\(base),\"x\":\(nested(128))}") }
                == "containers nest more than 128 deep")
        #expect(throws: FieldError.self) {
            try format.fromJSON("{\(base),\"x\":" + String(repeating: "[", count: 1_000_000))
        }
    }

    @Test func `names the field within the field`() throws {
        let format = RowFormat(Sample.self)
        var text = try format.json(Sample())
        text.replace(#""place":{"name":"""#, with: #""place":{"name":5"#)
        #expect(
            message { try format.fromJSON(text) }
                .hasPrefix("field \"place.name\": expected a string at byte "))
    }

    @Test func `takes a list of numbers for bytes`() throws {
        let format = RowFormat(Sample.self)
        var text = try format.json(Sample())
        text.replace(#""bytes":"""#, with: #""bytes":[0,255]"#)
        #expect(try format.fromJSON(text).bytes == [0, 255])
        text.replace(#""bytes":[0,255]"#, with: #""bytes":"A""#)
        #expect(message { try format.fromJSON(text) } == "field \"bytes\": \"A\" is not base64")
    }

    @Test func `of more than 64 fields is read like any other`() throws {
        let format = RowFormat(Wide.self)
        var row = Wide()
        row.last = "end"
        let text = try format.json(row)
        #expect(try format.fromJSON(text) == row)
        #expect(
            message { try format.fromJSON(text.replacing(#","last":"end""#, with: "")) }
                == "field \"last\": is not in the object, and the property is not optional")
        #expect(
            message { try format.fromJSON(text.replacing("}", with: #","last":"x"}"#)) }
                == "field \"last\": comes twice in the object")
    }
}

/// A record of 71 fields.
private struct Wide: Record, Equatable {
    var value = 0, last = ""
    static let schema = Schema(Wide.init) {
        for index in 0..<70 { Field("field\(index)", \.value) }
        Field("last", \.last)
    }
}
