import WeirCore
import WeirGraph

/// The state of all operators of a ``PipelineHarness``, as a checkpoint would have it.
public struct PipelineSnapshot: Sendable {
    /// Each operator's, by its name.
    public let operators: [String: StepSnapshot]
    /// The inputs that had ended.
    let ended: Set<OperatorID>
    let now: Timestamp
}

extension PipelineHarness {
    /// Has all operators hand on what they hold back only for fuller batches, and writes their state
    /// as a checkpoint would.
    ///
    /// - Throws: `StateFormatError` when a type in the state cannot be kept in a checkpoint.
    public func snapshot() throws -> PipelineSnapshot {
        try build()
        for flush in flushes { try flush() }
        var operators: [String: StepSnapshot] = [:]
        for (id, context) in contexts {
            operators["\(id)"] = try UnwrittenSnapshot(of: context, Epoch(1), since: nil)
                .written(onto: nil)
        }
        return PipelineSnapshot(
            operators: operators, ended: Set(inputs.filter { $0.value.hasEnded() }.keys),
            now: clock.now())
    }

    /// Fills the operators of this harness, which must be new and described as the other was, by
    /// their names; then goes on where that was: the time is what it was, and inputs that had ended
    /// end again.
    ///
    /// - Throws: ``StepContractViolation`` when there is no operator of a name.
    public func restore(from snapshot: PipelineSnapshot) throws {
        try build()
        clock.advance(to: snapshot.now) { _ in }
        let byName = Dictionary(uniqueKeysWithValues: contexts.map { ("\($0)", $1) })
        for (name, saved) in snapshot.operators {
            guard let context = byName[name] else {
                throw StepContractViolation("there is no operator '\(name)' to restore")
            }
            try context.restore([saved], keyGroups: KeyGroups())
        }
        for (id, input) in inputs where snapshot.ended.contains(id) { try input.end() }
    }
}
