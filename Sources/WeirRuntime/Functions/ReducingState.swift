/// State that combines what is added to it, two by two; `nil` before the first.
///
/// The way to combine is the function's, not the state's, so that the state can be saved.
public struct ReducingState<Value: Sendable>: Sendable {
    /// All that was added, combined.
    public var value: Value?

    /// A state of nothing.
    @inlinable public init() { value = nil }

    /// Combines a value with what is there.
    @inlinable public mutating func add(
        _ other: Value, by combine: (Value, Value) throws -> Value
    ) rethrows {
        if let current = value { value = try combine(current, other) } else { value = other }
    }

    /// Forgets what was added.
    @inlinable public mutating func clear() { value = nil }
}

extension ReducingState: Equatable where Value: Equatable {}
extension ReducingState: Hashable where Value: Hashable {}
extension ReducingState: Codable where Value: Codable {}
