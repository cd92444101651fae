import Foundation
import Weir
import WeirNexmark

/// Records as bytes of one format, in memory and in a file.
final class DecodeInput: Sendable {
    let format: DecodeFormat
    let data: DecodeData
    /// The columns of a CSV file.
    let header: [String]
    /// The lines of the records, and behind them what the yardstick asks to be readable.
    let bytes: [UInt8]
    /// The length of the lines.
    let count: Int
    let records: Int
    /// The file, which begins with the header where the format has one.
    let path: String

    init(
        _ format: DecodeFormat, _ data: DecodeData, header: [String], bytes: [UInt8], records: Int
    ) throws {
        self.format = format
        self.data = data
        self.header = header
        self.bytes = bytes + [UInt8](repeating: 0, count: Yardstick.padding)
        self.records = records
        count = bytes.count
        let name = "weir-decode-\(UUID().uuidString).\(format.rawValue)"
        let url = FileManager.default.temporaryDirectory.appending(path: name)
        path = url.path
        let first = format == .csv ? Array((header.joined(separator: ",") + "\n").utf8) : []
        try Data(first + bytes).write(to: url)
    }

    deinit {
        // There is nobody left to tell.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Makes `records` records; those of the flights come again once all have been used.
    static func make(
        _ format: DecodeFormat, _ data: DecodeData, records: Int, flights: String?
    ) async throws -> DecodeInput {
        switch data {
        case .bids: try bids(format, records: records)
        case .flights: try await self.flights(format, records: records, directory: flights)
        }
    }

    private static func bids(_ format: DecodeFormat, records: Int) throws -> DecodeInput {
        let generator = NexmarkGenerator()
        var lines = RowLines<Bid>(format)
        var index = 0
        while lines.count < records {
            if case .bid(let bid) = generator.record(at: index) { try lines.append(bid) }
            index += 1
        }
        return try DecodeInput(
            format, .bids, header: lines.header, bytes: lines.bytes, records: records)
    }

    private static func flights(
        _ format: DecodeFormat, records: Int, directory: String?
    ) async throws -> DecodeInput {
        var lines = try await FlightLines.read(directory)
        let header = lines.removeFirst()
        var bytes: [UInt8] = []
        if format == .csv {
            for index in 0..<records {
                bytes.append(contentsOf: lines[index % lines.count].utf8)
                bytes.append(10)
            }
        } else {
            let decoder = try RowFormat(DecodedFlight.self).csvDecoder(
                header: header.columns, options: DecodeFormat.csvOptions)
            var rows = RowLines<DecodedFlight>(format)
            for index in 0..<records {
                try rows.append(decoder.decode(lines[index % lines.count].utf8Span.span))
            }
            bytes = rows.bytes
        }
        return try DecodeInput(
            format, .flights, header: header.columns, bytes: bytes, records: records)
    }
}

/// Rows written as lines.
private struct RowLines<Row: Record> {
    private let encode: (Row, inout [UInt8]) throws -> Void
    let header: [String]
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0

    init(_ format: DecodeFormat) {
        let rows = RowFormat(Row.self)
        header = rows.fields.map(\.name)
        let csv = rows.csvEncoder()
        let json = rows.jsonEncoder()
        encode =
            format == .csv ? { try csv.encode($0, into: &$1) } : { try json.encode($0, into: &$1) }
    }

    mutating func append(_ row: Row) throws {
        try encode(row, &bytes)
        bytes.append(10)
        count += 1
    }
}

extension String {
    fileprivate var columns: [String] { split(separator: ",").map(String.init) }
}

/// The lines of the example's flights as they are, read by a job whose records have one column.
private enum FlightLines {
    struct Line: Record {
        var text = ""
        static let schema = Schema(Line.init) { Field("text", \.text) }
    }

    /// The header, then all records.
    static func read(_ directory: String?) async throws -> [String] {
        let places =
            directory.map { [$0] } ?? ["examples/flights/data", "../../examples/flights/data"]
        guard let place = places.first(where: FileManager.default.fileExists(atPath:)) else {
            throw BenchmarkError.unavailable(
                "the flights are in none of \(places.joined(separator: ", ")): say where with --flights"
            )
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: place).sorted()
        var lines: [String] = []
        // One job a file: several splits would come in another order each time.
        for name in names where name.hasPrefix("flights-") && name.hasSuffix(".csv.gz") {
            lines += try await allLines(of: "\(place)/\(name)")
        }
        guard let header = lines.first(where: isHeader) else {
            throw BenchmarkError.unavailable("\(place): no flights-*.csv.gz with a header")
        }
        return [header] + lines.filter { !isHeader($0) }
    }

    private static func allLines(of path: String) async throws -> [String] {
        let collected = Locked<[String]>([])
        // No line holds either mark, so each is one cell.
        let whole = CSVOptions(delimiter: "\u{1}", nullText: [], quote: "\u{2}")
        let file = CSVFiles<Line>(
            path, options: whole, header: .absent(["text"]), quotedNewlines: false)
        let job = Job("lines") { job in
            job.source(file, onBadRecord: .fail, as: "lines")
                .sink(to: LineSink(collected: collected), as: "collect")
        }
        _ = try await job.start(parallelism: 1).summary()
        return collected.withLock { $0 }
    }

    private static func isHeader(_ line: String) -> Bool { line.hasPrefix("year,") }

    struct LineSink: Sink {
        let collected: Locked<[String]>
        var summary: String { "memory" }
        func writer(context: SubtaskContext) -> LineWriter { LineWriter(collected: collected) }
    }

    struct LineWriter: SinkWriter {
        let collected: Locked<[String]>
        mutating func write(_ batch: inout Batch<Line>) {
            collected.withLock { lines in
                for row in batch.indices { lines.append(batch[row].text) }
            }
            batch.removeAll()
        }
        func finish() {}
    }
}
