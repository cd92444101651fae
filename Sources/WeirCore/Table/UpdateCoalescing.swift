/// When a table puts out the changes that have come together: how many records, and how much
/// processing time, may become one change of a row.
///
/// A row that a thousand records have changed meanwhile has one change. Whatever the setting, what is
/// pending is put out before the stream falls idle and before it ends.
public struct UpdateCoalescing: Hashable, Sendable, CustomStringConvertible {
    /// The records after which changes are put out at the latest.
    public let records: Int
    /// The processing time after the first of them, at the latest.
    public let delay: Duration
    /// Whether they are put out as soon as no further input waits.
    public let endsWithInput: Bool

    @usableFromInline init(records: Int, delay: Duration, endsWithInput: Bool) {
        self.records = records
        self.delay = delay
        self.endsWithInput = endsWithInput
    }

    /// As soon as no further input waits; while there is some, after 8,192 records or 20 ms. So a
    /// table that keeps up adds no delay, and one under load puts out fewer changes.
    public static let automatic = UpdateCoalescing(
        records: 8_192, delay: .milliseconds(20), endsWithInput: true)

    /// A change for each record that changes a row.
    public static let eachRecord = UpdateCoalescing(records: 1, delay: .zero, endsWithInput: true)

    /// After `records` records or `delay` of processing time, whichever comes first, and not before
    /// although the input may have paused.
    ///
    /// Source: "MiniBatch Aggregation" in Apache Flink's guide to performance tuning of SQL.
    public static func atMost(
        records: Int = .max, within delay: Duration
    ) -> UpdateCoalescing {
        UpdateCoalescing(records: records, delay: delay, endsWithInput: false)
    }

    /// What makes it unusable; `nil` when nothing does.
    public var problem: String? {
        if records < 1 { return "its changes would be put out after \(records) records" }
        if delay < .zero { return "its changes may be delayed by \(delay.spelledOut)" }
        return nil
    }

    public var description: String {
        if self == .automatic { return "when the input pauses" }
        if records == 1 { return "for each record" }
        let limit = records == .max ? "" : "every \(records) records or "
        return limit + "every \(delay.spelledOut)"
    }
}
