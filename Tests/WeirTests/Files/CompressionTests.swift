import Testing
import WeirCore
import WeirRuntime

@testable import Weir

@Suite struct `Compressed files` {
    /// Rows whose text does not compress to nothing.
    private let text = (0..<3_000).map { "c\($0 &* 2_654_435_761 % 99_991),\($0),\($0 % 7).5\n" }
    private var content: [UInt8] { Array(("carrier,number,delay\n" + text.joined()).utf8) }

    private func rows(_ path: String, bufferBytes: Int = 64) throws -> [Trip] {
        try CSVFiles<Trip>(path, reading: FileReadOptions(bufferBytes: bufferBytes))
            .allRows(limit: 100)
    }

    private var expected: [Trip] {
        (0..<3_000).map { Trip("c\($0 &* 2_654_435_761 % 99_991)", $0, Double($0 % 7) + 0.5) }
    }

    @Test(arguments: compressedKinds, [1, 7, 64, 1 << 18])
    func `are read whatever the size of the buffers`(kind: FileCompression, buffer: Int) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(try compressed(content, kind), to: "a.csv")
        #expect(try rows(path, bufferBytes: buffer) == expected)
    }

    @Test(arguments: compressedKinds)
    func `are what the usual tools accept`(kind: FileCompression) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            try compressed(content, kind), to: "a.csv\(kind.fileExtension)")
        #expect(try accepts(kind == .gzip ? "gzip" : "lz4", path) != false)
        let empty = try directory.write(try compressed([], kind), to: "e\(kind.fileExtension)")
        #expect(try accepts(kind == .gzip ? "gzip" : "lz4", empty) != false)
    }

    @Test(arguments: compressedKinds, [1, 5, 1 << 18])
    func `may be several archives one after another`(kind: FileCompression, buffer: Int) throws {
        let directory = try TemporaryDirectory()
        // Cut within a record, so that one spans two members.
        var bytes: [UInt8] = []
        for part in [content[..<1_001], content[1_001..<1_001], content[1_001...]] {
            bytes += try compressed(Array(part), kind)
        }
        let path = try directory.write(bytes, to: "a.csv\(kind.fileExtension)")
        #expect(try rows(path, bufferBytes: buffer) == expected)
    }

    @Test(arguments: compressedKinds, [20, 3_000, 1 << 18])
    func `that are cut off give all whole records before, then an error`(
        kind: FileCompression, buffer: Int
    ) throws {
        let directory = try TemporaryDirectory()
        // Several blocks of LZ4, which come whole or not at all.
        let lines = (0..<12_000).map { "c\($0 &* 2_654_435_761 % 99_991),\($0),\n" }
        let content = Array(lines.joined().utf8)
        let whole = try compressed(content, kind)
        var mostRows = 0
        for left in stride(from: 12, to: whole.count, by: whole.count / 7) {
            let path = try directory.write(whole[..<left], to: "a.csv\(kind.fileExtension)")
            let source = CSVFiles<Trip>(
                path, header: .absent(["carrier", "number", "delay"]),
                reading: FileReadOptions(bufferBytes: buffer))
            let (rows, error) = try source.rowsUntilFailure()
            #expect(rows.indices.allSatisfy { rows[$0].number == $0 })
            let offset = try #require(
                contentBytes(in: error, after: "ends in the midst of its \(kind) data"))
            #expect(rows.count == content.prefix(offset).count { $0 == 10 })
            mostRows = max(mostRows, rows.count)
        }
        #expect(mostRows > 5_000 && mostRows < 12_000)
    }

    private func contentBytes(in error: String, after text: String) -> Int? {
        guard error.contains(text) else { return nil }
        let digits = error.split(separator: ", after ").last?.prefix { $0.isNumber }
        return digits.flatMap { Int($0) }
    }

    @Test(arguments: compressedKinds)
    func `with a wrong checksum give every record, then an error`(kind: FileCompression) throws {
        let directory = try TemporaryDirectory()
        var bytes = try compressed(content, kind)
        // gzip ends with the checksum and the length, an LZ4 frame with the checksum.
        bytes[bytes.count - (kind == .gzip ? 8 : 4)] ^= 1
        let path = try directory.write(bytes, to: "a.csv\(kind.fileExtension)")
        let (rows, error) = try CSVFiles<Trip>(path).rowsUntilFailure()
        #expect(rows == expected)
        let detail = kind == .gzip ? "incorrect data check" : "ERROR_contentChecksum_invalid"
        #expect(
            error
                == "\(path) is damaged: its \(kind) data cannot be read after \(content.count) bytes "
                + "of content (\(detail)). Fetch it again; all whole records before that have been "
                + "read.")
    }

    @Test(arguments: compressedKinds, 0..<40 as Range<UInt64>)
    func `with a flipped bit never crash and never add records`(
        kind: FileCompression, seed: UInt64
    ) throws {
        var random = SeededBytes(state: seed)
        let directory = try TemporaryDirectory()
        var bytes = try compressed(content, kind)
        let hit = Int.random(in: 10..<bytes.count, using: &random)
        bytes[hit] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        let path = try directory.write(bytes, to: "a.csv\(kind.fileExtension)")
        var rows: [Trip] = []
        let source = CSVFiles<Trip>(path)
        let error = #expect(throws: (any Error).self) {
            for split in try source.splits() {
                try source.rows(of: split, into: &rows, bad: BadRecordList())
            }
        }
        #expect("\(try #require(error))".hasPrefix(path))
        #expect(rows.count <= expected.count)
    }

    @Test func `that are something else say so`() throws {
        let directory = try TemporaryDirectory()
        for kind in compressedKinds {
            let path = try directory.write("carrier,number\n", to: "a.csv\(kind.fileExtension)")
            #expect(throws: FileError.notCompressed(path: path, kind)) {
                try CSVFiles<Trip>(path).allRows()
            }
            let empty = try directory.write("", to: "empty\(kind.fileExtension)")
            #expect(throws: FileError.truncated(path: empty, kind, offset: 0)) {
                try JSONLinesFiles<Trip>(empty).allRows()
            }
        }
    }

    @Test func `are read as plain ones when the options say so`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("carrier,number,delay\nAA,1,\n", to: "a.gz")
        let source = CSVFiles<Trip>(path, reading: FileReadOptions(compression: .plain))
        #expect(try source.allRows() == [Trip("AA", 1, nil)])
    }

    #if GZip
        @Test func `may end with zeros, but with nothing else`() throws {
            let directory = try TemporaryDirectory()
            let whole = try compressed(content, .gzip)
            let padded = try directory.write(whole + [0, 0, 0, 0, 0], to: "padded.gz")
            #expect(try rows(padded, bufferBytes: 3) == expected)
            let other = try directory.write(whole + Array("x".utf8), to: "other.gz")
            let (rows, error) = try CSVFiles<Trip>(other).rowsUntilFailure()
            #expect(rows == expected)
            #expect(error.contains("there is something else after the end of the gzip data"))
        }
    #endif

    @Test func `name the trait that a build lacks`() {
        #expect(
            FileError.traitMissing(path: "a.csv.lz4", .lz4).description
                == "a.csv.lz4: this build cannot handle lz4. Enable the package trait `LZ4` of weir "
                + "(`swift build --traits LZ4`, or `traits:` in the dependency).")
    }
}
