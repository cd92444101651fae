/// What is wrong with a schema, or with a file's header under it.
public enum SchemaError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The schema has no field.
    case noFields(record: String)
    /// The property has no storage in the record: it is computed, observed or in a class.
    case notStored(record: String, field: String)
    /// Two fields can be read under one name.
    case duplicateName(record: String, name: String)
    /// The field has no name.
    case emptyName(record: String)
    /// The record contains records of its own type, so its description has no end.
    case recursive(record: String)
    /// The field is an optional of an optional, which no format can tell apart.
    case doublyOptional(record: String, field: String)
    /// The fields of a `Codable` type could not be found out.
    case unknownFields(record: String, reason: String)
    /// The header lacks a field that must have a value.
    case missingColumn(record: String, field: FieldDescription, header: [String])
    /// Two columns of the header are the same field.
    case ambiguousColumn(record: String, field: String, columns: [String])
    /// The options for reading delimited text contradict each other.
    case invalidOptions(reason: String)

    public var description: String {
        switch self {
        case .noFields(let record):
            "\(record): the schema has no fields. List each stored property as "
                + "`Field(\"name\", \\.property)` in it."
        case .notStored(let record, let field):
            "\(record): field \"\(field)\" is not a stored property of the record, so it cannot be "
                + "written in place. Name a stored `var` without observers, or drop the field."
        case .duplicateName(let record, let name):
            "\(record): the name \"\(name)\" stands for two fields. Give each field names and "
                + "aliases of its own."
        case .emptyName(let record):
            "\(record): a field has an empty name or alias. Give it the name that it has in the "
                + "data."
        case .recursive(let record):
            "\(record): the record contains records of its own type, so its schema has no end. "
                + "Refer to the inner record by its key instead."
        case .doublyOptional(let record, let field):
            "\(record): field \"\(field)\" is an optional of an optional; no format can tell the "
                + "two kinds of missing apart. Make it a plain optional."
        case .unknownFields(let record, let reason):
            "\(record): its fields could not be found out: \(reason). Make \(record) a `Record` "
                + "with a schema, or the type of that field `CaseIterable`."
        case .missingColumn(let record, let field, let header):
            Self.missing(record: record, field: field, header: header)
        case .ambiguousColumn(let record, let field, let columns):
            "\(record): the columns \(Self.list(columns)) all stand for field \"\(field)\". Rename "
                + "one in the file, or remove an alias from the schema."
        case .invalidOptions(let reason):
            "CSV options: \(reason)."
        }
    }

    private static func missing(
        record: String, field: FieldDescription, header: [String]
    ) -> String {
        let aliases =
            field.aliases.isEmpty ? "" : " (nor one of its aliases \(list(field.aliases)))"
        return "\(record): the header has no column \"\(field.name)\"\(aliases); it has "
            + "\(list(header)). Add the column, give the field an alias that is there, or make the "
            + "property optional."
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}
