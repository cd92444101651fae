import Foundation

/// A value that streams can be keyed by: equal values have equal hashes, in every process.
///
/// `Hasher` is seeded anew in each process, so state keyed by it could not be found again after a
/// restart. The hash here is specified: 64-bit words are folded by multiplication to 128 bits, as in
/// wyhash (Wang Yi, 2019); strings and bytes are folded as their UTF-8, eight bytes at a time.
public protocol StreamKey: Hashable, Sendable {
    /// Folds this value into `hasher`.
    func hash(into hasher: inout StableHasher)
}

/// Computes the stable hash of a key.
public struct StableHasher: Sendable {
    @usableFromInline var state: UInt64

    /// Starts a hash of nothing.
    @inlinable public init() { state = 0x9e37_79b9_7f4a_7c15 }

    /// Folds in one word.
    @inlinable public mutating func combine(_ word: UInt64) {
        state = Self.fold(state ^ word, 0xa076_1d64_78bd_642f)
    }

    /// Folds in bytes, and their number.
    @inlinable public mutating func combine(bytes: UnsafeRawBufferPointer) {
        var offset = 0
        let count = bytes.count
        while offset &+ 8 <= count {
            combine(
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset &+= 8
        }
        var tail: UInt64 = 0
        var shift: UInt64 = 0
        while offset < count {
            tail |= UInt64(bytes[offset]) << shift
            shift &+= 8
            offset &+= 1
        }
        combine(tail ^ (UInt64(truncatingIfNeeded: count) << 56))
    }

    /// The hash of all that was folded in.
    @inlinable public consuming func finalize() -> UInt64 {
        Self.fold(state, 0xe703_7ed1_a0b4_28db)
    }

    @inlinable static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}

extension StreamKey {
    /// The specified 64-bit hash of this value.
    @inlinable public var stableHash: UInt64 {
        var hasher = StableHasher()
        hash(into: &hasher)
        return hasher.finalize()
    }
}

extension FixedWidthInteger where Self: StreamKey {
    @inlinable public func hash(into hasher: inout StableHasher) {
        hasher.combine(UInt64(truncatingIfNeeded: self))
    }
}
extension Int: StreamKey {}
extension Int8: StreamKey {}
extension Int16: StreamKey {}
extension Int32: StreamKey {}
extension Int64: StreamKey {}
extension UInt: StreamKey {}
extension UInt8: StreamKey {}
extension UInt16: StreamKey {}
extension UInt32: StreamKey {}
extension UInt64: StreamKey {}

extension Bool: StreamKey {
    @inlinable public func hash(into hasher: inout StableHasher) { hasher.combine(self ? 1 : 0) }
}

extension Timestamp: StreamKey {
    @inlinable public func hash(into hasher: inout StableHasher) {
        hasher.combine(UInt64(bitPattern: microseconds))
    }
}

extension String: StreamKey {
    @inlinable public func hash(into hasher: inout StableHasher) {
        // Equal strings may differ in their bytes (é as one scalar or two); ASCII cannot. What is
        // not ASCII is folded in normal form, as `==` compares it.
        let isASCII = utf8.withContiguousStorageIfAvailable { bytes -> Bool in
            let raw = UnsafeRawBufferPointer(bytes)
            guard raw.isASCII else { return false }
            hasher.combine(bytes: raw)
            return true
        }
        if isASCII != true { hashSlowly(into: &hasher) }
    }

    @usableFromInline func hashSlowly(into hasher: inout StableHasher) {
        // Folds the canonical decomposition, so that canonically equivalent strings agree.
        var normalised = decomposedStringWithCanonicalMapping
        normalised.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension UnsafeRawBufferPointer {
    @inlinable var isASCII: Bool {
        var offset = 0
        var seen: UInt64 = 0
        while offset &+ 8 <= count {
            seen |= loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        while offset < count {
            seen |= UInt64(self[offset])
            offset &+= 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }
}

extension Optional: StreamKey where Wrapped: StreamKey {
    @inlinable public func hash(into hasher: inout StableHasher) {
        switch self {
        case .none: hasher.combine(0)
        case .some(let value):
            hasher.combine(1)
            value.hash(into: &hasher)
        }
    }
}

extension Array: StreamKey where Element: StreamKey {
    @inlinable public func hash(into hasher: inout StableHasher) {
        hasher.combine(UInt64(count))
        for element in self { element.hash(into: &hasher) }
    }
}

extension RawRepresentable where Self: StreamKey, RawValue: StreamKey {
    @inlinable public func hash(into hasher: inout StableHasher) { rawValue.hash(into: &hasher) }
}

/// A key made of two.
public struct KeyPair<First: StreamKey, Second: StreamKey>: StreamKey {
    /// The part that counts first in the hash.
    public var first: First
    /// The other part.
    public var second: Second

    /// Joins two keys to one.
    @inlinable public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inlinable public func hash(into hasher: inout StableHasher) {
        first.hash(into: &hasher)
        second.hash(into: &hasher)
    }
}

extension KeyPair: StateComposite {
    public static func stateCodec() throws -> StateCodec<KeyPair> {
        try .record(
            "KeyPair", StateField("first") { $0.first }, StateField("second") { $0.second }
        ) { KeyPair($0, $1) }
    }
}

extension KeyPair: StateValue where First: StateValue, Second: StateValue {
    public static var stateShape: StateShape {
        .record(
            "KeyPair",
            [
                StateShape.Field("first", First.stateShape),
                StateShape.Field("second", Second.stateShape),
            ])
    }
    @inlinable public func write(to output: inout StateWriter) {
        first.write(to: &output)
        second.write(to: &output)
    }
    @inlinable public static func read(from input: inout StateReader) throws -> Self {
        let first = try First.read(from: &input)
        let second = try Second.read(from: &input)
        return KeyPair(first, second)
    }
}
