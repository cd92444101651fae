/// A way in which checkpoints can be broken, so that tests can see the simulator notice. Looked at where
/// an epoch or a restore begins or ends, and never for a record.
package enum EngineDefect: String, Sendable, CaseIterable {
    /// Sinks commit when the barrier passes them.
    case commitsBeforeComplete
    /// Epochs are numbered from the restored one on, though later ones have been begun.
    case epochsReused
    /// The ledger begins anew at a restore.
    case countersNotRestored
    /// What sinks have prepared is not committed after a restore.
    case transactionsForgotten
    /// Of the records that a barrier overtakes, those of one input are not saved.
    case inFlightForgotten
    /// Records that lie behind the barrier are saved with those that it overtakes.
    case inFlightBehindBarrier
}
