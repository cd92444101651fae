/// The ways in which a simulated world goes wrong.
public enum FaultKind: String, CaseIterable, Hashable, Sendable, Codable {
    /// The process dies between two turns of its tasklets; the disk loses some of what was not synced.
    case crash
    /// The process dies in an operation of the disk: what was being written is torn.
    case crashOnDisk
    /// The process dies in a call of a sink, before or after that has had its effect.
    case crashInSink
    /// An operation of the disk fails.
    case diskFails
    /// The disk has no room, for a number of operations.
    case diskFull
    /// A read of a source fails; the next succeeds.
    case sourceFails
    /// A source has nothing for a while.
    case sourceStalls
    /// A call of a sink fails without effect.
    case sinkFails
    /// A call of a sink fails after it has had its effect, so that its transaction comes again.
    case sinkTimesOut
    /// A worker or lane does not get to run for a while.
    case workerStalls
    /// The clock on the wall is set forward or back.
    case clockJumps
    /// The job is asked to stop, and is resumed by another process.
    case stops
    /// A savepoint is taken, and tried at the end: a copy of the job goes on from it.
    case savepoint

    /// What its place in a run is counted in.
    enum Domain: CaseIterable {
        case step, disk, read, sink
    }

    var domain: Domain {
        switch self {
        case .crash, .workerStalls, .clockJumps, .stops, .savepoint: .step
        case .crashOnDisk, .diskFails, .diskFull: .disk
        case .sourceFails, .sourceStalls: .read
        case .crashInSink, .sinkFails, .sinkTimesOut: .sink
        }
    }
}

extension Set where Element == FaultKind {
    /// Every kind.
    public static var all: Self { Set(FaultKind.allCases) }
    /// Only deaths of the process.
    public static var crashes: Self { [.crash, .crashOnDisk, .crashInSink] }
    /// None: only the order of turns, the sizes of batches and the parallelism differ by seed.
    public static var none: Self { [] }
}
