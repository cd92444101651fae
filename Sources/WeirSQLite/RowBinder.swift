import GRDBSQLite
import WeirCore

/// Binds the fields of a row to the parameters of a prepared statement.
///
/// A visitor and not a row of values, so that nothing is made for each row but what SQLite copies.
struct RowBinder: FieldVisitor {
    /// A field whose value SQLite cannot hold.
    struct Failure: Equatable {
        let column: Int
        let reason: String
    }

    private let statement: OpaquePointer
    private let columns: [TableColumn]
    private var text: [UInt8] = []
    private(set) var failure: Failure?

    // SAFETY: SQLite keeps a copy of what it is given with this destructor, so no pointer outlives
    // the call that it is handed to. The value is SQLITE_TRANSIENT, a macro that Swift cannot see.
    private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// Creates a binder for a statement whose parameters are `columns`, in order.
    init(statement: OpaquePointer, columns: [TableColumn]) {
        self.statement = statement
        self.columns = columns
        text.reserveCapacity(32)
    }

    mutating func visitNull(_ index: Int) { sqlite3_bind_null(statement, parameter(index)) }

    mutating func visitInt(_ index: Int, _ value: Int64) {
        sqlite3_bind_int64(statement, parameter(index), value)
    }

    /// Binds a number; SQLite stores NaN as NULL, so it is only let through where that is allowed.
    mutating func visitDouble(_ index: Int, _ value: Double) {
        if value.isNaN, !columns[index].isOptional {
            fail(
                index,
                "the value is not a number, which SQLite keeps as a missing value. Filter "
                    + "such records out, or make the field optional.")
        }
        sqlite3_bind_double(statement, parameter(index), value)
    }

    mutating func visitBool(_ index: Int, _ value: Bool) {
        sqlite3_bind_int64(statement, parameter(index), value ? 1 : 0)
    }

    mutating func visitString(_ index: Int, _ value: String) {
        var value = value
        value.withUTF8 { bind(index, text: $0) }
    }

    mutating func visitBytes(_ index: Int, _ value: [UInt8]) {
        value.withUnsafeBytes { bytes in
            // A null pointer would be bound as NULL.
            guard let start = bytes.baseAddress, !bytes.isEmpty else {
                check(index, sqlite3_bind_zeroblob(statement, parameter(index), 0))
                return
            }
            check(
                index,
                sqlite3_bind_blob64(
                    statement, parameter(index), start, UInt64(bytes.count), transient))
        }
    }

    /// Binds the time as ISO 8601 text in UTC.
    mutating func visitTimestamp(_ index: Int, _ value: Timestamp) {
        text.removeAll(keepingCapacity: true)
        value.writeField(text: &text)
        text.withUnsafeBufferPointer { bind(index, text: $0) }
    }

    mutating func visitOther(_ index: Int, _ json: String) {
        if columns[index].type == .integer {
            fail(
                index,
                "\(json) is larger than \(Int64.max), the largest integer that SQLite has. "
                    + "Make the field a string, or a smaller integer.")
        }
        visitString(index, json)
    }

    // MARK: -

    private func parameter(_ index: Int) -> Int32 { Int32(truncatingIfNeeded: index &+ 1) }

    private mutating func bind(_ index: Int, text: UnsafeBufferPointer<UInt8>) {
        guard let start = text.baseAddress, !text.isEmpty else {
            check(index, sqlite3_bind_text(statement, parameter(index), "", 0, transient))
            return
        }
        // SAFETY: the bytes are only read, as the same number of bytes; SQLite copies them.
        let code = start.withMemoryRebound(to: CChar.self, capacity: text.count) {
            sqlite3_bind_text64(
                statement, parameter(index), $0, UInt64(text.count), transient, UInt8(SQLITE_UTF8))
        }
        check(index, code)
    }

    /// Notes a value that SQLite has refused: one too large, or no memory for its copy.
    private mutating func check(_ index: Int, _ code: Int32) {
        guard code != SQLITE_OK else { return }
        fail(index, "SQLite refuses the value: \(String(cString: sqlite3_errstr(code))).")
    }

    private mutating func fail(_ index: Int, _ reason: String) {
        failure = failure ?? Failure(column: index, reason: reason)
    }
}
