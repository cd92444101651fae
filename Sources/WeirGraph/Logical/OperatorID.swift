/// The stable identity of an operator within a job: its name.
///
/// Saved state is found by it, so it must outlive edits elsewhere in the job: whatever keeps state
/// is named with `as:`. Operators that were not named get one from their kind and a running number.
public struct OperatorID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name.
    public let name: String

    /// The identity of the operator of that name.
    public init(_ name: String) { self.name = name }

    public static func < (left: OperatorID, right: OperatorID) -> Bool { left.name < right.name }
    public var description: String { name }
}
