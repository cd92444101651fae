import Foundation
import Testing
import WeirCore

// Decoders read numbers, texts and times a word of eight bytes at a time. These tests hold them against
// models that read one byte after another, at all lengths, limits and distances from the end.

/// A record of the types that decoders read themselves.
struct Words: Record, Equatable {
    var whole = 0, number = 0.0, text = "", time = Timestamp.epoch
    var maybeWhole: Int?, maybeNumber: Double?, maybeText: String?, maybeTime: Timestamp?

    static let schema = Schema(Words.init) {
        Field("whole", \.whole)
        Field("number", \.number)
        Field("text", \.text)
        Field("time", \.time)
        Field("maybe_whole", \.maybeWhole)
        Field("maybe_number", \.maybeNumber)
        Field("maybe_text", \.maybeText)
        Field("maybe_time_at_the_end_of_a_long_name", \.maybeTime)
    }
}

/// One field alone.
private struct Only<Value: FieldValue & Equatable>: Record {
    var value: Value?
    static var schema: Schema<Only> {
        Schema(Only.init) { Field("value", \.value) }
    }
}

/// The cell of a column of its own, between others and at the end of the line.
private func cells<Value: FieldValue & Equatable>(
    _ text: [UInt8], as _: Value.Type
) throws -> [Result<Value?, FieldError>] {
    let format = RowFormat(Only<Value>.self)
    return try ["value", "value,x", "x,value", "x,value,y"].map { header in
        let names = header.split(separator: ",").map(String.init)
        let decoder = try format.csvDecoder(header: names)
        let line = Array(
            names.map { $0 == "value" ? text : Array("12345678".utf8) }.joined(separator: [44]))
        return Result { () throws(FieldError) in try decoder.read(line).value }
    }
}

/// The value of a member, with what may come behind it.
private func members<Value: FieldValue & Equatable>(
    _ text: [UInt8], as _: Value.Type
) -> [Result<Value?, FieldError>] {
    let decoder = RowFormat(Only<Value>.self).jsonDecoder()
    return [
        ("{\"value\":", "}"), ("{ \"value\" : ", " }"), ("{\"value\":", ",\"other\":12345678}"),
    ]
    .map { before, after in
        let line = Array(before.utf8) + text + Array(after.utf8)
        return Result { () throws(FieldError) in try decoder.read(line).value }
    }
}

extension Result {
    fileprivate var value: Success? { try? get() }
}

@Suite struct `Numbers read a word at a time` {
    /// Numbers of every length, some with more to them, and some that are none.
    private static func texts(_ random: inout CodecRandom) -> [String] {
        var texts: [String] = []
        for length in 1...21 {
            let digits = (0..<length).map { _ in "\(Int.random(in: 0...9, using: &random))" }
            let whole = ["", "-", "+", "-0", "0"].map { $0 + digits.joined() }
            texts += whole + whole.map { $0.replacing(/^(\D?)0+(?=\d)/) { $0.output.1 } }
            for point in 0...length {
                let fraction = digits[..<point].joined() + "." + digits[point...].joined()
                texts += [fraction, "-" + fraction]
                texts.append(fraction + "e\(Int.random(in: -330...330, using: &random))")
            }
            let stranger = ["x", "/", ":", " ", "e", "-", ".", "\u{0}", "é", "E+"]
            var spoilt = digits
            spoilt.insert(
                stranger.randomElement(using: &random) ?? "",
                at: Int.random(in: 0...length, using: &random))
            texts.append(spoilt.joined())
        }
        return texts + [
            "9223372036854775807", "9223372036854775808", "-9223372036854775808",
            "-9223372036854775809", "9007199254740992", "9007199254740993", "900719925474099.3",
            "9007199254740.993", "999999999999999", "9999999999999999", "-0", "-0.0", "0.0", "00",
            "0.10", "123456789.123456789", "", "-", ".", "5.", ".5",
        ]
    }

