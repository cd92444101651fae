/// Makes the records of a ``GeneratorSource`` from their index.
///
/// A type of one's own rather than a closure lets the compiler put `record(at:)` into the reader's
/// loop.
public protocol RecordGenerator<Element>: Sendable {
    /// What is generated.
    associatedtype Element: Sendable

    /// The record at `index`, from 0; the same for the same index each time, where a run is to be
    /// repeatable. `@inlinable` where it should be fast.
    func record(at index: Int) -> Element
}

/// A ``RecordGenerator`` that calls a closure.
public struct ClosureGenerator<Element: Sendable>: RecordGenerator {
    @usableFromInline let make: @Sendable (Int) -> Element

    /// Generates what `make` gives for each index.
    @inlinable public init(_ make: @escaping @Sendable (Int) -> Element) { self.make = make }

    @inlinable public func record(at index: Int) -> Element { make(index) }
}
