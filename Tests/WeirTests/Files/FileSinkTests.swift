import Foundation
import Testing
import WeirCore
import WeirRuntime

@testable import Weir

@Suite struct `File sinks` {
    private let trips = [Trip("AA", 1, 2.5), Trip("B,\"B\n", 2, nil), Trip("", 3, -1)]

    private func context(_ subtask: Int = 0, of parallelism: Int = 1) -> SubtaskContext {
        SubtaskContext(job: "job", operatorName: "sink", subtask: subtask, parallelism: parallelism)
    }

    /// Writes the rows in batches of two.
    private func put<S: Sink<Trip>>(_ rows: [Trip], into writer: inout S.Writer, of sink: S) throws
    {
        var batch = Batch<Trip>()
        for (index, row) in rows.enumerated() {
            batch.append(row, at: .earliest)
            if index % 2 == 1 { try writer.write(&batch) }
        }
        try writer.write(&batch)
        let left = batch.count
        #expect(left == 0)
    }

    private func run(
        _ sink: some Sink<Trip>, _ rows: [Trip], subtask: Int = 0, of parallelism: Int = 1
    ) throws {
        try sink.validate()
        var writer = try sink.writer(context: context(subtask, of: parallelism))
        try put(rows, into: &writer, of: sink)
        try writer.flush()
        try writer.finish()
    }

    @Test func `write what the sources read`() throws {
        let directory = try TemporaryDirectory()
        for kind in FileCompression.allCases where kind.isAvailable {
            let csv = directory("a.csv\(kind.fileExtension)")
            try run(CSVFileSink<Trip>(file: csv), trips)
            #expect(try CSVFiles<Trip>(csv).allRows() == trips)
            let json = directory("a.jsonl\(kind.fileExtension)")
            try run(JSONLinesFileSink<Trip>(file: json), trips)
            #expect(try JSONLinesFiles<Trip>(json).allRows() == trips)
            if kind != .plain {
                let tool = kind == .gzip ? "gzip" : "lz4"
                #expect(try accepts(tool, csv) != false)
                #expect(try accepts(tool, json) != false)
            }
        }
        #expect(
            try directory.text(of: "a.csv")
                == "carrier,number,delay\nAA,1,2.5\n\"B,\"\"B\n\",2,\n\"\",3,-1.0\n")
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `write what the sources read, for whatever rows`(seed: UInt64) throws {
        var random = SeededBytes(state: seed)
        let alphabet = Array("ab ,;\"\n\r\t\\é\u{1F30A}\u{feff}")
        let rows = (0..<2_000).map { _ in
            let letters = (0..<Int.random(in: 0..<9, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? "-"
            }
            let number = Int(truncatingIfNeeded: UInt64.random(in: 0...(.max), using: &random))
            let delay = Double.random(in: -1e9...1e9, using: &random)
            return Trip(String(letters), number, Bool.random(using: &random) ? delay : nil)
        }
        let directory = try TemporaryDirectory()
        let reading = FileReadOptions(bufferBytes: Int(seed) * 50 + 1)
        for kind in FileCompression.allCases where kind.isAvailable {
            let csv = directory("a.csv\(kind.fileExtension)")
            try run(CSVFileSink<Trip>(file: csv), rows)
            #expect(try CSVFiles<Trip>(csv, reading: reading).allRows(limit: 99) == rows)
            let json = directory("a.jsonl\(kind.fileExtension)")
            try run(JSONLinesFileSink<Trip>(file: json), rows)
            #expect(try JSONLinesFiles<Trip>(json, reading: reading).allRows(limit: 99) == rows)
        }
    }

    @Test func `write plain Codable values`() throws {
        let directory = try TemporaryDirectory()
        let sink = JSONLinesFileSink<PlainTrip>(file: directory("a.jsonl"))
        var writer = try sink.writer(context: context())
        var batch = Batch<PlainTrip>()
        batch.append(PlainTrip(carrier: "AA", number: 1, delay: 2), at: .earliest)
        try writer.write(&batch)
        try writer.finish()
        let path = directory("a.jsonl")
        #expect(
            try JSONLinesFiles<PlainTrip>(path).allRows() == [
                PlainTrip(carrier: "AA", number: 1, delay: 2)
            ])
    }

