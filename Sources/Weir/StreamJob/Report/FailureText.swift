import WeirCore
import WeirRuntime

/// One message for what has stopped a job, ending with a line break.
///
/// Where an operator failed it names the job, the operator, the subtask, the record and the cause.
func failureText(_ error: any Error) -> String {
    if let failure = error as? JobFailure { return failureText(failure.cause) }
    guard let failure = error as? OperatorFailure else { return "error: \(error)\n" }
    var lines = ["error: job '\(failure.job)' failed in operator '\(failure.operatorName)'"]
    lines.append("  subtask  \(failure.subtask)")
    if let record = failure.record { lines.append("  record   \(record.cut(to: 500))") }
    lines.append("  cause    \(failure.cause)")
    return lines.joined(separator: "\n") + "\n"
}
