public import WeirCore

/// A ``BadRecordHandler`` whose work outlasts the process, so that checkpoints must know of it.
///
/// The readers of a source hand over bad records at their own pace, and ahead of the records that the
/// job has taken: there is no moment at which the letters written are exactly those before a barrier.
/// So what is saved is where the job's letters begin, and after a restore a letter that is there
/// already is not written again. The ledger counts a bad record when the job takes what was read with
/// it, and so each one once, whatever is read again.
public protocol RecoverableBadRecords: BadRecordHandler {
    /// Makes what was handled so far durable, and says what `restore` needs. Called by each subtask at
    /// its barrier, and when the job begins.
    func save() throws -> [UInt8]

    /// Goes on from what `save` has answered; called before the first record, with one answer or
    /// several.
    ///
    /// - Parameter count: The bad records that lie before where reading goes on, or 0; of several
    ///   calls the greatest counts.
    /// - Throws: ``BadRecordError`` when what was written before is gone.
    func restore(_ saved: [UInt8], count: Int) throws
}
