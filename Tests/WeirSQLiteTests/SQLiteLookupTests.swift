import Foundation
import GRDB
import Testing
import Weir
import WeirCore
import WeirRuntime

@testable import WeirSQLite

private struct Airport: WeirCore.Record, Equatable {
    var code = ""
    var name: String?
    var altitude = 0.0
    var opened = Timestamp.epoch
    var isHub = false
    var runways: [Int] = []
    var image: [UInt8] = []

    static let schema = Schema(Airport.init) {
        Field("code", \.code)
        Field("name", \.name)
        Field("altitude", \.altitude)
        Field("opened", \.opened)
        Field("is_hub", \.isHub)
        Field("runways", \.runways)
        Field("image", \.image)
    }

    static let samples = [
        Airport(
            code: "JFK", name: "J. F. \"Kennedy\"\n\u{1}é", altitude: 4,
            opened: Timestamp(seconds: 99),
            isHub: true, runways: [4, 13], image: [0, 255, 7]),
        Airport(code: "LGA", name: nil, altitude: -1.5, opened: .epoch),
    ]
}

private struct Plane: Codable, Equatable, Sendable {
    var tail: Int
    var model: String?
}

@Suite struct `A lookup in an SQLite table` {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path("reference.db")
        try SQLiteTable<Airport>(path, table: "airports", key: \.code).write(Airport.samples)
        try SQLiteTable<Plane>(path, table: "planes", key: "tail").write(
            (0..<500).map { Plane(tail: $0, model: $0 % 3 == 0 ? nil : "model \($0)") })
    }

    @Test func `reads back what the sink has written, of every type`() async throws {
        let reader = try SQLiteLookup<String, Airport>(path, table: "airports", key: "code")
            .reader()
        let rows = try await reader.rows(for: ["JFK", "nowhere", "LGA"])
        #expect(rows == ["JFK": Airport.samples[0], "LGA": Airport.samples[1]])
        reader.close()
    }

    @Test(arguments: [1, 2, 7])
    func `enriches a job's stream`(parallelism: Int) async throws {
        let results = CollectSink<String>()
        let job = Job("lookup") { [path] job in
            job.source(CollectionSource((0..<3_000).map { $0 % 600 }), as: "numbers")
                .leftLookedUp(
                    in: SQLiteLookup<Int, Plane>(path, table: "planes", key: "tail"), by: { $0 },
                    cache: .leastRecentlyUsed(
                        capacity: 100, timeToLive: .minutes(1), absentTimeToLive: .minutes(1)),
                    .unordered, capacity: 64, timeout: .seconds(3_600), onFailure: .fail,
                    as: "planes"
                ) { number, plane in
                    "\(number) \(plane == nil ? "absent" : plane?.model ?? "unknown")"
                }
                .sink(to: results, as: "results")
        }
        let summary = try await job.start(parallelism: parallelism).summary()
        let expected = (0..<3_000).map { $0 % 600 }.map { number in
            "\(number) "
                + (number >= 500 ? "absent" : number % 3 == 0 ? "unknown" : "model \(number)")
        }
        #expect(results.elements.sorted() == expected.sorted())
        #expect(summary.ledger.isBalanced)
    }

    @Test func `says what is missing before the job's first record`() throws {
        func error(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return ""
        }
        #expect(
            error {
                _ = try SQLiteLookup<Int, Plane>(directory.path("no.db"), table: "t", key: "k")
                    .reader()
            } == "there is no file \(directory.path("no.db")) to look records up in")
        #expect(
            error {
                _ = try SQLiteLookup<Int, Plane>(path, table: "planes", key: "number").reader()
            }.contains("has no column number."))
        #expect(
            error {
                _ = try SQLiteLookup<Int, Plane>(path, table: "aeroplanes", key: "tail").reader()
            }.contains("SQLite table aeroplanes in \(path) cannot be read"))
    }
}
