public import WeirCore

/// The two outputs of an operator that judges records late: results, and the late records.
public final class MainAndLateOutput<Main, Late> {
    @usableFromInline let main: Step<Main>
    @usableFromInline let late: Step<Late>?
    @usableFromInline var mainAnswer = Progress.done
    @usableFromInline var lateAnswer = Progress.done
    /// The late records of the batch at hand.
    @usableFromInline var lateRows = Batch<Late>()
    @usableFromInline let counters: OperatorCounters

    @inlinable init(main: Step<Main>, late: Step<Late>?, counters: OperatorCounters) {
        self.main = main
        self.late = late
        self.counters = counters
    }

    @inlinable var progress: Progress { mainAnswer.joined(with: lateAnswer) }

    /// Hands over results.
    @inlinable func send(_ batch: inout Batch<Main>) throws -> Progress {
        if batch.isEmpty { return .done }
        counters.emitted.add(batch.count)
        mainAnswer = try main.process(&batch)
        return mainAnswer
    }

    /// Counts a late record, and keeps it for the side output if something reads that.
    @inlinable func noteLate(_ record: Late, at time: Timestamp) {
        counters.late.add(1)
        if late != nil { lateRows.append(record, at: time) }
    }

    /// Hands over the late records noted since.
    @inlinable func sendLate() throws -> Progress {
        guard !lateRows.isEmpty, let late else { return .done }
        lateAnswer = try late.process(&lateRows)
        return lateAnswer
    }

    /// Hands a mark to both.
    @inlinable func signal(_ signal: Signal) throws -> Progress {
        mainAnswer = try main.signal(signal)
        if let late { lateAnswer = try late.signal(signal) }
        return progress
    }

    /// Resumes whichever refused.
    @inlinable func resume() throws -> Progress {
        if mainAnswer != .done { mainAnswer = try main.resume() }
        if lateAnswer != .done, let late { lateAnswer = try late.resume() }
        return progress
    }
}
