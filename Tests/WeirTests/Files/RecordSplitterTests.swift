import Testing

@testable import Weir

@Suite struct `Record splitter` {
    /// Hands out bytes a few at a time.
    private final class Portions: ByteInput {
        private var rest: ArraySlice<UInt8>
        private let portion: Int
        init(_ bytes: [UInt8], portion: Int) { (rest, self.portion) = (bytes[...], portion) }
        func read(into buffer: inout [UInt8], from start: Int) throws -> Int {
            let part = rest.prefix(min(portion, buffer.count - start))
            buffer.replaceSubrange(start..<start + part.count, with: part)
            rest = rest.dropFirst(part.count)
            return part.count
        }
    }

    private struct Line: Equatable, CustomStringConvertible {
        var text: String, offset: Int64, line: Int, problem: String?
        var description: String { "\(line)@\(offset) \(text.debugDescription) \(problem ?? "")" }
        init(_ text: String, _ offset: Int64, _ line: Int, _ problem: String? = nil) {
            (self.text, self.offset, self.line, self.problem) = (text, offset, line, problem)
        }
    }

    private let csv = RecordSplitter.Quoting(
        quote: UInt8(ascii: "\""), delimiter: UInt8(ascii: ","))

    private func split(
        _ bytes: [UInt8], quoted: Bool = false, maximum: Int = 1 << 20, buffer: Int = 4,
        portion: Int = 3
    ) throws -> [Line] {
        var splitter = RecordSplitter(
            Portions(bytes, portion: portion), quoting: quoted ? csv : nil,
            maximumRecordBytes: maximum, bufferBytes: buffer)
        var lines: [Line] = []
        while true {
            let found = try splitter.next(mayWait: true)
            var problem: String?
            if case .bad(let reason) = found { problem = reason }
            if found == .end { return lines }
            lines.append(
                Line(
                    String(decoding: splitter.window.bytes[splitter.record], as: UTF8.self),
                    splitter.recordOffset, splitter.recordLine, problem))
        }
    }

    private func split(_ text: String, quoted: Bool = false, maximum: Int = 1 << 20) throws
        -> [Line]
    {
        try split(Array(text.utf8), quoted: quoted, maximum: maximum)
    }

    @Test func `takes LF, CR LF and the end of the data for a record's end`() throws {
        #expect(
            try split("ab\nc\r\n\n\rd\re") == [
                Line("ab", 0, 1), Line("c", 3, 2), Line("", 6, 3), Line("\rd\re", 7, 4),
            ])
        #expect(try split("").isEmpty)
        #expect(try split("a\n") == [Line("a", 0, 1)])
    }

    @Test func `passes over a byte-order mark, and only a whole one at the start`() throws {
        #expect(try split("\u{feff}a\nb") == [Line("a", 3, 1), Line("b", 5, 2)])
        #expect(
            try split(Array("a\n\u{feff}b".utf8)) == [Line("a", 0, 1), Line("\u{feff}b", 2, 2)])
        #expect(try split([0xef, 0xbb]).map(\.offset) == [0])
    }

    @Test func `keeps line ends inside quotes, and counts them`() throws {
        #expect(
            try split("a,\"b\nc\"\"\n\"\nd\n", quoted: true) == [
                Line("a,\"b\nc\"\"\n\"", 0, 1), Line("d", 11, 4),
            ])
        // A quote within an unquoted field is a character like any other.
        #expect(
            try split("5\" pipe,x\ny\n", quoted: true) == [
                Line("5\" pipe,x", 0, 1), Line("y", 10, 2),
            ])
    }

    @Test func `gives the first line alone when a quote is never closed`() throws {
        #expect(
            try split("a\n\"b,c\nd\ne", quoted: true) == [
                Line("a", 0, 1),
                Line(
                    "\"b,c", 2, 2,
                    "a quote opens here that is not closed before the end of the data"),
                Line("d", 7, 3), Line("e", 9, 4),
            ])
        #expect(
            try split("\"b\nc\nddddddddd\ne", quoted: true, maximum: 10) == [
                Line(
                    "\"b", 0, 1,
                    "a quote opens here that is not closed within 10 bytes (`maximumRecordBytes`)"),
                Line("c", 3, 2), Line("ddddddddd", 5, 3), Line("e", 15, 4),
            ])
    }

    @Test(arguments: [false, true])
    func `passes over a record that is too long, and goes on behind it`(quoted: Bool) throws {
        let long = String(repeating: "x", count: 100_000)
        let reason = "the record is longer than 8 bytes (`maximumRecordBytes`)"
        let lines = try split("12345678\n123456789\n\(long)\nend", quoted: quoted, maximum: 8)
        #expect(lines.map(\.line) == [1, 2, 3, 4])
        #expect(lines.map(\.offset) == [0, 9, 19, 100_020])
        #expect(lines.map(\.problem) == [nil, reason, reason, nil])
        #expect(lines.map(\.text)[0...1] == ["12345678", "123456789"])
        #expect(long.hasPrefix(lines[2].text) && lines[2].text.count >= 8)
        #expect(lines[3].text == "end")
    }

    @Test func `shows at most 64 KiB of a record that is too long`() throws {
        let long = [UInt8](repeating: 120, count: 200_000)
        let lines = try split(long + [10], maximum: 150_000, buffer: 300_000, portion: 300_000)
        #expect(lines.map(\.text.utf8.count) == [65_536])
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `finds the same records whatever the sizes of buffer and portions`(seed: UInt64) throws {
        var random = SeededBytes(state: seed)
        let alphabet = Array("ab,\"\n\r".utf8)
        let bytes = (0..<200).map { _ in alphabet.randomElement(using: &random) ?? 0 }
        for quoted in [false, true] {
            let expected = try split(bytes, quoted: quoted, buffer: 1_000, portion: 1_000)
            for size in 1...9 {
                let found = try split(bytes, quoted: quoted, buffer: size, portion: 10 - size)
                #expect(found == expected)
            }
            #expect(expected.count > 5)
        }
    }

    /// An independent reading of RFC 4180, byte by byte.
    private func naiveRecords(_ bytes: [UInt8]) -> [[UInt8]]? {
        var records: [[UInt8]] = []
        var record: [UInt8] = []
        var isQuoted = false
        var isFieldStart = true
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if isQuoted {
                if byte == csv.quote, index < bytes.count, bytes[index] == csv.quote {
                    record += [byte, byte]
                    index += 1
                    continue
                }
                if byte == csv.quote { isQuoted = false }
            } else if byte == 10 {
                if record.last == 13 { record.removeLast() }
                records.append(record)
                record = []
                isFieldStart = true
                continue
            } else if byte == csv.quote && isFieldStart {
                isQuoted = true
            }
            isFieldStart = !isQuoted && byte == csv.delimiter
            record.append(byte)
        }
        if !record.isEmpty { records.append(record) }
        return isQuoted ? nil : records
    }

    @Test func `agrees with a reading byte by byte`() throws {
        var random = SeededBytes(state: 7)
        let alphabet = Array("abc,,\"\"\"\n\n\r".utf8)
        var compared = 0
        for _ in 0..<500 {
            let bytes = (0..<60).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            guard let expected = naiveRecords(bytes) else { continue }
            compared += 1
            let found = try split(bytes, quoted: true, buffer: 5, portion: 4)
            #expect(found.map(\.text) == expected.map { String(decoding: $0, as: UTF8.self) })
        }
        #expect(compared > 100)
    }
}