    @Test func `describe themselves`() {
        let file = CSVFileSink<Trip>(file: "out.csv")
        #expect(file.summary == "CSV file out.csv")
        #expect(file.maximumParallelism == 1)
        #expect(file.fields.map(\.name) == ["carrier", "number", "delay"])
        let parts = JSONLinesFileSink<Trip>(directory: "out")
        #expect(parts.summary == "JSON Lines files in out")
        #expect(parts.maximumParallelism == nil)
    }

    @Test func `give a file its name only once it is complete`() throws {
        let directory = try TemporaryDirectory()
        let sink = CSVFileSink<Trip>(file: directory("new/place/a.csv"))
        try sink.validate()
        #expect(try directory.names == [])
        var writer = try sink.writer(context: context())
        try put(trips, into: &writer, of: sink)
        let place = directory("new/place")
        #expect(try FileManager.default.contentsOfDirectory(atPath: place) == [".a.csv.inprogress"])
        try writer.finish()
        #expect(try FileManager.default.contentsOfDirectory(atPath: place) == ["a.csv"])
    }

    @Test func `make a single file even without rows, and no part without rows`() throws {
        let directory = try TemporaryDirectory()
        try run(CSVFileSink<Trip>(file: directory("a.csv")), [])
        #expect(try directory.text(of: "a.csv") == "carrier,number,delay\n")
        try run(CSVFileSink<Trip>(directory: directory("parts")), [])
        #expect(try directory.names == ["a.csv"])
    }

    @Test func `leave nothing when abandoned`() throws {
        let directory = try TemporaryDirectory()
        for kind in FileCompression.allCases where kind.isAvailable {
            let sink = CSVFileSink<Trip>(file: directory("a.csv\(kind.fileExtension)"))
            var writer = try sink.writer(context: context())
            try put(trips, into: &writer, of: sink)
            writer.abandon()
            #expect(try directory.names == [])
        }
    }

    // MARK: Rolling

    @Test func `begin another file after so many rows`() throws {
        let directory = try TemporaryDirectory()
        let rows = (0..<10).map { Trip("AA", $0, nil) }
        let sink = CSVFileSink<Trip>(directory: directory("out"), rolling: FileRolling(rows: 4))
        try sink.validate()
        var writer = try sink.writer(context: context(1, of: 2))
        try put(rows, into: &writer, of: sink)
        // Those that are full are there already; the last one is hidden.
        #expect(try names(in: directory) == ["part-1-0.csv", "part-1-1.csv"])
        try writer.finish()
        #expect(try names(in: directory) == ["part-1-0.csv", "part-1-1.csv", "part-1-2.csv"])
        #expect(try CSVFiles<Trip>(directory("out/part-1-0.csv")).allRows() == Array(rows[..<4]))
        #expect(try CSVFiles<Trip>(directory("out/*.csv")).allRows() == rows)
    }

