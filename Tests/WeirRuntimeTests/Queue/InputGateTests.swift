import Testing
import WeirCore
import WeirTesting

@testable import WeirRuntime

@Suite struct `An input gate` {
    private func make(
        _ count: Int
    ) -> (gate: InputGate<Int>, queues: [BoundedQueue<Int>], output: OutputProbe<Int>) {
        let executor = ManualExecutor(seed: 0)
        let tasklet = Tasklet(name: "gate", worker: executor.makeWorker(0), executor: executor)
        let queues = (0..<count).map { _ in
            BoundedQueue<Int>(capacity: 16, from: tasklet, to: tasklet)
        }
        let output = OutputProbe<Int>()
        let gate = InputGate(
            queues: queues, step: output.step, marks: SplitWatermarks(count: count))
        return (gate, queues, output)
    }

    private func push(_ rows: [Int], to queue: BoundedQueue<Int>, split: Int32 = 0) {
        var batch = Batch<Int>()
        for row in rows { batch.append(row, at: .epoch) }
        batch.split = split
        let isTaken = queue.push(&batch)
        #expect(isTaken)
    }

    private func drain(_ gate: InputGate<Int>) throws {
        while try gate.poll() != nil {}
    }

    @Test func `takes from its queues in turn`() throws {
        let (gate, queues, output) = make(3)
        for (index, queue) in queues.enumerated() {
            for round in 0..<3 { push([round * 10 + index], to: queue) }
        }
        try drain(gate)
        #expect(output.records == [0, 1, 2, 10, 11, 12, 20, 21, 22])
        #expect(try gate.poll() == nil && !gate.isEnded)
    }

    @Test func `merges marks by minimum and ends with its last queue`() throws {
        let (gate, queues, output) = make(2)
        let time = { Timestamp(microseconds: $0) }
        for (index, signal) in [
            (0, .watermark(time(10))), (1, .watermark(time(5))), (1, .watermark(time(20))),
            (0, .end), (1, .watermark(time(30))), (1, .end),
        ] as [(Int, Signal)] {
            #expect(queues[index].push(signal))
            try drain(gate)
        }
        #expect(
            output.signals == [
                .watermark(time(5)), .watermark(time(10)), .watermark(time(20)),
                .watermark(time(30)), .end,
            ])
        #expect(gate.isEnded)
    }

    @Test func `forgets what split its records were read from above`() throws {
        let executor = ManualExecutor(seed: 0)
        let tasklet = Tasklet(name: "gate", worker: executor.makeWorker(0), executor: executor)
        let queue = BoundedQueue<Int>(capacity: 4, from: tasklet, to: tasklet)
        var splits: [Int32] = []
        let below = Step<Int>(
            process: {
                splits.append($0.split)
                $0.removeAll()
                return .done
            }, signal: { _ in .done }, resume: { .done })
        let gate = InputGate(queues: [queue], step: below, marks: SplitWatermarks(count: 1))
        push([1], to: queue, split: 7)
        try drain(gate)
        #expect(splits == [0])
    }
}
