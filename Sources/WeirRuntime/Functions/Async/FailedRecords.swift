public import WeirGraph

/// What becomes of a record whose asynchronous call has failed for good, after all attempts. There
/// is no default: a job says it.
public enum FailedRecords<Element: Sendable> {
    /// The job fails; the error names the record.
    case fail
    /// They are counted as dead letters in the ledger, and dropped.
    case drop
    /// They go to a stream of their own, and are counted as dead letters; the closure ends the
    /// stream in a sink, or takes it elsewhere.
    case sideOutput((DataStream<FailedRecord<Element>>) -> Void)
}

/// A record whose asynchronous call has failed for good.
public struct FailedRecord<Element: Sendable>: Sendable {
    /// The record.
    public var record: Element
    /// What the last attempt threw, as text.
    public var reason: String
    /// How often it was tried.
    public var attempts: Int

    @usableFromInline init(record: Element, failure: AsyncCallFailure) {
        self.record = record
        reason = "\(failure.cause)"
        attempts = failure.attempts
    }
}

extension FailedRecord: Equatable where Element: Equatable {}
extension FailedRecord: Encodable where Element: Encodable {}
extension FailedRecord: Decodable where Element: Decodable {}

/// In which order the results of asynchronous calls are handed on. Either way, a watermark follows
/// the results of all records that came before it.
public enum AsyncOrder: String, Sendable {
    /// In that of the records: a slow call holds up the results of those behind it.
    case ordered
    /// As the calls answer.
    case unordered
}
