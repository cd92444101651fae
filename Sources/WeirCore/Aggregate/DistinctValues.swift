/// The different ones of the values seen: a set that hashes integers fast.
///
/// The standard library's sets hash everything with SipHash, 5 ns for an integer and thus half of an insertion.
/// Integers are folded by multiplication here, as keys of streams are, with the seed of the set: which values
/// collide still differs from set to set.
public struct DistinctValues<Value: Hashable & Sendable>: Sendable {
    @usableFromInline var values: Set<QuickHashed>

    /// No value.
    @inlinable public init() { values = [] }

    /// How many there are.
    @inlinable public var count: Int { values.count }

    /// Whether there is none.
    @inlinable public var isEmpty: Bool { values.isEmpty }

    /// Adds a value, if it is not there.
    ///
    /// - Returns: Whether it is new.
    /// - Complexity: O(1) expected.
    @discardableResult
    @inlinable public mutating func insert(_ value: Value) -> Bool {
        values.insert(QuickHashed(value: value)).inserted
    }

    /// Adds the values of another.
    @inlinable public mutating func formUnion(_ other: DistinctValues) {
        values.formUnion(other.values)
    }

    /// Whether a value is there.
    ///
    /// - Complexity: O(1) expected.
    @inlinable public func contains(_ value: Value) -> Bool {
        values.contains(QuickHashed(value: value))
    }

    /// A value with a hash of its own.
    @usableFromInline struct QuickHashed: Hashable, Sendable {
        @usableFromInline let value: Value

        @inlinable @inline(__always) init(value: Value) { self.value = value }

        @inlinable @inline(__always)
        static func == (left: QuickHashed, right: QuickHashed) -> Bool {
            left.value == right.value
        }

        @inlinable func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }

        /// What the standard library's sets ask for, with a seed of their own.
        @inlinable @inline(__always) func _rawHashValue(seed: Int) -> Int {
            // The types are compared at compile time.
            let isWord =
                Value.self == Int.self || Value.self == Int64.self || Value.self == UInt.self
                || Value.self == UInt64.self
            if isWord, MemoryLayout<Value>.size == 8 {
                // SAFETY: an integer of 64 bits.
                let word = unsafeBitCast(value, to: UInt64.self)
                // A set that grows, or takes in another, inserts in the order of the old hashes. Unless those
                // of another seed have quite another order, each insertion passes a longer run than the last
                // one. So the value is mixed before the seed comes to it, and the seed as well, which may be
                // a small number.
                let mixed = StableHasher.fold(word ^ 0x9e37_79b9_7f4a_7c15, 0xa076_1d64_78bd_642f)
                let salt = StableHasher.fold(
                    UInt64(truncatingIfNeeded: seed) ^ 0x1d8e_4e27_c47d_124f, 0xe703_7ed1_a0b4_28db)
                return Int(
                    truncatingIfNeeded: StableHasher.fold(mixed ^ salt, 0x8ebc_6af0_9c88_c6e3))
            }
            return value._rawHashValue(seed: seed)
        }
    }
}

extension DistinctValues: Equatable {}

extension DistinctValues: Sequence {
    /// Goes through the values, in no order.
    public struct Iterator: IteratorProtocol {
        @usableFromInline var base: Set<QuickHashed>.Iterator

        @inlinable init(base: Set<QuickHashed>.Iterator) { self.base = base }

        @inlinable public mutating func next() -> Value? { base.next()?.value }
    }

    @inlinable public func makeIterator() -> Iterator { Iterator(base: values.makeIterator()) }
}

extension DistinctValues: StateComposite {
    /// As a set of the values is kept: an array of them, in the order of their bytes.
    public static func stateCodec() throws -> StateCodec<DistinctValues> {
        try .distinct { elements in
            var values = DistinctValues()
            for element in elements where !values.insert(element) {
                throw StateFormatError.elementTwice()
            }
            return values
        }
    }
}
