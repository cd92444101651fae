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

    /// Adds a value, if it is not there.
    ///
    /// - Complexity: O(1) expected.
    @inlinable public mutating func insert(_ value: Value) {
        values.insert(QuickHashed(value: value))
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

extension DistinctValues: StateComposite {
    /// Kept as a set of the values is.
    public static func stateCodec() throws -> StateCodec<DistinctValues> {
        try StateCodec<Set<Value>>.find()
            .map(from: { all in Set(all.values.lazy.map(\.value)) }) { set in
                var all = DistinctValues()
                for value in set { all.insert(value) }
                return all
            }
    }
}
