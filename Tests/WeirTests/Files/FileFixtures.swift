import Foundation
import Testing
import WeirCore
import WeirRuntime

@testable import Weir

/// A directory of its own for one test, removed when the test lets go of it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(
            path: "weir-files-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of `name` in it.
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, making the directories above it, and gives its path.
    @discardableResult func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        let path = self(name)
        let parent = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    @discardableResult func write(_ text: String, to name: String) throws -> String {
        try write(text.utf8, to: name)
    }

    func bytes(of name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: self(name))))
    }

    func text(of name: String) throws -> String {
        String(decoding: try bytes(of: name), as: UTF8.self)
    }

    /// All names in it, hidden ones too, sorted.
    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

/// A record with a schema.
struct Trip: Record, Hashable {
    var carrier = "", number = 0, delay: Double?

    init() {}
    init(_ carrier: String, _ number: Int, _ delay: Double?) {
        (self.carrier, self.number, self.delay) = (carrier, number, delay)
    }

    static let schema = Schema(Trip.init) {
        Field("carrier", \.carrier)
        Field("number", \.number)
        Field("delay", \.delay)
    }
}

/// The same as a type that is only `Codable`.
struct PlainTrip: Codable, Equatable {
    var carrier: String, number: Int, delay: Double?
}

/// Keeps the bad records that it is given.
final class BadRecordList: BadRecordHandler {
    private let list = Locked<[BadRecord]>([])
    var records: [BadRecord] { list.withLock { $0 } }
    func handle(_ record: BadRecord) throws { list.withLock { $0.append(record) } }
}

extension BadRecord {
    /// All of it but the origin, to compare.
    var brief: String {
        "\(line) @\(offset): \(reason) | \(String(decoding: bytes, as: UTF8.self))"
    }
}

extension Source {
    /// What the split yields, read `limit` records at a time into one batch after another.
    func rows(
        of split: SourceSplit, into rows: inout [Element], bad: any BadRecordHandler,
        limit: Int = 5, isStopping: @escaping @Sendable () -> Bool = { false }
    ) throws {
        var reader = try self.reader(
            for: split,
            context: ReaderContext(
                badRecords: bad, isStopping: isStopping))
        var batch = Batch<Element>()
        while true {
            let outcome = try reader.read(into: &batch, limit: limit)
            #expect(batch.count <= limit)
            try batch.drainRows { row, _ in rows.append(row) }
            if case .end = outcome { return }
        }
    }

    /// What all splits yield, one after another.
    func allRows(bad: any BadRecordHandler = BadRecordList(), limit: Int = 5) throws -> [Element] {
        var rows: [Element] = []
        for split in try splits() { try self.rows(of: split, into: &rows, bad: bad, limit: limit) }
        return rows
    }

    /// What it yields before it fails, and how it fails.
    func rowsUntilFailure(
        bad: any BadRecordHandler = BadRecordList()
    ) throws -> (rows: [Element], error: String) {
        var rows: [Element] = []
        let splits = try splits()
        let error = try #require(throws: (any Error).self) {
            for split in splits { try self.rows(of: split, into: &rows, bad: bad) }
        }
        return (rows, "\(error)")
    }
}

/// What `body` throws, as text.
func message(_ body: () throws -> Void) throws -> String {
    "\(try #require(throws: (any Error).self, performing: body))"
}

/// The bytes that a layer of compression makes of `content`, with the package's own writers.
func compressed(_ content: [UInt8], _ kind: FileCompression) throws -> [UInt8] {
    let directory = try TemporaryDirectory()
    let path = directory("content\(kind.fileExtension)")
    let file = try OutputFile(path, compression: kind, overwrite: false)
    try file.write(content.span)
    try file.commit()
    return try directory.bytes(of: "content\(kind.fileExtension)")
}

/// The compressed forms that this build has.
let compressedKinds = FileCompression.allCases.filter { $0 != .plain && $0.isAvailable }

/// Whether a command line tool accepts the file; `nil` where there is no such tool.
func accepts(_ tool: String, _ path: String) throws -> Bool? {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/\(tool)") else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/\(tool)")
    process.arguments = ["-t", path]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
}

/// A small generator whose sequence is the same everywhere. Source: Steele et al., SplitMix64.
struct SeededBytes: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
