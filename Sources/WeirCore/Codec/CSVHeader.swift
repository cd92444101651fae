/// Which field stands in which column of a delimited file.
struct CSVHeader: Sendable {
    /// For each column the index of its field, or `nil` where no field wants it.
    let fields: [Int?]

    /// Maps the columns of `header` to `fields`, by name or alias.
    ///
    /// - Throws: ``SchemaError/missingColumn(record:field:header:)`` for a field that must have a
    ///   value, ``SchemaError/ambiguousColumn(record:field:columns:)`` where two columns are one field.
    init(
        _ header: [String], fields: [FieldDescription], typeName: String
    ) throws(SchemaError) {
        var owners: [String: Int] = [:]
        for (index, field) in fields.enumerated() {
            for name in [field.name] + field.aliases { owners[name] = index }
        }
        var columns: [Int?] = []
        var taken: [Int: String] = [:]
        for (position, title) in header.enumerated() {
            let name = Self.bare(title, isFirst: position == 0)
            let owner = owners[name]
            columns.append(owner)
            guard let owner else { continue }
            if let earlier = taken.updateValue(name, forKey: owner) {
                throw .ambiguousColumn(
                    record: typeName, field: fields[owner].name, columns: [earlier, name])
            }
        }
        for (index, field) in fields.enumerated() where taken[index] == nil && !field.isOptional {
            throw .missingColumn(record: typeName, field: field, header: header)
        }
        self.fields = columns
    }

    /// The title without the byte order mark that some writers put before the first.
    private static func bare(_ title: String, isFirst: Bool) -> String {
        guard isFirst, title.unicodeScalars.first == "\u{FEFF}" else { return title }
        return String(title.unicodeScalars.dropFirst())
    }
}
