import Foundation
import GRDB
import WeirCore

@testable import WeirSQLite

/// A directory that is removed when its test is over.
final class TemporaryDirectory {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// The path of a file in the directory.
    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Whether there is a file of this name.
    func contains(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
}

extension SubtaskContext {
    static var test: SubtaskContext {
        SubtaskContext(job: "job", operatorName: "sink", subtask: 0, parallelism: 1)
    }
}

extension SQLiteTable {
    /// Opens the table, writes the rows in batches of `size`, and closes it.
    func write(_ rows: [Row], size: Int = 1_000) throws {
        let writer = try writer(context: .test)
        try writer.write(rows, size: size)
        try writer.finish()
    }
}

extension SQLiteTableWriter {
    /// Writes the rows in batches of `size`; none is committed but by the writer's own count.
    func write(_ rows: [Row], size: Int = 1_000) throws {
        var batch = Batch<Row>()
        for row in rows {
            batch.append(row, at: .epoch)
            if batch.count == size { try write(&batch) }
        }
        try write(&batch)
    }
}

/// A connection of its own to the file, which may leave a transaction open.
func connection(to path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    return try DatabaseQueue(path: path, configuration: configuration)
}

/// Runs `body` on a connection of its own to the file.
func withDatabase<Result>(_ path: String, _ body: (Database) throws -> Result) throws -> Result {
    let queue = try connection(to: path)
    defer { try? queue.close() }
    return try queue.writeWithoutTransaction(body)
}

/// All rows of a query, each value with its storage class.
func fetch(_ path: String, _ sql: String) throws -> [[DatabaseValue]] {
    try withDatabase(path) { try Row.fetchAll($0, sql: sql).map { Array($0.databaseValues) } }
}

/// The values as a row of a query has them.
func values(_ values: (any DatabaseValueConvertible)?...) -> [DatabaseValue] {
    values.map { $0?.databaseValue ?? .null }
}

/// The error that `body` throws, unwrapped from the record that it came with.
func sinkError(_ body: () throws -> Void) -> SQLiteSinkError? {
    do {
        try body()
        return nil
    } catch let error as WeirCore.RecordError {
        return error.cause as? SQLiteSinkError
    } catch {
        return error as? SQLiteSinkError
    }
}

// MARK: - Rows

struct Delay: WeirCore.Record, Equatable {
    var origin = ""
    var hour = Timestamp.epoch
    var flights = 0
    var cancelled = 0
    var mean: Double?
    var worst: Double?

    static let schema = Schema(Delay.init) {
        Field("origin", \.origin)
        Field("hour_start", \.hour)
        Field("flights", \.flights)
        Field("cancelled", \.cancelled)
        Field("mean_delay", \.mean)
        Field("worst_delay", \.worst)
    }

    /// The values as they should be found in the table.
    var stored: [DatabaseValue] {
        values(origin, isoText(hour), flights, cancelled, mean, worst)
    }
}

extension Delay {
    static func sample(_ index: Int) -> Delay {
        Delay(
            origin: ["EWR", "JFK", "LGA"][index % 3],
            hour: Timestamp(seconds: 1_357_034_400 + Int64(index / 3) * 3_600), flights: index,
            cancelled: index % 7, mean: index % 5 == 0 ? nil : Double(index) / 8,
            worst: Double(index))
    }
}

struct CodableDelay: Codable, Equatable, Sendable {
    var origin: String
    var hour: Timestamp
    var flights: Int
    var mean: Double?
}

/// The time as ISO 8601 text, by Foundation and not by the code under test; whole seconds only.
func isoText(_ time: Timestamp) -> String {
    Date(timeIntervalSince1970: Double(time.microseconds / 1_000_000)).formatted(.iso8601)
}
