import Synchronization
import WeirCore

/// The turns of a chain with a source at its head.
///
/// Reads its splits a batch at a time, the one with the lowest watermark first, so that they
/// advance together; a split too far ahead of the source's lowest, in this or in another subtask,
/// waits until that has caught up.
final class SourceChainBody<Element: Sendable> {
    private let splits: [any SplitInput<Element>]
    private let marks: SplitWatermarks
    private let step: Step<Element>
    private let counters: OperatorCounters
    private let executor: any Executor
    private let alignment: AlignmentGroup
    private let tasklet: Tasklet
    private let isStopping: @Sendable () -> Bool
    private let turnNanoseconds: UInt64
    private let slot: BatchSlot<Element>
    private var open: [Int]
    private var emptySince: [UInt64?]
    private var isSuspended = false
    private var hasUnflushed = false
    private var hasSentEnd = false
    private var stopDeadline: UInt64?
    /// How long a stop waits for reads that are under way; what they bring is still delivered.
    private let stopNanoseconds: UInt64 = 2_000_000_000

    init(
        splits: [any SplitInput<Element>], marks: SplitWatermarks, step: Step<Element>,
        context: SubtaskContext, executor: any Executor, alignment: AlignmentGroup,
        tasklet: Tasklet, turnNanoseconds: UInt64 = 1_000_000,
        isStopping: @escaping @Sendable () -> Bool
    ) {
        self.splits = splits
        self.marks = marks
        self.step = step
        counters = context.counters
        self.executor = executor
        self.alignment = alignment
        self.tasklet = tasklet
        self.turnNanoseconds = turnNanoseconds
        self.isStopping = isStopping
        slot = BatchSlot(capacity: context.batchSize)
        open = Array(splits.indices)
        emptySince = Array(repeating: nil, count: splits.count)
        alignment.join(marks, tasklet)
    }

    func turn() throws -> Tasklet.Turn {
        let deadline = executor.nanoseconds() + turnNanoseconds
        if isSuspended {
            let progress = try step.resume()
            if progress != .done { return turn(for: progress) }
            isSuspended = false
            // Splits could not be read meanwhile, so that time does not make them idle.
            for split in emptySince.indices { emptySince[split] = nil }
        }
        while true {
            if hasSentEnd { return .finished }
            if open.isEmpty || isToldToStop() {
                hasSentEnd = true
                close()
                if let stop = try answer(step.signal(.end)) { return stop }
                continue
            }
            if let progress = try readOnce() {
                if let stop = try answer(progress) { return stop }
                if executor.nanoseconds() > deadline { return .again }
                continue
            }
            if open.isEmpty { continue }
            let becameIdle = noteIdleSplits()
            guard hasUnflushed || becameIdle else { return .idle }
            hasUnflushed = false
            if let stop = try answer(step.signal(.flush)) { return stop }
            // The flush may have let other splits go on.
            alignment.release(marks)
        }
    }

    /// Whether the job was asked to stop and nothing more is to be had from reads under way.
    ///
    /// A read that blocks for good (a socket, a terminal) must not keep the job alive, so after a
    /// while it is left to itself.
    private func isToldToStop() -> Bool {
        guard isStopping() else { return false }
        let now = executor.nanoseconds()
        if let stopDeadline { return now >= stopDeadline }
        stopDeadline = now + stopNanoseconds
        for split in open { splits[split].stopReading() }
        let tasklet = self.tasklet
        executor.schedule(after: .nanoseconds(Int64(stopNanoseconds))) { tasklet.wake() }
        return false
    }

    private func turn(for progress: Progress) -> Tasklet.Turn {
        progress == .yielded ? .again : .blocked
    }

    private func answer(_ progress: Progress) throws -> Tasklet.Turn? {
        guard progress != .done else { return nil }
        isSuspended = true
        return turn(for: progress)
    }

