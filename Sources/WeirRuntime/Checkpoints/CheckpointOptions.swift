import WeirCore
public import WeirState

/// How a job's state is made to survive.
public struct CheckpointOptions: Sendable {
    /// What a result may look like after a failure.
    public enum Mode: String, Sendable, CaseIterable {
        /// Barriers are aligned: every record is in the state once.
        case exactlyOnce = "exactly-once"
        /// Inputs do not wait for each other at a barrier, which keeps latency down; after a restore,
        /// records between the barriers are in the state twice.
        case atLeastOnce = "at-least-once"
    }

    /// Where checkpoints are kept; belongs to one job.
    public var directory: CheckpointDirectory
    /// From the start of a checkpoint to that of the next. Default: ten seconds.
    public var interval: Duration
    /// At least this long from the end of a checkpoint to the start of the next. Default: none.
    public var minimumPause = Duration.zero
    /// A checkpoint that takes longer has failed. Default: ten minutes.
    public var timeout = Duration.seconds(600)
    /// When a checkpoint has been under way for longer, its barriers overtake the records that lie in
    /// queues before them, and these become part of the checkpoint: it is then complete soon, however
    /// slow a sink is, but larger. Savepoints, and the checkpoint of a job that is stopped, are aligned at
    /// any rate. Zero: at once; `nil`, the default: never.
    ///
    /// All records that cross between subtasks need a codec then, as state does.
    public var unalignedAfter: Duration?
    /// The checkpoints in a row that may fail before the job does; `nil`, the default: any number.
    public var toleratedFailures: Int?
    /// Default: ``Mode/exactlyOnce``.
    public var mode = Mode.exactlyOnce
    /// Where to go on from; `nil`, the default: from the beginning.
    public var restoring: RestorePoint?
    /// Whether a restore may drop the state of operators, and of parts of them, that the job no longer
    /// has; a part that it has in a form that can't be read is refused all the same. Default: no.
    public var allowsDroppedState = false
    /// What is broken; for tests of tests.
    package var defect: EngineDefect?

    /// Keeps checkpoints in `directory`.
    public init(_ directory: CheckpointDirectory, interval: Duration = .seconds(10)) {
        self.directory = directory
        self.interval = interval
    }
}

/// Where a run goes on from.
public enum RestorePoint: Sendable {
    /// The newest checkpoint in the job's own directory that is whole; none there is an error.
    case latest
    /// The newest one if there is any, else from the beginning.
    case latestIfAny
    /// A checkpoint or savepoint at this path.
    case path(String)
}
