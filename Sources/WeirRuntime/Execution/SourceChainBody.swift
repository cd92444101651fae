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
    private let clock: ChainClock?
    private let checkpoints: ChainCheckpoints?
    private let memory: ChainMemory?
    private var passage = BarrierPassage()
    private let isStopping: @Sendable () -> Bool
    private let turnNanoseconds: UInt64
    private let slot: BatchSlot<Element>
    private let openLimit: Int
    private var open: [Int]
    private var emptySince: [UInt64?]
    /// The number of batches read, and what it was when each split was read last.
    private var reads = 0
    private var lastRead: [Int]
    /// When the next look for idle splits is due.
    private var lookDue: UInt64?
    private var isSuspended = false
    private var hasUnflushed: Bool
    private var hasSentEnd = false
    private var stopDeadline: UInt64?
    /// How long a stop waits for reads that are under way; what they bring is still delivered.
    private let stopNanoseconds: UInt64 = 2_000_000_000

    init(
        splits: [any SplitInput<Element>], marks: SplitWatermarks, step: Step<Element>,
        context: SubtaskContext, executor: any Executor, alignment: AlignmentGroup,
        tasklet: Tasklet, clock: ChainClock? = nil, checkpoints: ChainCheckpoints? = nil,
        memory: ChainMemory? = nil, positions: SplitPositions? = nil, openLimit: Int = .max,
        turnNanoseconds: UInt64 = 1_000_000,
        isStopping: @escaping @Sendable () -> Bool
    ) {
        self.splits = splits
        self.marks = marks
        self.step = step
        counters = context.counters
        self.executor = executor
        self.alignment = alignment
        self.tasklet = tasklet
        self.clock = clock
        self.checkpoints = checkpoints
        self.memory = memory
        self.turnNanoseconds = turnNanoseconds
        self.isStopping = isStopping
        self.openLimit = max(1, openLimit)
        // A restore may have left records in flight, which a flush hands on.
        hasUnflushed = checkpoints?.isRestored == true
        slot = BatchSlot(capacity: context.batchSize)
        open = splits.indices.filter { positions?.isEnded($0) != true }
        emptySince = Array(repeating: nil, count: splits.count)
        lastRead = Array(repeating: 0, count: splits.count)
        for split in splits.indices where !open.contains(split) { marks.setEnded(split) }
        alignment.join(marks, tasklet)
        positions?.progress = { [weak self] split in
            guard let self else { return (nil, false) }
            return (self.splits[split].position, !self.open.contains(split))
        }
    }

    func turn() throws -> Tasklet.Turn {
        let deadline = executor.nanoseconds() + turnNanoseconds
        try checkpoints?.startTurn()
        try memory?.beginTurn()
        if try checkpoints?.standsStill() == true {
            if !hasSentEnd { close() }
            return .finished
        }
        checkpoints?.setOverdraftOfSource(passing: passage.epoch)
        if isSuspended {
            let progress = try step.resume()
            if progress != .done { return turn(for: progress) }
            isSuspended = false
            // Splits could not be read meanwhile, so that time does not make them idle.
            for split in emptySince.indices { emptySince[split] = nil }
        }
        if let stop = try passBarrier() { return stop }
        if !hasSentEnd, let now = clock?.takeDue() {
            hasUnflushed = true
            if let stop = try answer(step.signal(.tick(now))) { return stop }
        }
        while true {
            if hasSentEnd { return try finish() }
            if let epoch = checkpoints?.dueBarrier() {
                passage.start(epoch)
                if let stop = try passBarrier() { return stop }
            }
            if mayEnd() {
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
            if checkpoints == nil && open.isEmpty { continue }
            if let checkpoints, try checkpoints.loadMore() {
                if executor.nanoseconds() > deadline { return .again }
                continue
            }
            let becameIdle = noteIdleSplits()
            guard hasUnflushed || becameIdle else {
                if open.isEmpty && mayEnd() { continue }
                return .idle
            }
            hasUnflushed = false
            if let stop = try answer(step.signal(.flush)) {
                // What refused the flush may not have handed it on.
                hasUnflushed = true
                return stop
            }
            // The flush may have let other splits go on.
            alignment.release(marks)
        }
    }

    /// A chain with sinks is done when the last epoch has been committed.
    private func finish() throws -> Tasklet.Turn {
        guard let checkpoints else { return .finished }
        return try checkpoints.finish() ? .finished : .idle
    }

    private func passBarrier() throws -> Tasklet.Turn? {
        guard passage.epoch != nil else { return nil }
        let progress = try passage.advance(
            flush: { try step.signal(.flush) }, cut: cut, send: { try step.signal($0) })
        if progress == .done { checkpoints?.setOverdraft(false) }
        return try answer(progress)
    }

    /// Whether the end is to be sent on. In a job with checkpoints all sources end together, so that
    /// every checkpoint before has the state of the whole job; and a job that is asked to stop does
    /// not end its streams but stands still after one more checkpoint.
    private func mayEnd() -> Bool {
        if let checkpoints { return checkpoints.mayEnd(isDrained: open.isEmpty) }
        return open.isEmpty || isToldToStop()
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

    private func cut(_ epoch: Epoch) throws {
        memory?.measure()
        try checkpoints?.cut(epoch)
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
        if checkpoints != nil, isStopping() { return nil }
        var hasEnded = false
        // Splits that have not been opened hold the watermark back, so they cannot be waited for.
        let isAligned = open.count <= openLimit
        for split in order() {
            guard !isAligned || alignment.mayRead(marks[split], of: marks) else { continue }
            switch try splits[split].take(into: &slot.batch) {
            case .rows(let badRecords):
                emptySince[split] = nil
                return try hand(over: split, badRecords: badRecords)
            case .nothing:
                if emptySince[split] == nil { emptySince[split] = executor.nanoseconds() }
            case .end:
                open.removeAll { $0 == split }
                marks.setEnded(split)
                splits[split].close()
                hasUnflushed = true
                hasEnded = true
            }
        }
        // Where one has ended, another may be opened.
        return hasEnded && !open.isEmpty ? try readOnce() : nil
    }

    /// The splits to read, the one with the lowest watermark first; of several the one that was read
    /// longest ago, so that splits without watermarks take turns.
    private func order() -> [Int] {
        guard open.count > 1 else { return open }
        let open = self.open.prefix(openLimit)
        return open.sorted { (marks[$0], lastRead[$0], $0) < (marks[$1], lastRead[$1], $1) }
    }

    private func hand(over split: Int, badRecords: Int) throws -> Progress {
        let count = slot.batch.count
        counters.received.add(count + badRecords)
        counters.deadLettered.add(badRecords)
        counters.passed.add(count)
        counters.emitted.add(count)
        reads += 1
        lastRead[split] = reads
        if count == 0 { return .done }
        slot.batch.split = Int32(truncatingIfNeeded: split)
        hasUnflushed = true
        let progress = try step.process(&slot.batch)
        alignment.release(marks)
        return progress
    }

    /// Marks splits idle that had nothing for too long; schedules a look at the others.
    private func noteIdleSplits() -> Bool {
        var becameIdle = false
        for marks in marks.all {
            guard let timeout = marks.strategy?.idleTimeout else { continue }
            let now = executor.nanoseconds()
            // A timeout of more than thirty years is as good as thirty years, and fits.
            let most: Int64 = 1_000_000_000_000_000
            let limit = UInt64(max(0, min(most, timeout.wholeMicroseconds))) * 1_000
            for split in open {
                guard let since = emptySince[split], marks.isActive(split) else { continue }
                if now - since >= limit {
                    marks.setIdle(split)
                    becameIdle = true
                } else {
                    lookAgain(at: since + limit, now: now)
                }
            }
        }
        return becameIdle
    }

    /// Has the tasklet woken then; a wake that is due earlier looks further by itself.
    private func lookAgain(at time: UInt64, now: UInt64) {
        if let lookDue, lookDue > now, lookDue <= time { return }
        lookDue = time
        let tasklet = self.tasklet
        executor.schedule(after: .microseconds(Int64((time - now) / 1_000) + 1)) { tasklet.wake() }
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
    private let members = Locked<[Member]>([])

    /// Counts in a subtask where it is: a restored one that counted as being at the beginning would
    /// hold back the others, and they it.
    func join(_ marks: SplitWatermarks, _ tasklet: Tasklet) {
        let lowest = marks.merged() ?? .latest
        members.withLock {
            $0.append(Member(marks: marks, tasklet: tasklet, lowest: lowest))
        }
    }

    /// Whether a split of this subtask with watermark `mark` may be read. If not, the subtask is
    /// woken when another has gone on.
    ///
    /// Looks and notes under one lock: a subtask that goes on in between would wake nobody.
    func mayRead(_ mark: Timestamp, of marks: SplitWatermarks) -> Bool {
        guard let drift = marks.strategy?.maximumDrift else { return true }
        let own = marks.merged() ?? .latest
        return members.withLock { members in
            let others = members.lazy.filter { $0.marks !== marks }.map(\.lowest).min() ?? .latest
            if mark <= min(own, others) + drift { return true }
            for index in members.indices where members[index].marks === marks {
                members[index].isHeldBack = true
            }
            return false
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
            guard let own = members.firstIndex(where: { $0.marks === marks }) else { return [] }
            let hasRisen = members[own].lowest < lowest
            // It falls when a split that was idle has records again.
            members[own].lowest = lowest
            guard hasRisen else { return [] }
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