    /// Reads a batch of the lowest split that has one; `nil` when none has.
    private func readOnce() throws -> Progress? {
        let limit = alignment.limit(for: marks)
        for split in order() {
            guard marks[split] <= limit else {
                alignment.holdBack(marks)
                continue
            }
            switch try splits[split].take(into: &slot.batch) {
            case .rows:
                emptySince[split] = nil
                return try hand(over: split)
            case .nothing:
                if emptySince[split] == nil { emptySince[split] = executor.nanoseconds() }
            case .end:
                open.removeAll { $0 == split }
                marks.setEnded(split)
                hasUnflushed = true
            }
        }
        return nil
    }

    /// The open splits, the one with the lowest watermark first.
    private func order() -> [Int] {
        guard open.count > 1 else { return open }
        return open.sorted { (marks[$0], $0) < (marks[$1], $1) }
    }

    private func hand(over split: Int) throws -> Progress {
        let count = slot.batch.count
        counters.received.add(count)
        counters.passed.add(count)
        counters.emitted.add(count)
        slot.batch.split = Int32(truncatingIfNeeded: split)
        hasUnflushed = true
        let progress = try step.process(&slot.batch)
        alignment.release(marks)
        return progress
    }

    /// Marks splits idle that had nothing for too long; schedules a look at the others.
    private func noteIdleSplits() -> Bool {
        guard let timeout = marks.strategy?.idleTimeout else { return false }
        let now = executor.nanoseconds()
        let limit = UInt64(max(0, timeout.wholeMicroseconds)) * 1_000
        var becameIdle = false
        for split in open {
            guard let since = emptySince[split], marks.isActive(split) else { continue }
            if now - since >= limit {
                marks.setIdle(split)
                becameIdle = true
            } else {
                let tasklet = self.tasklet
                executor.schedule(after: .microseconds(Int64((limit - (now - since)) / 1_000) + 1)) {
                    tasklet.wake()
                }
            }
        }
        return becameIdle
    }

    func close() {
        alignment.leave(marks)
        for split in splits { split.close() }
    }
}

/// The subtasks of one source, which keep each other from running too far ahead.
final class AlignmentGroup: Sendable {
    private struct Member {
        let marks: SplitWatermarks
        let tasklet: Tasklet
        var isHeldBack = false
        var lowest = Timestamp.earliest
    }
    private let members = Mutex<[Member]>([])

    func join(_ marks: SplitWatermarks, _ tasklet: Tasklet) {
        members.withLock { $0.append(Member(marks: marks, tasklet: tasklet)) }
    }

    /// The watermark beyond which a split of this subtask must wait.
    func limit(for marks: SplitWatermarks) -> Timestamp {
        guard let drift = marks.strategy?.maximumDrift else { return .latest }
        let own = marks.merged() ?? .latest
        let others = members.withLock { members in
            members.lazy.filter { $0.marks !== marks }.map(\.lowest).min() ?? .latest
        }
        return min(own, others) + drift
    }

    /// Notes that the subtask has a split that waits.
    func holdBack(_ marks: SplitWatermarks) {
        members.withLock { members in
            for index in members.indices where members[index].marks === marks {
                members[index].isHeldBack = true
            }
        }
    }

    /// Publishes how far a subtask is, and wakes those that waited for it.
    func release(_ marks: SplitWatermarks) {
        guard marks.strategy?.maximumDrift != nil else { return }
        publish(marks, marks.merged() ?? .latest)
    }

    /// Notes that a subtask reads no more.
    func leave(_ marks: SplitWatermarks) { publish(marks, .latest) }

    private func publish(_ marks: SplitWatermarks, _ lowest: Timestamp) {
        let woken = members.withLock { members -> [Tasklet] in
            guard let own = members.firstIndex(where: { $0.marks === marks }),
                members[own].lowest < lowest
            else { return [] }
            members[own].lowest = lowest
            var woken: [Tasklet] = []
            for index in members.indices where members[index].isHeldBack && index != own {
                members[index].isHeldBack = false
                woken.append(members[index].tasklet)
            }
            return woken
        }
        for tasklet in woken { tasklet.wake() }
    }
}
