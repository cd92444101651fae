/// One entry of the state in a checkpoint, as text that needs none of the job's types.
public struct StateEntry: Hashable, Sendable {
    /// The operator that keeps it.
    public let operatorID: String
    /// The part of the operator's state.
    public let part: String
    /// The subtask that saved it.
    public let subtask: Int
    /// The key as JSON; `nil` where the part has no keys.
    public let key: String?
    /// The value as JSON.
    public let value: String

    /// Whether `text` means this entry's key: the key as JSON, or the characters of one that is a
    /// string.
    public func hasKey(_ text: String) -> Bool {
        guard let key else { return false }
        return key == text || key == StateText.quoted(text)
    }
}
