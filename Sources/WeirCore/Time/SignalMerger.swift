/// Merges the marks of several inputs into the marks of one stream.
///
/// Watermarks are merged by minimum over the inputs that are neither idle nor ended; the merged
/// stream is idle when all open inputs are, and ends when the last input has.
///
/// Source: Akidau et al., "Watermarks in Stream Processing Systems", PVLDB 14(12), 2021.
public struct SignalMerger {
    /// The inputs' watermarks.
    public let marks: SplitWatermarks
    private var hasEnded: [Bool]
    var sent = Timestamp.earliest
    var sentIdle = false
    /// Whether records went by since the merged stream was last said to be idle, which ended that.
    @usableFromInline var hasRecords = false
    /// Whether there are inputs that had ended when a checkpoint was taken, and have not said so again.
    @usableFromInline var hasRestoredEnds = false
    /// The inputs that have not ended.
    public private(set) var open: Int

    /// Creates the merger of as many inputs as `marks` has.
    public init(_ marks: SplitWatermarks) {
        self.marks = marks
        hasEnded = Array(repeating: false, count: marks.count)
        open = marks.count
    }

    /// Notes that an input has sent records, which ends its idleness.
    @inlinable public mutating func noteRecords(from input: Int) {
        hasRecords = true
        if hasRestoredEnds { reopen(input) }
        marks.advance(input, to: .earliest)
    }

    @usableFromInline func reopen(_ input: Int) { if !hasEnded[input] { marks.reopen(input) } }

    /// Notes a mark of one input.
    ///
    /// - Returns: The mark that the merged stream gets; `nil` when this one changes nothing.
    /// - Complexity: O(inputs).
    public mutating func note(_ signal: Signal, from input: Int) -> Signal? {
        switch signal {
        case .flush, .tick, .barrier: return signal
        case .watermark(let time):
            if hasRestoredEnds { reopen(input) }
            marks.advance(input, to: time)
        case .idle: marks.setIdle(input)
        case .end:
            guard !hasEnded[input] else { return nil }
            hasEnded[input] = true
            marks.setEnded(input)
            open -= 1
            if open == 0 { return .end }
        }
        return merged()
    }

    private mutating func merged() -> Signal? {
        guard let lowest = marks.merged() else {
            if sentIdle && !hasRecords { return nil }
            sentIdle = true
            hasRecords = false
            return .idle
        }
        guard lowest > sent || sentIdle else { return nil }
        sentIdle = false
        sent = max(sent, lowest)
        return .watermark(sent)
    }
}
