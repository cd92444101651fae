public import WeirCore
public import WeirGraph
public import WeirState

/// What becomes of partial matches whose span is over before they are complete.
public enum TimedOutMatches<Key: Sendable, Element: Sendable> {
    /// They are forgotten; the records that only they had are counted as filtered.
    case drop
    /// They go to a stream of their own, which the closure ends in a sink, or takes elsewhere.
    case sideOutput((DataStream<TimedOutMatch<Key, Element>>) -> Void)
}

extension KeyedStream {
    /// A stream of what a pattern finds among the records of each key.
    ///
    /// Records are dealt with in the order of their event times, once the watermark has passed them;
    /// those with equal times in the order that the pattern gives them, or of arrival. A key of which
    /// nothing waits takes no memory. In the ledger, records that a match had are passed, those that
    /// none had are filtered.
    ///
    /// - Parameters:
    ///   - pattern: What to look for.
    ///   - late: What becomes of records that come behind the watermark.
    ///   - timedOut: What becomes of partial matches that ran out of time; needs ``Pattern/within(_:)``.
    ///   - partialMatchesMax: The most partial matches, and matches held back, that a key may have; with
    ///     more the job fails, with an error that names the key. It guards the memory against patterns
    ///     whose partial matches multiply with each record.
    ///   - name: The operator's name; its state is saved under it.
    ///   - result: Makes the result from the key and the match. Its event time is that of the match's
    ///     last record, or, where something else completed the match, of that.
    @inlinable
    public func matched<Output: Sendable>(
        _ pattern: Pattern<Element>, late: LateRecords<Element>,
        timedOut: TimedOutMatches<Key, Element> = .drop, partialMatchesMax: Int = 100_000,
        as name: String,
        _ result: @escaping @Sendable (Key, PatternMatch<Element>) throws -> Output
    ) -> DataStream<Output> {
        let automaton = PatternAutomaton(pattern, partialMatchesMax: partialMatchesMax)
        let key = key
        let body = TransformBody { context, outputs, _ in
            [
                AnyStep(
                    patternStep(
                        context, into: try outputs.step(0),
                        late: try outputs.sideStep(1, of: Element.self),
                        timedOut: try outputs.sideStep(2, of: TimedOutMatch<Key, Element>.self),
                        automaton, keyOf: key, result: result))
            ]
        }
        let job = stream.job
        let id = job.add(
            .pattern, as: name, detail: pattern.description, inputs: [edge()],
            outputTypes: [Output.self, Element.self, TimedOutMatch<Key, Element>.self],
            sideOutputs: ["late records", "timed out"], body: .transform(body))
        job.check(pattern, of: id, partialMatchesMax: partialMatchesMax)
        if case .sideOutput(let branch) = late {
            branch(DataStream<Element>(job: job, output: OutputReference(id, port: 1)))
        }
        if case .sideOutput(let branch) = timedOut {
            if pattern.span == nil { job.reportTimeoutWithoutSpan(id) }
            branch(
                DataStream<TimedOutMatch<Key, Element>>(
                    job: job, output: OutputReference(id, port: 2)))
        }
        return DataStream<Output>(job: job, output: OutputReference(id))
    }
}

extension JobBuilder {
    /// Reports what makes a pattern unusable.
    @usableFromInline func check<Element>(
        _ pattern: Pattern<Element>, of id: OperatorID, partialMatchesMax: Int
    ) {
        for problem in pattern.problems {
            report(GraphProblem(id, problem.problem, mend: problem.mend))
        }
        if partialMatchesMax < 1 {
            report(
                GraphProblem(
                    id, "a key may have \(partialMatchesMax) partial matches",
                    mend: "Give `partialMatchesMax` room for at least one"))
        }
    }

    @usableFromInline func reportTimeoutWithoutSpan(_ id: OperatorID) {
        report(
            GraphProblem(
                id, "no partial match of its pattern can run out of time",
                mend: "Limit the pattern with `within`, or leave `timedOut` out"))
    }
}

extension [AnyStep?] {
    /// The step of a side output; `nil` where nothing reads it.
    @inlinable func sideStep<Record>(_ port: Int, of type: Record.Type) throws -> Step<Record>? {
        guard indices.contains(port), let step = self[port] else { return nil }
        return try step.typed(type)
    }
}
