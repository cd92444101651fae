/// A quantile of a value of each record, such as the median or the 99th percentile.
///
/// The result is within a relative error of `accuracy` of the exact quantile, and depends on the
/// values alone, not on their order; `nil` when there were none. Absent values (`nil`) and
/// not-a-number are not counted. See ``QuantileSketch`` for the bound, the size and the source.
public struct Quantile<Input, Value: Summable>: Aggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?
    @usableFromInline let fraction: Double
    @usableFromInline let accuracy: Double

    /// The quantile at `fraction`: `Quantile(0.99, of: \.latency)`.
    ///
    /// - Precondition: `fraction` lies between 0 and 1, `accuracy` between 0.001 and 0.5.
    @inlinable public init(
        _ fraction: Double, of value: @escaping @Sendable (Input) -> Value?,
        accuracy: Double = 0.01
    ) {
        precondition(
            fraction >= 0 && fraction <= 1, "a quantile lies between 0 and 1, not at \(fraction)")
        self.fraction = fraction
        self.value = value
        self.accuracy = accuracy
    }

    @inlinable public func makeAccumulator() -> QuantileSketch {
        QuantileSketch(accuracy: accuracy)
    }

    @inlinable public func add(_ record: Input, to accumulator: inout QuantileSketch) {
        if let value = value(record) { accumulator.add(value.approximateValue) }
    }

    @inlinable public func merge(_ other: QuantileSketch, into accumulator: inout QuantileSketch) {
        accumulator.add(other)
    }

    @inlinable public func result(of accumulator: QuantileSketch) -> Double? {
        accumulator.quantile(fraction)
    }
}

/// Several quantiles of one value of each record, from one sketch.
///
/// The result has one value for each fraction asked for, in the same order, and is empty when
/// there were no values; otherwise as ``Quantile``.
public struct Quantiles<Input, Value: Summable>: Aggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?
    @usableFromInline let fractions: [Double]
    @usableFromInline let accuracy: Double

    /// The quantiles at `fractions`: `Quantiles([0.5, 0.99], of: \.latency)`.
    ///
    /// - Precondition: Each fraction lies between 0 and 1, `accuracy` between 0.001 and 0.5.
    @inlinable public init(
        _ fractions: [Double], of value: @escaping @Sendable (Input) -> Value?,
        accuracy: Double = 0.01
    ) {
        precondition(
            fractions.allSatisfy { $0 >= 0 && $0 <= 1 },
            "quantiles lie between 0 and 1, not all of \(fractions) do")
        self.fractions = fractions
        self.value = value
        self.accuracy = accuracy
    }

    @inlinable public func makeAccumulator() -> QuantileSketch {
        QuantileSketch(accuracy: accuracy)
    }

    @inlinable public func add(_ record: Input, to accumulator: inout QuantileSketch) {
        if let value = value(record) { accumulator.add(value.approximateValue) }
    }

    @inlinable public func merge(_ other: QuantileSketch, into accumulator: inout QuantileSketch) {
        accumulator.add(other)
    }

    @inlinable public func result(of accumulator: QuantileSketch) -> [Double] {
        fractions.compactMap { accumulator.quantile($0) }
    }
}
