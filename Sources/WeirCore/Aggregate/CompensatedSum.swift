/// A sum of doubles that carries the rounding errors along, so that the order hardly matters.
///
/// The result is as good as if computed in twice the precision and rounded once: its error is at
/// most `u·|s| + (n·u)²·Σ|xᵢ|`, with `u` = 2⁻⁵³, `s` the exact sum and `n` the number of terms.
/// Once a term or the running sum is infinite or not a number, the result is what plain addition
/// gives.
///
/// Source: Ogita, Rump, Oishi, "Accurate Sum and Dot Product", SIAM J. Sci. Comput. 26(6), 2005,
/// algorithm 4.4; its two-sum has no branch, unlike Neumaier's.
public struct CompensatedSum: Sendable, Equatable {
    /// The sum as plain addition gives it.
    @usableFromInline var sum = 0.0
    /// The rounding errors made on the way.
    @usableFromInline var error = 0.0

    /// The sum of no terms: zero.
    @inlinable public init() {}

    /// Adds a term.
    @inlinable public mutating func add(_ term: Double) {
        let next = sum + term
        let added = next - sum
        error += (sum - (next - added)) + (term - added)
        sum = next
    }

    /// Adds the terms of another sum.
    @inlinable public mutating func add(_ other: CompensatedSum) {
        add(other.sum)
        error += other.error
    }

    /// The sum.
    @inlinable public var total: Double { sum.isFinite ? sum + error : sum }
}

extension CompensatedSum: StateValue {
    public static var stateShape: StateShape {
        .record(
            "CompensatedSum",
            [
                StateShape.Field("sum", Double.stateShape),
                StateShape.Field("error", Double.stateShape),
            ])
    }
    @inlinable public func write(to output: inout StateWriter) {
        sum.write(to: &output)
        error.write(to: &output)
    }
    @inlinable public static func read(from input: inout StateReader) throws -> CompensatedSum {
        var total = CompensatedSum()
        total.sum = try Double.read(from: &input)
        total.error = try Double.read(from: &input)
        return total
    }
}
