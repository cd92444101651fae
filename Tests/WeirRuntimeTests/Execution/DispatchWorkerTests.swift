import Testing
import WeirCore
import WeirRuntime

@Suite struct `A Dispatch worker` {
    /// With more endless tasklets than cores, each on a worker of its own, all must come to their
    /// thousandth turn: none may keep a thread.
    @Test(.timeLimit(.minutes(60))) func `takes turns with others that never rest`() async {
        let executor = DispatchExecutor()
        let (workers, turns) = (64, 1_000)
        let counts = (0..<workers).map { _ in SharedCount() }
        let reached = SharedCount()
        await withCheckedContinuation { continuation in
            let finished = SharedCount()
            for index in 0..<workers {
                let tasklet = Tasklet(
                    name: "\(index)", worker: executor.makeWorker(index), executor: executor)
                tasklet.prepare(
                    turn: {
                        if counts[index].add(1) == turns { reached.add(1) }
                        return reached.current == workers ? .finished : .again
                    }, close: {}, onFailure: { _ in },
                    onFinish: { if finished.add(1) == workers { continuation.resume() } })
                tasklet.wake()
            }
        }
        #expect(counts.allSatisfy { $0.current >= turns })
    }

    /// Tasklets of one worker share a count that nothing protects; lost additions would show.
    @Test(.timeLimit(.minutes(60))) func `runs its tasklets one at a time`() async {
        final class Unprotected: @unchecked Sendable { var count = 0 }
        let executor = DispatchExecutor()
        let worker = executor.makeWorker(0)
        let shared = Unprotected()
        let (tasklets, turns) = (8, 20_000)
        await withCheckedContinuation { continuation in
            let finished = SharedCount()
            for index in 0..<tasklets {
                let tasklet = Tasklet(name: "\(index)", worker: worker, executor: executor)
                var done = 0
                tasklet.prepare(
                    turn: {
                        shared.count += 1
                        done += 1
                        return done == turns ? .finished : .again
                    }, close: {}, onFailure: { _ in },
                    onFinish: { if finished.add(1) == tasklets { continuation.resume() } })
                tasklet.wake()
            }
        }
        #expect(shared.count == tasklets * turns)
    }
}
