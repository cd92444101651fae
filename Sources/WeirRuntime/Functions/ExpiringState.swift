public import WeirCore

/// A value that counts as gone from a given time on: one property of a state that lives shorter than
/// the rest.
///
/// Exact on whichever clock its times are given: pass `context.time` for event time, or
/// `context.processingTime`. It is gone from `set + span` on. Its memory goes when it is set or cleared
/// again, or with the state; a timer at ``expiry`` can do that.
public struct ExpiringState<Value: Sendable>: Sendable {
    @usableFromInline var stored: Value?
    /// From when on the value counts as gone; `nil` when there is none.
    public var expiry: Timestamp?

    /// A state without a value.
    @inlinable public init() {
        stored = nil
        expiry = nil
    }

    /// The value, unless it is gone at `time`.
    @inlinable public func value(at time: Timestamp) -> Value? {
        guard let expiry, time < expiry else { return nil }
        return stored
    }

    /// Replaces the value, which lives for `span` from `time` on.
    @inlinable public mutating func set(
        _ value: Value, at time: Timestamp, livingFor span: Duration
    ) {
        stored = value
        expiry = time + span
    }

    /// Forgets the value.
    @inlinable public mutating func clear() { self = ExpiringState() }

    /// Forgets the value if it is gone at `time`.
    @inlinable public mutating func clearIfExpired(at time: Timestamp) {
        if let expiry, time >= expiry { clear() }
    }
}

extension ExpiringState: Equatable where Value: Equatable {}
extension ExpiringState: Hashable where Value: Hashable {}
extension ExpiringState: Codable where Value: Codable {}
