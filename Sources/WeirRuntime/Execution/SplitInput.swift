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
    case rows
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
    private let tasklet: Tasklet
    private var waitsUntil: UInt64 = 0
    private var ended = false

    var position: SplitPosition? { reading?.position() }

    init(
        limit: Int, executor: any Executor, tasklet: Tasklet,
        open: @escaping () throws -> SplitReading<Element>
    ) {
        self.limit = limit
        self.executor = executor
        self.tasklet = tasklet
        self.open = open
    }

    func take(into batch: inout Batch<Element>) throws -> TakenFromSplit {
        if ended { return .end }
        if waitsUntil > 0 {
            guard executor.nanoseconds() >= waitsUntil else { return .nothing }
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
        if !batch.isEmpty { return .rows }
        return ended ? .end : .nothing
    }

    private func wait(_ span: Duration) {
        let nanoseconds = UInt64(max(1, min(span.wholeMicroseconds, 86_400_000_000))) * 1_000
        waitsUntil = executor.nanoseconds() + nanoseconds
        let tasklet = self.tasklet
        executor.schedule(after: span) { tasklet.wake() }
    }

    func stopReading() { ended = true }
    func close() { reading = nil }
}

/// A split read on a lane of its own, because reading may block.
final class PumpedSplit<Element: Sendable>: SplitInput {
    private let queue: BoundedQueue<Element>
    private let positions: PumpedPositions
    private let pump: Tasklet
    private var ended = false
    private var started = false
    private(set) var position: SplitPosition?

    init(queue: BoundedQueue<Element>, positions: PumpedPositions, pump: Tasklet) {
        self.queue = queue
        self.positions = positions
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
            position = positions.take()
            return .rows
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

/// The positions behind the batches that are in a pump's queue, in their order.
final class PumpedPositions: Sendable {
    private let waiting = Locked<[SplitPosition?]>([])

    /// Notes the position behind the batch that is about to be pushed.
    func add(_ position: SplitPosition?) { waiting.withLock { $0.append(position) } }
    /// Takes that of the batch that has been popped.
    func take() -> SplitPosition? { waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
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
    private let positions: PumpedPositions
    private var batch: Batch<Element>
    private var isPositionNoted = false
    private var hasEnded = false

    init(
        limit: Int, executor: any Executor, tasklet: Tasklet,
        isStopping: @escaping @Sendable () -> Bool, positions: PumpedPositions,
        queue: @escaping () -> BoundedQueue<Element>?,
        open: @escaping () throws -> SplitReading<Element>
    ) {
        self.limit = limit
        self.executor = executor
        self.tasklet = tasklet
        self.isStopping = isStopping
        self.positions = positions
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

    /// Hands over what was read, if anything, and the position behind it.
    private func push(to queue: BoundedQueue<Element>) -> Bool {
        if batch.isEmpty { return true }
        if !isPositionNoted {
            positions.add(reading?.position())
            isPositionNoted = true
        }
        guard queue.push(&batch) else { return false }
        isPositionNoted = false
        return true
    }
}