    /// By `strtod`, of what is a decimal number.
    private static func double(_ text: String, strict: Bool) -> Double? {
        let isNumber =
            strict
            ? text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/) != nil
            : text.wholeMatch(of: /[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?/) != nil
        return isNumber ? strtod(text, nil) : nil
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `are those of the C library in CSV, bit for bit`(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for text in Self.texts(&random) where !text.isEmpty {
            let expected = Self.double(text, strict: false)
            for result in try cells(Array(text.utf8), as: Double.self) {
                #expect(result.value??.bitPattern == expected?.bitPattern, "\(text)")
            }
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `are those of the C library in JSON, bit for bit`(seed: UInt64) {
        var random = CodecRandom(seed: seed)
        for text in Self.texts(&random) {
            // White space around a value is no part of it.
            let expected = Self.double(text.trimmingCharacters(in: [" "]), strict: true)
            for result in members(Array(text.utf8), as: Double.self) {
                #expect(result.value??.bitPattern == expected?.bitPattern, "\(text)")
            }
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `that are integers are those of the standard library`(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for text in Self.texts(&random) where !text.isEmpty {
            for result in try cells(Array(text.utf8), as: Int.self) {
                #expect(result.value == Int(text).map(Optional.some), "\(text)")
            }
            for result in try cells(Array(text.utf8), as: UInt16.self) {
                // `UInt16("-0")` is nil, and here it is 0.
                #expect(
                    result.value == Int(text).flatMap { UInt16(exactly: $0) }.map(Optional.some),
                    "\(text)")
            }
            guard text.wholeMatch(of: /-?[0-9]+/) != nil else { continue }
            let isStrict = Self.double(text, strict: true) != nil
            for result in members(Array(text.utf8), as: Int64.self) {
                #expect(
                    result.value == (isStrict ? Int64(text).map(Optional.some) : nil), "\(text)")
            }
        }
    }

    @Test func `are whole where JSON writes them with a point or an exponent`() {
        for (text, expected) in [("3.0", 3), ("1e3", 1_000), ("-12.00", -12), ("3.5", nil)] {
            for result in members(Array(text.utf8), as: Int.self) {
                #expect(result.value == expected.map(Optional.some), "\(text)")
            }
        }
    }

    @Test func `leave alone what means a missing value, and marks that are digits`() throws {
        let header = ["whole", "number", "text", "time", "maybe_whole", "maybe_number"]
        let format = RowFormat(Words.self)
        let missing = CSVOptions(nullText: ["-1", "9", "-999.0", "0000000000"])
        let row = try format.csvDecoder(header: header, options: missing)
            .read("19,91,a,1,-1,-999.0")
        #expect(row.maybeWhole == nil && row.maybeNumber == nil && row.whole == 19)
        let digits = CSVOptions(delimiter: "1", quote: "5")
        #expect(
            try format.csvDecoder(header: header, options: digits).read("20121a12012012")
                == Words(
                    whole: 20, number: 2, text: "a", time: Timestamp(microseconds: 20),
                    maybeWhole: 20, maybeNumber: 2))
    }
}

@Suite struct `Texts read a word at a time` {
    /// What a line of text cells is, read byte by byte.
    private static func model(_ line: [UInt8]) -> [String?]? {
        var cells: [[UInt8]] = []
        var rest = line[...]
        while true {
            var cell: [UInt8] = []
            if rest.first == 34 {
                rest = rest.dropFirst()
                while true {
                    guard let byte = rest.popFirst() else { return nil }
                    if byte == 34 {
                        guard rest.first == 34 else { break }
                        rest = rest.dropFirst()
                    }
                    cell.append(byte)
                }
                guard rest.isEmpty || rest.first == 44 else { return nil }
            } else {
                while let byte = rest.first, byte != 44 {
                    cell.append(byte)
                    rest = rest.dropFirst()
                }
            }
            cells.append(cell)
            if rest.isEmpty { break }
            rest = rest.dropFirst()
        }
        let texts = cells.map { String(validating: $0, as: UTF8.self) }
        return texts.contains(nil) ? nil : texts
    }

    private struct Texts: Record {
        var a = "", b: String?, c = ""
        static let schema = Schema(Texts.init) {
            Field("a", \.a)
            Field("b", \.b)
            Field("c", \.c)
        }
    }

    private static let pieces: [[UInt8]] =
        [
            ",", ",", "\"", "\"\"", "a", "bc", "defghijk", "eleven bytes", "é", "日本", "👩‍👧", "NA",
            "\r",
            "\u{0}", "\u{7f}", "\\",
        ].map { Array($0.utf8) } + [[0xC3], [0xA9], [0xFF], [0xED, 0xA0, 0x80]]

    /// A cell that is mostly as it should be.
    private static func cell(_ random: inout CodecRandom) -> [UInt8] {
        var cell: [UInt8] = []
        for _ in 0..<Int.random(in: 0..<5, using: &random) {
            cell += pieces.randomElement(using: &random) ?? []
        }
        if random.chance(5) { return cell }
        let isQuoted = random.chance(40)
        cell.removeAll { $0 == 34 || (!isQuoted && $0 == 44) }
        return isQuoted ? [34] + cell + (random.chance(50) ? [34, 34, 34] : [34]) : cell
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `are cut and unquoted as by a reading byte by byte`(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        let decoder = try RowFormat(Texts.self).csvDecoder(
            header: ["a", "b", "c"], options: CSVOptions(nullText: []))
        var good = 0
        for _ in 0..<500 {
            var line: [UInt8] = []
            for cell in 0..<(random.chance(90) ? 3 : Int.random(in: 1...4, using: &random)) {
                if cell > 0 { line.append(44) }
                line += Self.cell(&random)
            }
            let expected = Self.model(line).flatMap { $0.count == 3 ? $0 : nil }
            let row = try? decoder.read(line)
            #expect(row.map { [$0.a, $0.b, $0.c] } == expected, "\(line)")
            if row != nil { good += 1 }
        }
        #expect(good > 100)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `have their escapes undone wherever they stand`(seed: UInt64) throws {
        let pieces: [(raw: String, meaning: String)] = [
            ("a", "a"), ("bcdefgh", "bcdefgh"), ("ijklmnopqrstuvwx", "ijklmnopqrstuvwx"),
            (#"\\"#, "\\"), (#"\""#, "\""), (#"\/"#, "/"), (#"\b"#, "\u{8}"), (#"\f"#, "\u{c}"),
            (#"\n"#, "\n"), (#"\r"#, "\r"), (#"\t"#, "\t"), (#"\u00e9"#, "é"), (#"\u0041"#, "A"),
            (#"\ud83d\ude00"#, "😀"), ("é", "é"), ("日本", "日本"), ("/", "/"), ("\u{7f}", "\u{7f}"),
        ]
        var random = CodecRandom(seed: seed)
        for _ in 0..<500 {
            // Half of the texts without what is slower, which would else be in nearly all.
            let all = random.chance(50) ? pieces[...] : pieces[..<11]
            let chosen = (0..<Int.random(in: 0..<12, using: &random)).compactMap { _ in
                all.randomElement(using: &random)
            }
            let raw = "\"" + chosen.map(\.raw).joined() + "\""
            let meaning = chosen.map(\.meaning).joined()
            for result in members(Array(raw.utf8), as: String.self) {
                #expect(result.value == meaning, "\(raw)")
            }
        }
    }

    @Test func `with a control character or broken UTF-8 at any place are refused`() {
        for length in 0..<26 {
            for place in 0...length {
                for bad in [[0], [10], [31], [0x80], [0xFF], [0xC3], [0xE2, 0x82]] as [[UInt8]] {
                    var body = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                    body.insert(contentsOf: bad, at: place)
                    let text = [34] + body + [34]
                    for result in members(text, as: String.self) {
                        #expect(result.value == nil, "\(body)")
                    }
                    // Escapes elsewhere don't hide it.
                    for result in members([34, 92, 110] + body + [34], as: String.self) {
                        #expect(result.value == nil, "\(body)")
                    }
                }
            }
        }
    }
}

@Suite struct `Times read a word at a time` {
    /// The same time with a zone that has to be read for itself.
    private static func slow(_ text: String) -> Timestamp? {
        Timestamp(iso8601: text.dropLast() + "+00:00")
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `are those of other forms`(seed: UInt64) {
        func field(_ range: ClosedRange<Int>, _ width: Int, _ random: inout CodecRandom) -> String {
            let value = random.chance(25) ? range.upperBound : Int.random(in: range, using: &random)
            return String(repeating: "0", count: max(0, width - "\(value)".count)) + "\(value)"
        }
        var random = CodecRandom(seed: seed)
        for _ in 0..<2_000 {
            let date =
                field(0...9_999, 4, &random) + "-" + field(0...13, 2, &random) + "-"
                + field(0...32, 2, &random)
            let clock =
                field(0...24, 2, &random) + ":" + field(0...60, 2, &random) + ":"
                + field(0...60, 2, &random)
            let digits = Int.random(in: 0...8, using: &random)
            let fraction = (0..<digits).map { _ in field(0...9, 1, &random) }.joined()
            let text = "\(date)T\(clock)\(digits > 0 ? "." : "")\(fraction)Z"
            #expect(Timestamp(iso8601: text) == Self.slow(text), "\(text)")
        }
    }

    @Test(arguments: ["2013-01-31T10:59:07Z", "2012-02-29T23:00:59.012345Z"])
    func `with any byte in any place are those of other forms`(text: String) {
        let bytes = Array(text.utf8)
        for place in 0..<bytes.count - 1 {
            for byte in 0..<UInt8(128) {
                var changed = bytes
                changed[place] = byte
                let line = String(decoding: changed, as: UTF8.self)
                #expect(Timestamp(iso8601: line) == Self.slow(line), "\(line)")
            }
        }
    }

    @Test func `keep all days of four centuries apart`() {
        for days in -25_567..<120_000 {
            let day = Timestamp(microseconds: Int64(days) * 86_400_000_000)
            #expect(Timestamp(iso8601: "\(day.iso8601Date)T00:00:00Z") == day)
        }
    }
}

@Suite struct `A record read a word at a time` {
    private static let row = Words(
        whole: -1_234_567, number: 12.5, text: "plain", time: Timestamp(microseconds: 1_500_000),
        maybeWhole: 8, maybeNumber: -0.25, maybeText: "a text of more than sixteen bytes, é",
        maybeTime: Timestamp(seconds: 1_357_034_400))

    /// What follows the bytes in memory is no part of them.
    private func checkPrefixes(
        of line: String, _ decode: (Span<UInt8>) throws(FieldError) -> Words
    ) {
        let bytes = Array(line.utf8)
        for count in 0...bytes.count {
            let alone = Array(bytes[..<count])
            let expected = Result { () throws(FieldError) in try decode(alone.span) }
            for follower in [bytes[count...] + [0, 0], "99999999Z\"\\,}".utf8 + [44, 44]] {
                for offset in [0, 3, 8] {
                    let buffer = [UInt8](repeating: 0x31, count: offset) + alone + follower
                    let found = Result { () throws(FieldError) in
                        try decode(buffer.span.extracting(offset..<offset + count))
                    }
                    #expect(found == expected, "\(count) bytes of \(line)")
                }
            }
        }
    }

    @Test func `ends where its bytes end, in CSV`() throws {
        let format = RowFormat(Words.self)
        let decoder = try format.csvDecoder(header: format.fields.map(\.name))
        let line = try format.csv(Self.row)
        #expect(try decoder.read(line) == Self.row)
        checkPrefixes(of: line) { line throws(FieldError) in try decoder.decode(line) }
    }

    @Test func `ends where its bytes end, in JSON`() throws {
        let format = RowFormat(Words.self)
        let decoder = format.jsonDecoder()
        let line = try format.json(Self.row)
        #expect(try format.fromJSON(line) == Self.row)
        checkPrefixes(of: line) { line throws(FieldError) in try decoder.decode(line) }
        checkPrefixes(of: line.replacing(",\"", with: " , \"").replacing("\":", with: "\" : ")) {
            line throws(FieldError) in try decoder.decode(line)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `has its members found in any order, near and far from the end`(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        let format = RowFormat(Words.self)
        let line = try format.json(Self.row)
        let members = line.dropFirst().dropLast().split(separator: ",\"").map { member in
            member.hasPrefix("\"") ? String(member) : "\"\(member)"
        }
        #expect(members.count == 8)
        for _ in 0..<100 {
            var shuffled = random.chance(50) ? members : members.shuffled(using: &random)
            let stranger = [
                "\"whol\":1", "\"whole_\":[]", "\"x\":{\"whole\":1}", "\"maybe_wholf\":\"\\\"\"",
            ]
            shuffled.insert(
                stranger.randomElement(using: &random) ?? "",
                at: Int.random(in: 0...8, using: &random))
            #expect(try format.fromJSON("{" + shuffled.joined(separator: ",") + "}") == Self.row)
        }
    }

    @Test func `has a name escaped by its writer, and one that comes twice, told apart`() throws {
        let format = RowFormat(Words.self)
        let line = try format.json(Self.row)
        #expect(
            try format.fromJSON(line.replacing("\"text\"", with: "\"\\u0074ext\"")) == Self.row)
        #expect(
            message { try format.fromJSON(line.replacing("\"number\":", with: "\"whole\":")) }
                == "field \"whole\": comes twice in the object")
        #expect(
            message { try format.fromJSON(line.replacing("-1234567", with: "null")) }
                == "field \"whole\": has no value, and the property is not optional")
    }
}
