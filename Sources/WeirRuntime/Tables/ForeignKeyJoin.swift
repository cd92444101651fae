public import WeirCore
public import WeirState

// A join on a foreign key goes through four operators:
//
//     left changes ──▶ number ─┬─▶ subscribe ──by foreign key──▶ group ──by left key──▶ settle
//                              │                                   ▲                       ▲
//     right changes ───────────┼───────────────by key──────────────┘                       │
//                              └──────────────────────────────────────────by left key──────┘
//
// A left row subscribes with the group of its foreign key, and the group answers with the joined row,
// again whenever the right row changes. While a left row moves from one group to another, answers of both
// are on the way, and one may be on the way for a row that has been deleted. So each change of a left row
// has a number, which answers carry, and the last operator gets the numbered changes too: an answer to
// an older number than the row's, or to one that has been seen and has no row, is out of date.
//
// Source: subscriptions and answers are those of Kafka Streams' foreign-key join (KIP-213), which tells
// stale answers by a hash of the left row.

/// A change of a left row, numbered.
public struct NumberedChange<Key: StreamKey, Row: Sendable>: Sendable {
    @usableFromInline let keyed: KeyedChange<Key, Row>
    @usableFromInline let number: Int

    @inlinable init(_ keyed: KeyedChange<Key, Row>, number: Int) {
        self.keyed = keyed
        self.number = number
    }
}

/// Numbers the changes of one subtask's left rows, so that those of one key grow.
@usableFromInline
final class ChangeCounter {
    @usableFromInline var count = 0
    @inlinable init() {}
}

/// What a left row says to the group of a foreign key.
public struct ForeignSubscription<LeftKey: StreamKey, Left: Sendable, Key: StreamKey>: Sendable {
    @usableFromInline let foreignKey: Key
    @usableFromInline let leftKey: LeftKey
    /// The number of the left row's change.
    @usableFromInline let number: Int
    /// The row; `nil` when it leaves the group.
    @usableFromInline let left: Left?

    @inlinable init(_ foreignKey: Key, _ leftKey: LeftKey, _ number: Int, _ left: Left?) {
        self.foreignKey = foreignKey
        self.leftKey = leftKey
        self.number = number
        self.left = left
    }
}

/// A group's answer to a left row.
public struct ForeignAnswer<LeftKey: StreamKey, Row: Sendable>: Sendable {
    @usableFromInline let leftKey: LeftKey
    @usableFromInline let number: Int
    @usableFromInline let row: Row?

    @inlinable init(_ leftKey: LeftKey, _ number: Int, _ row: Row?) {
        self.leftKey = leftKey
        self.number = number
        self.row = row
    }
}

/// What one change of a left row says, to two groups at most.
public struct ForeignSubscriptions<
    LeftKey: StreamKey, Left: Sendable, Key: StreamKey
>: Sequence, IteratorProtocol, Sendable {
    @usableFromInline var first: ForeignSubscription<LeftKey, Left, Key>?
    @usableFromInline var second: ForeignSubscription<LeftKey, Left, Key>?

    @inlinable init(
        _ change: NumberedChange<LeftKey, Left>, on foreignKey: (Left) throws -> Key
    ) throws {
        let leftKey = change.keyed.key
        let left = try change.keyed.old.map(foreignKey)
        let entered = try change.keyed.new.map(foreignKey)
        if let entered { first = .init(entered, leftKey, change.number, change.keyed.new) }
        if let left, left != entered { second = .init(left, leftKey, change.number, nil) }
    }

    @inlinable public mutating func next() -> ForeignSubscription<LeftKey, Left, Key>? {
        if let next = first.take() { return next }
        return second.take()
    }
}

/// The state of one subtask of a foreign-key join: for each key the right row, and the left rows that
/// refer to it.
@usableFromInline
final class ForeignGroups<
    Key: StreamKey, LeftKey: StreamKey, Left: Sendable, Right: Sendable, Row: Sendable
