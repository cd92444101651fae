public import WeirCore

extension SQLiteTable where Row: Record {
    /// Upserts records into a table, by the fields at these key paths.
    ///
    /// ```swift
    /// SQLiteTable("out.db", table: "hourly_delay", key: \.origin, \.hour)
    /// ```
    ///
    /// - Parameters:
    ///   - path: The file; made if it is absent, with its directories.
    ///   - table: The table; made if it is absent.
    ///   - first: The first key field, which must not be optional. A path to anything but a field of
    ///     the schema is reported by ``validate()``.
    ///   - rest: The other key fields.
    ///   - existing: What happens to the rows that are there.
    ///   - busyTimeout: How long to wait for another connection's lock.
    public init(
        _ path: String, table: String, key first: PartialKeyPath<Row>,
        _ rest: PartialKeyPath<Row>..., existing: SQLiteExistingRows = .keep,
        busyTimeout: Duration = .seconds(5)
    ) {
        self.init(
            path, table: table, keys: [first] + rest, existing: existing, busyTimeout: busyTimeout)
    }

    /// Upserts records into a table, by the fields at these key paths, of which there is at least
    /// one: for a function that was given them and hands them on.
    public init(
        _ path: String, table: String, keys: [PartialKeyPath<Row>],
        existing: SQLiteExistingRows = .keep, busyTimeout: Duration = .seconds(5)
    ) {
        self.init(
            path: path, table: table, keyPaths: keys, existing: existing, busyTimeout: busyTimeout,
            format: RowFormat<Row>())
    }

    /// Upserts records into a table, by the fields of these names.
    ///
    /// As the other, with the fields' names in the schema for key paths.
    public init(
        _ path: String, table: String, key first: String, _ rest: String...,
        existing: SQLiteExistingRows = .keep, busyTimeout: Duration = .seconds(5)
    ) {
        self.init(
            path: path, table: table, key: [first] + rest, existing: existing,
            busyTimeout: busyTimeout, format: RowFormat<Row>())
    }

    /// Appends records to a table without a key.
    ///
    /// Records written again after a failure are there twice.
    ///
    /// - Parameters:
    ///   - path: The file; made if it is absent, with its directories.
    ///   - table: The table; made if it is absent.
    ///   - existing: What happens to the rows that are there.
    ///   - busyTimeout: How long to wait for another connection's lock.
    public init(
        appendingTo path: String, table: String, existing: SQLiteExistingRows = .keep,
        busyTimeout: Duration = .seconds(5)
    ) {
        self.init(
            path: path, table: table, key: [], existing: existing, busyTimeout: busyTimeout,
            format: RowFormat<Row>(), isUpserting: false)
    }
}

extension SQLiteTable {
    /// Turns key paths into names; one that is no field keeps its own text, for the message.
    init(
        path: String, table: String, keyPaths: [PartialKeyPath<Row>], existing: SQLiteExistingRows,
        busyTimeout: Duration, format: RowFormat<Row>
    ) {
        self.init(
            path: path, table: table,
            key: keyPaths.map { format.fieldName(at: $0) ?? $0.debugDescription },
            existing: existing, busyTimeout: busyTimeout, format: format)
    }
}
