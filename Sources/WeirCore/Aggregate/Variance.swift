/// Whether the values are all there are, or a sample of more.
public enum VarianceKind: Sendable {
    /// Divides by n: the values are the whole population.
    case population
    /// Divides by n − 1 (Bessel's correction): the values are a sample.
    case sample
}

/// Count, mean and sum of squared deviations, updated one value at a time.
///
/// Sources: Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products",
/// Technometrics 4(3), 1962; merging: Chan, Golub, LeVeque, "Updating Formulae and a Pairwise
/// Algorithm for Computing Sample Variances", COMPSTAT 1982.
public struct Moments: Sendable, Equatable {
    /// How many values there were.
    public var count = 0
    /// Their mean; 0 for no values.
    public var mean = 0.0
    /// The sum of their squared distances from the mean.
    public var squaredDeviations = 0.0

    /// The moments of no values.
    @inlinable public init() {}

    /// Folds in one value.
    @inlinable public mutating func add(_ value: Double) {
        count &+= 1
        let before = value - mean
        mean += before / Double(count)
        squaredDeviations += before * (value - mean)
    }

    /// Folds in the values that `other` stands for.
    @inlinable public mutating func add(_ other: Moments) {
        guard other.count > 0 else { return }
        guard count > 0 else {
            self = other
            return
        }
        let total = count &+ other.count
        let share = Double(other.count) / Double(total)
        let apart = other.mean - mean
        mean += apart * share
        squaredDeviations += other.squaredDeviations + apart * apart * Double(count) * share
        count = total
    }

    /// The variance; `nil` for no values, and for fewer than two when they are a sample.
    @inlinable public func variance(_ kind: VarianceKind) -> Double? {
        let divisor = kind == .population ? count : count - 1
        guard divisor > 0 else { return nil }
        return squaredDeviations / Double(divisor)
    }
}

/// The variance of a value of each record; `nil` for too few values.
///
/// Absent values (`nil`) are not counted. Merging in another order changes the result within
/// rounding: a relative error in the order of `n·u·√(1 + mean²/variance)`, with `u` = 2⁻⁵³.
public struct Variance<Input, Value: Summable>: Aggregate {
    @usableFromInline let kind: VarianceKind
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// The variance of what `value` gives; a key path will do: `Variance(\.delay)`.
    ///
    /// - Parameter kind: `.sample` divides by n − 1, as SQL's `VARIANCE` does; `.population` by n.
    @inlinable public init(
        _ value: @escaping @Sendable (Input) -> Value?, of kind: VarianceKind = .sample
    ) {
        self.value = value
        self.kind = kind
    }

    @inlinable public func makeAccumulator() -> Moments { Moments() }

    @inlinable public func add(_ record: Input, to accumulator: inout Moments) {
        if let value = value(record) { accumulator.add(value.approximateValue) }
    }

    @inlinable public func merge(_ other: Moments, into accumulator: inout Moments) {
        accumulator.add(other)
    }

    @inlinable public func result(of accumulator: Moments) -> Double? { accumulator.variance(kind) }
}

/// The standard deviation of a value of each record: the root of its ``Variance``.
public struct StandardDeviation<Input, Value: Summable>: Aggregate {
    @usableFromInline let variance: Variance<Input, Value>

    /// The standard deviation of what `value` gives; see ``Variance/init(_:of:)``.
    @inlinable public init(
        _ value: @escaping @Sendable (Input) -> Value?, of kind: VarianceKind = .sample
    ) {
        variance = Variance(value, of: kind)
    }

    @inlinable public func makeAccumulator() -> Moments { Moments() }

    @inlinable public func add(_ record: Input, to accumulator: inout Moments) {
        variance.add(record, to: &accumulator)
    }

    @inlinable public func merge(_ other: Moments, into accumulator: inout Moments) {
        accumulator.add(other)
    }

    @inlinable public func result(of accumulator: Moments) -> Double? {
        variance.result(of: accumulator)?.squareRoot()
    }
}

extension Moments: StateValue {
    public static var stateShape: StateShape {
        .record(
            "Moments",
            [
                StateShape.Field("count", Int.stateShape),
                StateShape.Field("mean", Double.stateShape),
                StateShape.Field("squaredDeviations", Double.stateShape),
            ])
    }
    public func write(to output: inout StateWriter) {
        count.write(to: &output)
        mean.write(to: &output)
        squaredDeviations.write(to: &output)
    }
    public static func read(from input: inout StateReader) throws -> Moments {
        var moments = Moments()
        moments.count = try Int.read(from: &input)
        moments.mean = try Double.read(from: &input)
        moments.squaredDeviations = try Double.read(from: &input)
        return moments
    }
}
