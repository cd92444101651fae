public import WeirCore

/// A source of records computed from their index: for examples, benchmarks and load tests.
///
/// ```swift
/// job.source(GeneratorSource(count: 1_000_000, splits: 4) { index in
///     Order(id: index, customer: index % 10_000)
/// }, as: "orders")
/// ```
///
/// The indices are dealt to the splits in turn: of n splits, split s generates s, s + n, s + 2n and
/// so on. A time that grows with the index therefore grows evenly in all splits. Times are left
/// ``Timestamp/earliest``; `watermarked` sets them.
///
/// Recovery goes on with the index after the last, and so relies on a generator that gives the same
/// record for an index each time. A rate counts anew from the restart.
public struct GeneratorSource<Generator: RecordGenerator>: Source {
    public typealias Element = Generator.Element

    @usableFromInline let generator: Generator
    @usableFromInline let count: Int?
    @usableFromInline let splitCount: Int
    @usableFromInline let ratePerSecond: Double?
    @usableFromInline let clock: @Sendable () -> Duration

    /// Generates what `generator` gives.
    ///
    /// - Parameters:
    ///   - count: How many records; `nil`: without end.
    ///   - splits: How many splits there are: as many subtasks can generate side by side.
    ///   - ratePerSecond: How many records a second all splits make together; `nil`: as fast as
    ///     they are taken. What was held back is caught up, so the rate is that of the whole run.
    ///     When no record is due, none is made for a quarter of a millisecond at least.
    ///   - generator: Makes the records.
    ///
    /// With a negative `count`, or `splits` or a rate that is not above 0, the job fails as it starts.
    @inlinable public init(
        count: Int? = nil, splits: Int = 1, ratePerSecond: Double? = nil, _ generator: Generator
    ) {
        let start = ContinuousClock.now
        self.init(
            count: count, splits: splits, ratePerSecond: ratePerSecond,
            clock: { start.duration(to: .now) }, generator)
    }

    /// Generates with a clock of the caller's, read at most once a batch and only to keep a rate.
    @usableFromInline package init(
        count: Int?, splits: Int, ratePerSecond: Double?,
        clock: @escaping @Sendable () -> Duration, _ generator: Generator
    ) {
        self.generator = generator
        self.count = count
        self.splitCount = splits
        self.ratePerSecond = ratePerSecond
        self.clock = clock
    }

    public var summary: String {
        let records = count.map { "\($0) records" } ?? "records without end"
        let rate = ratePerSecond.map { ", \($0) a second" } ?? ""
        return "generator: \(records)\(rate), \(splitCount) split\(splitCount == 1 ? "" : "s")"
    }

    public var readMode: ReadMode { .inline }
    public var isReplayable: Bool { true }

    /// One split for each remainder of the index; `start` is the remainder.
    ///
    /// The name has the number of splits in it: with another number they are other splits.
    ///
    /// - Throws: ``SourceSettingError``.
    public func splits() throws -> [SourceSplit] {
        try checkSettings()
        return (0..<splitCount).map {
            SourceSplit(id: "generator-\($0)-of-\(splitCount)", start: Int64($0))
        }
    }

    private func checkSettings() throws(SourceSettingError) {
        let wrong: (setting: String, value: String, mend: String)
        if let count, count < 0 {
            wrong = ("count", "\(count)", "give 0 or more, or leave it out for records without end")
        } else if splitCount < 1 {
            wrong = ("splits", "\(splitCount)", "give 1 or more")
        } else if let ratePerSecond, !(ratePerSecond > 0 && ratePerSecond.isFinite) {
            wrong = (
                "ratePerSecond", "\(ratePerSecond)",
                "give a number above 0, or leave it out for as many as are taken"
            )
        } else {
            return
        }
        throw SourceSettingError(
            source: "generator", setting: wrong.setting, value: wrong.value, mend: wrong.mend)
    }

    @inlinable public func reader(
        for split: SourceSplit, context: ReaderContext
    ) -> GeneratorReader<Generator> {
        let first = Int(split.start)
        let next = split.position.map { Int($0.offset) } ?? first
        // Indices next, next + splitCount, … below count.
        let left = count.map { ($0 - next + splitCount - 1) / splitCount } ?? .max
        return GeneratorReader(
            generator: generator, first: first, next: next, stride: splitCount, left: left,
            pace: ratePerSecond.map {
                GeneratorPace(ratePerSecond: $0 / Double(splitCount), clock: clock)
            })
    }
}

extension GeneratorSource {
    /// Generates what `make` gives for each index; see the other initialiser.
    ///
    /// The closure is called once a record, a few nanoseconds each where the compiler cannot see
    /// through it; a ``RecordGenerator`` of one's own saves them.
    @inlinable public init<Made: Sendable>(
        count: Int? = nil, splits: Int = 1, ratePerSecond: Double? = nil,
        _ make: @escaping @Sendable (Int) -> Made
    ) where Generator == ClosureGenerator<Made> {
        self.init(
            count: count, splits: splits, ratePerSecond: ratePerSecond, ClosureGenerator(make))
    }
}
