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
            return table.views(kind)
        }
    }

    /// Has slices looked into by those who ask for the operator's state.
    public func show<Key: StreamKey, Accumulator>(
        _ kind: String, _ store: SliceStore<Key, Accumulator>
    ) {
        state.add { [weak store] in
            store?.live.flatMap { slice in
                slice.table.views("\(kind) \(slice.start)")
            } ?? []
        }
    }
}

extension StateTable {
    /// What is kept of each key, as text. One whose page cannot be loaded shows why.
    ///
    /// - Parameters:
    ///   - kind: What the table holds, in a word or two: `windows`.
    ///   - shown: What is shown of a value; `nil`: all of it.
    public func views(
        _ kind: String, _ shown: ((borrowing Value) -> String)? = nil
    ) -> [StateViews.Entry] {
        (0..<count).map { number in
            do {
                return try readEntry(number) { key, value in
                    guard let shown else {
                        return StateViews.Entry(kind: kind, key: key, value: copy value)
                    }
                    return StateViews.Entry(kind: kind, key: key, value: shown(value))
                }
            } catch {
                return StateViews.Entry(kind: kind, key: "entry \(number)", value: error)
            }
        }
    }
}
