import Histogram

/// How much later than asked a thread woke that did nothing but sleep: what the machine did to a thread
/// with no work of its own.
///
/// Source: Tene, jHiccup. As there, a stall counts once for each sleep that it made impossible, so that
/// percentiles are of time and not of the sleeps that happened.
struct SleepGaps: Sendable {
    /// Nanoseconds that each sleep is asked for.
    static let interval = 1_000_000
    /// Nanoseconds beyond which waking late is a gap. Linux wakes threads up to 50 µs late to save power.
    static let threshold = 500_000

    private var lateness = Histogram<UInt64>(
        highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: .three)
    private(set) var gaps = 0
    /// Nanoseconds of all gaps.
    private(set) var total = 0
    private(set) var longest = 0
    /// When the longest ended, by the clock that `add` is told.
    private(set) var longestAt = 0

    /// A sleep ended so many nanoseconds later than it was to.
    mutating func add(late: Int, at time: Int) {
        let late = min(max(0, late), 3_600_000_000_000)
        lateness.recordCorrectedValue(
            UInt64(late), expectedInterval: UInt64(Self.interval))
        if late >= longest { (longest, longestAt) = (late, time) }
        guard late >= Self.threshold else { return }
        gaps += 1
        total += late
    }

    func milliseconds(at percentile: Double) -> Double {
        Double(lateness.valueAtPercentile(percentile)) / 1e6
    }
}
