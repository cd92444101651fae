import WeirCore

extension SQLiteTable {
    /// Checks what the job says of the table, without looking at the file.
    func checkDefinition() throws(SQLiteSinkError) {
        guard !path.isEmpty, path != ":memory:" else {
            throw .invalidPath(path: path, table: table)
        }
        let folded = table.foldedName
        guard !table.isEmpty, !folded.hasPrefix("sqlite_"), !folded.hasPrefix("weir_staged_"),
            folded != SQLiteStaging.epochsTable
        else {
            throw .invalidTable(path: path, table: table)
        }
        do {
            try format.validate()
        } catch {
            throw .unusableRecord(path: path, table: table, reason: "\(error)")
        }
        if isUpserting, key.isEmpty { throw .noKey(path: path, table: table) }
        try checkColumns()
        try checkKey()
    }

    private func checkColumns() throws(SQLiteSinkError) {
        var seen: [String: String] = [:]
        for field in fields {
            if let other = seen.updateValue(field.name, forKey: field.name.foldedName) {
                throw .repeatedColumn(path: path, table: table, fields: [other, field.name])
            }
        }
    }

    private func checkKey() throws(SQLiteSinkError) {
        var seen = Set<String>()
        for key in key {
            guard let field = fields.first(where: { $0.name == key }) else {
                throw .unknownKey(path: path, table: table, key: key, fields: fields.map(\.name))
            }
            if field.isOptional { throw .optionalKey(path: path, table: table, key: key) }
            if !seen.insert(key).inserted {
                throw .repeatedKey(path: path, table: table, key: key)
            }
        }
    }
}
