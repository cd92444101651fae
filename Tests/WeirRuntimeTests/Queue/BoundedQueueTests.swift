import Testing
import WeirCore
import WeirRuntime
import WeirTesting

@Suite struct `A bounded queue` {
    private func tasklet(_ name: String, on executor: ManualExecutor) -> Tasklet {
        Tasklet(name: name, worker: executor.makeWorker(0), executor: executor)
    }

    private func queue(capacity: Int) -> BoundedQueue<Int> {
        let executor = ManualExecutor(seed: 0)
        return BoundedQueue(
            capacity: capacity, from: tasklet("from", on: executor), to: tasklet("to", on: executor)
        )
    }

    /// Takes all that is there: rows, and marks as text.
    private func drain(_ queue: BoundedQueue<Int>) -> [String] {
        var seen: [String] = []
        var batch = Batch<Int>()
        while true {
            switch queue.pop(into: &batch) {
            case .nothing: return seen
            case .signal(let signal): seen.append("\(signal)")
            case .batch:
                seen += batch.indices.map { "\(batch[$0])" }
                batch.removeAll()
            }
        }
    }

    @Test func `is overdrawn only where it may be, and then takes nothing before that is repaid`() {
        let executor = ManualExecutor(seed: 0)
        let queue = BoundedQueue<Int>(
            capacity: 2, reserve: 2, from: tasklet("from", on: executor),
            to: tasklet("to", on: executor))
        func push(_ row: Int) -> Bool {
            var rows = batch([row])
            return queue.push(&rows)
        }
        #expect([push(1), push(2), push(3)] == [true, true, false])
        queue.mayOverdraw = true
        #expect(push(3) && queue.push(.barrier(Epoch(7))))
        #expect([push(5), queue.push(.idle)] == [false, false])
        #expect(queue.depth == (4, 4) && queue.newestBarrier == Epoch(7))
        queue.mayOverdraw = false
        var first = Batch<Int>()
        guard case .batch = queue.pop(into: &first) else { return #expect(Bool(false)) }
        // There is room in the ring, but what lies in the reserve comes before.
        #expect(first[0] == 1 && !push(4))
        #expect(drain(queue) == ["2", "3", "barrier(7)"] && queue.isEmpty)
        #expect(push(4) && push(5) && !push(6))
        #expect(drain(queue) == ["4", "5"])
        #expect(queue.pushed.current == 5 && queue.popped.current == 5)
    }

    @Test func `shows what lies ahead of a barrier, in the reserve too, and keeps it`() {
        let executor = ManualExecutor(seed: 0)
        let queue = BoundedQueue<Int>(
            capacity: 2, reserve: 4, from: tasklet("from", on: executor),
            to: tasklet("to", on: executor))
        queue.mayOverdraw = true
        for rows in [[1, 2], [3]] {
            var rows = batch(rows)
            let isTaken = queue.push(&rows)
            #expect(isTaken)
        }
        #expect(queue.push(.idle) && queue.push(.barrier(Epoch(3))))
        var behind = batch([9])
        let isTaken = queue.push(&behind)
        #expect(isTaken)
        func ahead(of epoch: Int) -> [String] {
            var seen: [String] = []
            queue.inspect(aheadOf: Epoch(epoch)) { batch, signal in
                seen += signal.map { ["\($0)"] } ?? batch.indices.map { "\(batch[$0])" }
            }
            return seen
        }
        #expect(ahead(of: 3) == ["1", "2", "3", "idle"] && ahead(of: 2) == ahead(of: 3))
        #expect(ahead(of: 4) == ["1", "2", "3", "idle", "barrier(3)", "9"])
        #expect(drain(queue) == ["1", "2", "3", "idle", "barrier(3)", "9"])
    }

    private func batch(_ rows: [Int]) -> Batch<Int> {
        var batch = Batch<Int>()
        for row in rows { batch.append(row, at: Timestamp(microseconds: Int64(row))) }
        return batch
    }

    @Test func `hands over batches and marks in order`() {
        let queue = queue(capacity: 4)
        var first = batch([1, 2])
        var second = batch([3])
        let taken = [queue.push(&first), queue.push(.idle), queue.push(&second), queue.push(.end)]
        #expect(taken == [true, true, true, true])
        let left = first.count + second.count
        #expect(left == 0)
        var seen: [String] = []
        var popped = Batch<Int>()
        while true {
            let taken = queue.pop(into: &popped)
            if case .nothing = taken { break }
            if case .signal(let signal) = taken { seen.append("\(signal)") }
            if case .batch = taken {
                seen.append(popped.indices.map { "\(popped[$0])" }.joined(separator: " "))
                popped.removeAll()
            }
        }
        #expect(seen == ["1 2", "idle", "3", "end"])
        #expect(queue.pushed.current == 3 && queue.popped.current == 3 && queue.isEmpty)
    }

    @Test(arguments: [(1, 2), (2, 2), (3, 4), (8, 8)])
    func `refuses when it is full, and leaves the batch with the producer`(
        asked: Int, capacity: Int
    ) {
        let queue = queue(capacity: asked)
        for number in 0..<capacity {
            var rows = batch([number])
            let isTaken = queue.push(&rows)
            #expect(isTaken)
        }
        var refused = batch([99])
        let (isBatchTaken, isMarkTaken, kept) = (
            queue.push(&refused), queue.push(.end), refused.count
        )
        #expect(!isBatchTaken && !isMarkTaken && kept == 1)
        #expect(queue.depth == (capacity, capacity) && queue.pushed.current == capacity)
        var popped = Batch<Int>()
        guard case .batch = queue.pop(into: &popped) else { return #expect(Bool(false)) }
        popped.removeAll()
        let isTaken = queue.push(&refused)
        #expect(isTaken && queue.depth.filled == capacity)
    }

    /// A run of a million batches and marks between two threads, through a queue so short that both
    /// wait all the time, and that may be overdrawn now and then. A wake-up that is lost would make it
    /// last for ever.
    @Test(.timeLimit(.minutes(60)), arguments: [2, 16], [0, 3])
    func `loses nothing, and no wake-up, between two threads`(capacity: Int, reserve: Int) async {
        let total = 500_000
        let executor = DispatchExecutor()
        let producer = Tasklet(name: "from", worker: executor.makeWorker(0), executor: executor)
        let consumer = Tasklet(name: "to", worker: executor.makeWorker(1), executor: executor)
        let queue = BoundedQueue<Int>(
            capacity: capacity, reserve: reserve, from: producer, to: consumer)
        let outcome = Locked((rows: 0, marks: 0, inOrder: true))
        await withCheckedContinuation { continuation in
            prepare(producer, sending: total, to: queue)
            prepare(
                consumer, from: queue,
                outcome: { rows, marks, inOrder in
                    outcome.withLock { $0 = (rows, marks, inOrder) }
                }
            ) { continuation.resume() }
            producer.wake()
        }
        let (rows, marks, inOrder) = outcome.withLock { $0 }
        #expect(rows + marks == total && inOrder)
        #expect(queue.pushed.current == rows && queue.popped.current == rows)
    }

    /// Every third item is a mark, the others are batches of one row that is their number.
    private func prepare(_ producer: Tasklet, sending total: Int, to queue: BoundedQueue<Int>) {
        var next = 0
        var rows = Batch<Int>(capacity: 1)
        producer.prepare(
            turn: {
                while next < total {
                    queue.mayOverdraw = next / 50 % 3 == 0
                    if next % 3 == 0 {
                        guard queue.push(.watermark(Timestamp(microseconds: Int64(next)))) else {
                            return .blocked
                        }
                    } else {
                        if rows.isEmpty { rows.append(next, at: .epoch) }
                        guard queue.push(&rows) else { return .blocked }
                    }
                    next += 1
                }
                return queue.push(.end) ? .finished : .blocked
            }, close: {}, onFailure: { _ in }, onFinish: {})
    }

    private func prepare(
        _ consumer: Tasklet, from queue: BoundedQueue<Int>,
        outcome: @escaping @Sendable (Int, Int, Bool) -> Void,
        onFinish: @escaping @Sendable () -> Void
    ) {
        var (rows, marks, expected, inOrder) = (0, 0, 0, true)
        var batch = Batch<Int>(capacity: 1)
        consumer.prepare(
            turn: {
                while true {
                    switch queue.pop(into: &batch) {
                    case .nothing: return .idle
                    case .batch:
                        rows += 1
                        inOrder = inOrder && batch.count == 1 && batch[0] == expected
                        batch.removeAll()
                    case .signal(.end):
                        outcome(rows, marks, inOrder)
                        return .finished
                    case .signal(let signal):
                        marks += 1
                        let mark = Signal.watermark(Timestamp(microseconds: Int64(expected)))
                        inOrder = inOrder && signal == mark
                    }
                    expected += 1
                }
            }, close: {}, onFailure: { _ in }, onFinish: onFinish)
    }

    @Test func `frees the records that nobody has taken`() {
        final class Token: Sendable {}
        weak var held: Token?
        do {
            let executor = ManualExecutor(seed: 0)
            let queue = BoundedQueue<Token>(
                capacity: 4, from: tasklet("from", on: executor), to: tasklet("to", on: executor))
            let token = Token()
            held = token
            var batch = Batch<Token>()
            for _ in 0..<10 { batch.append(token, at: .epoch) }
            let isTaken = queue.push(&batch)
            #expect(isTaken && held != nil)
        }
        #expect(held == nil)
    }
}
