import WeirCore

/// The rows of epochs that writers have prepared and the job has not yet committed.
///
/// Belongs to the sink and not to its writers, since what is prepared must outlive them; it does not
/// outlive the process. The writers of a sink share it under the sink's lock.
@usableFromInline struct StagedRows<Row: Sendable>: Sendable {
    private struct Place: Hashable {
        let epoch: Epoch
        let subtask: Int
    }

    private var rows: [Place: [Row]] = [:]

    init() {}

    /// Keeps the rows of an epoch.
    mutating func stage(_ staged: [Row], _ epoch: Epoch, subtask: Int) {
        rows[Place(epoch: epoch, subtask: subtask)] = staged
    }

    /// Takes the rows of a transaction; `nil` where they have been taken before.
    mutating func take(_ transaction: PreparedTransaction) -> [Row]? {
        rows.removeValue(
            forKey: Place(epoch: transaction.epoch, subtask: transaction.subtask))
    }

    /// Drops what a failed run has left after `epoch`: the writer's own, and those of subtasks that
    /// there no longer are.
    mutating func drop(after epoch: Epoch, subtask: Int, parallelism: Int) {
        rows = rows.filter { place, _ in
            place.epoch <= epoch || place.subtask != subtask && place.subtask < parallelism
        }
    }
}
