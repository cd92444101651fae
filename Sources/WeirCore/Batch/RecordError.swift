/// A user's function failed on a record: the record, as text, and what was thrown.
///
/// Made once, where the loop stops; the runtime adds job, operator and subtask to it.
public struct RecordError: Error, CustomStringConvertible {
    /// The record at fault, as Swift prints it, cut to 500 characters.
    public let record: String
    /// What the user's function threw.
    public let cause: any Error

    /// Describes `record`, which is costly: only for the way out of a loop.
    public init(record: some Any, cause: any Error) {
        let text = String(describing: record)
        self.record = text.count > 500 ? text.prefix(500) + "…" : text
        self.cause = cause
    }

    public var description: String { "\(cause), on the record \(record)" }
}