> {
    @usableFromInline typealias Answer = ForeignAnswer<LeftKey, Row>

    @usableFromInline struct Subscriber {
        @usableFromInline let left: Left
        @usableFromInline let number: Int
        @usableFromInline let time: Timestamp

        @inlinable init(left: Left, number: Int, time: Timestamp) {
            self.left = left
            self.number = number
            self.time = time
        }
    }

    @usableFromInline struct Group {
        @usableFromInline var right: Right?
        @usableFromInline var time: Timestamp
        @usableFromInline var subscribers: [LeftKey: Subscriber]

        @inlinable init(
            right: Right? = nil, time: Timestamp = .earliest,
            subscribers: [LeftKey: Subscriber] = [:]
        ) {
            self.right = right
            self.time = time
            self.subscribers = subscribers
        }
    }

    @usableFromInline let keepsLeft: Bool
    @usableFromInline let join: (LeftKey, Left, Right?) throws -> Row
    @usableFromInline let context: SubtaskContext
    @usableFromInline let next: Step<Answer>
    @usableFromInline let table = StateTable<Key, Group>()
    @usableFromInline let marks: TableMarks
    @usableFromInline var output: Batch<Answer>
    @usableFromInline var nextAnswer = Progress.done
    @usableFromInline var pendingSignal: Signal?
    @usableFromInline var rights = Batch<KeyedChange<Key, Right>>()
    /// The change of `rights` whose group is being told.
    @usableFromInline var row = 0
    /// Where telling the group goes on; `nil` before it has begun.
    @usableFromInline var place: Dictionary<LeftKey, Subscriber>.Index?

    @inlinable init(
        keepsLeft: Bool, _ context: SubtaskContext, into next: Step<Answer>,
        join: @escaping (LeftKey, Left, Right?) throws -> Row
    ) {
        self.keepsLeft = keepsLeft
        self.join = join
        self.context = context
        self.next = next
        output = Batch(capacity: context.batchSize)
        marks = TableMarks(ports: 2, context)
        context.keep("groups", table)
    }

    @inlinable func joined(_ key: LeftKey, _ subscriber: Subscriber, _ right: Right?) throws -> Row?
    {
        right == nil && !keepsLeft ? nil : try join(key, subscriber.left, right)
    }

    // MARK: - The left side

    /// Answers each subscription.
    @inlinable func process(
        left batch: inout Batch<ForeignSubscription<LeftKey, Left, Key>>
    ) throws -> Progress {
        let counters = context.counters
        counters.received.add(batch.count)
        marks.merger.noteRecords(from: 0)
        for row in batch.indices {
            let subscription = batch[row]
            let hash =
                batch.hasHashes ? batch.hash(at: row) : subscription.foreignKey.stableHash
            try answer(subscription, hash, at: batch.time(at: row))
        }
        counters.passed.add(batch.count)
        batch.removeAll()
        return try handOver()
    }

    @inlinable func answer(
        _ subscription: ForeignSubscription<LeftKey, Left, Key>, _ hash: UInt64, at time: Timestamp
    ) throws {
        let key = subscription.leftKey
        let isEmpty = try table.update(
            subscription.foreignKey, hash: hash, initial: { Group() }
        ) { group in
            guard let left = subscription.left else {
                group.subscribers[key] = nil
                return group.right == nil && group.subscribers.isEmpty
            }
            let subscriber = Subscriber(left: left, number: subscription.number, time: time)
            group.subscribers[key] = subscriber
            output.append(
                ForeignAnswer(
                    key, subscription.number, try joined(key, subscriber, group.right)),
                at: max(time, group.time))
            return false
        }
        if isEmpty { try table.remove(subscription.foreignKey, hash: hash) }
    }

    // MARK: - The right side

    /// Tells the groups of changed rows.
    @inlinable func process(right batch: inout Batch<KeyedChange<Key, Right>>) throws -> Progress {
        context.counters.received.add(batch.count)
        context.counters.held.add(batch.count)
        marks.merger.noteRecords(from: 1)
        swap(&rights, &batch)
        return try run()
    }

    @inlinable func run() throws -> Progress {
        var batchesLeft = 32
        while row < rights.count {
            if try tellGroup() {
                row &+= 1
                place = nil
                context.counters.held.add(-1)
                context.counters.passed.add(1)
            }
            guard output.count >= context.batchSize else { continue }
            let progress = try handOver()
            if progress != .done { return progress }
            batchesLeft -= 1
            if batchesLeft == 0 { return .yielded }
        }
        rights.removeAll()
        row = 0
        let progress = try handOver()
        guard progress == .done, let signal = pendingSignal else { return progress }
        pendingSignal = nil
        nextAnswer = try next.signal(signal)
        return nextAnswer
    }

    /// Tells subscribers until the output is full; answers whether all have been told.
    @inlinable func tellGroup() throws -> Bool {
        let change = rights[row]
        let hash = rights.hasHashes ? rights.hash(at: row) : change.key.stableHash
        let time = rights.time(at: row)
        let (isTold, isEmpty) = try table.update(
            change.key, hash: hash, initial: { Group() }
        ) { group in
            if place == nil {
                group.right = change.new
                if time > group.time { group.time = time }
            }
            var index = place ?? group.subscribers.startIndex
            while index < group.subscribers.endIndex && output.count < context.batchSize {
                let (key, subscriber) = group.subscribers[index]
                output.append(
                    ForeignAnswer(
                        key, subscriber.number, try joined(key, subscriber, group.right)),
                    at: max(subscriber.time, group.time))
                group.subscribers.formIndex(after: &index)
            }
            place = index
            return (
                index == group.subscribers.endIndex,
                group.right == nil && group.subscribers.isEmpty
            )
        }
        if isTold && isEmpty { try table.remove(change.key, hash: hash) }
        return isTold
    }

    // MARK: - Marks

    @inlinable func signal(_ signal: Signal, from port: Int) throws -> Progress {
        guard let merged = marks.merger.note(signal, from: port) else { return .done }
        pendingSignal = merged
        return try run()
    }

    @inlinable func resume() throws -> Progress {
        if nextAnswer != .done { nextAnswer = try next.resume() }
        return nextAnswer == .done ? try run() : nextAnswer
    }

    @inlinable func handOver() throws -> Progress {
        if output.isEmpty { return .done }
        context.counters.emitted.add(output.count)
        nextAnswer = try next.process(&output)
        return nextAnswer
    }
}
