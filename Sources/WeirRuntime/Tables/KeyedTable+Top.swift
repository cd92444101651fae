public import WeirCore
public import WeirGraph

extension KeyedTable where Key: Comparable {
    /// A table of the best `limit` of this table's rows in each group, one row for each place: rank 1
    /// has the largest `value`, and of rows with equal values the one with the smallest key ranks first.
    ///
    /// Follows this table: when a row's value changes, or the row goes, others move up or down. So all
    /// rows are kept in order, and not the best alone. Rows without a value (`nil`, or not a number)
    /// are not ranked.
    ///
    /// - Parameters:
    ///   - value: What rows are ranked by.
    ///   - group: What rows are ranked within.
    ///   - emitting: How many changes may become one.
    ///   - name: The operator's name; its state is saved under it.
    /// - Complexity: O(log n) for each change of a row, and O(`limit`) for each group whose changes
    ///   are put out; n is the number of rows in the group.
    @inlinable
    public func topN<Value: Comparable & SendableMetatype, Group: StreamKey>(
        _ limit: Int, by value: @escaping @Sendable (Row) throws -> Value?,
        in group: @escaping @Sendable (Row) throws -> Group,
        emitting: UpdateCoalescing = .automatic, as name: String
    ) -> KeyedTable<RankedKey<Group>, Row> {
        let regrouped:
            @Sendable (KeyedChange<Key, Row>) throws -> RegroupedChange<Group, KeyedRow<Key, Row>> =
                { change in
                    let keyed = change.change.map { KeyedRow(key: change.key, row: $0) }
                    return try RegroupedChange(keyed) { try group($0.row) }
                }
        return changes().flatMap(regrouped).keyed(by: \.key).tabled(
            .ranked, keeping: .forever, emitting: emitting, as: name,
            fold: topOfTableFold(TopOfTable<Group, Key, Value, Row>.self)
        ) {
            TopOfTable(limit: limit, value: value)
        }.checkingLimit(limit)
    }
}

extension KeyedTable {
    /// Reports a ranking of no rows.
    @usableFromInline func checkingLimit(_ limit: Int) -> Self {
        if limit < 1 {
            job.report(
                GraphProblem(
                    changeStream.output.operatorID, "it ranks the best \(limit)",
                    mend: "Rank at least one"))
        }
        return self
    }
}
