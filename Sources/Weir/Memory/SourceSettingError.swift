public import WeirCore

/// A source was made with a setting that makes no sense; thrown before anything is read.
public struct SourceSettingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What source, in words: `generator`.
    public let source: String
    /// The name of the setting.
    public let setting: String
    /// What it was set to.
    public let value: String
    /// How to mend it, in words.
    public let mend: String

    public var description: String { "the \(source)'s `\(setting)` is \(value); \(mend)" }
}

extension SourceSettingError: RetryableError {
    /// No: the program is at fault.
    public var isRetryable: Bool { false }
}
