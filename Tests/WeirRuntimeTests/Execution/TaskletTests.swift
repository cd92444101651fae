import Testing
import WeirCore
import WeirRuntime
import WeirTesting

@Suite struct `A tasklet` {
    private final class Journal: Sendable {
        private let lines = Locked<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func note(_ line: String) { lines.withLock { $0.append(line) } }
    }

    /// A tasklet whose turns come to `turns`, one after another, then idle.
    private func make(
        _ executor: ManualExecutor, _ journal: Journal,
        turn: @escaping (_ number: Int, Tasklet) throws -> Tasklet.Turn
    ) -> Tasklet {
        let tasklet = Tasklet(name: "test", worker: executor.makeWorker(0), executor: executor)
        var number = 0
        tasklet.prepare(
            turn: { [unowned tasklet] in
                number += 1
                journal.note("turn \(number)")
                return try turn(number, tasklet)
            }, close: { journal.note("close") }, onFailure: { journal.note("failed: \($0)") },
            onFinish: { journal.note("finish") })
        return tasklet
    }

    private func runAll(_ executor: ManualExecutor) {
        for _ in 0..<1_000 where !executor.step() { return }
        Issue.record("the tasklet runs on and on")
    }

    @Test func `runs one turn for any number of wakes before it`() {
        let (executor, journal) = (ManualExecutor(seed: 0), Journal())
        let tasklet = make(executor, journal) { _, _ in .idle }
        runAll(executor)
        #expect(journal.all == [])
        for _ in 0..<5 { tasklet.wake() }
        runAll(executor)
        #expect(journal.all == ["turn 1"])
        tasklet.wake()
        runAll(executor)
        #expect(journal.all == ["turn 1", "turn 2"])
    }

    @Test(arguments: [Tasklet.Turn.idle, .blocked])
    func `runs one more turn for any number of wakes during one`(turn: Tasklet.Turn) {
        let (executor, journal) = (ManualExecutor(seed: 0), Journal())
        let tasklet = make(executor, journal) { number, tasklet in
            if number == 1 { for _ in 0..<5 { tasklet.wake() } }
            return turn
        }
        tasklet.wake()
        runAll(executor)
        #expect(journal.all == ["turn 1", "turn 2"])
    }

    @Test func `runs again unasked while it has more to do, and never once finished`() {
        let (executor, journal) = (ManualExecutor(seed: 0), Journal())
        let tasklet = make(executor, journal) { number, tasklet in
            tasklet.wake()
            return number < 3 ? .again : .finished
        }
        tasklet.wake()
        runAll(executor)
        #expect(journal.all == ["turn 1", "turn 2", "turn 3", "finish"])
        tasklet.wake()
        tasklet.cancel()
        runAll(executor)
        #expect(journal.all.count == 4)
    }

    @Test func `closes instead of another turn when cancelled`() {
        let (executor, journal) = (ManualExecutor(seed: 0), Journal())
        let tasklet = make(executor, journal) { _, _ in .blocked }
        tasklet.wake()
        runAll(executor)
        tasklet.cancel()
        tasklet.cancel()
        runAll(executor)
        #expect(journal.all == ["turn 1", "close", "finish"])
    }

    @Test func `closes after the turn that it is cancelled in`() {
        let (executor, journal) = (ManualExecutor(seed: 0), Journal())
        let tasklet = make(executor, journal) { _, tasklet in
            tasklet.cancel()
            return .idle
        }
        tasklet.wake()
        runAll(executor)
        #expect(journal.all == ["turn 1", "close", "finish"])
    }

    @Test func `tells of what a turn throws, closes and finishes`() {
        let (executor, journal) = (ManualExecutor(seed: 0), Journal())
        let tasklet = make(executor, journal) { _, _ in throw TestError("torn") }
        tasklet.wake()
        runAll(executor)
        #expect(journal.all == ["turn 1", "failed: torn", "close", "finish"])
    }

    @Test func `counts the time in turns and the time waiting for room`() {
        let executor = ManualExecutor(seed: 0, maximumTick: .zero)
        let journal = Journal()
        let tasklet = make(executor, journal) { number, tasklet in
            guard number == 1 else { return .finished }
            executor.schedule(after: .milliseconds(7)) { tasklet.wake() }
            return .blocked
        }
        tasklet.wake()
        runAll(executor)
        #expect(tasklet.blockedNanoseconds.current == 7_000_000)
        #expect(tasklet.busyNanoseconds.current == 0)
    }

    /// Two tasklets on two threads that have each other run a turn; a lost wake-up would end it.
    @Test(.timeLimit(.minutes(60))) func `misses no wake from another thread`() async {
        let executor = DispatchExecutor()
        let rounds = 200_000
        let counts = [SharedCount(), SharedCount()]
        let tasklets = (0..<2).map {
            Tasklet(name: "\($0)", worker: executor.makeWorker($0), executor: executor)
        }
        await withCheckedContinuation { continuation in
            let left = SharedCount()
            for index in 0..<2 {
                tasklets[index].prepare(
                    turn: {
                        // Runs ahead of the other by one round at most.
                        while counts[index].current <= counts[1 - index].current {
                            if counts[index].current == rounds { return .finished }
                            counts[index].add(1)
                            tasklets[1 - index].wake()
                        }
                        return counts[index].current == rounds ? .finished : .idle
                    }, close: {}, onFailure: { _ in },
                    onFinish: {
                        tasklets[1 - index].wake()
                        if left.add(1) == 2 { continuation.resume() }
                    })
            }
            tasklets[0].wake()
            tasklets[1].wake()
        }
        #expect(counts.map(\.current) == [rounds, rounds])
    }
}
