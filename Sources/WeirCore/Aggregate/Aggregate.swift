/// A function of many records to one result, kept as a small accumulator.
///
/// An accumulator is a value: it is folded over records one by one, merged with others of the same
/// aggregate (windows that overlap share slices, and parts are computed before an exchange), and
/// turned into the result when the window closes. For any split of the records into groups, merging
/// the groups' accumulators must give what folding all records gives.
///
/// All methods of a conforming type should be `@inlinable`: `add` runs once for each record.
public protocol Aggregate<Input, Result>: Sendable {
    /// The records that are folded.
    associatedtype Input
    /// What is kept of the records folded in.
    associatedtype Accumulator: Sendable
    /// What comes out when a window closes.
    associatedtype Result: Sendable

    /// The accumulator of no records.
    func makeAccumulator() -> Accumulator
    /// Folds one record in.
    func add(_ record: Input, to accumulator: inout Accumulator) throws
    /// Folds in the records that `other` stands for.
    func merge(_ other: Accumulator, into accumulator: inout Accumulator) throws
    /// The result for the records folded in.
    func result(of accumulator: Accumulator) throws -> Result

    /// Whether records are folded in unseen, as all are alike to the aggregate: ``addUnseen(to:)`` then does what
    /// ``add(_:to:)`` does, and operators call that, for which they need not have the record at hand. The
    /// default is `false`.
    var takesUnseen: Bool { get }
    /// Folds in one record, whatever is in it; called only where ``takesUnseen``. The default does nothing.
    func addUnseen(to accumulator: inout Accumulator) throws
}

extension Aggregate {
    @inlinable public var takesUnseen: Bool { false }
    @inlinable public func addUnseen(to accumulator: inout Accumulator) throws {}
}
