public import WeirCore
public import WeirGraph

extension KeyedTable {
    /// The table of this table's rows, each with the row of `other` whose key it names; rows that name
    /// none that is there do not appear.
    ///
    /// A change of a row of `other` changes all rows that name it. Both tables are kept in memory once
    /// more, this one by the key that its rows name, and the result is kept by its key.
    ///
    /// - Parameters:
    ///   - other: The table whose keys are named.
    ///   - foreignKey: The key that a row of this table names.
    ///   - emitting: How many changes of a row of the result may become one.
    ///   - name: The operators' name; their state is saved under it, and it with `-changes` and
    ///     `-groups`.
    ///   - row: Makes the row.
    @inlinable
    public func joined<Other: Sendable, OtherKey: StreamKey, Output: Sendable>(
        with other: KeyedTable<OtherKey, Other>,
        on foreignKey: @escaping @Sendable (Row) throws -> OtherKey,
        emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, Row, Other) throws -> Output
    ) -> KeyedTable<Key, Output> {
        foreignJoined(
            .inner, with: other, on: foreignKey, emitting: emitting, as: name
        ) { key, left, right in
            guard let right else { throw JoinSideMissing() }
            return try row(key, left, right)
        }
    }

    /// Like ``joined(with:on:emitting:as:_:)``, and rows that name none that is there appear with
    /// `nil`.
    @inlinable
    public func leftJoined<Other: Sendable, OtherKey: StreamKey, Output: Sendable>(
        with other: KeyedTable<OtherKey, Other>,
        on foreignKey: @escaping @Sendable (Row) throws -> OtherKey,
        emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, Row, Other?) throws -> Output
    ) -> KeyedTable<Key, Output> {
        foreignJoined(
            .left, with: other, on: foreignKey, emitting: emitting, as: name, row)
    }

    @inlinable
    func foreignJoined<Other: Sendable, OtherKey: StreamKey, Output: Sendable>(
        _ kind: JoinKind, with other: KeyedTable<OtherKey, Other>,
        on foreignKey: @escaping @Sendable (Row) throws -> OtherKey,
        emitting: UpdateCoalescing, as name: String,
        _ row: @escaping @Sendable (Key, Row, Other?) throws -> Output
    ) -> KeyedTable<Key, Output> {
        let numbered = self.numbered(as: "\(name)-changes")
        let body = TransformBody { context, outputs, _ in
            let groups = ForeignGroups<OtherKey, Key, Row, Other, Output>(
                keepsLeft: kind.keepsLeft, context, into: try outputs.step(0), join: row)
            return [AnyStep(groupsLeftStep(groups)), AnyStep(groupsRightStep(groups))]
        }
        let groups = job.add(
            .join, as: "\(name)-groups", detail: "\(kind.rawValue), on a foreign key",
            inputs: [
                numbered.flatMap { try ForeignSubscriptions($0, on: foreignKey) }
                    .keyed(by: \.foreignKey).edge(toPort: 0),
                other.changes().keyed(by: \.key).edge(toPort: 1),
            ], outputTypes: [ForeignAnswer<Key, Output>.self], needsWatermarks: false,
            body: .transform(body))
        return settled(
            numbered, DataStream(job: job, output: OutputReference(groups)), emitting: emitting,
            as: name)
    }

    /// This table's changes, numbered by the subtasks that own their keys.
    @inlinable
    func numbered(as name: String) -> DataStream<NumberedChange<Key, Row>> {
        let body = TransformBody { context, outputs, _ in
            let next: Step<NumberedChange<Key, Row>> = try outputs.step(0)
            let counter = ChangeCounter()
            context.keepGreatest("changes", of: counter, \.count)
            return [
                AnyStep(
                    mapStep(context, into: next) { (change: KeyedChange<Key, Row>) in
                        counter.count += 1
                        return NumberedChange(change, number: counter.count)
                    })
            ]
        }
        let id = job.add(
            .map, as: name, detail: "numbers changes",
            inputs: [changes().keyed(by: \.key).edge()],
            outputTypes: [NumberedChange<Key, Row>.self], body: .transform(body))
        return DataStream(job: job, output: OutputReference(id))
    }

    /// The table that the answers to numbered changes make.
    @inlinable
    func settled<Output: Sendable>(
        _ numbered: DataStream<NumberedChange<Key, Row>>,
        _ answers: DataStream<ForeignAnswer<Key, Output>>, emitting: UpdateCoalescing,
        as name: String
    ) -> KeyedTable<Key, Output> {
        let body = TransformBody { context, outputs, _ in
            let settled = SettledTable<Key, Output>()
            context.keepGreatest("seen", of: settled.seen, \.count)
            let state = TableState(
                settled, keeping: .forever, emitting: emitting,
                context: context, into: try outputs.step(0))
            let steps = settledTableSteps(state, Row.self)
            return [AnyStep(steps.changes), AnyStep(steps.answers)]
        }
        let id = job.addTable(
            .join, as: name, keeping: .forever, emitting: emitting,
            inputs: [
                numbered.keyed(by: \.keyed.key).edge(toPort: 0),
                answers.keyed(by: \.leftKey).edge(toPort: 1),
            ], outputType: KeyedChange<Key, Output>.self, body: body)
        return KeyedTable<Key, Output>(
            trusting: DataStream(job: job, output: OutputReference(id)))
    }
}

/// Makes the step of a foreign-key join's left side.
@inlinable
func groupsLeftStep<Key, LeftKey, Left, Right, Row>(
    _ groups: ForeignGroups<Key, LeftKey, Left, Right, Row>
) -> Step<ForeignSubscription<LeftKey, Left, Key>> {
    let context = groups.context
    return Step(
        process: { batch in try context.attributing { try groups.process(left: &batch) } },
        signal: { signal in try context.attributing { try groups.signal(signal, from: 0) } },
        resume: { try context.attributing { try groups.resume() } })
}

/// Makes the step of its right side.
@inlinable
func groupsRightStep<Key, LeftKey, Left, Right, Row>(
    _ groups: ForeignGroups<Key, LeftKey, Left, Right, Row>
) -> Step<KeyedChange<Key, Right>> {
    let context = groups.context
    return Step(
        process: { batch in try context.attributing { try groups.process(right: &batch) } },
        signal: { signal in try context.attributing { try groups.signal(signal, from: 1) } },
        resume: { try context.attributing { try groups.resume() } })
}
