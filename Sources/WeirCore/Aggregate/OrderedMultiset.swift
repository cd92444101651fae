/// Values in ascending order, each with the number of times that it is there.
///
/// An array of sorted chunks of at most 128 different values: adding and taking out moves one chunk's
/// values and no others, and there is nothing but arrays to keep and to copy.
///
/// Shape: `count` values, of which `distinctCount` are different.
public struct OrderedMultiset<Value: Comparable> {
    @usableFromInline struct Member {
        @usableFromInline let value: Value
        @usableFromInline var count: Int
        @inlinable init(_ value: Value) {
            self.value = value
            count = 1
        }
    }

    @usableFromInline var chunks = ContiguousArray<ContiguousArray<Member>>()
    /// The number of values, equal ones counted each.
    @inlinable public var count: Int { total }
    /// The number of different values.
    @inlinable public var distinctCount: Int { distinctTotal }
    @usableFromInline var total = 0
    @usableFromInline var distinctTotal = 0

    @inlinable static var chunkLimit: Int { 128 }

    /// Makes a set without values.
    @inlinable public init() {}

    /// Whether it holds no value.
    @inlinable public var isEmpty: Bool { count == 0 }
    /// The smallest value; `nil` when there is none. O(1).
    @inlinable public var first: Value? { chunks.first?.first?.value }
    /// The largest value; `nil` when there is none. O(1).
    @inlinable public var last: Value? { chunks.last?.last?.value }

    /// All values in ascending order, equal ones each. O(n).
    @inlinable public var values: [Value] {
        var all: [Value] = []
        all.reserveCapacity(count)
        for chunk in chunks {
            for member in chunk {
                for _ in 0..<member.count { all.append(member.value) }
            }
        }
        return all
    }

    /// Adds a value once.
    ///
    /// - Precondition: The value equals itself: a number that is not one has no place in an order.
    /// - Complexity: O(log n) comparisons, and O(n/128) when a chunk is split.
    @inlinable public mutating func insert(_ value: Value) {
        precondition(value == value, "a value that does not equal itself cannot be ordered")
        total += 1
        guard !chunks.isEmpty else {
            chunks.append([Member(value)])
            distinctTotal = 1
            return
        }
        let chunk = min(chunkIndex(for: value), chunks.count - 1)
        let place = Self.place(of: value, in: chunks[chunk])
        if place < chunks[chunk].count, chunks[chunk][place].value == value {
            chunks[chunk][place].count += 1
            return
        }
        distinctTotal += 1
        chunks[chunk].insert(Member(value), at: place)
        if chunks[chunk].count > Self.chunkLimit { split(chunk) }
    }

    /// Takes a value out once.
    ///
    /// - Returns: Whether it was there.
    /// - Complexity: O(log n) comparisons, and O(n/128) when a chunk becomes empty.
    @discardableResult
    @inlinable public mutating func remove(_ value: Value) -> Bool {
        let chunk = chunkIndex(for: value)
        guard chunk < chunks.count else { return false }
        let place = Self.place(of: value, in: chunks[chunk])
        guard place < chunks[chunk].count, chunks[chunk][place].value == value else { return false }
        total -= 1
        if chunks[chunk][place].count > 1 {
            chunks[chunk][place].count -= 1
            return true
        }
        distinctTotal -= 1
        chunks[chunk].remove(at: place)
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
        return true
    }

    /// Adds all values of another set.
    @inlinable public mutating func formUnion(_ other: OrderedMultiset) {
        for value in other.values { insert(value) }
    }

    /// The first chunk whose last value is not below `value`; `chunks.count` when there is none.
    @inlinable func chunkIndex(for value: Value) -> Int {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            // No chunk is empty.
            if let last = chunks[middle].last, last.value < value {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The first place in a chunk whose value is not below `value`.
    @inlinable static func place(of value: Value, in chunk: ContiguousArray<Member>) -> Int {
        var low = 0
        var high = chunk.count
        while low < high {
            let middle = (low + high) / 2
            if chunk[middle].value < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    @inlinable mutating func split(_ chunk: Int) {
        let half = chunks[chunk].count / 2
        chunks.insert(ContiguousArray(chunks[chunk][half...]), at: chunk + 1)
        chunks[chunk].removeSubrange(half...)
    }
}

extension OrderedMultiset.Member: Sendable where Value: Sendable {}
extension OrderedMultiset: Sendable where Value: Sendable {}

extension OrderedMultiset: StateComposite {
    /// The members in ascending order, each with its number.
    public static func stateCodec() throws -> StateCodec<OrderedMultiset> {
        try StateCodec<[CountedMember<Value>]>.find().map(
            sharing: { (set: OrderedMultiset) in
                set.chunks.joined().map { CountedMember(value: $0.value, count: $0.count) }
            }, { try OrderedMultiset(ascending: $0) })
    }

    private init(ascending members: [CountedMember<Value>]) throws {
        for (left, right) in zip(members, members.dropFirst()) where !(left.value < right.value) {
            throw StateFormatError("the values of an ordered set are not in ascending order")
        }
        guard members.allSatisfy({ $0.count > 0 && $0.value == $0.value }) else {
            throw StateFormatError("an ordered set has a value that is not there")
        }
        total = try Int(summing: members.map(\.count))
        distinctTotal = members.count
        for start in stride(from: 0, to: members.count, by: Self.chunkLimit) {
            let end = Swift.min(start + Self.chunkLimit, members.count)
            chunks.append(
                ContiguousArray(
                    members[start..<end].map { counted in
                        var member = Member(counted.value)
                        member.count = counted.count
                        return member
                    }))
        }
    }
}

/// What a member of an ordered set is written as.
private struct CountedMember<Value>: StateComposite {
    let value: Value
    let count: Int

    static func stateCodec() throws -> StateCodec<CountedMember> {
        try .record("Member", StateField("value") { $0.value }, StateField("count") { $0.count }) {
            CountedMember(value: $0, count: $1)
        }
    }
}
