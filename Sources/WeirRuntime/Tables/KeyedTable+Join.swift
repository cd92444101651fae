public import WeirCore
public import WeirGraph

extension KeyedTable {
    /// The table of a row for each key that both tables have, made from the rows of both.
    ///
    /// A change of either side changes the row. State is kept for the keys that either table has;
    /// it goes with their rows.
    ///
    /// - Parameters:
    ///   - other: A table with the same type of key.
    ///   - emitting: How many changes may become one.
    ///   - name: The operator's name; its state is saved under it.
    ///   - row: Makes the row.
    @inlinable
    public func joined<Other: Sendable, Output: Sendable>(
        with other: KeyedTable<Key, Other>, emitting: UpdateCoalescing = .automatic,
        as name: String, _ row: @escaping @Sendable (Key, Row, Other) throws -> Output
    ) -> KeyedTable<Key, Output> {
        tableJoined(.inner, with: other, emitting: emitting, as: name) { key, left, right in
            guard let left, let right else { throw JoinSideMissing() }
            return try row(key, left, right)
        }
    }

    /// Like ``joined(with:emitting:as:_:)``, and a key that this table alone has a row too.
    @inlinable
    public func leftJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedTable<Key, Other>, emitting: UpdateCoalescing = .automatic,
        as name: String, _ row: @escaping @Sendable (Key, Row, Other?) throws -> Output
    ) -> KeyedTable<Key, Output> {
        tableJoined(.left, with: other, emitting: emitting, as: name) { key, left, right in
            guard let left else { throw JoinSideMissing() }
            return try row(key, left, right)
        }
    }

    /// Like ``joined(with:emitting:as:_:)``, and a key that `other` alone has a row too.
    @inlinable
    public func rightJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedTable<Key, Other>, emitting: UpdateCoalescing = .automatic,
        as name: String, _ row: @escaping @Sendable (Key, Row?, Other) throws -> Output
    ) -> KeyedTable<Key, Output> {
        tableJoined(.right, with: other, emitting: emitting, as: name) { key, left, right in
            guard let right else { throw JoinSideMissing() }
            return try row(key, left, right)
        }
    }

    /// Like ``joined(with:emitting:as:_:)``, and a key that either table alone has a row too; never
    /// are both sides `nil`.
    @inlinable
    public func fullJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedTable<Key, Other>, emitting: UpdateCoalescing = .automatic,
        as name: String, _ row: @escaping @Sendable (Key, Row?, Other?) throws -> Output
    ) -> KeyedTable<Key, Output> {
        tableJoined(.full, with: other, emitting: emitting, as: name, row)
    }

    @inlinable
    func tableJoined<Other: Sendable, Output: Sendable>(
        _ kind: JoinKind, with other: KeyedTable<Key, Other>, emitting: UpdateCoalescing,
        as name: String, _ row: @escaping @Sendable (Key, Row?, Other?) throws -> Output
    ) -> KeyedTable<Key, Output> {
        let body = TransformBody { context, outputs, _ in
            let state = TableState(
                JoinTable<Key, Row, Other, Output>(kind, row: row), keeping: .forever,
                emitting: emitting, context: context, into: try outputs.step(0))
            let (left, right) = joinTableSteps(state)
            return [AnyStep(left), AnyStep(right)]
        }
        let id = job.addTable(
            .join, as: name, keeping: .forever, emitting: emitting,
            inputs: [
                changeStream.keyed(by: \.key).edge(toPort: 0),
                other.changeStream.keyed(by: \.key).edge(toPort: 1),
            ], outputType: KeyedChange<Key, Output>.self, body: body)
        return KeyedTable<Key, Output>(
            trusting: DataStream(job: job, output: OutputReference(id)))
    }
}
