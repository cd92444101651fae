public import WeirCore

/// What an operator is compiled to: functions that make its steps, formed where its types are known.
public enum OperatorBody: Sendable {
    /// It puts out records that come from outside.
    case source(SourceBody)
    /// It makes records of records.
    case transform(TransformBody)
    /// It takes records out of the job.
    case sink(SinkBody)
}

/// An operator between sources and sinks.
public struct TransformBody: Sendable {
    /// What is read once, before the job's first record, off the workers: a small table.
    public let prepare: (@Sendable () throws -> any Sendable)?
    /// Makes the step of each input port, given that of each output port; an output port that
    /// nothing reads has `nil`.
    public let makeSteps:
        @Sendable (SubtaskContext, _ outputs: [AnyStep?], _ prepared: (any Sendable)?) throws
            -> [AnyStep]

    /// Makes a body from the functions that make its steps.
    public init(
        prepare: (@Sendable () throws -> any Sendable)? = nil,
        makeSteps:
            @escaping @Sendable (
                SubtaskContext, _ outputs: [AnyStep?], _ prepared: (any Sendable)?
            ) throws -> [AnyStep]
    ) {
        self.prepare = prepare
        self.makeSteps = makeSteps
    }
}

/// A source, its element type erased.
public struct SourceBody: Sendable {
    /// The source's own.
    public let readMode: ReadMode
    /// Whether its splits can be read again from where a reader was.
    public let isReplayable: Bool
    /// What becomes of records that cannot be read.
    public let badRecords: BadRecordPolicy
    /// Schema of the records; empty where it is not known.
    public let fields: [FieldDescription]
    /// Finds the splits; may do I/O.
    public let splits: @Sendable () throws -> [SourceSplit]
    /// Opens a split; the answer is a `SplitReading` of the element type.
    public let open: @Sendable (SourceSplit, ReaderContext) throws -> any Sendable

    /// Erases the type of `source`.
    @inlinable
    public init<S: Source>(_ source: S, badRecords: BadRecordPolicy) {
        readMode = source.readMode
        isReplayable = source.isReplayable
        fields = source.fields
        self.badRecords = badRecords
        splits = { try source.splits() }
        open = { split, context in
            SplitReading(try source.reader(for: split, context: context))
        }
    }
}

/// An open split, as the runtime reads it: closures formed where the reader's type is known.
public struct SplitReading<Element: Sendable>: @unchecked Sendable {
    // Unchecked: handed over once, to the lane or worker that reads the split, and used there alone.
    /// Reads into the batch, as ``SplitReader/read(into:limit:)`` says.
    public let read: (inout Batch<Element>, _ limit: Int) throws -> ReadOutcome
    /// How far the split has been read, as ``SplitReader/position`` says: behind the rows of the
    /// last `read`. Called where `read` is, between two calls of it.
    public let position: () -> SplitPosition?

    /// Reads by functions.
    public init(
        read: @escaping (inout Batch<Element>, _ limit: Int) throws -> ReadOutcome,
        position: @escaping () -> SplitPosition? = { nil }
    ) {
        self.read = read
        self.position = position
    }

    /// Reads by `reader`, which is kept.
    @inlinable public init<Reader: SplitReader>(_ reader: Reader) where Reader.Element == Element {
        let box = ReaderBox(reader)
        read = { batch, limit in try box.reader.read(into: &batch, limit: limit) }
        position = { box.reader.position }
    }
}

@usableFromInline
final class ReaderBox<Reader> {
    @usableFromInline var reader: Reader
    @inlinable init(_ reader: Reader) { self.reader = reader }
}

/// A sink, its element type erased.
public struct SinkBody: Sendable {
    /// The sink's own.
    public let writeMode: WriteMode
    /// What survives a failure.
    public let guarantee: DeliveryGuarantee
    /// Whether its writers can be opened again by the same run.
    public let isRestartable: Bool
    /// Schema of the records; empty where it is not known.
    public let fields: [FieldDescription]
    /// Checks what can be checked before the job runs; may do I/O.
    public let validate: @Sendable () throws -> Void
    /// The same, for a job that goes on from a checkpoint.
    public let validateRestored: @Sendable () throws -> Void
    /// Opens a writer; the answer is a `SinkWriting` of the element type.
    public let open: @Sendable (SubtaskContext) throws -> any Sendable
    /// Told that a run is over.
    public let runEnded: @Sendable (_ failure: (any Error)?) -> Void

    /// Erases the type of `sink`.
    @inlinable
    public init<S: Sink>(_ sink: S) {
        writeMode = sink.writeMode
        guarantee = sink.guarantee
        isRestartable = sink.isRestartable
        fields = sink.fields
        validate = { try sink.validate() }
        validateRestored = { try sink.validateRestored() }
        open = { context in SinkWriting(try sink.writer(context: context)) }
        runEnded = { sink.runEnded(failure: $0) }
    }
}

/// An open writer, as the runtime drives it: closures formed where the writer's type is known.
public struct SinkWriting<Element: Sendable>: @unchecked Sendable {
    // Unchecked: after a restore validated by whoever puts the job together; then handed over once, to
    // the lane or worker that writes, and used there alone.
    /// Writes the rows and empties the batch.
    public let write: (inout Batch<Element>) throws -> Void
    /// Makes visible what was written, where that is cheap.
    public let flush: () throws -> Void
    /// Makes everything visible and closes.
    public let finish: () throws -> Void
    /// Closes, for another run to go on.
    public let suspend: () throws -> Void
    /// Closes and removes what was neither made visible nor prepared.
    public let abandon: () -> Void
    /// Begins an epoch.
    public let begin: (Epoch) throws -> Void
    /// Makes an epoch durable; what `commit` needs, or `nil`.
    public let prepare: (Epoch) throws -> [UInt8]?
    /// Makes a prepared epoch visible.
    public let commit: (PreparedTransaction) throws -> Void
    /// Whether `recover` could do its work; changes nothing.
    public let validateRecovery: ([PreparedTransaction], _ after: Epoch) throws -> Void
    /// Makes visible what a restored checkpoint has prepared, and removes what came after it.
    public let recover: ([PreparedTransaction], _ after: Epoch) throws -> Void

    /// Writes by `writer`, which is kept.
    @inlinable public init<Writer: SinkWriter>(_ writer: Writer) where Writer.Element == Element {
        let box = WriterBox(writer)
        write = { try box.writer.write(&$0) }
        flush = { try box.writer.flush() }
        finish = { try box.writer.finish() }
        suspend = { try box.writer.suspend() }
        abandon = { box.writer.abandon() }
        begin = { try box.writer.begin($0) }
        prepare = { try box.writer.prepare($0) }
        commit = { try box.writer.commit($0) }
        validateRecovery = { try box.writer.validateRecovery($0, after: $1) }
        recover = { try box.writer.recover($0, after: $1) }
    }
}

@usableFromInline
final class WriterBox<Writer> {
    @usableFromInline var writer: Writer
    @inlinable init(_ writer: Writer) { self.writer = writer }
}
