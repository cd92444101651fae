public import WeirCore

/// A ``BadRecordHandler`` whose work outlasts the process, so that checkpoints must know of it.
///
/// The readers of a source hand over bad records at their own pace, and ahead of the records that the
/// job has taken: there is no moment at which the letters written are exactly those before a barrier.
/// So what is saved is where the job's letters begin, and after a restore a letter that is there
/// already is not written again.
public protocol RecoverableBadRecords: BadRecordHandler {
    /// Makes what was handled so far durable, and says what `restore` needs. Called by any subtask at
    /// its barrier, or when the job begins; whichever answer is kept serves for all of them.
    func save() throws -> [UInt8]

    /// Goes on from what `save` has answered; called before the first record, with one answer or
    /// several.
    ///
    /// - Throws: ``BadRecordError`` when what was written before is gone.
    func restore(_ saved: [UInt8]) throws
}
