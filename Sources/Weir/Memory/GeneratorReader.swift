public import WeirCore

/// Reads one split of a ``GeneratorSource``.
public struct GeneratorReader<Generator: RecordGenerator>: SplitReader {
    public typealias Element = Generator.Element

    @usableFromInline let generator: Generator
    /// The index to generate next.
    @usableFromInline var next: Int
    @usableFromInline let stride: Int
    /// How many records this split has left.
    @usableFromInline var left: Int
    @usableFromInline var pace: GeneratorPace?
    @usableFromInline let first: Int

    /// The index to generate next, and the number of records before it.
    @inlinable public var position: SplitPosition? {
        SplitPosition(offset: Int64(next), records: Int64((next &- first) / stride))
    }

    @inlinable init(
        generator: Generator, first: Int, next: Int, stride: Int, left: Int, pace: GeneratorPace?
    ) {
        self.generator = generator
        self.first = first
        self.next = next
        self.stride = stride
        self.left = max(0, left)
        self.pace = pace
    }

    @inlinable public mutating func read(
        into batch: inout Batch<Element>, limit: Int
    ) -> ReadOutcome {
        var rows = min(limit, left)
        if rows == 0 { return left == 0 ? .end : .more }
        if pace != nil {
            let wait = pace?.limit(&rows)
            if let wait { return .nothingFor(wait) }
        }
        let (first, step, generator) = (next, stride, generator)
        batch.appendRows(rows, at: .earliest) { generator.record(at: first &+ $0 &* step) }
        next = first &+ rows &* step
        left -= rows
        return left == 0 ? .end : .more
    }
}

/// How many records are due, by a rate and a clock.
@usableFromInline struct GeneratorPace: Sendable {
    /// A wait for less would take longer, and cost more than the records that it is for.
    private static let shortestWait = 250e-6
    private let ratePerSecond: Double
    private let clock: @Sendable () -> Duration
    private var start: Duration?
    private var granted = 0

    @usableFromInline init(ratePerSecond: Double, clock: @escaping @Sendable () -> Duration) {
        self.ratePerSecond = ratePerSecond
        self.clock = clock
    }

    /// Cuts `rows` down to what is due: record k, from 0, at `k / rate` seconds after the first
    /// call.
    ///
    /// - Returns: When none is due, how long until the next is, or a little longer.
    @usableFromInline mutating func limit(_ rows: inout Int) -> Duration? {
        let now = clock()
        let began = start ?? now
        start = began
        let elapsed = (now - began) / .seconds(1)
        let ahead = Double(granted) - elapsed * ratePerSecond
        if ahead > 0 {
            // Never so long that the runtime's arithmetic could overflow.
            return .seconds(min(max(ahead / ratePerSecond, Self.shortestWait), 86_400))
        }
        // `-ahead` is how many are overdue; the one due now comes on top.
        rows = min(rows, Int(min(-ahead, 1e15)) + 1)
        granted += rows
        return nil
    }
}
