import Foundation
import GRDB
public import WeirCore

/// A table of an SQLite file, to look records up in by one of its columns.
///
/// ```swift
/// orders.lookedUp(
///     in: SQLiteLookup<String, Customer>("shop.db", table: "customers", key: "id"),
///     by: \.customer, cache: .leastRecentlyUsed(capacity: 10_000, timeToLive: .minutes(5)),
///     capacity: 64, timeout: .seconds(2), onFailure: .fail, as: "customers"
/// ) { order, customer in "\(order.id) \(customer.name)" }
/// ```
///
/// Rows are read into the record's fields by the columns' names, with the types that ``SQLiteTable``
/// writes; other columns are passed over. Of several rows with one key the first that SQLite finds
/// counts: let the column be the table's key, or have an index, or each lookup reads the whole table.
/// The file is opened for reading only, once in each subtask.
public struct SQLiteLookup<Key: StreamKey, Row: Sendable>: LookupTable {
    /// The file, as it was given; relative paths start at the working directory.
    public let path: String
    /// The table's name.
    public let table: String
    /// The column that rows are found by.
    public let key: String
    /// How long to wait for another connection's lock.
    public let busyTimeout: Duration

    private let format: RowFormat<Row>
    private let bind: @Sendable (Key) -> DatabaseValue

    public var summary: String { "SQLite table \(table) in \(path) by \(key)" }

    private init(
        _ path: String, _ table: String, _ key: String, _ busyTimeout: Duration,
        _ format: RowFormat<Row>, bind: @escaping @Sendable (Key) -> DatabaseValue
    ) {
        self.path = path
        self.table = table
        self.key = key
        self.busyTimeout = busyTimeout
        self.format = format
        self.bind = bind
    }

    /// Opens the file and finds the columns; blocks.
    ///
    /// - Throws: ``SQLiteLookupError`` when the file or the table is not there, or lacks a column.
    public func reader() throws -> SQLiteLookupReader<Key, Row> {
        let fields = format.fields.map(\.name)
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(busyTimeout.seconds)
            configuration.label = "weir.sqlite.lookup"
            guard FileManager.default.fileExists(atPath: path) else {
                throw SQLiteLookupError.noSuchFile(path: path)
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let columns = try queue.read { try $0.columns(in: table).map { $0.name.lowercased() } }
            let missing = ([key] + fields).filter { !columns.contains($0.lowercased()) }
            guard missing.isEmpty else {
                throw SQLiteLookupError.noSuchColumns(path: path, table: table, columns: missing)
            }
            let names = fields.map(\.quotedName).joined(separator: ", ")
            return SQLiteLookupReader(
                queue: queue,
                statement: "SELECT \(names) FROM \(table.quotedName) "
                    + "WHERE \(key.quotedName) = ? LIMIT 1",
                format: format, bind: bind)
        } catch let error as DatabaseError {
            throw SQLiteLookupError.failed(
                path: path, table: table, reason: error.message ?? "unknown error")
        }
    }
}

extension SQLiteLookup where Key == String {
    /// A table whose rows, records with a schema, are found by a column of text.
    public init(
        _ path: String, table: String, key: String, busyTimeout: Duration = .seconds(5)
    ) where Row: WeirCore.Record {
        self.init(path, table, key, busyTimeout, RowFormat<Row>()) { $0.databaseValue }
    }

    /// A table whose rows are found by a column of text.
    @_disfavoredOverload
    public init(
        _ path: String, table: String, key: String, busyTimeout: Duration = .seconds(5)
    ) where Row: Codable {
        self.init(path, table, key, busyTimeout, RowFormat<Row>()) { $0.databaseValue }
    }
}

extension SQLiteLookup where Key == Int {
    /// A table whose rows, records with a schema, are found by a column of integers.
    public init(
        _ path: String, table: String, key: String, busyTimeout: Duration = .seconds(5)
    ) where Row: WeirCore.Record {
        self.init(path, table, key, busyTimeout, RowFormat<Row>()) { $0.databaseValue }
    }

