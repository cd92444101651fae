import Foundation
import Testing
import WeirCore
import WeirRuntime

@testable import Weir

@Suite struct `CSV files` {
    private let header = "carrier,number,delay\n"

    @Test func `give records with a schema and plain Codable values alike`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            "number,skipped,delay,carrier\r\n1,x,2.5,AA\r\n2,y,,\"B,\"\"B\"\r\n", to: "a.csv")
        #expect(try CSVFiles<Trip>(path).allRows() == [Trip("AA", 1, 2.5), Trip("B,\"B", 2, nil)])
        #expect(
            try CSVFiles<PlainTrip>(path).allRows() == [
                PlainTrip(carrier: "AA", number: 1, delay: 2.5),
                PlainTrip(carrier: "B,\"B", number: 2, delay: nil),
            ])
        #expect(CSVFiles<Trip>(path).fields.map(\.name) == ["carrier", "number", "delay"])
        #expect(CSVFiles<Trip>("a.csv", "-").summary == "CSV files a.csv, standard input")
    }

    @Test func `take a record that is Codable too for a record`() throws {
        struct Both: Record, Codable, Equatable {
            var code = ""
            static let schema = Schema(Both.init) { Field("name_outside", \.code) }
        }
        let directory = try TemporaryDirectory()
        let path = try directory.write("name_outside\nAA\n", to: "a.csv")
        #expect(try CSVFiles<Both>(path).allRows().map(\.code) == ["AA"])
        #expect(CSVFiles<Both>.standardInput.fields.map(\.name) == ["name_outside"])
        #expect(CSVFiles<PlainTrip>.standardInput.summary == "CSV files standard input")
        #expect(try CSVFiles<Trip>.standardInput.splits() == [SourceSplit(id: "-")])
    }

    @Test func `come in sorted order, each once, one split a file`() throws {
        let directory = try TemporaryDirectory()
        for (index, name) in ["b.csv", "a.csv", "c.csv"].enumerated() {
            try directory.write("\(header)\(name),\(index),\n", to: name)
        }
        let source = CSVFiles<Trip>(directory("c.csv"), directory("*.csv"))
        let names = ["c.csv", "a.csv", "b.csv"]
        #expect(try source.splits() == names.map { SourceSplit(id: directory($0)) })
        #expect(try source.allRows().map(\.carrier) == names)
    }

    @Test func `may begin with a byte-order mark and lack the last line's end`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("\u{feff}\(header)AA,1,2", to: "a.csv")
        #expect(try CSVFiles<Trip>(path).allRows() == [Trip("AA", 1, 2)])
        let quoted = try directory.write("\u{feff}\"carrier\",number,delay\nAA,1,2", to: "b.csv")
        #expect(try CSVFiles<Trip>(quoted).allRows() == [Trip("AA", 1, 2)])
    }

    @Test func `may have no header, other delimiters and other texts for null`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("AA;1;NA\nBB;2;3\n", to: "a.csv")
        let source = CSVFiles<Trip>(
            path, options: CSVOptions(delimiter: ";", nullText: ["NA"]),
            header: .absent(["carrier", "number", "delay"]))
        #expect(try source.allRows() == [Trip("AA", 1, nil), Trip("BB", 2, 3)])
    }

    @Test func `keep line ends inside quotes, also across buffers`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("\(header)\"A\r\n\nA\",1,\nB,2,\n", to: "a.csv")
        for size in 1...40 {
            let source = CSVFiles<Trip>(path, reading: FileReadOptions(bufferBytes: size))
            #expect(try source.allRows() == [Trip("A\r\n\nA", 1, nil), Trip("B", 2, nil)])
        }
    }

    @Test func `pass over empty lines, unless there is but one column`() throws {
        struct Name: Record, Equatable {
            var name: String?
            static let schema = Schema(Name.init) { Field("name", \.name) }
        }
        let directory = try TemporaryDirectory()
        let trips = try directory.write("\(header)\nAA,1,\n\r\n\n", to: "a.csv")
        #expect(try CSVFiles<Trip>(trips).allRows() == [Trip("AA", 1, nil)])
        let names = try directory.write("name\nA\n\nB\n", to: "b.csv")
        #expect(try CSVFiles<Name>(names).allRows().map(\.name) == ["A", nil, "B"])
    }

    // MARK: Byte ranges

    @Test(arguments: [false, true], ["\n", "\r\n"])
    func `in byte ranges of any length give what the whole file gives`(
        hasMark: Bool, lineEnd: String
    ) throws {
        let directory = try TemporaryDirectory()
        let lines = ["carrier,number,delay", "A,1,", "", "BBBBBBBB,22,2.5", "C,3,1", "DD,4,"]
        let text = (hasMark ? "\u{feff}" : "") + lines.joined(separator: lineEnd)
        let path = try directory.write(text, to: "a.csv")
        let whole = try CSVFiles<Trip>(path).allRows()
        #expect(whole.map(\.number) == [1, 22, 3, 4])
        for splitBytes in 1...Int64(text.utf8.count + 1) {
            let source = CSVFiles<Trip>(
                path, quotedNewlines: false,
                reading: FileReadOptions(splitBytes: splitBytes, bufferBytes: 5))
            #expect(try source.allRows() == whole, "\(splitBytes)")
        }
    }

    @Test func `fall into ranges only where no quotes may hold line ends, with stable ids`() throws
    {
        let directory = try TemporaryDirectory()
        let path = try directory.write("\(header)A,1,\nB,2,\n", to: "a.csv")
        let reading = FileReadOptions(splitBytes: 20)
        let ranges = CSVFiles<Trip>(path, quotedNewlines: false, reading: reading)
        #expect(
            try ranges.splits() == [
                SourceSplit(id: "\(path)#0-20", start: 0, end: 20),
                SourceSplit(id: "\(path)#20-40", start: 20, end: 40),
            ])
        #expect(try CSVFiles<Trip>(path, reading: reading).splits() == [SourceSplit(id: path)])
        guard let kind = compressedKinds.first else { return }
        let archive = try directory.write(
            try compressed(Array("\(header)A,1,\n".utf8), kind), to: "b.csv")
        let packed = CSVFiles<Trip>(archive, quotedNewlines: false, reading: reading)
        #expect(try packed.splits() == [SourceSplit(id: archive)])
    }

    @Test func `name the line of a bad record also in a byte range`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("\(header)A,1,\nB,x,\nC,3,\nD,y,\nE,z,\n", to: "a.csv")
        for splitBytes in [1, 8, 20, 30, 100] as [Int64] {
            let bad = BadRecordList()
            let source = CSVFiles<Trip>(
                path, quotedNewlines: false, reading: FileReadOptions(splitBytes: splitBytes))
            #expect(try source.allRows(bad: bad).map(\.number) == [1, 3])
            #expect(bad.records.map(\.line) == [3, 5, 6])
            #expect(bad.records.map(\.offset) == [26, 36, 41])
        }
    }

    // MARK: Bad files

    @Test func `with a wrong header are refused before the first record`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("carrier,delay\nAA,1\n", to: "a.csv")
        #expect(
            try message { _ = try CSVFiles<Trip>(path).splits() }
                == "\(path) does not fit the record: Trip: the header has no column \"number\"; it has "
                + "\"carrier\", \"delay\". Add the column, give the field an alias that is there, or "
                + "make the property optional. If the file has no header, state its columns with "
                + "`header: .absent(columns)`.")
    }

    @Test func `without any known column are refused although all fields are optional`() throws {
        struct Loose: Record {
            var a: Int?, b: Int?
            static let schema = Schema(Loose.init) {
                Field("a", \.a)
                Field("b", \.b)
            }
        }
        let directory = try TemporaryDirectory()
        let path = try directory.write("1,2\n3,4\n", to: "a.csv")
        #expect(
            try message { _ = try CSVFiles<Loose>(path).splits() }
                == "\(path) does not fit the record: none of the fields of Loose is in its header, "
                + "which is \"1\", \"2\"; wanted are \"a\", \"b\". If the file has no header, state "
                + "its columns with `header: .absent(columns)`.")
    }

    @Test func `that are empty are refused, but not without a header`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("", to: "a.csv")
        #expect(throws: FileError.noHeader(path: path)) { try CSVFiles<Trip>(path).splits() }
        let columns = CSVFileHeader.absent(["carrier", "number", "delay"])
        #expect(try CSVFiles<Trip>(path, header: columns).allRows().isEmpty)
        let only = try directory.write(header, to: "b.csv")
        #expect(try CSVFiles<Trip>(only).allRows().isEmpty)
    }

    @Test func `that are missing, directories or unreadable are named`() throws {
        let directory = try TemporaryDirectory()
        let missing = directory("a.csv")
        #expect(
            try message { _ = try CSVFiles<Trip>(missing).splits() }
                == "cannot open \(missing): No such file or directory. Look for a typing error in the "
                + "path; it is relative to the working directory.")
        #expect(
            try message { _ = try CSVFiles<Trip>(directory.path).splits() }
                == "cannot read \(directory.path): Is a directory. Name a file, not a directory.")
        let loop = directory("loop.csv")
        try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: loop)
        #expect(throws: FileSystemError(action: "open", path: loop, code: ELOOP)) {
            try CSVFiles<Trip>(loop).splits()
        }
    }

    @Test(.enabled(if: geteuid() != 0, "the superuser may read everything"))
    func `that may not be read are named`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(header, to: "a.csv")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        #expect(throws: FileSystemError(action: "open", path: path, code: EACCES)) {
            try CSVFiles<Trip>(path).splits()
        }
    }

    #if os(Linux)
        @Test func `that fail while they are read are named`() throws {
            let path = "/proc/self/mem"  // opens, and then refuses to read its first page
            #expect(throws: FileSystemError(action: "read", path: path, code: EIO)) {
                try JSONLinesFiles<Trip>(path).splits()
            }
        }
    #endif

    @Test func `refuse options that make no sense`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(header, to: "a.csv")
        #expect(
            try message {
                _ = try CSVFiles<Trip>(path, reading: FileReadOptions(splitBytes: 0)).splits()
            } == "the file option `splitBytes` is 0; it must be at least 1.")
        for reading in [FileReadOptions(bufferBytes: 0), FileReadOptions(maximumRecordBytes: .max)]
        {
            #expect(throws: FileError.self) { try CSVFiles<Trip>(path, reading: reading).splits() }
        }
        #expect(throws: SchemaError.self) {
            try CSVFiles<Trip>(path, options: CSVOptions(delimiter: "\"")).splits()
        }
        #expect(throws: FileError.unknownSplit(id: "other")) {
            try CSVFiles<Trip>(path).reader(
                for: SourceSplit(id: "other", start: 1, end: 2),
                context: ReaderContext(
                    badRecords: BadRecordList()))
        }
    }

    // MARK: Bad records

    @Test func `hand over bad records with reason, place and bytes`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            Array("\(header)A,one,\nB,2,3\nC,3\nD,4,5,6\n".utf8) + [0xff, 0x2c, 0x35, 0x2c, 10]
                + Array("\"E\"x,6,\nF,7,\n\"G,8,\n".utf8), to: "a.csv")
        let bad = BadRecordList()
        let source = CSVFiles<Trip>(path, reading: FileReadOptions(bufferBytes: 8))
        #expect(try source.allRows(bad: bad) == [Trip("B", 2, 3), Trip("F", 7, nil)])
        #expect(Set(bad.records.map(\.origin)) == [path])
        #expect(
            bad.records.map(\.brief) == [
                "2 @21: field \"number\" (column 2): \"one\" is not a signed 64-bit integer | A,one,",
                "4 @34: the record has 2 columns, the header has 3 | C,3",
                "5 @38: the record has 4 columns, the header has 3 | D,4,5,6",
                "6 @46: field \"carrier\" (column 1): \"\u{fffd}\" is not valid UTF-8 | \u{fffd},5,",
                "7 @51: field \"carrier\" (column 1): text follows the closing quote of \"E\" "
                    + "| \"E\"x,6,",
                "9 @64: a quote opens here that is not closed before the end of the data | \"G,8,",
            ])
    }

    @Test func `hand over records that are too long`() throws {
        let directory = try TemporaryDirectory()
        let long = String(repeating: "x", count: 5_000)
        let path = try directory.write("\(header)A,1,\n\(long),2,\nB,3,\n", to: "a.csv")
        let bad = BadRecordList()
        let source = CSVFiles<Trip>(
            path, reading: FileReadOptions(maximumRecordBytes: 100, bufferBytes: 64))
        #expect(try source.allRows(bad: bad).map(\.number) == [1, 3])
        #expect(
            bad.records.map(\.reason) == [
                "the record is longer than 100 bytes (`maximumRecordBytes`)"
            ])
        #expect(bad.records.map(\.line) == [3])
    }

    @Test func `deliver what came before the record that stops the job`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("\(header)A,1,\nB,2,\nC,x,\nD,4,\n", to: "a.csv")
        let handler = try makeBadRecordHandler(
            policy: .fail, operatorName: "trips")
        let (rows, error) = try CSVFiles<Trip>(path).rowsUntilFailure(bad: handler)
        #expect(rows.map(\.number) == [1, 2])
        #expect(
            error
                == "'trips' read a bad record: \(path), line 4 (byte 31): field \"number\" (column "
                + "2): \"x\" is not a signed 64-bit integer. The record is: C,x,. Mend the record, or set such "
                + "records aside with `onBadRecord: .deadLetter`.")
    }
}
