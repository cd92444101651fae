import Synchronization
import WeirCore

/// The bad records of one split, counted on their way to the source's handler.
///
/// Reading is ahead of the job. So the source's chain adds them to its ledger when it takes the rows
/// that were read with them: at a barrier, the counts and the position of the split are of one place.
final class SplitBadRecords: BadRecordHandler {
    private let handler: any BadRecordHandler
    private let untaken = Atomic<Int>(0)

    init(_ handler: any BadRecordHandler) { self.handler = handler }

    func handle(_ record: BadRecord) throws {
        try handler.handle(record)
        // Only once it is safe, so that the count never claims more than was set aside.
        untaken.add(1, ordering: .relaxed)
    }

    /// The number since the last call.
    func take() -> Int { untaken.exchange(0, ordering: .relaxed) }
}
