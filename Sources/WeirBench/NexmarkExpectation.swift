import Foundation
import WeirNexmark

/// Rows and checksums that queries must come to, from a file.
struct NexmarkExpectation: Sendable {
    private let queries: [String: Result]

    private struct File: Decodable {
        var events: Int
        var queries: [String: Result]
    }

    private struct Result: Decodable {
        var count: Int
        var checksum: String
    }

    /// Reads the file.
    ///
    /// - Throws: When it cannot be read, or holds results over another number of events.
    init(path: String, events: Int) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let file = try JSONDecoder().decode(File.self, from: data)
        guard file.events == events else {
            throw NexmarkCheckError(
                differences: ["'\(path)' is about \(file.events) events: pass --events that many"])
        }
        queries = file.queries
    }

    /// Expects what another run of one query came to.
    init(query: String, _ total: NexmarkTotal) {
        queries = [query: Result(count: total.rows, checksum: total.checksumText)]
    }

    /// How a report differs from what is expected; `nil` where it does not, or nothing is.
    func difference(to report: NexmarkReport) -> String? {
        guard let expected = queries[report.query] else { return nil }
        if expected.count == report.rows && expected.checksum == report.checksum { return nil }
        return "\(report.query) at parallelism \(report.parallelism): \(expected.count) rows with "
            + "checksum \(expected.checksum) expected, but there are \(report.rows) with "
            + (report.checksum ?? "none")
    }
}

/// Results are not what they must be.
struct NexmarkCheckError: Error, CustomStringConvertible {
    var differences: [String]

    var description: String { "not as expected: " + differences.joined(separator: "; ") }
}
