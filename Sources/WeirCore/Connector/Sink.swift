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
    /// Whether writers can be opened again by the same run, when it starts again after a failure.
    /// Default: yes.
    var isRestartable: Bool { get }
    /// Schema of the records, for `describe`; empty where it is not known.
    var fields: [FieldDescription] { get }

    /// Checks what can be checked before the job runs, such as keys and the table's columns; may
    /// do I/O and must leave nothing behind that a failed start would have to clean up.
    func validate() throws

    /// As ``validate()``, for a job that goes on from a checkpoint, and so finds what it has written
    /// before. Default: ``validate()``.
    func validateRestored() throws

    /// Opens a writer; called off the workers for a blocking sink.
    func writer(context: SubtaskContext) throws -> Writer

    /// A run is over, and with it all its writers; it may have failed before it opened any. Called
    /// once a run. Default: does nothing.
    ///
    /// - Parameter failure: What it failed of; `nil`: it has not.
    func runEnded(failure: (any Error)?)
}

extension Sink {
    public var writeMode: WriteMode { .blocking }
    public var maximumParallelism: Int? { nil }
    public var guarantee: DeliveryGuarantee { .atLeastOnce }
    public var isRestartable: Bool { true }
    public var fields: [FieldDescription] { [] }
    public func validate() throws {}
    public func validateRestored() throws { try validate() }
    public func runEnded(failure: (any Error)?) {}
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
/// Without checkpoints, the order of calls is: `write` and `flush` any number of times, then either
/// `finish` or `abandon`.
///
/// With checkpoints (``SubtaskContext/isCheckpointed``) results become visible epoch by epoch, in two
/// phases (Gray, "Notes on Data Base Operating Systems", 1978): `validateRecovery` and `recover` once
/// after a restore; then `begin`, any number of `write` and `flush`, and `prepare` for each epoch;
/// `commit` for each epoch whose checkpoint has been completed, in order, while later epochs are being
/// written. At the end of the input comes the last `prepare`, its `commit`, and `finish`; where the job
/// is stopped before that, `suspend` in place of `finish`. An epoch whose checkpoint fails is committed
/// together with the next one that succeeds.
public protocol SinkWriter<Element> {
    /// The records that it writes.
    associatedtype Element: Sendable

    /// Writes the rows and empties the batch; may keep them until `flush` or `finish`.
    mutating func write(_ batch: inout Batch<Element>) throws
    /// The input has paused: makes what was written so far visible where that is cheap; in a job
    /// with checkpoints, a transactional writer shows nothing here.
    mutating func flush() throws
    /// The input has ended: makes everything visible and closes.
    mutating func finish() throws
    /// The job was stopped after its last checkpoint, and another run will go on: closes, with
    /// nothing made to look complete. Default: ``finish()``.
    mutating func suspend() throws
    /// The job has failed or was stopped at once: closes and removes what was neither made visible
    /// nor prepared.
    mutating func abandon()

    /// A new epoch begins; what is written from here on belongs to it.
    mutating func begin(_ epoch: Epoch) throws
    /// The epoch has ended: makes its results durable but not visible.
    ///
    /// - Returns: What `commit` or, after a crash, `recover` needs to make them visible, which the
    ///   checkpoint will hold; `nil` when there is nothing to commit.
    mutating func prepare(_ epoch: Epoch) throws -> [UInt8]?
    /// The epoch's checkpoint is complete: makes its results visible. If this fails or the process
    /// dies, the same transaction comes again through `recover`.
    mutating func commit(_ transaction: PreparedTransaction) throws
    /// Whether `recover` could do its work, as far as that can be known without changing anything.
    ///
    /// Called for the writers of all sinks before any of them recovers: to go back to an older
    /// checkpoint destroys what came after it, so a sink that can't must say so before another has.
    /// Default: does nothing.
    ///
    /// - Throws: What stands in the way, for example that what was prepared is gone.
    mutating func validateRecovery(
        _ transactions: [PreparedTransaction], after epoch: Epoch
    ) throws
    /// The job goes on from the checkpoint of `epoch`: makes visible those of `transactions` that are
    /// not yet, and removes what was prepared or written by epochs after it.
    ///
    /// At another parallelism one writer may be given those of several.
    mutating func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws
}

extension SinkWriter {
    public mutating func flush() throws {}
    public mutating func suspend() throws { try finish() }
    public mutating func abandon() {}
    public mutating func begin(_ epoch: Epoch) throws {}
    public mutating func prepare(_ epoch: Epoch) throws -> [UInt8]? {
        try flush()
        return nil
    }
    public mutating func commit(_ transaction: PreparedTransaction) throws {}
    public mutating func validateRecovery(
        _ transactions: [PreparedTransaction], after epoch: Epoch
    ) throws {}
    public mutating func recover(
        _ transactions: [PreparedTransaction], after epoch: Epoch
    ) throws {}
}

/// The results of an epoch that a writer has prepared.
public struct PreparedTransaction: Hashable, Sendable {
    /// The epoch.
    public let epoch: Epoch
    /// The subtask that prepared it.
    public let subtask: Int
    /// What the writer said it needs.
    public let content: [UInt8]

    /// Describes a transaction.
    public init(epoch: Epoch, subtask: Int, content: [UInt8]) {
        self.epoch = epoch
        self.subtask = subtask
        self.content = content
    }
}
