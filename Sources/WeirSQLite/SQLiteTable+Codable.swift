import WeirCore

// Disfavoured, so that a record which is `Codable` besides is written by its schema.
extension SQLiteTable where Row: Codable {
    /// Upserts rows of a `Codable` type into a table, by the properties at these key paths.
    ///
    /// As for a `Record`. A key path finds its column by the property's name; where the type's
    /// `CodingKeys` give a property another name, name the key by text.
    ///
    /// - Parameters:
    ///   - path: The file; made if it is absent, with its directories.
    ///   - table: The table; made if it is absent.
    ///   - first: The first key property, which must not be optional.
    ///   - rest: The other key properties.
    ///   - existing: What happens to the rows that are there.
    ///   - busyTimeout: How long to wait for another connection's lock.
    @_disfavoredOverload
    public init(
        _ path: String, table: String, key first: PartialKeyPath<Row>,
        _ rest: PartialKeyPath<Row>..., existing: SQLiteExistingRows = .keep,
        busyTimeout: Duration = .seconds(5)
    ) {
        self.init(
            path, table: table, keys: [first] + rest, existing: existing, busyTimeout: busyTimeout)
    }

    /// Upserts rows of a `Codable` type into a table, by the properties at these key paths, of which
    /// there is at least one: for a function that was given them and hands them on.
    @_disfavoredOverload
    public init(
        _ path: String, table: String, keys: [PartialKeyPath<Row>],
        existing: SQLiteExistingRows = .keep, busyTimeout: Duration = .seconds(5)
    ) {
        self.init(
            path: path, table: table, keyPaths: keys, existing: existing, busyTimeout: busyTimeout,
            format: RowFormat<Row>())
    }

    /// Upserts rows of a `Codable` type into a table, by the coding keys of these names.
    @_disfavoredOverload
    public init(
        _ path: String, table: String, key first: String, _ rest: String...,
        existing: SQLiteExistingRows = .keep, busyTimeout: Duration = .seconds(5)
    ) {
        self.init(
            path: path, table: table, key: [first] + rest, existing: existing,
            busyTimeout: busyTimeout, format: RowFormat<Row>())
    }

    /// Appends rows of a `Codable` type to a table without a key.
    ///
    /// Without checkpoints, rows of a job that is run again after a failure are there twice.
    @_disfavoredOverload
    public init(
        appendingTo path: String, table: String, existing: SQLiteExistingRows = .keep,
        busyTimeout: Duration = .seconds(5)
    ) {
        self.init(
            path: path, table: table, key: [], existing: existing, busyTimeout: busyTimeout,
            format: RowFormat<Row>(), isUpserting: false)
    }
}
