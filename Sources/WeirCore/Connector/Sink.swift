/// Where results go.
///
/// A sink says how many writers it allows and makes them; each writer belongs to one subtask.
public protocol Sink<Element>: Sendable {
    /// The records that it takes.
    associatedtype Element: Sendable
    /// What writes the records of one subtask.
    associatedtype Writer: SinkWriter<Element>

    /// A phrase that says what is written, for `plan` and `describe`.
    var summary: String { get }
    /// Whether writing waits for a disk or a network. Default: `.blocking`.
    var writeMode: WriteMode { get }
    /// The most writers that may be open at once; `nil`: as many as the job's parallelism.
    var maximumParallelism: Int? { get }
    /// What survives a failure, for `describe`.
    var guarantee: DeliveryGuarantee { get }
    /// Schema of the records, for `describe`; empty where it is not known.
    var fields: [FieldDescription] { get }

    /// Checks what can be checked before the job runs, such as keys and the table's columns; may
    /// do I/O and must leave nothing behind that a failed start would have to clean up.
    func validate() throws

    /// Opens a writer; called off the workers for a blocking sink.
    func writer(context: SubtaskContext) throws -> Writer
}

extension Sink {
    public var writeMode: WriteMode { .blocking }
    public var maximumParallelism: Int? { nil }
    public var guarantee: DeliveryGuarantee { .atLeastOnce }
    public var fields: [FieldDescription] { [] }
    public func validate() throws {}
}

/// How a sink is written.
public enum WriteMode: Sendable {
    /// `write` may block: it runs on a queue of its own, fed over a bounded queue.
    case blocking
    /// `write` only computes: it runs on the worker, fused with what feeds it.
    case inline
}

/// What a sink promises about a result after a failure.
public enum DeliveryGuarantee: String, Sendable {
    /// It is there once: results and position are made visible together.
    case transactional
    /// It may be written again, which changes nothing: a row replaces the one with its key.
    case idempotent
    /// It may be there twice.
    case atLeastOnce = "at-least-once"
}

/// Writes the results of one subtask.
///
/// Order of calls: `write` and `flush` any number of times, then either `finish` or `abandon`.
public protocol SinkWriter<Element> {
    /// The records that it writes.
    associatedtype Element: Sendable

    /// Writes the rows and empties the batch; may keep them until `flush` or `finish`.
    mutating func write(_ batch: inout Batch<Element>) throws
    /// The input has paused: makes what was written so far visible where that is cheap.
    mutating func flush() throws
    /// The input has ended: makes everything visible and closes.
    mutating func finish() throws
    /// The job has failed or was stopped at once: closes and removes what was not made visible.
    mutating func abandon()
}

extension SinkWriter {
    public mutating func flush() throws {}
    public mutating func abandon() {}
}