    /// A table whose rows are found by a column of integers.
    @_disfavoredOverload
    public init(
        _ path: String, table: String, key: String, busyTimeout: Duration = .seconds(5)
    ) where Row: Codable {
        self.init(path, table, key, busyTimeout, RowFormat<Row>()) { $0.databaseValue }
    }
}

/// Looks rows up in a table of an SQLite file, on the connection's own queue.
public final class SQLiteLookupReader<Key: StreamKey, Row: Sendable>: LookupReader {
    private let queue: DatabaseQueue
    private let statement: String
    private let format: RowFormat<Row>
    private let bind: @Sendable (Key) -> DatabaseValue

    init(
        queue: DatabaseQueue, statement: String, format: RowFormat<Row>,
        bind: @escaping @Sendable (Key) -> DatabaseValue
    ) {
        self.queue = queue
        self.statement = statement
        self.format = format
        self.bind = bind
    }

    /// One turn on the connection's queue serves so many keys.
    public var maximumBatch: Int { 64 }

    public func rows(for keys: [Key]) async throws -> [Key: Row] {
        let (sql, format, bind) = (statement, self.format, self.bind)
        return try await queue.read { database in
            let statement = try database.cachedStatement(sql: sql)
            let decoder = format.jsonDecoder()
            var rows: [Key: Row] = [:]
            for key in keys {
                guard let found = try GRDB.Row.fetchOne(statement, arguments: [bind(key)]) else {
                    continue
                }
                var json: [UInt8] = []
                found.appendJSON(fields: format.fields, to: &json)
                rows[key] = try decoder.decode(json.span)
            }
            return rows
        }
    }

    /// Closes the connection.
    public func close() { try? queue.close() }
}

extension GRDB.Row {
    /// Appends this row, whose columns are `fields`, as a JSON object: the form that every row format
    /// reads.
    fileprivate func appendJSON(fields: [FieldDescription], to json: inout [UInt8]) {
        json.append(UInt8(ascii: "{"))
        for (index, field) in fields.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            json.append(jsonString: field.name)
            json.append(UInt8(ascii: ":"))
            let value: DatabaseValue = self[index]
            json.append(value, of: field.type)
        }
        json.append(UInt8(ascii: "}"))
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ value: DatabaseValue, of type: FieldType) {
        switch value.storage {
        case .null: append(contentsOf: "null".utf8)
        case .int64(let number):
            if type == .bool, number == 0 || number == 1 {
                append(contentsOf: (number == 1 ? "true" : "false").utf8)
            } else {
                append(contentsOf: "\(number)".utf8)
            }
        case .double(let number):
            append(contentsOf: (number.isFinite ? "\(number)" : "null").utf8)
        case .string(let text):
            switch type {
            // Lists and records stand in the table as JSON.
            case .list, .record: append(contentsOf: text.utf8)
            default: append(jsonString: text)
            }
        case .blob(let data): append(jsonString: data.base64EncodedString())
        }
    }

    fileprivate mutating func append(jsonString text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                let digits = [UInt8]("0123456789abcdef".utf8)
                append(contentsOf: "\\u00".utf8)
                append(digits[Int(byte >> 4)])
                append(digits[Int(byte & 15)])
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}

/// Why records cannot be looked up in a table of an SQLite file.
public enum SQLiteLookupError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no file at the path.
    case noSuchFile(path: String)
    /// The table lacks columns that the key or the records' fields name.
    case noSuchColumns(path: String, table: String, columns: [String])
    /// What else SQLite reports: no such table, no database.
    case failed(path: String, table: String, reason: String)

    public var description: String {
        switch self {
        case .noSuchFile(let path):
            "there is no file \(path) to look records up in"
        case .noSuchColumns(let path, let table, let columns):
            "SQLite table \(table) in \(path) has no column \(columns.joined(separator: ", ")). "
                + "Name the key's column, and the record's fields, as the table does"
        case .failed(let path, let table, let reason):
            "SQLite table \(table) in \(path) cannot be read: \(reason)"
        }
    }
}

extension SQLiteLookupError: RetryableError {
    /// Where SQLite could not read: another connection may have had a lock.
    public var isRetryable: Bool { if case .failed = self { true } else { false } }
}
