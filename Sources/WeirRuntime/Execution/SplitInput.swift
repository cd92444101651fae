import WeirCore
import WeirGraph

/// One split as the source's tasklet sees it: something to take batches from.
protocol SplitInput<Element>: AnyObject {
    associatedtype Element: Sendable
    /// Takes rows, if there are any, into an empty batch.
    func take(into batch: inout Batch<Element>) throws -> TakenFromSplit
    /// How far the split has been taken; `nil` before the first rows, and where it can't be told.
    var position: SplitPosition? { get }
    /// Ends the split after what has been read so far.
    func stopReading()
    /// Stops reading for good, and drops what was not taken.
    func close()
}

enum TakenFromSplit {
    /// Rows, and so many bad records that were read with them; of either there may be none.
    case rows(badRecords: Int)
    /// None now; the tasklet is woken when there may be some.
    case nothing
    case end
}

/// A split read on the worker itself.
final class InlineSplit<Element: Sendable>: SplitInput {
    private let open: () throws -> SplitReading<Element>
    private var reading: SplitReading<Element>?
    private let limit: Int
    private let executor: any Executor
    private let wake: DelayedWake
    private let badRecords: SplitBadRecords
    private var waitsUntil: UInt64 = 0
    private var ended = false

    var position: SplitPosition? { reading?.position() }

    init(
        limit: Int, executor: any Executor, tasklet: Tasklet, badRecords: SplitBadRecords,
        open: @escaping () throws -> SplitReading<Element>
    ) {
        self.limit = limit
        self.executor = executor
        wake = DelayedWake(tasklet, executor)
        self.badRecords = badRecords
        self.open = open
    }

    func take(into batch: inout Batch<Element>) throws -> TakenFromSplit {
        if ended { return .end }
        if waitsUntil > 0 {
            let now = executor.nanoseconds()
            guard now >= waitsUntil else {
                // The wake that was on its way may have been for an earlier wait.
                wake.request(after: .microseconds(Int64((waitsUntil - now + 999) / 1_000)))
                return .nothing
            }
            waitsUntil = 0
        }
        let reading = try self.reading ?? open()
        self.reading = reading
        let outcome = try reading.read(&batch, limit)
        switch outcome {
        case .more: break
        case .nothingFor(let span): wait(span)
        case .end: ended = true
        }
        let bad = badRecords.take()
        if !batch.isEmpty || bad > 0 { return .rows(badRecords: bad) }
        return ended ? .end : .nothing
    }

    private func wait(_ span: Duration) {
        let nanoseconds = UInt64(max(1, min(span.wholeMicroseconds, 86_400_000_000))) * 1_000
        waitsUntil = executor.nanoseconds() + nanoseconds
        wake.request(after: span)
    }

    func stopReading() { ended = true }
    func close() { reading = nil }
}

/// A split read on a lane of its own, because reading may block.
final class PumpedSplit<Element: Sendable>: SplitInput {
    private let queue: BoundedQueue<Element>
    private let progress: PumpedProgress
    private let pump: Tasklet
    private var ended = false
    private var started = false
    private(set) var position: SplitPosition?

    init(queue: BoundedQueue<Element>, progress: PumpedProgress, pump: Tasklet) {
        self.queue = queue
        self.progress = progress
        self.pump = pump
    }

    func take(into batch: inout Batch<Element>) throws -> TakenFromSplit {
        if ended { return .end }
        if !started {
            started = true
            pump.wake()
        }
        switch queue.pop(into: &batch) {
        case .nothing: return .nothing
        case .batch:
            let taken = progress.take()
            position = taken.position
            return .rows(badRecords: taken.badRecords)
        case .signal:
            ended = true
            return .end
        }
    }

    func stopReading() {
        if started { pump.wake() } else { ended = true }
    }

    func close() { pump.cancel() }
}

/// How far reading was behind each batch that is in a pump's queue, in their order.
final class PumpedProgress: Sendable {
    /// The position behind a batch, and the bad records since the one before.
    struct Step {
        var position: SplitPosition?
        var badRecords = 0
    }
    private let waiting = Locked<[Step]>([])

    /// Notes how far the batch goes that is about to be pushed.
    func add(_ step: Step) { waiting.withLock { $0.append(step) } }
    /// Takes what was noted of the batch that has been popped.
    func take() -> Step { waiting.withLock { $0.isEmpty ? Step() : $0.removeFirst() } }
}

/// The turns of a pump: reads a split until its queue is full.
final class PumpBody<Element: Sendable> {
    private let queue: () -> BoundedQueue<Element>?
    private let open: () throws -> SplitReading<Element>
    private var reading: SplitReading<Element>?
    private let limit: Int
    private let executor: any Executor
    private let tasklet: Tasklet
    private let isStopping: @Sendable () -> Bool
    private let progress: PumpedProgress
    private let badRecords: SplitBadRecords
    private var batch: Batch<Element>
    private var isProgressNoted = false
    private var hasEnded = false

    init(
        limit: Int, executor: any Executor, tasklet: Tasklet,
        isStopping: @escaping @Sendable () -> Bool, progress: PumpedProgress,
        badRecords: SplitBadRecords,
        queue: @escaping () -> BoundedQueue<Element>?,
        open: @escaping () throws -> SplitReading<Element>
    ) {
        self.limit = limit
        self.executor = executor
        self.tasklet = tasklet
        self.isStopping = isStopping
        self.progress = progress
        self.badRecords = badRecords
        self.queue = queue
        self.open = open
        batch = Batch(capacity: limit)
    }

    func turn() throws -> Tasklet.Turn {
        guard let queue = queue() else { return .finished }
        while true {
            if !push(to: queue) { return .blocked }
            if isStopping() { hasEnded = true }
            if hasEnded { return queue.push(.end) ? .finished : .blocked }
            let reading = try self.reading ?? open()
            self.reading = reading
            switch try reading.read(&batch, limit) {
            case .more: continue
            case .end: hasEnded = true
            case .nothingFor(let span):
                if !push(to: queue) { return .blocked }
                let tasklet = self.tasklet
                executor.schedule(after: span) { tasklet.wake() }
                return .idle
            }
        }
    }

    func close() { reading = nil }

    /// Hands over what was read, if anything: rows, and how far they go. Where there were only bad
    /// records the batch is empty.
    private func push(to queue: BoundedQueue<Element>) -> Bool {
        if !isProgressNoted {
            let bad = badRecords.take()
            if batch.isEmpty && bad == 0 { return true }
            progress.add(PumpedProgress.Step(position: reading?.position(), badRecords: bad))
            isProgressNoted = true
        }
        guard queue.push(&batch) else { return false }
        isProgressNoted = false
        return true
    }
}
