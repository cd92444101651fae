/// The first k records by an order of their own: the k largest, the k worst, the k newest.
///
/// When the order is total (no two different records are equal in it), the result does not depend
/// on arrival or merging. Otherwise any of the records that tie at the end may be among the k: give
/// a second key to decide between them.
///
/// Memory: at most 2k records. Time: O(log k) a record, amortised; for most records of a long
/// stream one comparison.
public struct TopK<Input: Sendable>: Aggregate {
    @usableFromInline let k: Int
    @usableFromInline let isRanked: (@Sendable (Input) -> Bool)?
    @usableFromInline let comesFirst: @Sendable (Input, Input) -> Bool

    /// Keeps the `k` records that come first in an order.
    ///
    /// - Parameter comesFirst: Whether its first argument ranks strictly before its second.
    /// - Precondition: `k` is not negative.
    @inlinable public init(
        _ k: Int, order comesFirst: @escaping @Sendable (Input, Input) -> Bool
    ) {
        self.init(k, isRanked: nil, order: comesFirst)
    }

    /// Keeps the `k` records with the largest `value`; which of equal ones, is left open.
    ///
    /// Records without a value (`nil`, or not a number) are left out.
    ///
    /// - Precondition: `k` is not negative.
    @inlinable public init<Value: Comparable & Sendable>(
        _ k: Int, by value: @escaping @Sendable (Input) -> Value?
    ) {
        self.init(
            k, isRanked: { Self.isComparable(value($0)) },
            order: { left, right in
                guard let left = value(left), let right = value(right) else { return false }
                return left > right
            })
    }

    /// Keeps the `k` records with the largest `value`, of equal ones those with the smallest `tie`:
    /// `TopK(3, by: \.delay, ties: \.carrier)`.
    ///
    /// Records without a value (`nil`, or not a number) are left out.
    ///
    /// - Precondition: `k` is not negative.
    @inlinable public init<Value: Comparable & Sendable, Tie: Comparable & Sendable>(
        _ k: Int, by value: @escaping @Sendable (Input) -> Value?,
        ties tie: @escaping @Sendable (Input) -> Tie
    ) {
        self.init(
            k, isRanked: { Self.isComparable(value($0)) },
            order: { left, right in
                guard let leftValue = value(left), let rightValue = value(right) else {
                    return false
                }
                if leftValue == rightValue { return tie(left) < tie(right) }
                return leftValue > rightValue
            })
    }

    @inlinable init(
        _ k: Int, isRanked: (@Sendable (Input) -> Bool)?,
        order comesFirst: @escaping @Sendable (Input, Input) -> Bool
    ) {
        precondition(k >= 0, "TopK cannot keep \(k) records")
        self.k = k
        self.isRanked = isRanked
        self.comesFirst = comesFirst
    }

    /// Whether there is a value, and it equals itself, as all but not-a-number do.
    @inlinable static func isComparable<Value: Comparable>(_ value: Value?) -> Bool {
        guard let value else { return false }
        return value == value
    }

    /// The records that may still be among the first k.
    public struct Accumulator: Sendable {
        @usableFromInline var candidates: [Input] = []
        /// Whether the k-th of `candidates` is a bar that newcomers must clear.
        @usableFromInline var hasBar = false

        @inlinable init() {}
    }

    @inlinable public func makeAccumulator() -> Accumulator { Accumulator() }

    @inlinable public func add(_ record: Input, to accumulator: inout Accumulator) {
        guard k > 0 else { return }
        if accumulator.hasBar {
            // What has no value comes first of nothing.
            guard comesFirst(record, accumulator.candidates[k - 1]) else { return }
        } else if let isRanked, !isRanked(record) {
            return
        }
        accumulator.candidates.append(record)
        if accumulator.candidates.count - k >= k { prune(&accumulator) }
    }

    @inlinable public func merge(_ other: Accumulator, into accumulator: inout Accumulator) {
        for record in other.candidates { add(record, to: &accumulator) }
    }

    /// The records, the first in the order first; fewer than k when there were fewer.
    @inlinable public func result(of accumulator: Accumulator) -> [Input] {
        Array(accumulator.candidates.sorted(by: comesFirst).prefix(k))
    }

    @inlinable func prune(_ accumulator: inout Accumulator) {
        accumulator.candidates.sort(by: comesFirst)
        accumulator.candidates.removeLast(accumulator.candidates.count - k)
        accumulator.hasBar = true
    }
}

extension TopK.Accumulator: StateComposite {
    /// The candidates alone: whether one of them is a bar depends on k, which may have changed, and a
    /// bar that is not there costs a few more candidates.
    public static func stateCodec() throws -> StateCodec<Self> {
        try .record("TopK", StateField("candidates") { $0.candidates }) { candidates in
            var accumulator = Self()
            accumulator.candidates = candidates
            return accumulator
        }
    }
}