    private func names(in directory: TemporaryDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory("out"))
            .filter { !$0.hasSuffix(".inprogress") }.sorted()
    }

    @Test func `begin another file after so many bytes, and none that is empty`() throws {
        let directory = try TemporaryDirectory()
        let rows = (0..<6).map { Trip("AA", $0, nil) }
        // A header of 21 bytes and rows of 6: the second row takes a file to 33.
        let sink = CSVFileSink<Trip>(directory: directory("out"), rolling: FileRolling(bytes: 30))
        try run(sink, rows)
        #expect(try names(in: directory) == ["part-0-0.csv", "part-0-1.csv", "part-0-2.csv"])
        #expect(try CSVFiles<Trip>(directory("out/*.csv")).allRows() == rows)
        #expect(
            try CSVFiles<Trip>(directory("out/part-0-2.csv")).allRows() == Array(rows[4...]))
    }

    @Test func `keep complete files and remove the last one when abandoned`() throws {
        let directory = try TemporaryDirectory()
        let sink = JSONLinesFileSink<Trip>(
            directory: directory("out"), rolling: FileRolling(rows: 2))
        var writer = try sink.writer(context: context())
        try put(trips, into: &writer, of: sink)
        writer.abandon()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory("out"))
                == ["part-0-0.jsonl"])
    }

    @Test func `refuse limits that are not positive`() throws {
        let sink = CSVFileSink<Trip>(directory: "x", rolling: FileRolling(rows: 0))
        #expect(
            try message { try sink.validate() }
                == "the file option `rolling.rows` is 0; it must be at least 1.")
    }

    // MARK: What is there already

    @Test func `refuse a file that is there unless told to overwrite`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("old", to: "a.csv")
        let sink = CSVFileSink<Trip>(file: path)
        #expect(
            try message { try sink.validate() }
                == "\(path) is there already. Remove it, write to another path, or pass "
                + "`overwrite: true`.")
        #expect(throws: FileError.exists(path: path)) { try sink.writer(context: context()) }
        #expect(try directory.text(of: "a.csv") == "old")
        try run(CSVFileSink<Trip>(file: path, overwrite: true), trips)
        #expect(try CSVFiles<Trip>(path).allRows() == trips)
    }

    @Test func `keep the old file until the new one is complete`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("old", to: "a.csv")
        let sink = CSVFileSink<Trip>(file: path, overwrite: true)
        var writer = try sink.writer(context: context())
        try put(trips, into: &writer, of: sink)
        #expect(try directory.text(of: "a.csv") == "old")
        writer.abandon()
        #expect(try directory.text(of: "a.csv") == "old")
        #expect(try directory.names == ["a.csv"])
    }

    @Test func `do not replace a file that someone else made in the meantime`() throws {
        let directory = try TemporaryDirectory()
        let sink = CSVFileSink<Trip>(file: directory("a.csv"))
        var writer = try sink.writer(context: context())
        try put(trips, into: &writer, of: sink)
        let path = try directory.write("other", to: "a.csv")
        #expect(throws: FileError.exists(path: path)) { try writer.finish() }
        #expect(try directory.text(of: "a.csv") == "other")
        #expect(try directory.names == ["a.csv"])
    }

    @Test func `refuse a directory with parts of an earlier run`() throws {
        let directory = try TemporaryDirectory()
        let old = try directory.write("old", to: "out/part-7-0.csv.gz")
        let sink = CSVFileSink<Trip>(directory: directory("out"))
        #expect(throws: FileError.exists(path: old)) { try sink.validate() }
        try JSONLinesFileSink<Trip>(directory: directory("out")).validate()
    }

    @Test func `replace all parts of an earlier run when told to overwrite`() throws {
        let directory = try TemporaryDirectory()
        for name in ["part-0-0.csv", "part-0-1.csv", "part-1-5.csv.gz", "part-2-0.csv", "x.csv"] {
            try directory.write("old", to: "out/\(name)")
        }
        let sink = CSVFileSink<Trip>(directory: directory("out"), overwrite: true)
        for subtask in [0, 1] { try run(sink, trips, subtask: subtask, of: 2) }
        #expect(try names(in: directory) == ["part-0-0.csv", "part-1-0.csv", "x.csv"])
        #expect(try CSVFiles<Trip>(directory("out/part-*")).allRows() == trips + trips)
    }

    @Test func `take over what a killed run left, but not what is being written`() throws {
        let directory = try TemporaryDirectory()
        try directory.write(String(repeating: "left over", count: 100), to: ".a.csv.inprogress")
        let sink = CSVFileSink<Trip>(file: directory("a.csv"))
        var writer = try sink.writer(context: context())
        #expect(throws: FileError.inUse(path: directory("a.csv"))) {
            try sink.writer(context: context())
        }
        try put(trips, into: &writer, of: sink)
        try writer.finish()
        #expect(try CSVFiles<Trip>(directory("a.csv")).allRows() == trips)
        #expect(try directory.names == ["a.csv"])
    }

    // MARK: Places that cannot be written

    #if os(Linux)
        @Test func `say that a disk is full`() throws {
            let sink = CSVFileSink<Trip>(file: "/dev/full")
            try sink.validate()
            var writer = try sink.writer(context: context())
            try put(trips, into: &writer, of: sink)
            #expect(throws: FileSystemError(action: "write to", path: "/dev/full", code: ENOSPC)) {
                try writer.flush()
            }
        }

        @Test(arguments: FileCompression.allCases.filter(\.isAvailable))
        func `give no name to a file that did not fit on the disk`(kind: FileCompression) throws {
            let directory = try TemporaryDirectory()
            let name = "a.csv\(kind.fileExtension)"
            // The hidden file is a device that is always full.
            let hidden = directory(".\(name).inprogress")
            try FileManager.default.createSymbolicLink(
                atPath: hidden, withDestinationPath: "/dev/full")
            let sink = CSVFileSink<Trip>(file: directory(name))
            var writer = try sink.writer(context: context())
            try put(trips, into: &writer, of: sink)
            #expect(throws: FileSystemError(action: "write to", path: hidden, code: ENOSPC)) {
                try writer.finish()
            }
            #expect(try directory.names == [])
        }

        /// A file system of 64 KiB; `nil` where one may not be mounted.
        private final class SmallDisk {
            let path: String
            init?(in directory: TemporaryDirectory) throws {
                path = directory("disk")
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: false)
                guard mount("tmpfs", path, "tmpfs", 0, "size=65536") == 0 else { return nil }
            }
            deinit { umount2(path, Int32(MNT_DETACH)) }
        }

        @Test func `give no name to files on a disk that fills up, but keep those complete`() throws
        {
            let directory = try TemporaryDirectory()
            guard let disk = try SmallDisk(in: directory) else { return }
            let rows = (0..<10_000).map { Trip("AA", $0, nil) }
            let sink = CSVFileSink<Trip>(
                directory: disk.path + "/out", rolling: FileRolling(bytes: 20_000))
            try sink.validate()
            var writer = try sink.writer(context: context())
            let hidden = disk.path + "/out/.part-0-3.csv.inprogress"
            #expect(throws: FileSystemError(action: "write to", path: hidden, code: ENOSPC)) {
                try put(rows, into: &writer, of: sink)
            }
            writer.abandon()
            let left = try FileManager.default.contentsOfDirectory(atPath: disk.path + "/out")
                .sorted()
            #expect(left == ["part-0-0.csv", "part-0-1.csv", "part-0-2.csv"])
            let kept = try CSVFiles<Trip>(disk.path + "/out/*").allRows()
            #expect(kept == Array(rows.prefix(kept.count)) && kept.count > 5_000)
        }

        @Test func `name a place where nothing can be made`() throws {
            let sink = CSVFileSink<Trip>(file: "/proc/weir/a.csv")
            let error = #expect(throws: FileSystemError.self) {
                try sink.validate()
                _ = try sink.writer(context: context())
            }
            #expect(error?.description.contains("/proc") == true)
        }
    #endif

    @Test func `name a directory in a file's place, and a file in a directory's`() throws {
        let directory = try TemporaryDirectory()
        #expect(
            try message { try CSVFileSink<Trip>(file: directory.path, overwrite: true).validate() }
                == "cannot write \(directory.path): Is a directory. Name a file, not a directory.")
        let file = try directory.write("", to: "file")
        #expect(
            try message { try CSVFileSink<Trip>(directory: file).validate() }
                == "cannot write into \(file): Not a directory. A part of the path is a file, where a "
                + "directory should be.")
    }

    @Test(.enabled(if: geteuid() != 0, "the superuser may write everywhere"))
    func `name a directory that may not be written`() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o555], ofItemAtPath: directory.path)
        let sink = CSVFileSink<Trip>(file: directory("a.csv"))
        #expect(
            throws: FileSystemError(action: "write into", path: directory.path, code: EACCES)
        ) { try sink.validate() }
        #expect(throws: FileSystemError.self) { try sink.writer(context: context()) }
    }
}

@Suite struct `An open file` {
    @Test func `knows whether its path still leads to it`() throws {
        let directory = try TemporaryDirectory()
        let file = try FileDescriptor.writing(directory("a"))
        #expect(try file.isStill(at: directory("a")))
        try FileTree.move(directory("a"), to: directory("b"))
        #expect(try !file.isStill(at: directory("a")))
        #expect(try file.isStill(at: directory("b")))
        try directory.write("", to: "a")
        #expect(try !file.isStill(at: directory("a")))
    }

    @Test func `that the program has opened itself is not taken for an inherited one`() throws {
        let raw = open("/dev/null", O_RDONLY | O_CLOEXEC)
        try #require(raw >= 0)
        #expect(!FileDescriptor.isInherited(raw))
        // A copy loses the mark, as one that came through an exec never had it.
        let copy = dup(raw)
        #expect(FileDescriptor.isInherited(copy))
        close(raw)
        close(copy)
        #expect(!FileDescriptor.isInherited(-1))
    }
}
