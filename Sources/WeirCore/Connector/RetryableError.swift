/// An error that knows whether trying again could help.
///
/// A job with checkpoints that fails starts again from the last one, as its restart strategy says;
/// but not after an error that would only come again, such as a table with other columns than the
/// records: that one ends the job at once. Errors of other types are taken for ones that may pass.
public protocol RetryableError: Error {
    /// Whether it may go well the next time, with nothing mended by hand.
    var isRetryable: Bool { get }
}

extension Error {
    /// Whether trying again could help, as far as the error knows.
    public var mayPass: Bool { (self as? any RetryableError)?.isRetryable ?? true }
}

extension RecordError: RetryableError {
    /// As its cause.
    public var isRetryable: Bool { cause.mayPass }
}

extension OperatorFailure: RetryableError {
    /// As its cause.
    public var isRetryable: Bool { cause.mayPass }
}

extension AggregateError: RetryableError {
    /// No: the same records come again.
    public var isRetryable: Bool { false }
}

extension FieldError: RetryableError {
    /// No: the same records come again.
    public var isRetryable: Bool { false }
}

extension SchemaError: RetryableError {
    /// No: the program is at fault.
    public var isRetryable: Bool { false }
}

extension StepTypeError: RetryableError {
    /// No: the program is at fault.
    public var isRetryable: Bool { false }
}

extension TableInconsistency: RetryableError {
    /// No: the same changes come again.
    public var isRetryable: Bool { false }
}

extension WindowAssignmentError: RetryableError {
    /// No: the same records come again.
    public var isRetryable: Bool { false }
}
