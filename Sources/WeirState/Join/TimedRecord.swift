public import WeirCore

/// A record with its event time, as joins keep it.
public struct TimedRecord<Record> {
    /// The record.
    public var record: Record
    /// Its event time.
    public var time: Timestamp

    /// A record and its event time.
    @inlinable public init(_ record: Record, at time: Timestamp) {
        self.record = record
        self.time = time
    }
}

extension TimedRecord: Sendable where Record: Sendable {}
