public import WeirCore

extension SubtaskContext {
    /// Has a table looked into by those who ask for the operator's state.
    ///
    /// The table is not kept alive: what has been released shows as nothing.
    ///
    /// - Parameter kind: What the table holds, in a word or two: `windows`.
    public func show<Key: StreamKey, Value>(_ kind: String, _ table: StateTable<Key, Value>) {
        state.add { [weak table] in
            guard let table else { return [] }
            return (0..<table.count).map { number in
                table.withEntry(number) { StateViews.Entry(kind: kind, key: $0, value: $1) }
            }
        }
    }

    /// Has slices looked into by those who ask for the operator's state.
    public func show<Key: StreamKey, Accumulator>(
        _ kind: String, _ store: SliceStore<Key, Accumulator>
    ) {
        state.add { [weak store] in
            store?.live.flatMap { slice in
                (0..<slice.table.count).map { number in
                    slice.table.withEntry(number) {
                        StateViews.Entry(
                            kind: "\(kind) \(slice.start)", key: $0, value: $1)
                    }
                }
            } ?? []
        }
    }
}
