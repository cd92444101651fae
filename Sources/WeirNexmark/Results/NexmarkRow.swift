import Weir

/// A row of a query's result.
///
/// A query is judged by the text of its rows: the fields in the order of the specification, joined
/// by `|`. So a row says no more than which fields it has, and in which order.
protocol NexmarkRow: Sendable {
    /// Puts the fields, in order.
    func putFields(into row: inout RowWriter)
}

/// An exact decimal with three digits after the point.
struct Thousandths: Hashable, Sendable {
    /// The amount, in thousandths.
    var count: Int

    /// An amount of so many thousandths.
    init(_ count: Int) { self.count = count }
}
