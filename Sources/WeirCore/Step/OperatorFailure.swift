/// What stopped an operator: which one, which of its subtasks, on what record, and why.
public struct OperatorFailure: Error, CustomStringConvertible {
    /// The name of the job.
    public let job: String
    /// The name of the operator.
    public let operatorName: String
    /// The index of the parallel instance, from 0.
    public let subtask: Int
    /// The record at fault, as text; `nil` where no single record is.
    public let record: String?
    /// What the operator, its connector or the job's own function threw.
    public let cause: any Error

    /// Wraps `error` once: an error that already names its operator stays as it is.
    public static func wrapping(_ error: any Error, in context: SubtaskContext) -> OperatorFailure {
        if let failure = error as? OperatorFailure { return failure }
        let atRecord = error as? RecordError
        return OperatorFailure(
            job: context.job, operatorName: context.operatorName, subtask: context.subtask,
            record: atRecord?.record, cause: atRecord?.cause ?? error)
    }

    public var description: String {
        let place = "job '\(job)', operator '\(operatorName)', subtask \(subtask)"
        guard let record else { return "\(place): \(cause)" }
        return "\(place), on the record \(record): \(cause)"
    }
}

extension SubtaskContext {
    /// Runs `body`; what it throws comes out naming this operator and subtask.
    @inlinable @inline(__always) public func attributing<Result>(_ body: () throws -> Result) throws
        -> Result
    {
        do { return try body() } catch { throw OperatorFailure.wrapping(error, in: self) }
    }
}
