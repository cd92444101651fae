import GRDB

extension TableLayout {
    /// What has the table's name in the database: `table`, `view`, `index`; `nil` for nothing.
    func kind(in database: Database) throws -> String? {
        try String.fetchOne(
            database, sql: "SELECT type FROM sqlite_master WHERE lower(name) = lower(?)",
            arguments: [table])
    }

    /// What of the table in the database does not fit this layout, a phrase for each difference.
    func differences(in database: Database) throws -> [String] {
        let present = try PresentColumn.all(of: table, in: database)
        let uniqueKeys = try PresentColumn.uniqueKeys(of: table, in: database)
        return columnDifferences(present) + keyDifferences(present, uniqueKeys: uniqueKeys)
    }

    private func columnDifferences(_ present: [PresentColumn]) -> [String] {
        let byName = Dictionary(
            present.map { ($0.name.foldedName, $0) }, uniquingKeysWith: { first, _ in first })
        var differences = columns.compactMap { column in
            guard let found = byName[column.name.foldedName] else {
                return "column \"\(column.name)\" (\(column.definition)) is missing"
            }
            return difference(between: column, and: found)
        }
        let wanted = Set(columns.map { $0.name.foldedName })
        for column in present where !wanted.contains(column.name.foldedName) {
            differences.append("column \"\(column.name)\" is no field of the records")
        }
        return differences
    }

    private func difference(between column: TableColumn, and found: PresentColumn) -> String? {
        if found.isGenerated { return "column \"\(found.name)\" is a generated one" }
        guard column.type.isKept(by: found.declaration) else {
            return "column \"\(found.name)\" is declared \(found.declaration), but the field is "
                + "\(column.fieldType) and needs \(column.type.rawValue)"
        }
        guard !column.isOptional || !found.isNotNull else {
            return "column \"\(found.name)\" is NOT NULL, but the field may be missing"
        }
        return nil
    }

    private func keyDifferences(_ present: [PresentColumn], uniqueKeys: [[String]]) -> [String] {
        let members = present.filter { $0.keyPosition > 0 }
        let primary = members.sorted { $0.keyPosition < $1.keyPosition }.map(\.name)
        if key.isEmpty {
            guard !primary.isEmpty else { return [] }
            return [
                "it has the key (\(primary.joined(separator: ", "))), but the sink appends "
                    + "without one"
            ]
        }
        let wanted = Set(key.map { $0.foldedName })
        let candidates = [primary] + uniqueKeys
        if candidates.contains(where: { Set($0.map { $0.foldedName }) == wanted }) { return [] }
        let found = primary.isEmpty ? "no key" : "the key (\(primary.joined(separator: ", ")))"
        return ["it has \(found), but the sink's is (\(key.joined(separator: ", ")))"]
    }
}

/// A column of the table that is in the database.
private struct PresentColumn {
    let name: String
    let declaration: String
    let isNotNull: Bool
    /// The place in the primary key, from 1; 0 outside it.
    let keyPosition: Int
    let isGenerated: Bool

    static func all(of table: String, in database: Database) throws -> [PresentColumn] {
        let sql = """
            SELECT name, type, "notnull" AS required, pk, hidden FROM pragma_table_xinfo(?)
            """
        return try Row.fetchAll(database, sql: sql, arguments: [table]).map { row in
            PresentColumn(
                name: row["name"], declaration: row["type"], isNotNull: row["required"],
                keyPosition: row["pk"], isGenerated: (row["hidden"] as Int) != 0)
        }
    }

    /// The columns of each unique index that an upsert may be decided by.
    static func uniqueKeys(of table: String, in database: Database) throws -> [[String]] {
        let sql = """
            SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0
            """
        return try String.fetchAll(database, sql: sql, arguments: [table]).compactMap { index in
            // An index over an expression has a nameless column, and decides nothing for us.
            let names = try Optional<String>.fetchAll(
                database, sql: "SELECT name FROM pragma_index_info(?)", arguments: [index])
            let known = names.compactMap(\.self)
            return known.count == names.count ? known : nil
        }
    }
}
