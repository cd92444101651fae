import WeirCore

/// The columns and the key of a table, and the statements that follow from them.
struct TableLayout: Equatable, Sendable {
    /// The table's name.
    let table: String
    /// The columns, one for each field of the records, in their order.
    let columns: [TableColumn]
    /// The names of the key columns; empty where rows are only appended.
    let key: [String]

    /// Lays out the table for records with these fields.
    init(table: String, fields: [FieldDescription], key: [String]) {
        self.table = table
        columns = fields.map(TableColumn.init)
        self.key = key
    }

    /// Creates the table.
    ///
    /// A table with a key has no row ids: its rows lie in the tree of the key itself, so an upsert
    /// searches one tree and not two.
    var createStatement: String {
        var parts = columns.map(\.definition)
        if !key.isEmpty { parts.append("PRIMARY KEY (\(Self.list(key)))") }
        let body = parts.map { "\n    \($0)" }.joined(separator: ",")
        return "CREATE TABLE \(table.quotedName) (\(body)\n)\(key.isEmpty ? "" : " WITHOUT ROWID")"
    }

    /// Drops the table.
    var dropStatement: String { "DROP TABLE \(table.quotedName)" }

    /// Writes one row: column `n` is parameter `n`.
    var writeStatement: String {
        let marks = columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        return insertStatement("VALUES (\(marks))")
    }

    /// Writes the rows that `source` yields; where it is a query, it must have a `WHERE`, or the
    /// grammar takes what follows for a part of it.
    func insertStatement(_ source: String) -> String {
        let names = columns.map(\.name)
        let insert = "INSERT INTO \(table.quotedName) (\(Self.list(names))) \(source)"
        guard !key.isEmpty else { return insert }
        let updates = names.filter { !key.contains($0) }
            .map { "\($0.quotedName) = excluded.\($0.quotedName)" }
        let action = updates.isEmpty ? "NOTHING" : "UPDATE SET \(updates.joined(separator: ", "))"
        return "\(insert) ON CONFLICT (\(Self.list(key))) DO \(action)"
    }

    static func list(_ names: [String]) -> String {
        names.map(\.quotedName).joined(separator: ", ")
    }
}

/// A column, as derived from a field.
struct TableColumn: Equatable, Sendable {
    let name: String
    /// The field's type in the job's words, for messages.
    let fieldType: String
    let type: ColumnType
    let isOptional: Bool

    init(_ field: FieldDescription) {
        name = field.name
        fieldType = field.type.title
        type = ColumnType(field.type)
        isOptional = field.isOptional
    }

    var definition: String { "\(name.quotedName) \(type.rawValue)\(isOptional ? "" : " NOT NULL")" }
}

/// The types of column that fields map to.
enum ColumnType: String, Sendable {
    case integer = "INTEGER", real = "REAL", text = "TEXT", blob = "BLOB"

    init(_ type: FieldType) {
        self =
            switch type {
            case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: .integer
            case .float, .double: .real
            case .bytes: .blob
            case .string, .timestamp, .list, .record: .text
            }
    }

    /// Whether a column declared with `declaration` keeps values of this type as they are.
    ///
    /// SQLite converts a value to the column's affinity as it is stored, so it is the affinity that
    /// counts and not the word: `VARCHAR(10)` is as good as `TEXT`, a column without a type
    /// converts nothing, and `NUMERIC` keeps whole numbers.
    ///
    /// Source: https://www.sqlite.org/datatype3.html, section 3.1.
    func isKept(by declaration: String) -> Bool {
        let word = declaration.uppercased()
        if word.contains("INT") { return self == .integer || self == .blob }
        if ["CHAR", "CLOB", "TEXT"].contains(where: word.contains) {
            return self == .text || self == .blob
        }
        if word.isEmpty || word.contains("BLOB") || word == "ANY" { return true }
        if ["REAL", "FLOA", "DOUB"].contains(where: word.contains) {
            return self == .real || self == .blob
        }
        return self == .integer || self == .blob
    }
}

extension FieldType {
    /// The type in a word or two: `int64`, `list of string`, `record`.
    fileprivate var title: String {
        switch self {
        case .list(let element): "list of \(element.title)"
        case .record: "record"
        default: "\(self)"
        }
    }
}

extension String {
    /// This name as SQL takes it, whatever characters it has.
    var quotedName: String { "\"\(replacing("\"", with: "\"\""))\"" }

    /// This name as SQLite compares names: the case of ASCII letters does not count, others' does.
    var foldedName: String {
        String(decoding: utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}
